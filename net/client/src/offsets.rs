//! Offsets of partitions: the first, the last, by time.

use std::collections::BTreeMap;
use std::time::Duration;

use corelog_model::{Offset, PartitionIndex, TimestampMs};
use corelog_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};

use crate::api_error::ApiError;
use crate::client::{Client, Target};
use crate::error::ClientError;

/// Which offset of a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OffsetAt {
    /// The first there is.
    Earliest,
    /// The one after the last that a consumer may read.
    Latest,
    /// The first record at or after that time.
    Timestamp(TimestampMs),
    /// The record with the largest timestamp (ListOffsets from version 7).
    MaxTimestamp,
}

impl OffsetAt {
    fn wire(self) -> i64 {
        match self {
            OffsetAt::Latest => -1,
            OffsetAt::Earliest => -2,
            OffsetAt::MaxTimestamp => -3,
            OffsetAt::Timestamp(time) => time.get(),
        }
    }
}

impl Client {
    /// Looks an offset up in several partitions of one topic. A partition without such a record, which `Timestamp`
    /// and `MaxTimestamp` may find, has `None`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn list_offsets(
        &mut self,
        topic: &str,
        partitions: &[PartitionIndex],
        at: OffsetAt,
    ) -> Result<BTreeMap<PartitionIndex, Option<Offset>>, ClientError> {
        self.retrying(|client| {
            let mut by_leader: BTreeMap<i32, Vec<PartitionIndex>> = BTreeMap::new();
            for partition in partitions {
                let leader = client.cluster().leader(topic, *partition)?;
                by_leader.entry(leader).or_default().push(*partition);
            }
            let mut offsets = BTreeMap::new();
            for (leader, partitions) in by_leader {
                let response = client.call(&Target::Broker(leader), Duration::ZERO, |_| {
                    let partition = |index: &PartitionIndex| ListOffsetsPartition {
                        partition_index: index.get(),
                        timestamp: at.wire(),
                        ..ListOffsetsPartition::default()
                    };
                    ListOffsetsRequest {
                        replica_id: -1,
                        topics: vec![ListOffsetsTopic {
                            name: topic.to_owned(),
                            partitions: partitions.iter().map(partition).collect(),
                        }],
                        ..ListOffsetsRequest::default()
                    }
                })?;
                for partition in response.topics.iter().flat_map(|topic| &topic.partitions) {
                    let index = PartitionIndex::new(partition.partition_index);
                    ApiError::check(partition.error_code, None).map_err(|error| {
                        ClientError::refused(format!("partition {index} of topic {topic}"), error)
                    })?;
                    offsets.insert(index, Offset::new(partition.offset));
                }
            }
            Ok(offsets)
        })
    }
}
