//! Where partitions end; also the way to learn that their leaders serve them.

use std::collections::BTreeMap;

use corelog_protocol::ApiKey;
use corelog_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use corelog_runtime::Handle;

use super::{BrokerConnection, ClientError, Cluster, SETUP_INTERVAL, SETUP_WAIT, is_retriable, refuse};

/// "The end of the log" in ListOffsets.
const LATEST: i64 = -1;

/// Asks a leader where these partitions end, again while it is not ready to say.
///
/// # Errors
/// `Refused` after a minute, or at once if asking again is no use; `Missing` and those of a connection.
pub async fn end_offsets(
    handle: &Handle,
    connection: &mut BrokerConnection,
    topic: &str,
    partitions: &[i32],
) -> Result<BTreeMap<i32, i64>, ClientError> {
    let asked = partitions.iter().map(|partition| ListOffsetsPartition {
        partition_index: *partition,
        timestamp: LATEST,
        ..ListOffsetsPartition::default()
    });
    let request = ListOffsetsRequest {
        replica_id: -1,
        topics: vec![ListOffsetsTopic {
            name: topic.to_owned(),
            partitions: asked.collect(),
        }],
        ..ListOffsetsRequest::default()
    };
    let deadline = handle.clock.now() + SETUP_WAIT;
    let found = loop {
        let response = connection.call(&request).await?;
        let found: Vec<_> = response
            .topics
            .into_iter()
            .flat_map(|topic| topic.partitions)
            .collect();
        let now = handle.clock.now();
        if now >= deadline || !found.iter().any(|partition| is_retriable(partition.error_code)) {
            break found;
        }
        handle.clock.sleep_until(now + SETUP_INTERVAL).await;
    };
    let mut ends = BTreeMap::new();
    for partition in found {
        refuse("ListOffsets", partition.error_code)?;
        ends.insert(partition.partition_index, partition.offset);
    }
    match partitions.iter().find(|partition| !ends.contains_key(partition)) {
        None => Ok(ends),
        Some(partition) => Err(ClientError::Missing {
            api: ApiKey::ListOffsets,
            what: format!("partition {partition}"),
        }),
    }
}

/// Waits until the leaders serve their partitions: a broker may name itself as one a moment before it is ready. A
/// target without ListOffsets, such as the sink, is taken to be ready.
///
/// # Errors
/// As `end_offsets`.
pub async fn await_leaders(handle: &Handle, cluster: &Cluster) -> Result<(), ClientError> {
    for (broker, address) in &cluster.brokers {
        let mut connection = BrokerConnection::open(handle, *address).await?;
        if !connection.versions().has(ApiKey::ListOffsets) {
            continue;
        }
        for topic in &cluster.topics {
            let led: Vec<i32> = (0i32..)
                .zip(&topic.leaders)
                .filter(|(_, leader)| *leader == broker)
                .map(|(partition, _)| partition)
                .collect();
            if !led.is_empty() {
                end_offsets(handle, &mut connection, &topic.name, &led).await?;
            }
        }
    }
    Ok(())
}
