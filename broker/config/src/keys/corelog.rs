//! Corelog's own keys.

use crate::key::ConfigKey as K;
use crate::key::Kind::{Boolean, Int, Long, String};
use crate::key::Unit::{Bytes, Microseconds, Milliseconds};
use crate::key::Valid::{AtLeast, Between, HostPort, LogLevels, OneOf, Shards};
use crate::profile::Profile;

const PROFILES: &[&str] = &Profile::WORDS;

keys! {
    PROFILE = K::fixed("profile", String, "A set of defaults. balanced (also called production): none changed. latency: short commits, and shards that look for work before they sleep. throughput: large writes and a long journal. dev (also called development): one machine, one person; topics are created on first use, little memory and disk is taken, and it listens on 127.0.0.1. `corelog config profiles` lists what each sets and why.")
        .default("balanced").valid(OneOf(PROFILES));
    SHARDS = K::fixed("shards", String, "The shards, one thread each, pinned to a core: auto (every core that this process may use), a count, or a list of cores such as 0,2,4-7.")
        .default("auto").valid(Shards);
    ALLOW_SHARD_OVERSUBSCRIPTION = K::fixed("allow.shard.oversubscription", Boolean, "Whether there may be more shards than cores, which are then not pinned. For tests; it is slower.")
        .default("false");
    MEMORY_BYTES = K::fixed("memory.bytes", Long, "The memory of each shard for requests, batches in flight and the cache of recent records, fixed at start. 0: an equal share of memory.percent of the machine's memory.")
        .default("0").unit(Bytes).valid(AtLeast(0));
    MEMORY_PERCENT = K::fixed("memory.percent", Int, "The share of the machine's memory that all shards have together, where memory.bytes is 0.")
        .default("50").valid(Between(1, 90));
    MEMORY_CACHE_PERCENT = K::fixed("memory.cache.percent", Int, "The share of memory.bytes for recent records, from which consumers that keep up are served without a read. Half of it may be records that are in no segment yet.")
        .default("50").valid(Between(10, 70));
    SHARD_SPIN_US = K::fixed("shard.spin.us", Int, "How long after traffic between shards a shard looks for more before it sleeps: being woken costs tens of microseconds. 0 never looks. An idle shard sleeps whatever this says.")
        .default("20").unit(Microseconds).valid(Between(0, 10_000));
    SHARD_IO_SPIN_US = K::fixed("shard.io.spin.us", Int, "As shard.spin.us, after a completion of the network or the disk. It takes a core's idle time: for machines whose cores are the broker's own.")
        .default("0").unit(Microseconds).valid(Between(0, 10_000));
    SHARD_LISTENERS_PORT = K::fixed("shard.listeners.port", Int, "The port of the first shard's own listener; each further shard has the next port. Clients are then told that a shard leads the partitions that it owns, and send it what is for them: nothing goes from shard to shard, for a connection a shard of each client. Each shard is a node to them: 10000, 20000 and so on above node.id. The host is that of listeners. -1: no such listeners.")
        .default("-1").valid(Between(-1, 65_535));
    RECEIVE_BUFFERS = K::fixed("receive.buffers", Int, "The buffers of 16 KiB, a shard, that received bytes pass through; rounded up to a power of two. Too many leave the processor's cache.")
        .default("64").valid(Between(2, 16_384));
    JOURNAL_FILE_BYTES = K::fixed("journal.file.bytes", Long, "The size of one journal file. It is written once when it is made, so that later writes overwrite blocks.")
        .default("268435456").unit(Bytes).valid(Between(8_388_608, 4_294_967_296));
    JOURNAL_FILES = K::fixed("journal.files", Int, "The journal files of each shard, recycled in a ring. Their total bounds what recovery reads.")
        .default("16").valid(Between(3, 1024));
    JOURNAL_FRAME_BYTES = K::fixed("journal.frame.bytes", Long, "The most bytes of one commit of the journal. What comes in during a commit waits for it, so it bounds how long one takes.")
        .default("4194304").unit(Bytes).valid(Between(524_288, 67_108_864));
    JOURNAL_COMMITS_IN_FLIGHT = K::fixed("journal.commits.in.flight", Int, "The small commits of a journal, of less than 128 KiB together, that are under way at once; larger ones go one by one. More of them hide a device's delay and make each one smaller; acknowledgements keep their order. 0: as many as the probe of the device advises, four where there is none.")
        .default("4").valid(Between(0, 16));
    JOURNAL_SYNC_METHOD = K::fixed("journal.sync.method", String, "How a commit is made durable. fdatasync: written, then synced. dsync: one write that is durable when it ends (RWF_DSYNC). auto: the faster one by `corelog tune --probe`, which keeps its answer in the data directory; dsync where there is none.")
        .default("auto").valid(OneOf(&["auto", "fdatasync", "dsync"]));
    SEGMENT_WRITE_BYTES = K::fixed("segment.write.bytes", Int, "A partition is written to its segment when this many of its bytes wait, or when memory runs short.")
        .default("1048576").unit(Bytes).valid(Between(65_536, 67_108_864));
    SEGMENT_READ_AHEAD_BYTES = K::fixed("segment.read.ahead.bytes", Int, "A read of old records fetches at least this much from its segment.")
        .default("262144").unit(Bytes).valid(Between(4096, 67_108_864));
    CHECKPOINT_BYTES = K::fixed("checkpoint.bytes", Long, "The bytes of journal after which a checkpoint begins, which lets older journal files be recycled. 0: half of the journal.")
        .default("0").unit(Bytes).valid(AtLeast(0));
    CHECKPOINT_INTERVAL_MS = K::fixed("checkpoint.interval.ms", Long, "The time after which a checkpoint begins if anything was written, whatever the bytes.")
        .default("60000").unit(Milliseconds).valid(AtLeast(100));
    ADMIN_LISTENER = K::fixed("admin.listener", String, "The address of /metrics, /health and /debug, as host:port. It has no authentication: keep it where only operators reach it.")
        .default("127.0.0.1:9644").valid(HostPort);
    ADMIN_DEBUG = K::fixed("admin.debug", String, "Whether the admin port answers /debug/*, which shows what the process does and costs time: true, false, or auto (where admin.listener is a loopback address).")
        .default("auto").valid(OneOf(&["auto", "true", "false"]));
    ALLOW_BUFFERED_IO = K::fixed("allow.buffered.io", Boolean, "Whether to go on where the file system refuses direct I/O (tmpfs, some overlays). Everything works, slower, and through the page cache.")
        .default("false");
    LOG_FORMAT = K::fixed("log.format", String, "The form of the log lines: human, json, or auto (human on a terminal, json elsewhere).")
        .default("auto").valid(OneOf(&["auto", "human", "json"]));
    LOG_LEVEL = K::dynamic("log.level", String, "Which log lines are written: off, error, warn, info, debug or trace; for a part of the program by its module, as in info,corelog_storage=debug. Where it is not set, CORELOG_LOG says it, or else it is info,glommio=warn.")
        .valid(LogLevels);
}
