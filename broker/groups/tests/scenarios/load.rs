//! Restarts, moves, and the time between.

use corelog_groups::{
    Event, GroupConfig, GroupCoordinator, GroupError, GroupStateName, HeartbeatRequest, JoinRequest,
    ListGroupsRequest, Loaded, PersistError, Record, Request, Response,
};

use crate::requests::{commit, join, join_static, rejoin, secs, sync, topic};
use crate::world::World;

#[test]
fn a_restart_gives_the_same_state() {
    let mut w = World::new();
    let tokens = [w.join(join_static("i")), w.join(join())];
    w.advance(secs(6));
    let members = w.complete(&tokens);
    w.send(Request::OffsetCommit(commit(Some(&members[0]), 11)));
    let mut restarted = w.restart();
    assert_eq!(restarted.describe("g"), w.describe("g"));
    assert_eq!(restarted.offset(), Some(11));
    assert_eq!(
        restarted.coordinator.snapshot_records(),
        w.coordinator.snapshot_records()
    );
    for member in &members {
        assert_eq!(restarted.heartbeat(member), Ok(()));
    }
    let again = restarted.sync(&members[1], &[]);
    assert_eq!(
        restarted.synced(again).map(|synced| synced.assignment.len()),
        Ok(2)
    );
    // The group goes on where it was.
    let leader = restarted.join(JoinRequest {
        group_instance_id: members[0]
            .member_id
            .as_str()
            .starts_with("i-")
            .then(|| corelog_groups::InstanceId::new("i")),
        ..rejoin(&members[0])
    });
    restarted.advance(secs(9));
    assert_eq!(restarted.state(), Some(GroupStateName::PreparingRebalance));
    restarted.advance(secs(1));
    assert_eq!(
        restarted.joined(leader).map(|joined| joined.generation.get()),
        Ok(2)
    );
}

#[test]
fn sessions_begin_when_the_load_ends() {
    let mut w = World::new();
    let members = w.stable_group(1);
    let mut restarted = World::restarted(w.config.clone(), w.log.clone(), w.monotonic + secs(3_600));
    restarted.advance(secs(9));
    assert_eq!(restarted.heartbeat(&members[0]), Ok(()));
    restarted.advance(secs(10));
    assert_eq!(restarted.heartbeat(&members[0]), Err(GroupError::UnknownMemberId));
    assert_eq!(restarted.state(), Some(GroupStateName::Empty));
}

#[test]
fn a_group_larger_than_the_bound_rebalances_after_the_load() {
    let mut w = World::new();
    let members = w.stable_group(3);
    let config = GroupConfig {
        group_size_max: 2,
        ..GroupConfig::default()
    };
    let mut restarted = World::restarted(config, w.log.clone(), w.monotonic);
    assert_eq!(restarted.state(), Some(GroupStateName::PreparingRebalance));
    let tokens: Vec<_> = members
        .iter()
        .map(|member| restarted.join(rejoin(member)))
        .collect();
    assert_eq!(restarted.joined(tokens[2]), Err(GroupError::GroupMaxSizeReached));
    assert!(restarted.joined(tokens[0]).is_ok(), "the rest goes on at once");
}

#[test]
fn requests_during_the_load() {
    let mut w = World::new();
    let members = w.stable_group(1);
    let mut loading = World::loading(w.config.clone(), w.log.clone(), w.monotonic);
    assert_eq!(loading.heartbeat(&members[0]), Ok(()));
    let token = loading.sync(&members[0], &[]);
    assert_eq!(loading.synced(token), Err(GroupError::RebalanceInProgress));
    let token = loading.join(join());
    assert_eq!(loading.joined(token), Err(GroupError::CoordinatorLoadInProgress));
    let token = loading.send(Request::OffsetCommit(commit(None, 1)));
    assert_eq!(
        loading.committed(token),
        Err(GroupError::CoordinatorLoadInProgress)
    );
    assert_eq!(loading.describe("g"), Err(GroupError::CoordinatorLoadInProgress));
    let token = loading.delete_group();
    assert!(matches!(
        loading.answer(token),
        Some(Response::DeleteGroups(results)) if results[0].1 == Err(GroupError::CoordinatorLoadInProgress)
    ));
    let token = loading.send(Request::ListGroups(ListGroupsRequest::default()));
    assert_eq!(
        loading.answer(token),
        Some(&Response::ListGroups(Err(GroupError::CoordinatorLoadInProgress)))
    );
    loading.event(Event::TopicDeleted { topic: topic("t") });
    assert_eq!(loading.coordinator.next_timeout(), None);
}

