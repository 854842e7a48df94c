//! Consumer groups, producers and transactions.

use crate::key::ConfigKey as K;
use crate::key::Kind::{Int, Long};
use crate::key::Unit::{Bytes, Milliseconds, Minutes};
use crate::key::Valid::AtLeast;

keys! {
    OFFSETS_TOPIC_NUM_PARTITIONS = K::fixed("offsets.topic.num.partitions", Int, "The partitions of __consumer_offsets. It counts when that topic is made, and never after.").default("50").valid(AtLeast(1));
    OFFSETS_TOPIC_SEGMENT_BYTES = K::fixed("offsets.topic.segment.bytes", Int, "The segment size of __consumer_offsets. Smaller: faster loading and compaction.").default("104857600").unit(Bytes).valid(AtLeast(1));
    OFFSETS_RETENTION_MINUTES = K::dynamic("offsets.retention.minutes", Int, "How long the offsets of an empty group are kept.").default("10080").unit(Minutes).valid(AtLeast(1));
    OFFSETS_RETENTION_CHECK_INTERVAL_MS = K::fixed("offsets.retention.check.interval.ms", Long, "The time between two looks for offsets to forget.").default("600000").unit(Milliseconds).valid(AtLeast(1));
    OFFSET_METADATA_MAX_BYTES = K::fixed("offset.metadata.max.bytes", Int, "The longest text that a consumer may store with an offset.").default("4096").unit(Bytes).valid(AtLeast(0));
    GROUP_MIN_SESSION_TIMEOUT_MS = K::fixed("group.min.session.timeout.ms", Int, "The shortest session timeout that a member may ask for.").default("6000").unit(Milliseconds).valid(AtLeast(1));
    GROUP_MAX_SESSION_TIMEOUT_MS = K::fixed("group.max.session.timeout.ms", Int, "The longest session timeout that a member may ask for.").default("1800000").unit(Milliseconds).valid(AtLeast(1));
    GROUP_INITIAL_REBALANCE_DELAY_MS = K::fixed("group.initial.rebalance.delay.ms", Int, "How long an empty group waits for more members before its first rebalance. The dev profile does not wait.").default("3000").unit(Milliseconds).valid(AtLeast(0));
    GROUP_MAX_SIZE = K::fixed("group.max.size", Int, "The members that a group may have.").default("2147483647").valid(AtLeast(1));
    TRANSACTIONAL_ID_EXPIRATION_MS = K::fixed("transactional.id.expiration.ms", Int, "How long an idle transactional id is remembered.").default("604800000").unit(Milliseconds).valid(AtLeast(1));
    TRANSACTION_MAX_TIMEOUT_MS = K::fixed("transaction.max.timeout.ms", Int, "The longest transaction timeout that a producer may ask for.").default("900000").unit(Milliseconds).valid(AtLeast(1));
    TRANSACTION_STATE_LOG_NUM_PARTITIONS = K::fixed("transaction.state.log.num.partitions", Int, "The partitions of __transaction_state. It counts when that topic is made, and never after.").default("50").valid(AtLeast(1));
    TRANSACTION_STATE_LOG_SEGMENT_BYTES = K::fixed("transaction.state.log.segment.bytes", Int, "The segment size of __transaction_state. Smaller: faster loading and compaction.").default("104857600").unit(Bytes).valid(AtLeast(1));
    PRODUCER_ID_EXPIRATION_MS = K::dynamic("producer.id.expiration.ms", Int, "How long a partition remembers the sequence numbers of a producer that sends nothing.").default("86400000").unit(Milliseconds).valid(AtLeast(1));
}
