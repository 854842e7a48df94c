//! The retention of offsets and groups.

use std::time::Duration;

use corelog_groups::{GroupConfig, GroupStateName, JoinedGroup, OffsetCommitRequest, Request};

use crate::requests::{commit, commit_topic, secs};
use crate::world::World;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const CHECK: Duration = Duration::from_secs(10 * 60);

/// Keeps a member alive for a while.
fn live(w: &mut World, member: &JoinedGroup, time: Duration) {
    let end = w.monotonic + time;
    while w.monotonic < end {
        w.advance(secs(1_000).min(end - w.monotonic));
        assert_eq!(w.heartbeat(member), Ok(()));
    }
}

/// A stable group of one, whose session is as long as may be.
fn patient_group(w: &mut World) -> JoinedGroup {
    let token = w.join(corelog_groups::JoinRequest {
        session_timeout: secs(1_800),
        ..crate::requests::join()
    });
    w.advance(secs(3));
    w.complete(&[token]).remove(0)
}

#[test]
fn offsets_outlive_their_members_by_the_retention() {
    let mut w = World::new();
    let member = patient_group(&mut w);
    w.send(Request::OffsetCommit(commit(Some(&member), 1)));
    live(&mut w, &member, DAY);
    assert_eq!(w.leave(member.member_id.as_str(), None), Ok(()));
    w.advance(7 * DAY - CHECK);
    assert_eq!(
        w.offset(),
        Some(1),
        "the retention begins when the group is empty"
    );
    w.advance(2 * CHECK);
    assert_eq!(w.offset(), None);
    assert_eq!(w.state(), None);
    assert_eq!(w.restart().coordinator.group_count(), 0);
}

#[test]
fn a_standalone_commit_lives_for_the_retention() {
    let mut w = World::new();
    w.send(Request::OffsetCommit(commit(None, 1)));
    w.advance(6 * DAY);
    let later = OffsetCommitRequest {
        topics: vec![commit_topic("u", 2, "")],
        ..commit(None, 2)
    };
    w.send(Request::OffsetCommit(later));
    w.advance(DAY + CHECK);
    assert_eq!(w.offset(), None);
    assert_eq!(w.fetch_all(false).len(), 1);
    w.advance(6 * DAY + CHECK);
    assert_eq!(w.state(), None);
}

#[test]
fn offsets_of_topics_that_nobody_consumes_expire_in_a_stable_group() {
    let mut w = World::new();
    let member = patient_group(&mut w);
    let mut request = commit(Some(&member), 1);
    request.topics.push(commit_topic("u", 2, ""));
    w.send(Request::OffsetCommit(request));
    live(&mut w, &member, 8 * DAY);
    let all = w.fetch_all(false);
    assert_eq!(all.len(), 1);
    assert_eq!(w.offset(), Some(1), "t is subscribed to");
}

#[test]
fn a_commit_may_carry_its_own_retention() {
    let mut w = World::new();
    let short = OffsetCommitRequest {
        retention: Some(secs(60)),
        ..commit(None, 1)
    };
    w.send(Request::OffsetCommit(short));
    let w2 = w.restart();
    w.advance(CHECK);
    assert_eq!(w.offset(), None);
    let mut w = w2;
    assert_eq!(w.offset(), Some(1));
    w.advance(CHECK);
    assert_eq!(w.offset(), None, "it survives a restart");
}

#[test]
fn an_offset_with_a_commit_in_flight_does_not_expire() {
    let mut w = World::new();
    w.send(Request::OffsetCommit(commit(None, 1)));
    w.advance(7 * DAY - secs(1));
    w.persist_at_once = false;
    w.send(Request::OffsetCommit(commit(None, 2)));
    w.advance(CHECK);
    assert_eq!(w.in_flight_count(), 1, "no tombstone");
    w.persist(Ok(()));
    assert_eq!(w.offset(), Some(2));
}

#[test]
fn a_commit_after_the_tombstone_stays() {
    let mut w = World::new();
    let mut request = commit(None, 1);
    request.topics.push(commit_topic("u", 2, ""));
    w.send(Request::OffsetCommit(request));
    w.advance(6 * DAY);
    w.send(Request::OffsetCommit(OffsetCommitRequest {
        topics: vec![commit_topic("u", 3, "")],
        ..commit(None, 3)
    }));
    w.persist_at_once = false;
    w.advance(DAY + 3 * CHECK);
    assert_eq!(w.in_flight_count(), 1, "one tombstone, however often one looks");
    w.send(Request::OffsetCommit(commit(None, 9)));
    w.persist(Ok(()));
    assert_eq!(w.offset(), Some(9));
    assert_eq!(w.restart().offset(), Some(9));
}

#[test]
fn many_tombstones_go_in_batches() {
    let mut w = World::new();
    let mut request = commit(None, 1);
    request.topics = (0..2_500)
        .map(|index| commit_topic(&format!("t{index}"), 1, ""))
        .collect();
    w.send(Request::OffsetCommit(request));
    w.persist_at_once = false;
    w.advance(7 * DAY + secs(1));
    assert_eq!(w.in_flight_count(), 3);
    w.persist(Ok(()));
    assert_eq!(w.state(), None);
    assert_eq!(w.restart().coordinator.group_count(), 0);
}

#[test]
fn an_empty_group_without_offsets_goes_at_the_next_look() {
    let mut w = World::with(GroupConfig {
        offsets_retention_check_interval: secs(30),
        ..GroupConfig::default()
    });
    let members = w.stable_group(1);
    assert_eq!(w.leave(members[0].member_id.as_str(), None), Ok(()));
    assert_eq!(w.state(), Some(GroupStateName::Empty));
    w.advance(secs(30));
    assert_eq!(w.state(), None);
    assert_eq!(w.restart().coordinator.group_count(), 0);
}
