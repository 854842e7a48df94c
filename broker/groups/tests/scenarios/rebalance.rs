//! Rejoining, syncing, beating, leaving, and what happens to those who do not.

use corelog_groups::{
    Generation, GroupError, GroupId, GroupStateName, JoinRequest, LeaveRequest, LeavingMember, MemberId,
    PersistError, Request, Response, SyncRequest,
};

use crate::requests::{join, rejoin, secs, subscription, sync, text};
use crate::world::World;

#[test]
fn a_new_member_has_everybody_rejoin() {
    let mut w = World::new();
    let members = w.stable_group(2);
    let third = w.join(join());
    assert_eq!(w.heartbeat(&members[0]), Err(GroupError::RebalanceInProgress));
    let late_sync = w.sync(&members[1], &[]);
    assert_eq!(w.synced(late_sync), Err(GroupError::RebalanceInProgress));
    let first = w.join(rejoin(&members[0]));
    assert_eq!(w.answer(third), None);
    let second = w.join(rejoin(&members[1]));
    let (a, c) = (w.joined(first).expect("joined"), w.joined(third).expect("joined"));
    assert_eq!((a.generation.get(), c.generation.get()), (2, 2));
    assert_eq!(a.members.len(), 3);
    assert_eq!(w.heartbeat(&members[1]), Err(GroupError::IllegalGeneration));
    w.complete(&[first, second, third]);
    assert_eq!(w.state(), Some(GroupStateName::Stable));
}

#[test]
fn followers_may_rejoin_without_a_rebalance_and_the_leader_may_not() {
    let mut w = World::new();
    let members = w.stable_group(2);
    let follower = w.join(rejoin(&members[1]));
    let joined = w.joined(follower).expect("at once");
    assert_eq!((joined.generation.get(), joined.members.len()), (1, 0));
    let again = w.sync(&joined, &[]);
    assert_eq!(text(&w.synced(again).expect("synced").assignment), "a1");

    let changed = w.join(JoinRequest {
        protocols: vec![("range".to_owned(), subscription(&["t", "u"]))],
        ..rejoin(&members[1])
    });
    assert_eq!(w.answer(changed), None);
    assert_eq!(w.state(), Some(GroupStateName::PreparingRebalance));
    let leader = w.join(rejoin(&members[0]));
    assert_eq!(w.joined(changed).map(|joined| joined.generation.get()), Ok(2));
    w.complete(&[leader, changed]);

    let leader = w.join(rejoin(&members[0]));
    assert_eq!(w.answer(leader), None);
    assert_eq!(w.state(), Some(GroupStateName::PreparingRebalance));
}

#[test]
fn a_lost_join_answer_is_given_again() {
    let mut w = World::new();
    let token = w.join(join());
    w.advance(secs(3));
    let joined = w.joined(token).expect("joined");
    let again = w.join(rejoin(&joined));
    assert_eq!(w.joined(again), Ok(joined), "the leader gets the members again");
}

#[test]
fn a_repeated_request_takes_the_place_of_the_former() {
    let mut w = World::new();
    let members = w.stable_group(2);
    let first = w.join(rejoin(&members[0]));
    let again = w.join(rejoin(&members[0]));
    assert_eq!(w.joined(first), Err(GroupError::RebalanceInProgress));
    w.join(rejoin(&members[1]));
    let joined = w.joined(again).expect("joined");

    w.persist_at_once = false;
    let assignment = [(&joined.member_id, "first")];
    let first = w.sync(&joined, &assignment);
    let again = w.sync(&joined, &[(&joined.member_id, "second")]);
    assert_eq!(w.synced(first), Err(GroupError::RebalanceInProgress));
    assert_eq!(w.in_flight_count(), 1, "the assignment is stored once");
    w.persist(Ok(()));
    assert_eq!(text(&w.synced(again).expect("synced").assignment), "first");
}

#[test]
fn whoever_does_not_rejoin_in_time_is_out_and_another_leads() {
    let mut w = World::new();
    let members = w.stable_group(2);
    let follower = w.join(JoinRequest {
        protocols: vec![("range".to_owned(), subscription(&["u"]))],
        ..rejoin(&members[1])
    });
    // The leader goes on beating, and does not rejoin.
    for _ in 0..6 {
        w.advance(secs(9));
        assert_eq!(w.heartbeat(&members[0]), Err(GroupError::RebalanceInProgress));
    }
    assert_eq!(w.answer(follower), None);
    w.advance(secs(6));
    let joined = w.joined(follower).expect("joined");
    assert_eq!(joined.leader.as_ref(), Some(&joined.member_id));
    assert_eq!(joined.members.len(), 1);
    assert_eq!(w.heartbeat(&members[0]), Err(GroupError::UnknownMemberId));
}

