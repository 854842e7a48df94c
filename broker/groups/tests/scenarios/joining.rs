//! How a group comes into being: ids, the initial delay, the protocol, and who is refused.

use bytes::Bytes;
use corelog_groups::{GroupConfig, GroupError, GroupId, GroupStateName, JoinRequest, MemberId};

use crate::requests::{join, rejoin, secs, subscription, text};
use crate::world::World;

#[test]
fn two_consumers_form_a_group() {
    let mut w = World::new();
    let first = w.join(join());
    let second = w.join(join());
    w.advance(secs(2));
    assert_eq!(w.unanswered(), [first, second]);
    w.advance(secs(4));
    let (a, b) = (
        w.joined(first).expect("joined"),
        w.joined(second).expect("joined"),
    );
    assert_eq!((a.generation.get(), b.generation), (1, a.generation));
    assert_eq!(a.leader.as_ref(), Some(&a.member_id), "the first to join leads");
    assert_eq!((a.members.len(), b.members.len()), (2, 0));
    assert_eq!(a.protocol_name.as_deref(), Some("range"));
    assert!(a.member_id.as_str().starts_with("c-"), "{}", a.member_id);

    let follower = w.sync(&b, &[]);
    assert_eq!(w.answer(follower), None, "the follower waits for the leader");
    assert_eq!(w.heartbeat(&a), Ok(()), "members may beat before they sync");
    w.persist_at_once = false;
    let leader = w.sync(&a, &[(&a.member_id, "left"), (&b.member_id, "right")]);
    assert_eq!(
        w.unanswered(),
        [follower, leader],
        "the assignment is not durable yet"
    );
    w.persist(Ok(()));
    assert_eq!(text(&w.synced(leader).expect("synced").assignment), "left");
    assert_eq!(text(&w.synced(follower).expect("synced").assignment), "right");
    assert_eq!(w.state(), Some(GroupStateName::Stable));
    assert_eq!(w.heartbeat(&b), Ok(()));
}

#[test]
fn the_initial_delay_is_extended_up_to_the_rebalance_timeout() {
    let check = |joins_at: &[u64], rebalance_timeout: u64, ends_at: u64| {
        let mut w = World::new();
        let mut tokens = Vec::new();
        for at in joins_at {
            w.advance(secs(*at) - w.monotonic);
            tokens.push(w.join(JoinRequest {
                rebalance_timeout: secs(rebalance_timeout),
                ..join()
            }));
        }
        w.advance(secs(ends_at) - w.monotonic - std::time::Duration::from_millis(1));
        assert_eq!(w.unanswered(), tokens, "{joins_at:?}");
        w.advance(std::time::Duration::from_millis(1));
        assert!(w.unanswered().is_empty(), "{joins_at:?}");
    };
    check(&[0], 60, 3);
    check(&[0, 1], 60, 6);
    check(&[0, 1, 4], 60, 9);
    check(&[0, 1, 4, 7], 10, 10);
    check(&[0, 1], 2, 3);
}

#[test]
fn a_dynamic_member_is_given_an_id_first() {
    let mut w = World::new();
    let known = JoinRequest {
        require_known_member_id: true,
        ..join()
    };
    let token = w.join(known.clone());
    let Err(GroupError::MemberIdRequired(member_id)) = w.joined(token) else {
        panic!("an id: {:?}", w.joined(token));
    };
    let again = w.join(JoinRequest { member_id, ..known });
    w.advance(secs(3));
    assert_eq!(w.joined(again).map(|joined| joined.generation.get()), Ok(1));
}

#[test]
fn an_id_that_nobody_joins_with_expires() {
    let mut w = World::new();
    let known = JoinRequest {
        require_known_member_id: true,
        ..join()
    };
    let token = w.join(known.clone());
    assert_eq!(w.state(), Some(GroupStateName::Empty));
    w.advance(secs(10));
    assert_eq!(w.state(), Some(GroupStateName::Empty), "the group was recorded");
    let Err(GroupError::MemberIdRequired(member_id)) = w.joined(token) else {
        panic!("an id");
    };
    let late = w.join(JoinRequest { member_id, ..known });
    assert_eq!(w.joined(late), Err(GroupError::UnknownMemberId));
    w.advance(secs(600));
    assert_eq!(w.state(), None, "nothing is left of an empty group");
    assert!(w.coordinator.snapshot_records().is_empty());
}

