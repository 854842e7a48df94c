//! OffsetCommit, OffsetFetch, OffsetDelete: who may, and when what is seen.

use corelog_groups::{
    Event, Generation, GroupError, GroupId, GroupStateName, InstanceId, MemberId, OffsetCommitRequest,
    OffsetFetchTopic, PartitionResult, PersistError, Request, Response, TopicResult,
};
use corelog_model::{LeaderEpoch, PartitionIndex, TopicId};

use crate::requests::{commit, commit_topic, join, rejoin, secs, topic};
use crate::world::{START_MS, World};

fn result(name: &str, result: Result<(), GroupError>) -> TopicResult {
    TopicResult {
        topic: topic(name),
        topic_id: TopicId::ZERO,
        partitions: vec![PartitionResult {
            partition: PartitionIndex::new(0),
            result,
        }],
    }
}

#[test]
fn an_offset_is_seen_when_it_is_durable() {
    let mut w = World::new();
    w.persist_at_once = false;
    let token = w.send(Request::OffsetCommit(commit(None, 5)));
    assert_eq!(w.answer(token), None);
    assert_eq!(w.offset(), None);
    w.persist(Ok(()));
    assert_eq!(w.committed(token), Ok(vec![result("t", Ok(()))]));
    assert_eq!(w.offset(), Some(5));
    assert_eq!(w.state(), Some(GroupStateName::Empty), "a simple group");
}

#[test]
fn a_commit_that_fails_changes_nothing() {
    let check = |error: PersistError, expected: GroupError| {
        let mut w = World::new();
        let first = w.send(Request::OffsetCommit(commit(None, 5)));
        assert!(w.committed(first).is_ok());
        w.persist_at_once = false;
        let second = w.send(Request::OffsetCommit(commit(None, 6)));
        w.persist(Err(error));
        assert_eq!(w.committed(second), Ok(vec![result("t", Err(expected))]));
        assert_eq!(w.offset(), Some(5));
    };
    check(PersistError::NotLeader, GroupError::NotCoordinator);
    check(PersistError::Unavailable, GroupError::CoordinatorNotAvailable);
    check(PersistError::TooLarge, GroupError::InvalidCommitOffsetSize);
}

#[test]
fn reports_in_any_order_take_effect_in_log_order() {
    let mut w = World::new();
    w.persist_at_once = false;
    let now = w.now();
    let mut appends = Vec::new();
    for offset in [1, 2] {
        let event = Event::Request {
            token: corelog_groups::RequestToken::new(100 + offset),
            request: Request::OffsetCommit(commit(None, i64::try_from(offset).expect("small"))),
        };
        for action in w.coordinator.handle(event, now) {
            match action {
                corelog_groups::Action::Append { then, .. } => appends.push(then),
                other => panic!("too early: {other:?}"),
            }
        }
    }
    let mut report = |index: usize| {
        let event = Event::Persisted {
            token: appends[index],
            result: Ok(()),
        };
        w.coordinator.handle(event, now).len()
    };
    assert_eq!(report(1), 0);
    assert_eq!(report(0), 2);
    assert_eq!(w.offset(), Some(2));
}

#[test]
fn a_stable_offset_is_refused_while_a_newer_one_is_in_flight() {
    let mut w = World::new();
    w.send(Request::OffsetCommit(commit(None, 5)));
    w.persist_at_once = false;
    w.send(Request::OffsetCommit(commit(None, 6)));
    let stable = w.fetch_all(true);
    assert_eq!(
        stable[0].partitions[0].committed,
        Err(GroupError::UnstableOffsetCommit)
    );
    assert_eq!(w.offset(), Some(5));
    w.persist(Ok(()));
    let stable = w.fetch_all(true);
    assert!(stable[0].partitions[0].committed.is_ok());
    assert_eq!(w.offset(), Some(6));
}

