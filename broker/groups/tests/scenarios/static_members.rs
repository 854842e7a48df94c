//! Static members (KIP-345, KIP-814).

use bytes::Bytes;
use corelog_groups::{
    GroupError, GroupStateName, InstanceId, JoinRequest, JoinedGroup, MemberId, PersistError, Request,
    SyncRequest,
};

use crate::requests::{join, join_static, rejoin, secs, subscription, sync};
use crate::world::World;

/// A stable group of the static members `i0` (the leader) and `i1`.
fn static_group(w: &mut World) -> Vec<JoinedGroup> {
    let tokens = [w.join(join_static("i0")), w.join(join_static("i1"))];
    w.advance(secs(6));
    w.complete(&tokens)
}

fn assignment(w: &mut World, member: &JoinedGroup) -> Result<Bytes, GroupError> {
    let token = w.sync(member, &[]);
    w.synced(token).map(|synced| synced.assignment)
}

#[test]
fn a_restarted_member_keeps_its_assignment_and_the_old_one_is_fenced() {
    let mut w = World::new();
    let members = static_group(&mut w);
    assert!(members[0].member_id.as_str().starts_with("i0-"));
    w.persist_at_once = false;
    let token = w.join(join_static("i1"));
    assert_eq!(w.answer(token), None, "its new id is not durable yet");
    w.persist(Ok(()));
    let joined = w.joined(token).expect("joined");
    assert_eq!(joined.generation, members[1].generation);
    assert_ne!(joined.member_id, members[1].member_id);
    assert_eq!(w.state(), Some(GroupStateName::Stable));
    assert_eq!(assignment(&mut w, &joined), Ok(Bytes::from_static(b"a1")));

    assert_eq!(
        w.heartbeat_as(&members[1], Some("i1")),
        Err(GroupError::FencedInstanceId)
    );
    assert_eq!(w.heartbeat(&members[1]), Err(GroupError::UnknownMemberId));
    assert_eq!(w.heartbeat_as(&joined, Some("i1")), Ok(()));
    let fenced = w.send(Request::Sync(SyncRequest {
        group_instance_id: Some(InstanceId::new("i1")),
        ..sync(&members[1], &[])
    }));
    assert_eq!(w.synced(fenced), Err(GroupError::FencedInstanceId));
    let fenced = w.join(JoinRequest {
        group_instance_id: Some(InstanceId::new("i1")),
        ..rejoin(&members[1])
    });
    assert_eq!(w.joined(fenced), Err(GroupError::FencedInstanceId));
}

#[test]
fn a_restarted_leader_is_told_not_to_assign() {
    let mut w = World::new();
    let members = static_group(&mut w);
    let old_version = w.join(join_static("i0"));
    let joined = w.joined(old_version).expect("joined");
    assert_eq!(joined.leader.as_ref(), Some(&members[0].member_id), "its old id");
    assert!(joined.members.is_empty() && !joined.skip_assignment);

    let new_version = w.join(JoinRequest {
        supports_skip_assignment: true,
        ..join_static("i0")
    });
    let joined = w.joined(new_version).expect("joined");
    assert_eq!(joined.leader.as_ref(), Some(&joined.member_id));
    assert!(joined.skip_assignment);
    assert_eq!(joined.members.len(), 2);
    assert_eq!(w.state(), Some(GroupStateName::Stable));
}

#[test]
fn a_restart_that_changes_the_protocol_rebalances() {
    let mut w = World::new();
    let both = |names: [&str; 2]| {
        names
            .iter()
            .map(|name| ((*name).to_owned(), subscription(&["t"])))
            .collect::<Vec<_>>()
    };
    let tokens = [
        w.join(JoinRequest {
            protocols: both(["range", "sticky"]),
            ..join_static("i0")
        }),
        w.join(JoinRequest {
            protocols: both(["range", "sticky"]),
            ..join_static("i1")
        }),
    ];
    w.advance(secs(6));
    let members = w.complete(&tokens);
    let token = w.join(JoinRequest {
        protocols: vec![("sticky".to_owned(), subscription(&["t"]))],
        ..join_static("i1")
    });
    assert_eq!(w.answer(token), None);
    assert_eq!(w.state(), Some(GroupStateName::PreparingRebalance));
    let other = w.join(JoinRequest {
        protocols: both(["range", "sticky"]),
        group_instance_id: Some(InstanceId::new("i0")),
        ..rejoin(&members[0])
    });
    let joined = w.joined(token).expect("joined");
    assert_eq!(joined.protocol_name.as_deref(), Some("sticky"));
    assert!(w.joined(other).is_ok());
}

