//! The settings of transaction coordination, with Kafka's defaults (`TransactionStateManagerConfig`).

use std::time::Duration;

use crate::TransactionVersion;

/// What a coordinator is configured by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionConfig {
    /// The finalized level of the feature `transaction.version`: by which protocol the coordinator itself ends
    /// transactions, and in which version records are written.
    pub transaction_version: TransactionVersion,
    /// `transaction.max.timeout.ms`, inclusive.
    pub timeout_max: Duration,
    /// `transactional.id.expiration.ms`: how long an id is kept after its last change.
    pub transactional_id_expiration: Duration,
    /// `transaction.remove.expired.transaction.cleanup.interval.ms`: how often expired ids are looked for.
    pub expiry_check_interval: Duration,
    /// `transaction.abort.timed.out.transaction.cleanup.interval.ms`: when the abort of a transaction that timed out is
    /// tried again. The first attempt is made when the timeout is over; Kafka looks at this interval.
    pub abort_retry_interval: Duration,
    /// When a marker or a completion that failed is written again. Kafka does so at once.
    pub retry_backoff: Duration,
    /// How large a transaction's partitions may be in its record, in bytes; AddPartitions beyond that is
    /// `UnknownServerError`, as with Kafka when the record exceeds `max.message.bytes`. It is below what the log takes, so
    /// that the record that ends the transaction fits as well.
    pub partitions_bytes_max: usize,
    /// Whether a request that comes too early waits here; if not, the client waits and asks again, as with Kafka.
    pub parking: Option<Parking>,
}

/// How requests wait for the transition before theirs, where Kafka answers CONCURRENT_TRANSACTIONS at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parking {
    /// How long, from a request's arrival; then it is `ConcurrentTransactions` after all.
    pub wait_max: Duration,
    /// How many a transactional id; a further one is `ConcurrentTransactions` at once.
    pub requests_max: usize,
}

impl Default for TransactionConfig {
    fn default() -> TransactionConfig {
        const HOUR: u64 = 3_600;
        TransactionConfig {
            transaction_version: TransactionVersion::V2,
            timeout_max: Duration::from_secs(15 * 60),
            transactional_id_expiration: Duration::from_secs(7 * 24 * HOUR),
            expiry_check_interval: Duration::from_secs(HOUR),
            abort_retry_interval: Duration::from_secs(10),
            retry_backoff: Duration::from_millis(100),
            partitions_bytes_max: 1_000_000,
            parking: Some(Parking {
                wait_max: Duration::from_secs(2),
                requests_max: 32,
            }),
        }
    }
}
