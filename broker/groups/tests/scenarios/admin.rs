//! DescribeGroups, ListGroups, DeleteGroups.

use bytes::Bytes;
use corelog_groups::{
    GroupError, GroupId, GroupStateName, ListGroupsRequest, PersistError, Request, Response,
};

use crate::requests::{commit, commit_topic, join, secs, subscription};
use crate::world::World;

#[test]
fn a_stable_group_is_described_with_its_members() {
    let mut w = World::new();
    assert_eq!(w.describe("g"), Err(GroupError::GroupIdNotFound));
    let token = w.join(join());
    let described = w.describe("g").expect("found");
    assert_eq!(described.state, GroupStateName::PreparingRebalance);
    assert_eq!(described.protocol_name, "");
    assert_eq!(described.members[0].metadata, Bytes::new());
    w.advance(secs(3));
    w.complete(&[token]);
    let described = w.describe("g").expect("found");
    assert_eq!(described.state.as_str(), "Stable");
    assert_eq!(
        (described.protocol_type.as_str(), described.protocol_name.as_str()),
        ("consumer", "range")
    );
    let member = &described.members[0];
    assert_eq!(
        (member.client_id.as_str(), member.client_host.as_str()),
        ("c", "/127.0.0.1")
    );
    assert_eq!(member.metadata, subscription(&["t"]));
    assert_eq!(member.assignment, Bytes::from_static(b"a0"));
}

#[test]
fn groups_are_listed_by_state_and_type() {
    let mut w = World::new();
    w.stable_group(1);
    let mut simple = commit(None, 1);
    simple.group_id = GroupId::new("s");
    w.send(Request::OffsetCommit(simple));
    let check = |w: &mut World, states: &[&str], types: &[&str], expected: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let listed = w.list(ListGroupsRequest {
            states: owned(states),
            types: owned(types),
        });
        let names: Vec<_> = listed.iter().map(|group| group.group_id.as_str()).collect();
        assert_eq!(names, expected, "{states:?} {types:?}");
    };
    check(&mut w, &[], &[], &["g", "s"]);
    check(&mut w, &["stable"], &[], &["g"]);
    check(&mut w, &["EMPTY", "Stable"], &["Classic"], &["g", "s"]);
    check(&mut w, &["Dead"], &[], &[]);
    check(&mut w, &[], &["consumer"], &[]);
    let listed = w.list(ListGroupsRequest::default());
    assert_eq!(
        (listed[0].protocol_type.as_str(), listed[1].protocol_type.as_str()),
        ("consumer", "")
    );
    assert_eq!(listed[0].group_type, "classic");
}

#[test]
fn empty_groups_are_deleted_with_their_offsets() {
    let deleted = |w: &World, token| match w.answer(token) {
        Some(Response::DeleteGroups(results)) => results[0].1.clone(),
        other => panic!("not a DeleteGroups answer: {other:?}"),
    };
    let mut w = World::new();
    let token = w.delete_group();
    assert_eq!(deleted(&w, token), Err(GroupError::GroupIdNotFound));
    let members = w.stable_group(1);
    w.send(Request::OffsetCommit(commit(Some(&members[0]), 4)));
    let token = w.delete_group();
    assert_eq!(deleted(&w, token), Err(GroupError::NonEmptyGroup));
    assert_eq!(w.leave(members[0].member_id.as_str(), None), Ok(()));

    w.persist_at_once = false;
    let token = w.delete_group();
    assert_eq!(w.answer(token), None);
    assert_eq!(w.state(), Some(GroupStateName::Dead));
    let joining = w.join(join());
    assert_eq!(w.joined(joining), Err(GroupError::CoordinatorNotAvailable));
    let committing = w.send(Request::OffsetCommit(commit(None, 5)));
    assert_eq!(w.committed(committing), Err(GroupError::CoordinatorNotAvailable));
    let again = w.delete_group();
    assert_eq!(deleted(&w, again), Err(GroupError::GroupIdNotFound));
    w.persist(Err(PersistError::Unavailable));
    assert_eq!(deleted(&w, token), Err(GroupError::CoordinatorNotAvailable));
    assert_eq!(w.state(), Some(GroupStateName::Empty));
    assert_eq!(w.offset(), Some(4));

    let token = w.delete_group();
    w.persist(Ok(()));
    assert_eq!(deleted(&w, token), Ok(()));
    assert_eq!(w.state(), None);
    assert_eq!(w.offset(), None);
    assert_eq!(w.restart().coordinator.group_count(), 0);
}

#[test]
fn a_deletion_covers_commits_in_flight() {
    let mut w = World::new();
    w.persist_at_once = false;
    w.send(Request::OffsetCommit(commit(None, 4)));
    w.delete_group();
    w.persist(Ok(()));
    assert!(w.unanswered().is_empty());
    assert_eq!(w.restart().coordinator.group_count(), 0);
}

#[test]
fn a_deletion_in_batches_tells_of_one_that_failed() {
    let mut w = World::new();
    let mut request = commit(None, 1);
    request.topics = (0..1_500)
        .map(|index| commit_topic(&format!("t{index}"), 1, ""))
        .collect();
    w.send(Request::OffsetCommit(request));
    w.persist_at_once = false;
    let token = w.delete_group();
    assert_eq!(w.in_flight_count(), 2);
    w.persist_one(Err(PersistError::Unavailable));
    w.persist_one(Ok(()));
    assert!(matches!(
        w.answer(token),
        Some(Response::DeleteGroups(results)) if results[0].1 == Err(GroupError::CoordinatorNotAvailable)
    ));
    assert_eq!(w.fetch_all(false).len(), 1_000);
    assert_eq!(
        w.restart().coordinator.snapshot_records(),
        w.coordinator.snapshot_records()
    );
}