#[test]
fn a_restart_whose_record_is_not_stored_is_undone() {
    let mut w = World::new();
    let members = static_group(&mut w);
    w.persist_at_once = false;
    let token = w.join(join_static("i1"));
    w.persist(Err(PersistError::NotLeader));
    assert_eq!(w.joined(token), Err(GroupError::NotCoordinator));
    assert_eq!(w.heartbeat_as(&members[1], Some("i1")), Ok(()));
    w.advance(secs(5));
    assert_eq!(w.heartbeat_as(&members[0], Some("i0")), Ok(()));
    w.advance(secs(5));
    assert_eq!(
        w.state(),
        Some(GroupStateName::PreparingRebalance),
        "its session runs"
    );
}

#[test]
fn a_restart_amid_a_rebalance_fences_the_waiting_one() {
    let mut w = World::new();
    let members = static_group(&mut w);
    let dynamic = w.join(join());
    let waiting = w.join(JoinRequest {
        group_instance_id: Some(InstanceId::new("i1")),
        ..rejoin(&members[1])
    });
    let restarted = w.join(join_static("i1"));
    assert_eq!(w.joined(waiting), Err(GroupError::FencedInstanceId));
    let leader = w.join(JoinRequest {
        group_instance_id: Some(InstanceId::new("i0")),
        ..rejoin(&members[0])
    });
    let tokens = [leader, restarted, dynamic];
    assert_eq!(w.unanswered(), []);
    let joined = w.complete(&tokens);
    assert_eq!(joined[0].members.len(), 3);

    // The leader may have been told of the old id, so everybody joins again.
    let again = w.join(join());
    let waiting: Vec<_> = joined
        .iter()
        .map(|member| {
            w.join(JoinRequest {
                group_instance_id: match member.member_id.as_str().split_once('-') {
                    Some((instance @ ("i0" | "i1"), _)) => Some(InstanceId::new(instance)),
                    _ => None,
                },
                ..rejoin(member)
            })
        })
        .collect();
    assert!(w.joined(again).is_ok());
    assert!(waiting.iter().all(|token| w.joined(*token).is_ok()));
    assert_eq!(w.state(), Some(GroupStateName::CompletingRebalance));
    w.join(join_static("i1"));
    assert_eq!(w.state(), Some(GroupStateName::PreparingRebalance));
}

#[test]
fn a_static_member_outlives_a_rebalance_that_it_misses() {
    let mut w = World::new();
    let members = static_group(&mut w);
    let leader = w.join(JoinRequest {
        group_instance_id: Some(InstanceId::new("i0")),
        protocols: vec![("range".to_owned(), subscription(&["u"]))],
        ..rejoin(&members[0])
    });
    for _ in 0..6 {
        w.advance(secs(9));
        w.heartbeat_as(&members[1], Some("i1")).expect_err("rebalancing");
    }
    w.advance(secs(6));
    let joined = w.joined(leader).expect("joined");
    assert_eq!(joined.members.len(), 2, "a dynamic member would be out");
}

#[test]
fn nobody_rejoining_postpones_the_rebalance_until_the_sessions_end() {
    let check = |rebalance_timeout: u64| {
        let mut w = World::new();
        let patient = |instance| JoinRequest {
            session_timeout: secs(600),
            rebalance_timeout: secs(rebalance_timeout),
            ..join_static(instance)
        };
        let tokens = [
            w.join(patient("i0")),
            w.join(patient("i1")),
            w.join(patient("i2")),
        ];
        w.advance(secs(6));
        w.complete(&tokens);
        assert_eq!(w.leave("", Some("i2")), Ok(()));
        w.advance(secs(590));
        assert_eq!(w.state(), Some(GroupStateName::PreparingRebalance));
        assert_eq!(w.describe("g").map(|group| group.members.len()), Ok(2));
        w.advance(secs(10));
        assert_eq!(w.state(), Some(GroupStateName::Empty));
    };
    check(60);
    check(7);
}

