//! How much one request may ask for.

/// How many producer ids a broker gets at once (Kafka's `ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`).
pub const PRODUCER_ID_BLOCK_SIZE: u32 = 1_000;
/// The most partitions that one request creates (Kafka's `ReplicationControlManager.MAX_PARTITIONS_PER_BATCH`).
pub const PARTITIONS_PER_REQUEST_MAX: usize = 10_000;
/// The most parts of one request that change something (Kafka's `QuorumController.MAX_RECORDS_PER_USER_OP`, which counts
/// each partition and each setting).
pub const CHANGES_PER_REQUEST_MAX: usize = 10_000;
/// The longest value of a setting, in bytes (Kafka: `Short.MAX_VALUE`).
pub const CONFIG_VALUE_SIZE_MAX: usize = 32_767;
