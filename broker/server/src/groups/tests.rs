//! A shard with coordinators on a real disk, asked through the APIs' handlers; it is started again on the same data.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corelog_config::BrokerConfig;
use corelog_controller::{BrokerRegistration, ControllerRequest, TopicReference};
use corelog_groups::GroupCoordinator;
use corelog_metadata::{FeatureRange, Incarnation, METADATA_VERSION, METADATA_VERSION_LEVEL, names};
use corelog_model::PartitionId;
use corelog_protocol::messages::describe_groups::{DescribeGroupsRequest, DescribedGroup};
use corelog_protocol::messages::heartbeat::HeartbeatRequest;
use corelog_protocol::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse};
use corelog_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use corelog_protocol::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};
use corelog_protocol::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use corelog_protocol::{ApiKey, ErrorCode};
use corelog_records::{BatchOptions, NewRecord, RecordBatchBuilder};
use corelog_runtime::{ShardsOptions, run_shard_here};
use corelog_storage::{AppendOptions, AppendOrigin, LogOffsets, Storage, StorageOptions, prepare_layout};
use futures_util::future::join;

use super::shell::GroupShell;
use crate::api;
use crate::clients::Client;
use crate::clients::RequestContext;
use crate::cluster::{FIRST, Identity};
use crate::metadata;
use crate::metadata::internal_topics;
use crate::own_log::{LogReadError, Machine, OwnEntry, OwnLog};
use crate::shard::{Shard, ShardMessage, ShardParts};

const GROUP: &str = "group";
const TOPIC: &str = "topic";

/// Runs `test` on a shard with its data in `dir`, then closes it.
fn on_shard<T, F>(dir: &Path, test: fn(Rc<Shard>) -> F) -> T
where
    T: 'static,
    F: Future<Output = T> + 'static,
{
    let options = ShardsOptions {
        allow_buffered: true,
        ..ShardsOptions::default()
    };
    let dir = dir.to_owned();
    let result = run_shard_here::<ShardMessage, _, _>(&options, move |parts| async move {
        let owner = |_: &PartitionId| FIRST;
        let layout = prepare_layout(parts.handle.clone(), &dir, true, 1, owner, |_| {})
            .await
            .expect("a layout");
        let mut storage = StorageOptions::new(dir, FIRST, layout);
        storage.journal_file_bytes = 8 << 20;
        storage.checkpoint_bytes = 8 << 20;
        let storage = Storage::open(parts.handle.clone(), storage, |_| {})
            .await
            .expect("the data opens");
        let config = BrokerConfig::from_pairs(&[
            ("group.initial.rebalance.delay.ms", "0"),
            ("group.min.session.timeout.ms", "1"),
            ("offsets.topic.num.partitions", "2"),
        ]);
        let shard = Shard::new(ShardParts {
            activity: Rc::default(),
            id: FIRST,
            shard_count: 1,
            handle: parts.handle.clone(),
            mailbox: parts.mailbox,
            storage: Rc::clone(&storage),
            config: Arc::new(config.expect("a good configuration")),
            identity: Arc::new(Identity {
                cluster_id: "cluster".to_owned(),
                broker: corelog_model::BrokerId::new(1),
                listener: "PLAINTEXT".into(),
                shard_listeners: None,
            }),
            request_memory: 1 << 20,
            fetch_memory: 1 << 20,
            answer_memory: 1 << 20,
        });
        let image = metadata::load(&shard).await.expect("the metadata loads");
        let published = metadata::publish(&shard, image).await;
        published.expect("the partitions open");
        let result = test(Rc::clone(&shard)).await;
        storage.close().await.expect("the data closes");
        result
    });
    result.expect("a shard")
}

fn context(shard: &Shard, api: ApiKey, version: i16) -> RequestContext {
    RequestContext {
        api,
        version,
        correlation_id: 1,
        client_id: None,
        client: Rc::new(Client::new(
            "127.0.0.1:5000".parse().expect("an address"),
            "PLAINTEXT".into(),
            shard.connections.next_number(),
        )),
    }
}

async fn change(shard: &Rc<Shard>, request: ControllerRequest) {
    for result in metadata::change(&shard.controller, vec![request], false).await {
        result.expect("the change is made");
    }
}

/// Creates the topics.
async fn create_topics(shard: &Rc<Shard>) {
    let level = FeatureRange {
        min: METADATA_VERSION_LEVEL,
        max: METADATA_VERSION_LEVEL,
    };
    let registration = BrokerRegistration {
        id: shard.metadata.identity.broker,
        incarnation: Incarnation::new(1),
        endpoints: Vec::new(),
        features: [(METADATA_VERSION.to_owned(), level)].into(),
        rack: None,
        log_dirs: Vec::new(),
    };
    let registered = metadata::register(&shard.controller, registration).await;
    registered.expect("the broker is registered");
    let topic = internal_topics::defaults_for(&shard.metadata.config(), TOPIC);
    change(shard, ControllerRequest::CreateTopic(topic)).await;
    let made =
        internal_topics::partition_of(&shard.metadata, &shard.controller, names::CONSUMER_OFFSETS, GROUP)
            .await;
    made.expect("the topic of the groups");
}

