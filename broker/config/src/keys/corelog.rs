//! Corelog's own keys.

use crate::key::ConfigKey as K;
use crate::key::Kind::{Boolean, Int, Long, String};
use crate::key::Unit::{Bytes, Milliseconds};
use crate::key::Valid::{AtLeast, Between, HostPort, OneOf, Shards};

pub(super) const KEYS: &[K] = &[
    K::fixed("profile", String, "A set of defaults. production: none changed. development: one machine, one person; topics are created on first use, the journal is small, and it listens on 127.0.0.1.")
        .default("production").valid(OneOf(&["production", "development"])),
    K::fixed("shards", String, "The shards, one thread each, pinned to a core: auto (every core that this process may use), a count, or a list of cores such as 0,2,4-7.")
        .default("auto").valid(Shards),
    K::fixed("allow.shard.oversubscription", Boolean, "Whether there may be more shards than cores, which are then not pinned. For tests; it is slower.")
        .default("false"),
    K::fixed("memory.bytes", Long, "The memory of each shard for requests, batches in flight and the cache of recent records, fixed at start. 0: an equal share of half of the machine's memory.")
        .default("0").unit(Bytes).valid(AtLeast(0)),
    K::fixed("journal.file.bytes", Long, "The size of one journal file. It is written once when it is made, so that later writes overwrite blocks.")
        .default("268435456").unit(Bytes).valid(Between(8_388_608, 4_294_967_296)),
    K::fixed("journal.files", Int, "The journal files of each shard, recycled in a ring. Their total bounds what recovery reads.")
        .default("16").valid(Between(3, 1024)),
    K::fixed("checkpoint.bytes", Long, "The bytes of journal after which a checkpoint begins, which lets older journal files be recycled. 0: half of the journal.")
        .default("0").unit(Bytes).valid(AtLeast(0)),
    K::fixed("checkpoint.interval.ms", Long, "The time after which a checkpoint begins if anything was written, whatever the bytes.")
        .default("60000").unit(Milliseconds).valid(AtLeast(100)),
    K::fixed("admin.listener", String, "The address of /metrics and /health, as host:port. It has no authentication: keep it where only operators reach it.")
        .default("127.0.0.1:9644").valid(HostPort),
    K::fixed("allow.buffered.io", Boolean, "Whether to go on where the file system refuses direct I/O (tmpfs, some overlays). Everything works, slower, and through the page cache.")
        .default("false"),
    K::fixed("log.format", String, "The form of the log lines: human, json, or auto (human on a terminal, json elsewhere).")
        .default("auto").valid(OneOf(&["auto", "human", "json"])),
];
