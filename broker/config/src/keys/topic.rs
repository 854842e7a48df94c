//! Topic keys, in the order of Kafka's `LogConfig`, then ours.

use crate::key::ConfigKey as K;
use crate::key::Kind::{Boolean, Double, Int, List, Long, String};
use crate::key::Synonym as S;
use crate::key::Unit::{Bytes, Milliseconds};
use crate::key::Valid::{AtLeast, Between, BetweenOr, EachOf, Fraction, OneOf, ThrottledReplicas};

keys! {
    SEGMENT_BYTES = K::topic("segment.bytes", Int, "The largest size of a segment file. Retention and compaction work on whole segments, so a larger one means fewer files and coarser retention.")
        .default("1073741824").unit(Bytes).valid(AtLeast(1_048_576)).synonyms(&[S::same("log.segment.bytes")]);
    SEGMENT_MS = K::topic("segment.ms", Long, "The age at which a segment is closed although it is not full, so that retention and compaction can reach its records.")
        .default("604800000").unit(Milliseconds).valid(AtLeast(1)).synonyms(&[S::same("log.roll.ms"), S::hours("log.roll.hours")]);
    SEGMENT_JITTER_MS = K::topic("segment.jitter.ms", Long, "The most that is subtracted from segment.ms, each partition's own part of it, so that segments of many partitions are not closed at one moment.")
        .default("0").unit(Milliseconds).valid(AtLeast(0)).synonyms(&[S::same("log.roll.jitter.ms"), S::hours("log.roll.jitter.hours")]);
    SEGMENT_INDEX_BYTES = K::topic("segment.index.bytes", Int, "In Kafka the size of the offset index file. Corelog's index grows as it needs to.")
        .default("10485760").unit(Bytes).valid(AtLeast(4)).synonyms(&[S::same("log.index.size.max.bytes")]).inert("the index grows as it needs to");
    FLUSH_MESSAGES = K::topic("flush.messages", Long, "In Kafka the number of messages between two syncs. In Corelog durability says when a message is on stable storage.")
        .default("9223372036854775807").valid(AtLeast(1)).synonyms(&[S::same("log.flush.interval.messages")]).inert("durability says when a message is on stable storage");
    FLUSH_MS = K::topic("flush.ms", Long, "In Kafka the time between two syncs. In Corelog durability says when a message is on stable storage.")
        .default("9223372036854775807").unit(Milliseconds).valid(AtLeast(0)).synonyms(&[S::same("log.flush.interval.ms"), S::same("log.flush.scheduler.interval.ms")])
        .inert("durability says when a message is on stable storage");
    RETENTION_BYTES = K::topic("retention.bytes", Long, "The size of a partition above which its oldest segments are deleted, if cleanup.policy has delete. -1: no limit.")
        .default("-1").unit(Bytes).synonyms(&[S::same("log.retention.bytes")]);
    RETENTION_MS = K::topic("retention.ms", Long, "The age above which records are deleted, a segment at a time, if cleanup.policy has delete. -1: no limit.")
        .default("604800000").unit(Milliseconds).valid(AtLeast(-1)).synonyms(&[S::same("log.retention.ms"), S::minutes("log.retention.minutes"), S::hours("log.retention.hours")]);
    MAX_MESSAGE_BYTES = K::topic("max.message.bytes", Int, "The largest record batch that is accepted, as it is sent, compressed if it is.")
        .default("1048588").unit(Bytes).valid(AtLeast(0)).synonyms(&[S::same("message.max.bytes")]);
    INDEX_INTERVAL_BYTES = K::topic("index.interval.bytes", Int, "The bytes of a segment between two entries of its sparse index. Smaller: reads start closer to their offset, and the index is larger.")
        .default("4096").unit(Bytes).valid(AtLeast(0)).synonyms(&[S::same("log.index.interval.bytes")]);
    DELETE_RETENTION_MS = K::topic("delete.retention.ms", Long, "How long a compacted topic keeps tombstones, and so how long a consumer may take to read it from the start and miss no deletion.")
        .default("86400000").unit(Milliseconds).valid(AtLeast(0)).synonyms(&[S::same("log.cleaner.delete.retention.ms")]);
    MIN_COMPACTION_LAG_MS = K::topic("min.compaction.lag.ms", Long, "The time that a record stays uncompacted at least.")
        .default("0").unit(Milliseconds).valid(AtLeast(0)).synonyms(&[S::same("log.cleaner.min.compaction.lag.ms")]);
    MAX_COMPACTION_LAG_MS = K::topic("max.compaction.lag.ms", Long, "The time after which a record of a compacted topic becomes eligible for compaction whatever the share of dirty records.")
        .default("9223372036854775807").unit(Milliseconds).valid(AtLeast(1)).synonyms(&[S::same("log.cleaner.max.compaction.lag.ms")]);
    FILE_DELETE_DELAY_MS = K::topic("file.delete.delay.ms", Long, "The time between taking a segment out of the log and deleting its files.")
        .default("60000").unit(Milliseconds).valid(AtLeast(0)).synonyms(&[S::same("log.segment.delete.delay.ms")])
        .inert("the files go as soon as no reader and no recovery needs them");
    MIN_CLEANABLE_DIRTY_RATIO = K::topic("min.cleanable.dirty.ratio", Double, "The share of uncompacted bytes from which a log is compacted. Smaller: less space is wasted, and more is rewritten.")
        .default("0.5").valid(Fraction).synonyms(&[S::same("log.cleaner.min.cleanable.ratio")]);
    CLEANUP_POLICY = K::topic("cleanup.policy", List, "delete: drop old segments by retention.ms and retention.bytes. compact: keep the latest record of each key; older ones go when a segment is closed and enough of the log has come since it was last compacted. Both may be given; an empty list keeps everything.")
        .default("delete").valid(EachOf(&["compact", "delete"])).synonyms(&[S::same("log.cleanup.policy")]);
    UNCLEAN_LEADER_ELECTION_ENABLE = K::topic("unclean.leader.election.enable", Boolean, "Whether a replica that is not in sync may lead when no other can, at the price of acknowledged records.")
        .default("false").synonyms(&[S::same("unclean.leader.election.enable")]).inert("there is one replica of each partition");
    MIN_INSYNC_REPLICAS = K::topic("min.insync.replicas", Int, "The replicas, the leader included, that must be in sync for a produce request with acks=all to be accepted.")
        .default("1").valid(AtLeast(1)).synonyms(&[S::same("min.insync.replicas")]);
    COMPRESSION_TYPE = K::topic("compression.type", String, "How batches are stored: producer keeps what the producer chose; every other value recompresses.")
        .default("producer").valid(OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"])).synonyms(&[S::same("compression.type")]);
    COMPRESSION_GZIP_LEVEL = K::topic("compression.gzip.level", Int, "The level if compression.type is gzip; -1 is zlib's default.")
        .default("-1").valid(BetweenOr(1, 9, -1)).synonyms(&[S::same("compression.gzip.level")]);
    COMPRESSION_LZ4_LEVEL = K::topic("compression.lz4.level", Int, "The level if compression.type is lz4.")
        .default("9").valid(Between(1, 17)).synonyms(&[S::same("compression.lz4.level")]);
    COMPRESSION_ZSTD_LEVEL = K::topic("compression.zstd.level", Int, "The level if compression.type is zstd.")
        .default("3").valid(Between(-131_072, 22)).synonyms(&[S::same("compression.zstd.level")]);
    PREALLOCATE = K::topic("preallocate", Boolean, "In Kafka whether a segment's file gets its full size at once. Corelog always reserves blocks ahead.")
        .default("false").synonyms(&[S::same("log.preallocate")]).inert("blocks are always reserved ahead of what is written");
    MESSAGE_TIMESTAMP_TYPE = K::topic("message.timestamp.type", String, "Who sets a record's timestamp: the producer (CreateTime) or the broker at the append (LogAppendTime).")
        .default("CreateTime").valid(OneOf(&["CreateTime", "LogAppendTime"])).synonyms(&[S::same("log.message.timestamp.type")]);
    MESSAGE_TIMESTAMP_BEFORE_MAX_MS = K::topic("message.timestamp.before.max.ms", Long, "How far a producer's timestamp may lie before the broker's clock; a batch beyond it is refused. Ignored with LogAppendTime.")
        .default("9223372036854775807").unit(Milliseconds).valid(AtLeast(0)).synonyms(&[S::same("log.message.timestamp.before.max.ms")]);
    MESSAGE_TIMESTAMP_AFTER_MAX_MS = K::topic("message.timestamp.after.max.ms", Long, "How far a producer's timestamp may lie after the broker's clock; a batch beyond it is refused. Ignored with LogAppendTime.")
        .default("3600000").unit(Milliseconds).valid(AtLeast(0)).synonyms(&[S::same("log.message.timestamp.after.max.ms")]);
    LEADER_REPLICATION_THROTTLED_REPLICAS = K::topic("leader.replication.throttled.replicas", List, "Replicas whose replication is throttled on the leader's side: partition:broker pairs, or * for all.")
        .default("").valid(ThrottledReplicas).inert("there is one replica of each partition");
    FOLLOWER_REPLICATION_THROTTLED_REPLICAS = K::topic("follower.replication.throttled.replicas", List, "Replicas whose replication is throttled on the follower's side: partition:broker pairs, or * for all.")
        .default("").valid(ThrottledReplicas).inert("there is one replica of each partition");
    REMOTE_STORAGE_ENABLE = K::topic("remote.storage.enable", Boolean, "Whether closed segments move to object storage. Corelog has no tiered storage: true is refused.")
        .default("false").valid(OneOf(&["false"]));
    LOCAL_RETENTION_MS = K::topic("local.retention.ms", Long, "With tiered storage, the age above which local segments are deleted. -2: as retention.ms.")
        .default("-2").unit(Milliseconds).valid(AtLeast(-2)).synonyms(&[S::same("log.local.retention.ms")]).inert("there is no tiered storage");
    LOCAL_RETENTION_BYTES = K::topic("local.retention.bytes", Long, "With tiered storage, the size above which local segments are deleted. -2: as retention.bytes.")
        .default("-2").unit(Bytes).valid(AtLeast(-2)).synonyms(&[S::same("log.local.retention.bytes")]).inert("there is no tiered storage");
    REMOTE_LOG_COPY_DISABLE = K::topic("remote.log.copy.disable", Boolean, "With tiered storage, whether copying to it stops.")
        .default("false").inert("there is no tiered storage");
    REMOTE_COPY_LAG_MS = K::topic("remote.copy.lag.ms", Long, "With tiered storage, the age from which a segment is copied. -1: as local.retention.ms.")
        .default("0").unit(Milliseconds).valid(AtLeast(-1)).synonyms(&[S::same("log.remote.copy.lag.ms")]).inert("there is no tiered storage");
    REMOTE_COPY_LAG_BYTES = K::topic("remote.copy.lag.bytes", Long, "With tiered storage, the bytes of newer log from which a segment is copied. -1: as local.retention.bytes.")
        .default("-1").unit(Bytes).valid(AtLeast(-1)).synonyms(&[S::same("log.remote.copy.lag.bytes")]).inert("there is no tiered storage");
    REMOTE_LOG_DELETE_ON_DISABLE = K::topic("remote.log.delete.on.disable", Boolean, "With tiered storage, whether what was copied is deleted when it is switched off.")
        .default("false").inert("there is no tiered storage");
    ERRORS_DEADLETTERQUEUE_GROUP_ENABLE = K::topic("errors.deadletterqueue.group.enable", Boolean, "Whether share groups may write undeliverable records to this topic (KIP-1191).")
        .default("false").inert("there are no share groups");
    DURABILITY = K::topic("durability", String, "What an acknowledgement promises. durable: the records are on stable storage and survive a power failure. written: they were handed to the operating system and survive the broker's crash. memory: they are in the broker's memory alone. Corelog's own key.")
        .default("durable").valid(OneOf(&["durable", "written", "memory"])).synonyms(&[S::same("log.durability")]);
}