async fn join_group(shard: &Rc<Shard>, member_id: &str) -> JoinGroupResponse {
    join_group_within(shard, member_id, 10_000).await
}

async fn join_group_within(shard: &Rc<Shard>, member_id: &str, timeout_ms: i32) -> JoinGroupResponse {
    let request = JoinGroupRequest {
        group_id: GROUP.to_owned(),
        session_timeout_ms: timeout_ms,
        rebalance_timeout_ms: timeout_ms,
        member_id: member_id.to_owned(),
        protocol_type: "consumer".to_owned(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".to_owned(),
            metadata: Bytes::new(),
        }],
        ..Default::default()
    };
    let context = context(shard, ApiKey::JoinGroup, 3);
    api::join_group::handle(&shard.handle, &shard.metadata, &shard.shards, &context, request).await
}

async fn sync_group(shard: &Rc<Shard>, joined: &JoinGroupResponse) -> Bytes {
    let request = SyncGroupRequest {
        group_id: GROUP.to_owned(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        assignments: vec![SyncGroupRequestAssignment {
            member_id: joined.member_id.clone(),
            assignment: Bytes::from_static(b"all"),
        }],
        ..Default::default()
    };
    let context = context(shard, ApiKey::SyncGroup, 3);
    let response = api::sync_group::handle(&shard.metadata, &shard.shards, &context, request).await;
    assert_eq!(response.error_code, 0);
    response.assignment
}

async fn commit(shard: &Rc<Shard>, joined: &JoinGroupResponse, topic: &str, offset: i64) -> i16 {
    let request = OffsetCommitRequest {
        group_id: GROUP.to_owned(),
        generation_id_or_member_epoch: joined.generation_id,
        member_id: joined.member_id.clone(),
        retention_time_ms: -1,
        topics: vec![OffsetCommitRequestTopic {
            name: topic.to_owned(),
            partitions: vec![OffsetCommitRequestPartition {
                partition_index: 0,
                committed_offset: offset,
                committed_leader_epoch: -1,
                committed_metadata: Some("text".to_owned()),
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let context = context(shard, ApiKey::OffsetCommit, 7);
    let response = api::offset_commit::handle(&shard.metadata, &shard.shards, &context, request).await;
    response.topics[0].partitions[0].error_code
}

/// The committed offset; asks again while the coordinator loads, as clients do.
async fn fetch(shard: &Rc<Shard>) -> Result<i64, i16> {
    loop {
        let request = OffsetFetchRequest {
            group_id: GROUP.to_owned(),
            topics: Some(vec![OffsetFetchRequestTopic {
                name: TOPIC.to_owned(),
                partition_indexes: vec![0],
            }]),
            ..Default::default()
        };
        let context = context(shard, ApiKey::OffsetFetch, 5);
        let response =
            api::offset_fetch::handle(&shard.metadata, &shard.shards, &shard.memory, &context, request).await;
        if response.error_code == ErrorCode::CoordinatorLoadInProgress.code() {
            let clock = &shard.handle.clock;
            clock.sleep_until(clock.now() + Duration::from_millis(1)).await;
            continue;
        }
        if response.error_code != 0 {
            return Err(response.error_code);
        }
        return Ok(response.topics[0].partitions[0].committed_offset);
    }
}

async fn describe(shard: &Rc<Shard>) -> DescribedGroup {
    let request = DescribeGroupsRequest {
        groups: vec![GROUP.to_owned()],
        ..Default::default()
    };
    let context = context(shard, ApiKey::DescribeGroups, 5);
    let mut response =
        api::describe_groups::handle(&shard.metadata, &shard.shards, &shard.memory, &context, request).await;
    response.groups.remove(0)
}

fn groups_partition(shard: &Shard) -> PartitionId {
    let partition =
        internal_topics::known_partition_of(&shard.metadata.image(), names::CONSUMER_OFFSETS, GROUP);
    partition.expect("the topic is there")
}

fn shell_of(shard: &Shard) -> Rc<GroupShell> {
    let id = groups_partition(shard);
    shard.coordinators.shell(id).expect("a coordinator")
}

/// How far the log of the group's coordinator reaches.
fn offsets_of(shard: &Shard) -> LogOffsets {
    let id = groups_partition(shard);
    shard
        .partitions
        .storage()
        .partition(&id)
        .expect("a log")
        .offsets()
}

/// A group of one member that has its assignment.
async fn stable_group(shard: &Rc<Shard>) -> JoinGroupResponse {
    create_topics(shard).await;
    assert_eq!(fetch(shard).await, Ok(-1));
    let joined = join_group(shard, "").await;
    assert_eq!(joined.error_code, 0);
    assert_eq!(joined.leader, joined.member_id);
    assert_eq!(sync_group(shard, &joined).await, "all");
    joined
}

#[test]
fn a_group_and_its_offsets_outlive_the_broker() {
    let dir = tempfile::tempdir().expect("a directory");
    on_shard(dir.path(), |shard| async move {
        let joined = stable_group(&shard).await;
        let unknown = ErrorCode::UnknownTopicOrPartition.code();
        assert_eq!(commit(&shard, &joined, "no-such-topic", 1).await, unknown);
        assert_eq!(commit(&shard, &joined, TOPIC, 41).await, 0);
        assert_eq!(commit(&shard, &joined, TOPIC, 42).await, 0);
        assert_eq!(fetch(&shard).await, Ok(42));
    });
    on_shard(dir.path(), |shard| async move {
        assert_eq!(fetch(&shard).await, Ok(42));
        let group = describe(&shard).await;
        assert_eq!((&*group.group_state, group.members.len()), ("Stable", 1));
        assert_eq!(group.members[0].client_host, "/127.0.0.1");
        assert_eq!(group.members[0].member_assignment, "all");
        // The member goes on where it was.
        let heartbeat = HeartbeatRequest {
            group_id: GROUP.to_owned(),
            generation_id: 1,
            member_id: group.members[0].member_id.clone(),
            ..Default::default()
        };
        let context = context(&shard, ApiKey::Heartbeat, 3);
        let response = api::heartbeat::handle(&shard.metadata, &shard.shards, &context, heartbeat).await;
        assert_eq!(response.error_code, 0);
    });
}

#[test]
fn a_snapshot_shortens_the_log_and_keeps_the_state() {
    let dir = tempfile::tempdir().expect("a directory");
    on_shard(dir.path(), |shard| async move {
        let joined = stable_group(&shard).await;
        for offset in 0..20 {
            assert_eq!(commit(&shard, &joined, TOPIC, offset).await, 0);
        }
        let shell = shell_of(&shard);
        // One commit under way when the snapshot begins, and one that it holds.
        let under_way = commit(&shard, &joined, TOPIC, 20);
        let held = commit(&shard, &joined, TOPIC, 21);
        let (under_way, (rewritten, held)) = join(under_way, join(shell.rewrite(), held)).await;
        assert_eq!((under_way, held), (0, 0));
        rewritten.expect("a snapshot");
        let offsets = offsets_of(&shard);
        let kept = (offsets.log_end - offsets.log_start).get();
        assert!((1..=4).contains(&kept), "{offsets:?}");
        assert_eq!(fetch(&shard).await, Ok(21));
    });
    on_shard(dir.path(), |shard| async move {
        assert_eq!(fetch(&shard).await, Ok(21));
        assert_eq!(describe(&shard).await.group_state, "Stable");
    });
}

#[test]
fn a_snapshot_changes_nothing_while_the_former_records_are_there() {
    let dir = tempfile::tempdir().expect("a directory");
    on_shard(dir.path(), |shard| async move {
        let joined = stable_group(&shard).await;
        assert_eq!(commit(&shard, &joined, TOPIC, 7).await, 0);
        let shell = shell_of(&shard);
        let first = shell.write_snapshot().await.expect("a snapshot");
        assert!(first.is_some_and(|first| first < offsets_of(&shard).log_end));
    });
    on_shard(dir.path(), |shard| async move {
        assert_eq!(fetch(&shard).await, Ok(7));
        let group = describe(&shard).await;
        assert_eq!((&*group.group_state, group.members.len()), ("Stable", 1));
    });
}

#[test]
fn a_member_that_does_not_come_back_is_dropped_in_its_time() {
    let dir = tempfile::tempdir().expect("a directory");
    on_shard(dir.path(), |shard| async move {
        create_topics(&shard).await;
        assert_eq!(fetch(&shard).await, Ok(-1));
        let first = join_group_within(&shard, "", 50).await;
        assert_eq!(first.error_code, 0);
        let second = join_group_within(&shard, "", 50).await;
        assert_eq!((second.error_code, second.generation_id), (0, 2));
        assert_eq!(second.leader, second.member_id);
        assert_eq!(second.members.len(), 1);
    });
}

#[test]
fn a_member_waits_until_the_others_have_joined_again() {
    let dir = tempfile::tempdir().expect("a directory");
    on_shard(dir.path(), |shard| async move {
        let first = stable_group(&shard).await;
        let again = async {
            let second = join_group(&shard, "").await;
            assert_eq!((second.error_code, second.generation_id), (0, 2));
        };
        let rejoin = async {
            let rejoined = join_group(&shard, &first.member_id).await;
            assert_eq!((rejoined.error_code, rejoined.generation_id), (0, 2));
        };
        join(again, rejoin).await;
        assert_eq!(describe(&shard).await.members.len(), 2);
    });
}

#[test]
fn deleted_topics_take_offsets_and_coordinators_along() {
    let dir = tempfile::tempdir().expect("a directory");
    on_shard(dir.path(), |shard| async move {
        let joined = stable_group(&shard).await;
        assert_eq!(commit(&shard, &joined, TOPIC, 5).await, 0);
        // Beyond the limit offsets are counted alone.
        let told = shard.coordinators.committed_offsets(1).await;
        assert_eq!((told.groups.len(), told.left_out), (1, 0));
        let told = shard.coordinators.committed_offsets(0).await;
        assert_eq!((told.groups.len(), told.left_out), (0, 1));
        let delete = |name: &str| ControllerRequest::DeleteTopic {
            topic: TopicReference::Name(name.to_owned()),
        };
        change(&shard, delete(TOPIC)).await;
        assert!(shard.coordinators.committed_offsets(10).await.groups.is_empty());
        // A member that waits is told when the coordinator goes.
        let waiting = join_group(&shard, "");
        let (waited, ()) = join(waiting, change(&shard, delete(names::CONSUMER_OFFSETS))).await;
        assert_eq!(waited.error_code, ErrorCode::NotCoordinator.code());
        assert_eq!(fetch(&shard).await, Err(ErrorCode::NotCoordinator.code()));
    });
}

/// Appends a record to the log of the group's coordinator, as another release would.
async fn append_raw(shard: &Rc<Shard>, key: &[u8], value: Option<&[u8]>) {
    let mut builder = RecordBatchBuilder::new(BatchOptions::default());
    let record = NewRecord {
        timestamp: shard.handle.clock.wall(),
        key: Some(key),
        value,
        headers: &[],
    };
    builder.append(&record).expect("a record");
    let batch = builder.build().expect("a batch");
    let id = groups_partition(shard);
    let log = shard.partitions.storage().partition(&id).expect("a log");
    let options = AppendOptions {
        origin: AppendOrigin::Internal,
    };
    log.append(vec![batch], options).await.expect("it is stored");
}

/// The last value of each key of the log, those of which nothing is left apart.
async fn live_records(shard: &Rc<Shard>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let id = groups_partition(shard);
    let log = shard.partitions.storage().partition(&id).expect("a log");
    let log = OwnLog::new(log, shard.handle.clone(), GroupCoordinator::GROWTH_MAX);
    let mut live = BTreeMap::new();
    let read = log.load::<LogReadError>(|entry| {
        let OwnEntry::Record { key, value, .. } = entry else {
            return Ok(());
        };
        let key = key.expect("a key").to_vec();
        match value {
            Some(value) => live.insert(key, value.to_vec()),
            None => live.remove(&key),
        };
        Ok(())
    });
    read.await.expect("the log is read");
    live
}

/// A key of share groups' records (version 11 and so on), and a group's metadata in a version of the future.
const NEWER: [(&[u8], &[u8]); 2] = [(&[0, 11, 1, 2], b"share"), (&[0, 2, 0, 1, b'n'], &[0, 9, 1])];

#[test]
fn records_that_are_not_known_outlive_a_snapshot() {
    let dir = tempfile::tempdir().expect("a directory");
    on_shard(dir.path(), |shard| async move {
        let joined = stable_group(&shard).await;
        assert_eq!(commit(&shard, &joined, TOPIC, 7).await, 0);
        for (key, value) in NEWER {
            append_raw(&shard, key, Some(value)).await;
        }
        append_raw(&shard, &[0, 12, 9], Some(b"over")).await;
        append_raw(&shard, &[0, 12, 9], None).await;
    });
    on_shard(dir.path(), |shard| async move {
        assert_eq!(fetch(&shard).await, Ok(7));
        let start = offsets_of(&shard).log_start;
        shell_of(&shard).rewrite().await.expect("a snapshot");
        assert!(
            offsets_of(&shard).log_start > start,
            "the former records are gone"
        );
        let live = live_records(&shard).await;
        for (key, value) in NEWER {
            assert_eq!(live.get(key).map(Vec::as_slice), Some(value), "{key:?}");
        }
        assert!(!live.contains_key(&[0, 12, 9][..]));
        assert_eq!(live.len(), NEWER.len() + 2, "a group and an offset besides");
    });
    on_shard(dir.path(), |shard| async move {
        assert_eq!(fetch(&shard).await, Ok(7));
        assert_eq!(describe(&shard).await.group_state, "Stable");
    });
}