#[test]
fn an_unload_answers_everybody() {
    let mut w = World::new();
    let token = w.join(join());
    w.advance(secs(3));
    let member = w.joined(token).expect("joined");
    w.persist_at_once = false;
    let syncing = w.sync(&member, &[]);
    let mut simple = commit(None, 1);
    simple.group_id = corelog_groups::GroupId::new("s");
    let committing = w.send(Request::OffsetCommit(simple));
    let joining = w.send(Request::Join(Box::new(JoinRequest {
        group_id: corelog_groups::GroupId::new("j"),
        ..join()
    })));
    let actions = w.coordinator.unload();
    w.perform(actions);
    assert_eq!(w.synced(syncing), Err(GroupError::NotCoordinator));
    assert_eq!(w.joined(joining), Err(GroupError::NotCoordinator));
    let results = w.committed(committing).expect("by partition");
    assert_eq!(results[0].partitions[0].result, Err(GroupError::NotCoordinator));
    assert_eq!(w.coordinator.next_timeout(), None);
    // What is reported later, and what is asked later.
    w.persist(Ok(()));
    let late = w.send(Request::Heartbeat(HeartbeatRequest {
        group_id: corelog_groups::GroupId::new("g"),
        generation: Some(member.generation),
        member_id: member.member_id.clone(),
        group_instance_id: None,
    }));
    assert_eq!(
        w.answer(late),
        Some(&Response::Heartbeat(Err(GroupError::NotCoordinator)))
    );
    assert!(w.unanswered().is_empty());
}

#[test]
fn an_unload_answers_a_static_member_once() {
    let mut w = World::new();
    let token = w.join(join_static("i"));
    w.advance(secs(3));
    w.complete(&[token]);
    w.persist_at_once = false;
    let rejoining = w.join(join_static("i"));
    let actions = w.coordinator.unload();
    w.perform(actions);
    assert_eq!(w.joined(rejoining), Err(GroupError::NotCoordinator));
}

#[test]
fn malformed_records_are_reported_and_left_out() {
    let mut coordinator = GroupCoordinator::new(GroupConfig::default());
    assert!(coordinator.load(&[], None, None).is_err());
    assert!(coordinator.load(&[0, 1, 0], None, None).is_err());
    assert!(
        coordinator
            .load(&[0, 2, 0, 1, b'g'], Some(&[0, 9]), None)
            .is_err()
    );
    assert!(
        coordinator
            .load(&[0, 2, 0, 1, b'g'], Some(&[0, 3, 0]), None)
            .is_err()
    );
    assert_eq!(
        coordinator.load(&[0, 17, 1, 2], Some(&[1]), None),
        Ok(Loaded::Unknown),
        "a newer kind"
    );
    assert_eq!(coordinator.group_count(), 0);
}

#[test]
fn a_tombstone_of_a_group_leaves_offsets_that_have_none() {
    let mut w = World::new();
    let members = w.stable_group(1);
    w.send(Request::OffsetCommit(commit(Some(&members[0]), 2)));
    let tombstone = Record {
        key: w.log[0].key.clone(),
        value: None,
    };
    w.history
        .push(crate::world::Logged::Records(vec![tombstone], None));
    let mut restarted = w.restart();
    assert_eq!(restarted.offset(), Some(2));
    assert_eq!(restarted.state(), Some(GroupStateName::Empty));
    assert_eq!(
        restarted.describe("g").map(|group| group.protocol_type),
        Ok(String::new())
    );
}

#[test]
fn a_snapshot_stands_for_the_log_amid_a_rebalance() {
    let mut w = World::new();
    let members = w.stable_group(2);
    w.send(Request::OffsetCommit(commit(Some(&members[0]), 2)));
    w.join(join());
    w.persist_at_once = false;
    w.send(Request::OffsetCommit(commit(Some(&members[0]), 3)));
    let snapshot = w.coordinator.snapshot_records();
    let mut restored = World::restarted(w.config.clone(), snapshot.clone(), w.monotonic);
    assert_eq!(restored.state(), Some(GroupStateName::Stable));
    assert_eq!(restored.offset(), Some(2));
    assert_eq!(restored.coordinator.snapshot_records(), snapshot);
    w.persist(Err(PersistError::Unavailable));
    assert_eq!(w.coordinator.snapshot_records(), snapshot);
    let token = restored.send(Request::Sync(sync(&members[0], &[])));
    assert!(restored.synced(token).is_ok());
}
