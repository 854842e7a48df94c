//! What may lie on the disk when the broker has come to rest: the logs of the topics that there are.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::clients::Clients;
use super::every::list_topics;
use super::scenario::DATA_DIR;
use crate::machine::Machine;

/// Directories that are no topic's.
const OTHERS: [&str; 2] = ["journal", "__cluster_metadata-0"];

/// Puts into `expected` the directories that Metadata says there are.
pub(super) async fn list(clients: Rc<Clients>, expected: Rc<RefCell<BTreeSet<String>>>) {
    let mut wire = clients.wire();
    let topics = loop {
        match list_topics(&mut wire).await {
            Ok(topics) => break topics,
            Err(_) => clients.sleep(Duration::from_millis(20)).await,
        }
    };
    let mut expected = expected.borrow_mut();
    expected.extend(OTHERS.map(str::to_owned));
    for topic in topics {
        let name = topic.name.unwrap_or_default();
        let indexes = topic.partitions.iter().map(|partition| partition.partition_index);
        expected.extend(indexes.map(|index| format!("{name}-{index}.{}", topic.topic_id)));
    }
}

/// The directories that are there and should not be.
pub(super) fn find(machine: &Machine, expected: &BTreeSet<String>) -> Vec<String> {
    let there = machine.directories(Path::new(DATA_DIR)).into_iter();
    there.filter(|name| !expected.contains(name)).collect()
}
