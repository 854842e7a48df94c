//! The log's broker-wide keys, and the weaker synonyms of topic keys (the strongest one is generated).

use crate::key::ConfigKey as K;
use crate::key::Kind::{Int, Long};
use crate::key::Unit::{Bytes, Hours, Milliseconds, Minutes};
use crate::key::Valid::AtLeast;

keys! {
    LOG_RETENTION_CHECK_INTERVAL_MS = K::fixed("log.retention.check.interval.ms", Long, "The time between two looks for segments to delete.").default("300000").unit(Milliseconds).valid(AtLeast(1));
    LOG_CLEANER_BACKOFF_MS = K::fixed("log.cleaner.backoff.ms", Long, "The time between two looks for logs to compact.").default("15000").unit(Milliseconds).valid(AtLeast(1));
    LOG_CLEANER_DEDUPE_BUFFER_SIZE = K::fixed("log.cleaner.dedupe.buffer.size", Long, "The memory that compaction takes on each shard at most while it is at work: half for the keys that it knows at a time, 24 bytes each, the rest for one batch that it takes apart. With more keys than fit it takes several rounds; a batch whose records are larger than a quarter of this is kept whole.").default("67108864").unit(Bytes).valid(AtLeast(1_048_576));
    LOG_RETENTION_MINUTES = K::fixed("log.retention.minutes", Int, "As log.retention.ms, in minutes; used if that is not set.").unit(Minutes).valid(AtLeast(-1));
    LOG_RETENTION_HOURS = K::fixed("log.retention.hours", Int, "As log.retention.ms, in hours; used if neither that nor log.retention.minutes is set.").default("168").unit(Hours).valid(AtLeast(-1));
    LOG_ROLL_HOURS = K::fixed("log.roll.hours", Int, "As log.roll.ms, in hours; used if that is not set.").default("168").unit(Hours).valid(AtLeast(1));
    LOG_ROLL_JITTER_HOURS = K::fixed("log.roll.jitter.hours", Int, "As log.roll.jitter.ms, in hours; used if that is not set.").default("0").unit(Hours).valid(AtLeast(0));
    LOG_FLUSH_SCHEDULER_INTERVAL_MS = K::fixed("log.flush.scheduler.interval.ms", Long, "In Kafka the time between two looks for logs to sync. In Corelog durability says when a message is on stable storage.")
        .default("9223372036854775807").unit(Milliseconds).valid(AtLeast(0)).inert("durability says when a message is on stable storage");
}