#[test]
fn commits_are_checked() {
    let mut w = World::new();
    let members = w.stable_group(2);
    let check = |w: &mut World, request: OffsetCommitRequest, expected: Result<(), GroupError>| {
        let token = w.send(Request::OffsetCommit(request));
        assert_eq!(w.committed(token).map(|_| ()), expected);
    };
    let by_member = || commit(Some(&members[0]), 7);
    check(&mut w, by_member(), Ok(()));
    check(&mut w, commit(None, 7), Err(GroupError::UnknownMemberId));
    check(
        &mut w,
        OffsetCommitRequest {
            generation: Generation::new(9),
            ..by_member()
        },
        Err(GroupError::IllegalGeneration),
    );
    check(
        &mut w,
        OffsetCommitRequest {
            generation: None,
            ..by_member()
        },
        Err(GroupError::IllegalGeneration),
    );
    check(
        &mut w,
        OffsetCommitRequest {
            member_id: MemberId::new("x"),
            ..by_member()
        },
        Err(GroupError::UnknownMemberId),
    );
    check(
        &mut w,
        OffsetCommitRequest {
            group_instance_id: Some(InstanceId::new("x")),
            ..by_member()
        },
        Err(GroupError::UnknownMemberId),
    );
    let elsewhere = OffsetCommitRequest {
        group_id: GroupId::new("other"),
        ..by_member()
    };
    check(&mut w, elsewhere.clone(), Err(GroupError::GroupIdNotFound));
    check(
        &mut w,
        OffsetCommitRequest {
            supports_group_id_not_found: false,
            ..elsewhere
        },
        Err(GroupError::IllegalGeneration),
    );

    // Welcome while the group prepares, not while it waits for the assignment.
    let third = w.join(join());
    check(&mut w, by_member(), Ok(()));
    let rejoined = w.join(rejoin(&members[0]));
    w.join(rejoin(&members[1]));
    assert!(w.joined(third).is_ok());
    let member = w.joined(rejoined).expect("joined");
    check(
        &mut w,
        commit(Some(&member), 8),
        Err(GroupError::RebalanceInProgress),
    );
}

#[test]
fn the_empty_group_id_stores_offsets() {
    let mut w = World::new();
    let token = w.send(Request::OffsetCommit(OffsetCommitRequest {
        group_id: GroupId::new(""),
        ..commit(None, 3)
    }));
    assert_eq!(w.committed(token), Ok(vec![result("t", Ok(()))]));
    assert!(w.describe("").is_ok());
}

#[test]
fn a_commit_keeps_the_session_alive() {
    let mut w = World::new();
    let members = w.stable_group(1);
    for offset in 0..4 {
        w.advance(secs(9));
        w.send(Request::OffsetCommit(commit(Some(&members[0]), offset)));
    }
    assert_eq!(w.state(), Some(GroupStateName::Stable));
}

#[test]
fn long_metadata_is_refused_by_partition() {
    let mut w = World::new();
    let token = w.send(Request::OffsetCommit(OffsetCommitRequest {
        topics: vec![
            commit_topic("long", 1, &"m".repeat(4097)),
            commit_topic("fits", 1, &"\u{e9}".repeat(4096)),
        ],
        ..commit(None, 1)
    }));
    assert_eq!(
        w.committed(token),
        Ok(vec![
            result("long", Err(GroupError::OffsetMetadataTooLarge)),
            result("fits", Ok(())),
        ])
    );
    let all = w.fetch_all(false);
    assert_eq!(all.len(), 1);
    let committed = all[0].partitions[0]
        .committed
        .clone()
        .expect("no error")
        .expect("committed");
    assert_eq!(committed.metadata.chars().count(), 4096);
    let only_bad = w.send(Request::OffsetCommit(OffsetCommitRequest {
        group_id: GroupId::new("h"),
        topics: vec![commit_topic("long", 1, &"m".repeat(4097))],
        ..commit(None, 1)
    }));
    assert!(w.committed(only_bad).is_ok(), "answered without an append");
    assert!(w.describe("h").is_err(), "no group is left behind");
}