#[test]
fn a_silent_member_is_out_after_its_session() {
    let mut w = World::new();
    let members = w.stable_group(2);
    w.advance(secs(9));
    assert_eq!(w.heartbeat(&members[0]), Ok(()));
    assert_eq!(w.heartbeat(&members[1]), Ok(()));
    w.advance(secs(9));
    assert_eq!(w.heartbeat(&members[0]), Ok(()));
    w.advance(secs(1));
    assert_eq!(w.heartbeat(&members[0]), Err(GroupError::RebalanceInProgress));
    assert_eq!(w.heartbeat(&members[1]), Err(GroupError::UnknownMemberId));
    w.advance(secs(120));
    assert_eq!(w.state(), Some(GroupStateName::Empty));
}

#[test]
fn a_leaving_member_has_the_rest_rejoin() {
    let mut w = World::new();
    let members = w.stable_group(3);
    assert_eq!(w.leave("nobody", None), Err(GroupError::UnknownMemberId));
    assert_eq!(w.state(), Some(GroupStateName::Stable));
    let token = w.send(Request::Leave(LeaveRequest {
        group_id: GroupId::new("g"),
        members: members[..2]
            .iter()
            .map(|member| LeavingMember {
                member_id: member.member_id.clone(),
                group_instance_id: None,
            })
            .collect(),
    }));
    assert!(matches!(w.answer(token), Some(Response::Leave(Ok(left))) if left.len() == 2));
    assert_eq!(w.heartbeat(&members[2]), Err(GroupError::RebalanceInProgress));
    let last = w.join(rejoin(&members[2]));
    let joined = w.joined(last).expect("joined");
    assert_eq!((joined.generation.get(), joined.members.len()), (2, 1));
    w.complete(&[last]);
    assert_eq!(w.leave(joined.member_id.as_str(), None), Ok(()));
    assert_eq!(w.state(), Some(GroupStateName::Empty));
    assert_eq!(
        w.leave(joined.member_id.as_str(), None),
        Err(GroupError::UnknownMemberId)
    );
}

#[test]
fn leaving_answers_what_the_member_waits_with() {
    let mut w = World::new();
    let members = w.stable_group(2);
    let follower = w.join(JoinRequest {
        protocols: vec![("range".to_owned(), subscription(&["u"]))],
        ..rejoin(&members[1])
    });
    assert_eq!(w.leave(members[1].member_id.as_str(), None), Ok(()));
    assert_eq!(w.joined(follower), Err(GroupError::UnknownMemberId));
    let leader = w.join(rejoin(&members[0]));
    let joined = w.joined(leader).expect("joined");
    w.persist_at_once = false;
    let syncing = w.sync(&joined, &[]);
    assert_eq!(w.leave(joined.member_id.as_str(), None), Ok(()));
    assert_eq!(w.synced(syncing), Err(GroupError::UnknownMemberId));
    w.persist(Ok(()));
    assert_eq!(
        w.state(),
        Some(GroupStateName::Empty),
        "a late record does no harm"
    );
}

#[test]
fn whoever_does_not_sync_in_time_is_out() {
    let mut w = World::new();
    let tokens = [w.join(join()), w.join(join())];
    w.advance(secs(6));
    let [a, b] = tokens.map(|token| w.joined(token).expect("joined"));
    let follower = w.sync(&b, &[]);
    for _ in 0..6 {
        w.advance(secs(9));
        assert_eq!(w.heartbeat(&a), Ok(()));
    }
    assert_eq!(w.answer(follower), None);
    w.advance(secs(6));
    assert_eq!(w.synced(follower), Err(GroupError::RebalanceInProgress));
    assert_eq!(w.heartbeat(&a), Err(GroupError::UnknownMemberId));
    assert_eq!(w.state(), Some(GroupStateName::PreparingRebalance));
}

#[test]
fn a_member_that_does_not_fetch_its_assignment_is_out() {
    let mut w = World::new();
    let tokens = [w.join(join()), w.join(join())];
    w.advance(secs(6));
    let [a, b] = tokens.map(|token| w.joined(token).expect("joined"));
    let leader = w.sync(&a, &[(&a.member_id, "left")]);
    assert!(w.synced(leader).is_ok());
    for _ in 0..6 {
        w.advance(secs(9));
        assert_eq!((w.heartbeat(&a), w.heartbeat(&b)), (Ok(()), Ok(())));
    }
    w.advance(secs(6));
    assert_eq!(w.heartbeat(&b), Err(GroupError::UnknownMemberId));
    assert_eq!(w.heartbeat(&a), Err(GroupError::RebalanceInProgress));
}