#[test]
fn a_rebalance_waits_for_a_pending_member() {
    let mut w = World::new();
    let members = w.stable_group(1);
    let pending = w.join(JoinRequest {
        require_known_member_id: true,
        ..join()
    });
    assert!(matches!(w.joined(pending), Err(GroupError::MemberIdRequired(_))));
    let leader = w.join(rejoin(&members[0]));
    assert_eq!(w.answer(leader), None);
    w.advance(secs(10));
    assert_eq!(w.joined(leader).map(|joined| joined.generation.get()), Ok(2));
}

#[test]
fn joins_are_checked() {
    let check = |request: JoinRequest, expected: GroupError| {
        let mut w = World::new();
        w.stable_group(1);
        let token = w.join(request);
        assert_eq!(w.joined(token), Err(expected));
    };
    let session = |session_timeout| JoinRequest {
        session_timeout,
        ..join()
    };
    check(session(secs(5)), GroupError::InvalidSessionTimeout);
    check(session(secs(1801)), GroupError::InvalidSessionTimeout);
    check(
        JoinRequest {
            group_id: GroupId::new(""),
            ..join()
        },
        GroupError::InvalidGroupId,
    );
    check(
        JoinRequest {
            group_id: GroupId::new(&"g".repeat(32_001)),
            ..join()
        },
        GroupError::InvalidGroupId,
    );
    check(
        JoinRequest {
            client_id: "c".repeat(32_001),
            ..join()
        },
        GroupError::InvalidRequest,
    );
    check(
        JoinRequest {
            member_id: MemberId::new("nobody"),
            ..join()
        },
        GroupError::UnknownMemberId,
    );
    check(
        JoinRequest {
            group_id: GroupId::new("other"),
            member_id: MemberId::new("nobody"),
            ..join()
        },
        GroupError::UnknownMemberId,
    );
    check(
        JoinRequest {
            protocol_type: "connect".to_owned(),
            ..join()
        },
        GroupError::InconsistentGroupProtocol,
    );
    check(
        JoinRequest {
            protocols: vec![("other".to_owned(), Bytes::new())],
            ..join()
        },
        GroupError::InconsistentGroupProtocol,
    );
    check(
        JoinRequest {
            group_id: GroupId::new("new"),
            protocols: Vec::new(),
            ..join()
        },
        GroupError::InconsistentGroupProtocol,
    );
}

#[test]
fn the_protocol_with_the_most_votes_wins() {
    let check = |preferences: &[&[&str]], expected: &str| {
        let mut w = World::new();
        let tokens: Vec<_> = preferences
            .iter()
            .map(|names| {
                w.join(JoinRequest {
                    protocols: names
                        .iter()
                        .map(|name| ((*name).to_owned(), subscription(&["t"])))
                        .collect(),
                    ..join()
                })
            })
            .collect();
        w.advance(secs(60));
        let chosen = w.joined(tokens[0]).expect("joined").protocol_name;
        assert_eq!(chosen.as_deref(), Some(expected), "{preferences:?}");
    };
    check(&[&["range", "sticky"]], "range");
    check(&[&["range", "sticky"], &["sticky"]], "sticky");
    check(
        &[&["range", "sticky"], &["sticky", "range"], &["sticky", "range"]],
        "sticky",
    );
    check(&[&["x", "range"], &["y", "range"]], "range");
}

#[test]
fn a_full_group_takes_nobody() {
    let mut w = World::with(GroupConfig {
        group_size_max: 2,
        ..GroupConfig::default()
    });
    let tokens = [w.join(join()), w.join(join()), w.join(join())];
    assert_eq!(w.joined(tokens[2]), Err(GroupError::GroupMaxSizeReached));
    w.advance(secs(6));
    let members = w.complete(&tokens[..2]);
    let more = w.join(join());
    assert_eq!(w.joined(more), Err(GroupError::GroupMaxSizeReached));
    let again = w.join(rejoin(&members[1]));
    assert!(w.joined(again).is_ok(), "members are let in");
}

#[test]
fn metadata_that_is_not_a_subscription_is_carried_as_it_is() {
    let mut w = World::new();
    let token = w.join(JoinRequest {
        protocol_type: "connect".to_owned(),
        protocols: vec![("sessioned".to_owned(), Bytes::from_static(b"\xff\x00opaque"))],
        ..join()
    });
    w.advance(secs(3));
    let joined = w.joined(token).expect("joined");
    assert_eq!(joined.members[0].metadata, Bytes::from_static(b"\xff\x00opaque"));
    assert_eq!(joined.protocol_type.as_deref(), Some("connect"));
}