#[test]
fn a_rebalance_timeout_of_zero_leaves_no_time_to_sync() {
    let mut w = World::new();
    let token = w.join(JoinRequest {
        rebalance_timeout: secs(0),
        ..join_static("i0")
    });
    w.advance(secs(3));
    assert!(w.joined(token).is_ok());
    assert_eq!(w.state(), Some(GroupStateName::Empty));
}

#[test]
fn an_administrator_removes_a_static_member_by_its_instance_id() {
    let mut w = World::new();
    let members = static_group(&mut w);
    assert_eq!(w.leave("", Some("nobody")), Err(GroupError::UnknownMemberId));
    assert_eq!(w.leave("", None), Err(GroupError::UnknownMemberId));
    assert_eq!(w.leave("stale", Some("i1")), Err(GroupError::FencedInstanceId));
    assert_eq!(w.leave("", Some("i1")), Ok(()));
    assert_eq!(
        w.heartbeat_as(&members[1], Some("i1")),
        Err(GroupError::UnknownMemberId)
    );
    assert_eq!(w.state(), Some(GroupStateName::PreparingRebalance));
}

#[test]
fn an_instance_id_is_any_text_that_can_be_stored() {
    let check = |instance: &str, valid: bool| {
        let mut w = World::new();
        let token = w.join(join_static(instance));
        w.advance(secs(3));
        let expected = if valid {
            Ok(())
        } else {
            Err(GroupError::InvalidRequest)
        };
        assert_eq!(w.joined(token).map(|_| ()), expected, "{instance:?}");
    };
    check("consumer-1.a_B", true);
    check("", true);
    check("..", true);
    check("a b", true);
    check(&"i".repeat(32_000), true);
    check(&"i".repeat(32_001), false);
}

#[test]
fn a_known_member_id_with_a_free_instance_id_is_unknown() {
    let mut w = World::new();
    let members = w.stable_group(1);
    let token = w.join(JoinRequest {
        member_id: members[0].member_id.clone(),
        ..join_static("new")
    });
    assert_eq!(w.joined(token), Err(GroupError::UnknownMemberId));
    let pending = w.join(JoinRequest {
        require_known_member_id: true,
        ..join()
    });
    let Err(GroupError::MemberIdRequired(member_id)) = w.joined(pending) else {
        panic!("an id");
    };
    let token = w.join(JoinRequest {
        member_id,
        ..join_static("new")
    });
    assert_eq!(w.joined(token), Err(GroupError::UnknownMemberId));
    assert_eq!(
        w.leave(&MemberId::new("x").to_string(), None),
        Err(GroupError::UnknownMemberId)
    );
}

#[test]
fn the_session_of_a_restarted_member_begins_with_its_answer() {
    let mut w = World::new();
    let members = static_group(&mut w);
    w.persist_at_once = false;
    let token = w.join(join_static("i1"));
    for _ in 0..4 {
        w.advance(secs(5));
        assert_eq!(w.heartbeat_as(&members[0], Some("i0")), Ok(()));
    }
    w.persist(Ok(()));
    assert!(w.joined(token).is_ok(), "it waited longer than its session");
    w.advance(secs(9));
    assert_eq!(w.heartbeat_as(&members[0], Some("i0")), Ok(()));
    assert_eq!(w.state(), Some(GroupStateName::Stable));
    w.advance(secs(1));
    assert_eq!(w.state(), Some(GroupStateName::PreparingRebalance));
}

#[test]
fn a_restarted_member_that_had_not_synced_still_has_to() {
    let mut w = World::new();
    let tokens = [w.join(join_static("i0")), w.join(join_static("i1"))];
    w.advance(secs(6));
    let [leader, _] = tokens.map(|token| w.joined(token).expect("joined"));
    w.sync(&leader, &[(&leader.member_id, "a")]);
    let token = w.join(join_static("i1"));
    let restarted = w.joined(token).expect("joined");
    for _ in 0..6 {
        w.advance(secs(9));
        assert_eq!(w.heartbeat(&leader), Ok(()));
        assert_eq!(w.heartbeat(&restarted), Ok(()));
    }
    w.advance(secs(6));
    assert_eq!(w.heartbeat(&restarted), Err(GroupError::UnknownMemberId));
}
