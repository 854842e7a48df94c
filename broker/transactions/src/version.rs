//! The versions of the transaction protocol (Kafka's feature `transaction.version`).

/// A level of the feature `transaction.version`, of the cluster or of what a client speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum TransactionVersion {
    /// Level 0: the first protocol.
    #[default]
    V0,
    /// Level 1: the same, with flexible records.
    V1,
    /// Level 2: each end of a transaction raises the epoch (KIP-890).
    V2,
}

impl TransactionVersion {
    /// The version of a feature level; `None` if it is not known.
    pub const fn from_level(level: i16) -> Option<TransactionVersion> {
        match level {
            0 => Some(TransactionVersion::V0),
            1 => Some(TransactionVersion::V1),
            2 => Some(TransactionVersion::V2),
            _ => None,
        }
    }

    /// The feature level, which WriteTxnMarkers 2 carries.
    pub const fn level(self) -> i16 {
        match self {
            TransactionVersion::V0 => 0,
            TransactionVersion::V1 => 1,
            TransactionVersion::V2 => 2,
        }
    }

    /// Whether each end of a transaction raises the epoch.
    pub const fn raises_epoch(self) -> bool {
        match self {
            TransactionVersion::V0 | TransactionVersion::V1 => false,
            TransactionVersion::V2 => true,
        }
    }
}
