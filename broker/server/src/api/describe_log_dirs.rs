//! DescribeLogDirs (API key 35): the data directory and the size of each partition in it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use corelog_metadata::MetadataImage;
use corelog_model::{PartitionId, PartitionIndex};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::describe_log_dirs::{
    DescribableLogDirTopic, DescribeLogDirsPartition, DescribeLogDirsRequest, DescribeLogDirsResponse,
    DescribeLogDirsResult, DescribeLogDirsTopic,
};
use corelog_runtime::Handle;
use corelog_storage::Storage;
use futures_util::future::join_all;

use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::memory::Memory;
use crate::partitions::Partitions;
use crate::shard::Shards;

/// What a partition takes of an answer, about, in bytes.
const PARTITION_BYTES: usize = 48;

/// Asks all shards. There is one data directory. A volume that does not tell its size has none (-1), as in Kafka.
pub(crate) async fn handle(
    handle: &Handle,
    metadata: &MetadataCache,
    shards: &Shards,
    memory: &Memory,
    context: &RequestContext,
    request: DescribeLogDirsRequest,
) -> DescribeLogDirsResponse {
    if request.topics.is_none() {
        let bytes = metadata.image().partition_count() * PARTITION_BYTES;
        memory.answers.begin(context, bytes).await;
    }
    let shares: Vec<_> = shards
        .all()
        .map(|to| {
            shards.submit_to(to, |partitions: Rc<Partitions>| {
                std::future::ready(share(partitions.storage()))
            })
        })
        .collect();
    let shares = join_all(shares).await;
    let is_fenced = shares.iter().any(|share| share.is_fenced);
    let sizes = shares.into_iter().flat_map(|share| share.sizes);
    let config = metadata.config();
    let data_dir = &config.storage.data_dir;
    let volume = handle.disk.volume(data_dir).await.ok();
    let size = |size: Option<u64>| size.map_or(-1, |size| i64::try_from(size).unwrap_or(i64::MAX));
    // As Kafka shows it; where the current directory is gone the relative path is what there is.
    let data_dir = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.clone());
    let code = if is_fenced {
        ErrorCode::KafkaStorageError
    } else {
        ErrorCode::None
    };
    DescribeLogDirsResponse {
        results: vec![DescribeLogDirsResult {
            error_code: code.code(),
            log_dir: data_dir.display().to_string(),
            topics: by_topic(&metadata.image(), sizes, request.topics.as_deref()),
            total_bytes: size(volume.map(|volume| volume.total_bytes)),
            usable_bytes: size(volume.map(|volume| volume.usable_bytes)),
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// What one shard has in the data directory.
struct Share {
    is_fenced: bool,
    sizes: Vec<(PartitionId, u64)>,
}

fn share(storage: &Storage) -> Share {
    let ids = storage.partitions().into_iter();
    Share {
        is_fenced: storage.is_fenced(),
        sizes: ids
            .filter_map(|id| Some((id, storage.partition(&id)?.size_bytes())))
            .collect(),
    }
}

/// Sizes of the partitions that are asked for (`None`: all) and that the image names, sorted.
fn by_topic(
    image: &MetadataImage,
    sizes: impl Iterator<Item = (PartitionId, u64)>,
    asked: Option<&[DescribableLogDirTopic]>,
) -> Vec<DescribeLogDirsTopic> {
    let asked: Option<BTreeMap<&str, BTreeSet<i32>>> = asked.map(|asked| {
        let mut indexes: BTreeMap<&str, BTreeSet<i32>> = BTreeMap::new();
        for topic in asked {
            indexes.entry(&topic.topic).or_default().extend(&topic.partitions);
        }
        indexes
    });
    let mut topics: BTreeMap<&str, BTreeMap<PartitionIndex, u64>> = BTreeMap::new();
    for (id, size) in sizes {
        let Some(topic) = image.topic_by_id(id.topic) else {
            continue;
        };
        let name = topic.name.as_str();
        let is_asked = asked.as_ref().is_none_or(|asked| {
            let indexes = asked.get(name);
            indexes.is_some_and(|indexes| indexes.contains(&id.index.get()))
        });
        if is_asked {
            topics.entry(name).or_default().insert(id.index, size);
        }
    }
    let partition = |(index, size): (PartitionIndex, u64)| DescribeLogDirsPartition {
        partition_index: index.get(),
        partition_size: i64::try_from(size).unwrap_or(i64::MAX),
        offset_lag: 0,
        is_future_key: false,
    };
    topics
        .into_iter()
        .map(|(name, partitions)| DescribeLogDirsTopic {
            name: name.to_owned(),
            partitions: partitions.into_iter().map(partition).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::test_image::{id, image};

    fn check(asked: Option<&[(&str, &[i32])]>, expected: &[(&str, &[(i32, i64)])]) {
        let image = image(&[("b", 2), ("a", 1)]);
        let partition = |topic, index| PartitionId {
            topic,
            index: PartitionIndex::new(index),
        };
        let gone = partition(id(7), 0);
        let sizes = [
            (partition(id(0), 1), 11),
            (gone, 5),
            (partition(id(0), 0), 10),
            (partition(id(1), 0), 7),
        ];
        let asked: Option<Vec<_>> = asked.map(|topics| {
            let topic = |(name, partitions): &(&str, &[i32])| DescribableLogDirTopic {
                topic: (*name).to_owned(),
                partitions: partitions.to_vec(),
            };
            topics.iter().map(topic).collect()
        });
        let topics = by_topic(&image, sizes.into_iter(), asked.as_deref());
        let found: Vec<(String, Vec<(i32, i64)>)> = topics
            .into_iter()
            .map(|topic| {
                let sizes = topic
                    .partitions
                    .iter()
                    .map(|p| (p.partition_index, p.partition_size));
                (topic.name, sizes.collect())
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, sizes)| ((*name).to_owned(), sizes.to_vec()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn sizes_by_topic() {
        check(None, &[("a", &[(0, 7)]), ("b", &[(0, 10), (1, 11)])]);
        check(Some(&[("b", &[1, 5]), ("c", &[0])]), &[("b", &[(1, 11)])]);
        check(Some(&[]), &[]);
    }
}
