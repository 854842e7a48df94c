//! What each API answers for a partition whose log is not as it should be: one table.
//!
//! As Kafka answers for a replica in an offline log directory (`ReplicaManager.getPartitionOrError`): clients ask for
//! the metadata again and try later. An end that is shorter than what was acknowledged is never told as if it were one.

use std::sync::Arc;

use corelog_protocol::ErrorCode;

use crate::error_codes::Failure;

/// An API that asks the owner of a partition about its log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogApi {
    /// Produce.
    Produce,
    /// Fetch.
    Fetch,
    /// ListOffsets.
    ListOffsets,
    /// OffsetForLeaderEpoch.
    OffsetForLeaderEpoch,
    /// DeleteRecords.
    DeleteRecords,
    /// DescribeProducers.
    DescribeProducers,
}

/// How a partition's log is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum LogState {
    /// It is served.
    Open,
    /// It was found damaged, for this reason, and is not served.
    Damaged(Arc<str>),
    /// The shard's journal is fenced: it is read and takes nothing.
    Fenced,
    /// Another broker leads the partition, or nobody does.
    Led,
    /// It was deleted, and keeps its place until that is durable.
    Deleted,
    /// The metadata name the partition, and its log could not be made or opened.
    Missing,
    /// This shard's metadata do not name it: the topic is being created or deleted, and the asker's are not the same at
    /// this moment. Clients then ask for the metadata again (`ReplicaManager.getPartitionOrException`).
    Unknown,
}

/// The table: how `api` is refused for a log in `state`, `None` if it is not.
pub(super) fn refusal(api: LogApi, state: &LogState) -> Option<Failure> {
    let storage = |message: String| Some(Failure::new(ErrorCode::KafkaStorageError, message));
    match state {
        LogState::Open => None,
        LogState::Damaged(reason) => storage(format!("the log is damaged and not served: {reason}")),
        LogState::Fenced => match api {
            LogApi::Produce | LogApi::DeleteRecords => {
                storage("the shard's journal is fenced until a restart".to_owned())
            }
            LogApi::Fetch
            | LogApi::ListOffsets
            | LogApi::OffsetForLeaderEpoch
            | LogApi::DescribeProducers => None,
        },
        LogState::Deleted => Some(ErrorCode::UnknownTopicOrPartition.into()),
        LogState::Missing => storage("the log could not be made or opened".to_owned()),
        LogState::Led | LogState::Unknown => Some(ErrorCode::NotLeaderOrFollower.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_api_answers_for_every_state() {
        use ErrorCode as E;
        use LogApi::{DeleteRecords, DescribeProducers, Fetch, ListOffsets, OffsetForLeaderEpoch, Produce};
        const APIS: [LogApi; 6] = [
            Produce,
            Fetch,
            ListOffsets,
            OffsetForLeaderEpoch,
            DeleteRecords,
            DescribeProducers,
        ];
        const STORAGE: Option<ErrorCode> = Some(E::KafkaStorageError);
        const UNKNOWN: Option<ErrorCode> = Some(E::UnknownTopicOrPartition);
        const MOVED: Option<ErrorCode> = Some(E::NotLeaderOrFollower);
        for (state, expected) in [
            (LogState::Open, [None; 6]),
            (LogState::Damaged("at byte 7".into()), [STORAGE; 6]),
            (LogState::Fenced, [STORAGE, None, None, None, STORAGE, None]),
            (LogState::Deleted, [UNKNOWN; 6]),
            (LogState::Missing, [STORAGE; 6]),
            (LogState::Led, [MOVED; 6]),
            (LogState::Unknown, [MOVED; 6]),
        ] {
            let found = APIS.map(|api| refusal(api, &state).map(|failure| failure.code));
            assert_eq!(found, expected, "{state:?} of {APIS:?}");
        }
    }
}