#[test]
fn offsets_are_fetched_as_asked() {
    let mut w = World::new();
    let mut request = commit(None, 1);
    request.topics = vec![commit_topic("u", 2, "mu"), commit_topic("t", 1, "")];
    request.topics[0].partitions[0].leader_epoch = Some(LeaderEpoch::new(4));
    request.topics[0].topic_id = TopicId::new([1; 16]);
    w.send(Request::OffsetCommit(request));

    let all = w.fetch_all(false);
    let names: Vec<_> = all.iter().map(|found| found.topic.as_str()).collect();
    assert_eq!(names, ["t", "u"]);
    let committed = all[1].partitions[0]
        .committed
        .clone()
        .expect("no error")
        .expect("committed");
    assert_eq!(committed.offset.get(), 2);
    assert_eq!(committed.leader_epoch, Some(LeaderEpoch::new(4)));
    assert_eq!(committed.metadata, "mu");
    assert_eq!(committed.commit_timestamp.get(), START_MS);

    let mut fetch_u = |topic_id: [u8; 16]| {
        let asked = OffsetFetchTopic {
            topic: topic("u"),
            topic_id: TopicId::new(topic_id),
            partitions: vec![PartitionIndex::new(1), PartitionIndex::new(0)],
        };
        let found = w.fetch(Some(vec![asked]), false);
        found[0]
            .partitions
            .iter()
            .map(|fetched| fetched.committed.clone().expect("no error").is_some())
            .collect::<Vec<_>>()
    };
    assert_eq!(fetch_u([0; 16]), [false, true]);
    assert_eq!(fetch_u([1; 16]), [false, true]);
    assert_eq!(fetch_u([2; 16]), [false, false], "of a topic that was deleted");
}

#[test]
fn offsets_are_deleted_unless_they_are_consumed() {
    let deleted = |w: &World, token| match w.answer(token) {
        Some(Response::OffsetDelete(result)) => result.clone(),
        other => panic!("not an OffsetDelete answer: {other:?}"),
    };
    let mut w = World::new();
    let token = w.delete_offsets(&["t"]);
    assert_eq!(deleted(&w, token), Err(GroupError::GroupIdNotFound));

    let members = w.stable_group(1);
    let mut request = commit(Some(&members[0]), 1);
    request.topics.push(commit_topic("u", 2, ""));
    w.send(Request::OffsetCommit(request));
    let token = w.delete_offsets(&["t", "u", "none"]);
    assert_eq!(
        deleted(&w, token),
        Ok(vec![
            result("t", Err(GroupError::GroupSubscribedToTopic)),
            result("u", Ok(())),
            result("none", Ok(())),
        ])
    );
    assert_eq!(w.fetch_all(false).len(), 1);

    assert_eq!(w.leave(members[0].member_id.as_str(), None), Ok(()));
    w.persist_at_once = false;
    let token = w.delete_offsets(&["t"]);
    assert_eq!(w.answer(token), None);
    assert_eq!(w.offset(), Some(1));
    w.persist(Err(PersistError::Unavailable));
    assert_eq!(
        deleted(&w, token),
        Ok(vec![result("t", Err(GroupError::CoordinatorNotAvailable))])
    );
    assert_eq!(w.offset(), Some(1));
    w.delete_offsets(&["t"]);
    w.persist(Ok(()));
    assert_eq!(w.offset(), None);
}

#[test]
fn a_group_that_is_not_of_consumers_has_no_offsets_to_delete_while_it_runs() {
    let mut w = World::new();
    let token = w.join(corelog_groups::JoinRequest {
        protocol_type: "connect".to_owned(),
        ..join()
    });
    w.advance(secs(3));
    w.complete(&[token]);
    let token = w.delete_offsets(&["t"]);
    assert_eq!(
        w.answer(token),
        Some(&Response::OffsetDelete(Err(GroupError::NonEmptyGroup)))
    );
}

#[test]
fn any_offset_is_stored_and_survives_a_restart() {
    for offset in [-1, -2, i64::MIN, i64::MAX] {
        let mut w = World::new();
        w.send(Request::OffsetCommit(commit(None, offset)));
        assert_eq!(w.offset(), Some(offset));
        assert_eq!(w.restart().offset(), Some(offset));
    }
}

#[test]
fn a_deleted_topic_takes_its_offsets_along() {
    let mut w = World::new();
    let mut request = commit(None, 1);
    request.topics.push(commit_topic("u", 2, ""));
    w.send(Request::OffsetCommit(request));
    w.event(Event::TopicDeleted { topic: topic("u") });
    let all = w.fetch_all(false);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].topic, topic("t"));
    assert_eq!(w.coordinator.committed_offsets().count(), 1);
}
