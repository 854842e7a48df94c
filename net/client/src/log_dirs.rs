//! The sizes of partitions on their leaders' disks.

use std::collections::BTreeMap;
use std::time::Duration;

use corelog_model::PartitionIndex;
use corelog_protocol::messages::describe_log_dirs::{DescribableLogDirTopic, DescribeLogDirsRequest};

use crate::api_error::ApiError;
use crate::client::{Client, Target};
use crate::error::ClientError;

impl Client {
    /// How many bytes partitions of a topic take, each on its leader. One that its leader says nothing of is left out.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn partition_sizes(
        &mut self,
        topic: &str,
        partitions: &[PartitionIndex],
    ) -> Result<BTreeMap<PartitionIndex, i64>, ClientError> {
        self.retrying(|client| {
            let mut by_leader: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
            for partition in partitions {
                let leader = client.cluster().leader(topic, *partition)?;
                by_leader.entry(leader).or_default().push(partition.get());
            }
            let mut sizes = BTreeMap::new();
            for (leader, partitions) in by_leader {
                let response = client.call(&Target::Broker(leader), Duration::ZERO, |_| {
                    DescribeLogDirsRequest {
                        topics: Some(vec![DescribableLogDirTopic {
                            topic: topic.to_owned(),
                            partitions,
                        }]),
                    }
                })?;
                for directory in &response.results {
                    ApiError::check(directory.error_code, None).map_err(|error| {
                        ClientError::refused(format!("the log directory {}", directory.log_dir), error)
                    })?;
                    let current = directory.topics.iter().flat_map(|topic| &topic.partitions);
                    for partition in current.filter(|partition| !partition.is_future_key) {
                        sizes.insert(
                            PartitionIndex::new(partition.partition_index),
                            partition.partition_size,
                        );
                    }
                }
            }
            Ok(sizes)
        })
    }
}
