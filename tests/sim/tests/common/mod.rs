//! A broker of one shard on a simulated machine.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use corelog_broker::cluster::{FIRST, Identity};
use corelog_broker::controller::ChangeError;
use corelog_broker::metadata;
use corelog_broker::shard::{Shard, ShardMessage, ShardParts};
use corelog_config::BrokerConfig;
use corelog_controller::{BrokerRegistration, ControllerRequest, NewTopic};
use corelog_metadata::{FeatureRange, Incarnation, METADATA_VERSION, METADATA_VERSION_LEVEL};
use corelog_model::{BrokerId, PartitionId};
use corelog_runtime::Handle;
use corelog_sim::Machine;
use corelog_storage::{Storage, StorageOptions, prepare_layout};

pub(crate) const DIR: &str = "/data";

pub(crate) async fn options(handle: &Handle) -> StorageOptions {
    let owner = |_: &PartitionId| FIRST;
    let layout = prepare_layout(handle.clone(), Path::new(DIR), true, 1, owner, |_| {});
    let mut options = StorageOptions::new(DIR, FIRST, layout.await.expect("a layout"));
    options.journal_file_bytes = 8 << 20;
    options.checkpoint_bytes = 1 << 30;
    options
}

/// A broker that has registered and has no topic.
pub(crate) async fn broker(machine: &Machine) -> Rc<Shard> {
    let handle = machine.handle_for(FIRST);
    let storage = Storage::open(handle.clone(), options(&handle).await, |_| {});
    let config = BrokerConfig::from_pairs(&[("auto.create.topics.enable", "true")]);
    let mailbox = machine.mailboxes::<ShardMessage>(1, 16).remove(0);
    let shard = Shard::new(ShardParts {
        id: FIRST,
        shard_count: 1,
        handle,
        mailbox,
        storage: storage.await.expect("the data opens"),
        config: Arc::new(config.expect("a good configuration")),
        identity: Arc::new(Identity {
            cluster_id: "cluster".to_owned(),
            listener: "PLAINTEXT".into(),
            broker: BrokerId::new(1),
            shard_listeners: None,
        }),
        request_memory: 1 << 20,
        fetch_memory: 1 << 20,
        answer_memory: 1 << 20,
        activity: Rc::default(),
    });
    let image = metadata::load(&shard).await.expect("the metadata loads");
    let published = metadata::publish(&shard, image).await;
    published.expect("the partitions open");
    let level = FeatureRange {
        min: METADATA_VERSION_LEVEL,
        max: METADATA_VERSION_LEVEL,
    };
    let registration = BrokerRegistration {
        id: BrokerId::new(1),
        incarnation: Incarnation::new(1),
        endpoints: Vec::new(),
        features: [(METADATA_VERSION.to_owned(), level)].into(),
        rack: None,
        log_dirs: Vec::new(),
    };
    let registered = metadata::register(&shard.controller, registration).await;
    registered.expect("the broker is registered");
    shard
}

/// What CreateTopics asks for.
pub(crate) fn new_topic(name: &str, partitions: i32) -> ControllerRequest {
    ControllerRequest::CreateTopic(NewTopic {
        name: name.to_owned(),
        partition_count: partitions,
        replication_factor: 1,
        assignments: Vec::new(),
        configs: corelog_metadata::Configs::new(),
    })
}

/// Has the controller make one change.
pub(crate) async fn change(shard: &Rc<Shard>, request: ControllerRequest) -> Result<(), ChangeError> {
    let mut results = metadata::change(&shard.controller, vec![request], false).await;
    results.remove(0).map(drop)
}
