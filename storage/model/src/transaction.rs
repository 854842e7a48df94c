//! The end of a transaction.

/// How a transaction ended (Kafka's `TransactionResult`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TransactionResult {
    /// Its records count.
    Commit,
    /// Nobody who reads committed records sees them.
    Abort,
}