#[test]
fn an_assignment_that_is_not_stored_has_everybody_rejoin() {
    let check = |error: PersistError, expected: GroupError| {
        let mut w = World::new();
        let tokens = [w.join(join()), w.join(join())];
        w.advance(secs(6));
        let [a, b] = tokens.map(|token| w.joined(token).expect("joined"));
        w.persist_at_once = false;
        let before = w.coordinator.snapshot_records();
        let syncs = [w.sync(&b, &[]), w.sync(&a, &[(&a.member_id, "left")])];
        w.persist(Err(error));
        for token in syncs {
            assert_eq!(w.synced(token), Err(expected.clone()));
        }
        assert_eq!(w.state(), Some(GroupStateName::PreparingRebalance));
        assert_eq!(w.coordinator.snapshot_records(), before);
    };
    check(PersistError::NotLeader, GroupError::NotCoordinator);
    check(PersistError::Unavailable, GroupError::CoordinatorNotAvailable);
    check(PersistError::TooLarge, GroupError::UnknownServerError);
}

#[test]
fn an_assignment_of_a_former_generation_is_let_go() {
    let mut w = World::new();
    let token = w.join(join());
    w.advance(secs(3));
    let a = w.joined(token).expect("joined");
    w.persist_at_once = false;
    let syncing = w.sync(&a, &[(&a.member_id, "old")]);
    let joining = w.join(join());
    assert_eq!(w.synced(syncing), Err(GroupError::RebalanceInProgress));
    w.persist(Ok(()));
    assert_eq!(w.state(), Some(GroupStateName::PreparingRebalance));
    let again = w.join(rejoin(&a));
    w.persist_at_once = true;
    w.complete(&[again, joining]);
    assert_eq!(w.state(), Some(GroupStateName::Stable));
}

#[test]
fn syncs_are_checked() {
    let mut w = World::new();
    let members = w.stable_group(1);
    let check = |w: &mut World, change: &dyn Fn(&mut SyncRequest), expected: GroupError| {
        let mut request = sync(&members[0], &[]);
        change(&mut request);
        let token = w.send(Request::Sync(request));
        assert_eq!(w.synced(token), Err(expected));
    };
    check(
        &mut w,
        &|r| r.generation = Generation::new(7),
        GroupError::IllegalGeneration,
    );
    check(&mut w, &|r| r.generation = None, GroupError::IllegalGeneration);
    check(
        &mut w,
        &|r| r.member_id = MemberId::new("x"),
        GroupError::UnknownMemberId,
    );
    check(
        &mut w,
        &|r| r.group_id = GroupId::new("x"),
        GroupError::UnknownMemberId,
    );
    check(
        &mut w,
        &|r| r.protocol_type = Some("connect".to_owned()),
        GroupError::InconsistentGroupProtocol,
    );
    check(
        &mut w,
        &|r| r.protocol_name = Some("sticky".to_owned()),
        GroupError::InconsistentGroupProtocol,
    );
}

#[test]
fn a_new_member_that_waits_too_long_is_out() {
    let mut w = World::new();
    let members = w.stable_group(1);
    let waiting = w.join(JoinRequest {
        rebalance_timeout: secs(3600),
        ..join()
    });
    for _ in 0..33 {
        w.advance(secs(9));
        assert_eq!(w.heartbeat(&members[0]), Err(GroupError::RebalanceInProgress));
    }
    assert_eq!(w.answer(waiting), None);
    w.advance(secs(3));
    assert_eq!(w.joined(waiting), Err(GroupError::UnknownMemberId));
}

#[test]
fn an_assignment_of_a_former_generation_does_not_end_the_next_one() {
    let mut w = World::new();
    let token = w.join(join());
    w.advance(secs(3));
    let a = w.joined(token).expect("joined");
    w.persist_at_once = false;
    w.sync(&a, &[(&a.member_id, "old")]);
    let tokens = [w.join(join()), w.join(rejoin(&a))];
    for token in tokens {
        assert_eq!(w.joined(token).map(|joined| joined.generation.get()), Ok(2));
    }
    w.persist(Ok(()));
    assert_eq!(w.state(), Some(GroupStateName::CompletingRebalance));
}
