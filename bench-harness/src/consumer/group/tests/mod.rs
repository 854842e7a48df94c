//! A member against a coordinator that follows a script, in the oldest versions of its requests and in the newest.

mod script;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use ErrorCode::None as Granted;
use corelog_model::TopicId;
use corelog_protocol::ErrorCode;
use corelog_runtime::local::{Either, select};
use corelog_runtime::{ListenOptions, Shard, WorkClass};
use script::{Script, Turn};

use super::Crew;
use crate::client::{ClientError, Cluster, TopicPlan};
use crate::consumer::{ConsumerSeat, ReadPosition};
use crate::run::here;

/// A consumer's whole life in a group of `members` over two partitions; it reads up to 7 in the first one.
async fn live(crew: Crew, shard: &Shard<()>, address: SocketAddr, members: usize) -> Vec<i32> {
    let cluster = Cluster {
        cluster_id: None,
        brokers: BTreeMap::from([(1, address)]),
        topics: vec![TopicPlan {
            name: String::from("t"),
            id: TopicId::ZERO,
            leaders: vec![1, 1],
        }],
    };
    let seat = ConsumerSeat {
        run: 0,
        topic: 0,
        group: 0,
        member: 0,
    };
    crew.join(&shard.handle, &Arc::new(cluster), seat, members);
    let positions = crew.joined().await.remove(0).positions;
    positions[0].advance(7);
    crew.close().await;
    crew.leave().await;
    positions.iter().map(ReadPosition::partition).collect()
}

/// Plays `turns` in both forms; `asked` is what the coordinator has to be asked, and `expected` what comes of it: the
/// partitions, or an error that says this.
fn check(members: usize, turns: &[Turn], asked: &[&str], expected: Result<&[i32], &str>) {
    for is_oldest in [false, true] {
        let turns = turns.to_vec();
        let played = here(move |shard: Shard<()>| async move {
            let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let listener = shard
                .handle
                .net
                .listen(any, ListenOptions::default())
                .await
                .expect("a listener");
            let script = Rc::new(Script {
                is_oldest,
                address: listener.local_address(),
                turns: RefCell::new(turns.into()),
                asked: RefCell::default(),
            });
            let (serving, handle) = (Rc::clone(&script), shard.handle.clone());
            shard.handle.spawn(WorkClass::Latency, "accept", async move {
                while let Ok(accepted) = listener.accept().await {
                    let connection = handle.net.adopt(accepted).expect("a socket");
                    handle.spawn(WorkClass::Latency, "serve", Rc::clone(&serving).serve(connection));
                }
            });
            let crew = Crew::default();
            let lived = live(crew.clone(), &shard, script.address, members);
            let result = match select(lived, crew.failed()).await {
                Either::Left(partitions) => Ok(partitions),
                Either::Right(error) => Err(error),
            };
            let asked = script.asked.borrow().clone();
            (result, asked)
        });
        let (result, found): (Result<Vec<i32>, ClientError>, Vec<String>) = played.expect("a shard");
        assert_eq!(found, asked, "oldest versions: {is_oldest}");
        match (result, expected) {
            (Ok(partitions), Ok(expected)) => assert_eq!(partitions, expected),
            (Err(error), Err(expected)) => assert_eq!(error.to_string(), expected),
            (result, _) => panic!("oldest versions: {is_oldest}: {result:?} instead of {expected:?}"),
        }
    }
}

#[test]
fn a_member_joins_commits_and_leaves() {
    check(
        1,
        &[
            Turn::Find(Granted),
            Turn::Join(ErrorCode::MemberIdRequired, "m", 0),
            Turn::Join(Granted, "m", 1),
            Turn::Sync(Granted),
            Turn::Commit(Granted),
            Turn::Heartbeat(Granted),
            Turn::Leave(Granted),
        ],
        &[
            "FindCoordinator",
            "JoinGroup",
            "JoinGroup m",
            "SyncGroup m",
            "OffsetCommit m 0=7",
            "Heartbeat m",
            "LeaveGroup m",
        ],
        Ok(&[0, 1]),
    );
}

#[test]
fn what_passes_is_asked_again() {
    check(
        1,
        &[
            Turn::Find(ErrorCode::CoordinatorNotAvailable),
            Turn::Find(Granted),
            Turn::Join(ErrorCode::MemberIdRequired, "m", 0),
            Turn::Join(ErrorCode::CoordinatorLoadInProgress, "", 0),
            Turn::Join(ErrorCode::NotCoordinator, "", 0),
            Turn::Find(Granted),
            Turn::Join(Granted, "m", 1),
            Turn::Sync(ErrorCode::RebalanceInProgress),
            // The new coordinator has forgotten the member.
            Turn::Join(ErrorCode::UnknownMemberId, "", 0),
            Turn::Join(Granted, "n", 1),
            Turn::Sync(Granted),
            Turn::Commit(ErrorCode::CoordinatorLoadInProgress),
            Turn::Commit(ErrorCode::NotCoordinator),
            Turn::Find(Granted),
            Turn::Commit(Granted),
            Turn::Heartbeat(ErrorCode::CoordinatorNotAvailable),
            Turn::Find(Granted),
            Turn::Heartbeat(Granted),
            // Leaving is a courtesy.
            Turn::Leave(ErrorCode::UnknownMemberId),
        ],
        &[
            "FindCoordinator",
            "FindCoordinator",
            "JoinGroup",
            "JoinGroup m",
            "JoinGroup m",
            "FindCoordinator",
            "JoinGroup m",
            "SyncGroup m",
            "JoinGroup m",
            "JoinGroup",
            "SyncGroup n",
            "OffsetCommit n 0=7",
            "OffsetCommit n 0=7",
            "FindCoordinator",
            "OffsetCommit n 0=7",
            "Heartbeat n",
            "FindCoordinator",
            "Heartbeat n",
            "LeaveGroup n",
        ],
        Ok(&[0, 1]),
    );
}

#[test]
fn an_incomplete_group_is_waited_for() {
    check(
        2,
        &[
            Turn::Find(Granted),
            Turn::Join(Granted, "m", 1),
            Turn::Sync(Granted),
            Turn::Heartbeat(ErrorCode::RebalanceInProgress),
            Turn::Join(Granted, "m", 2),
            Turn::Sync(Granted),
            Turn::Commit(Granted),
            Turn::Heartbeat(Granted),
            Turn::Leave(Granted),
        ],
        &[
            "FindCoordinator",
            "JoinGroup",
            "SyncGroup m",
            "Heartbeat m",
            "JoinGroup m",
            "SyncGroup m",
            "OffsetCommit m 0=7",
            "Heartbeat m",
            "LeaveGroup m",
        ],
        Ok(&[0]),
    );
}

#[test]
fn a_rebalance_of_a_complete_group_is_an_error() {
    for (error, name) in [
        (ErrorCode::RebalanceInProgress, "REBALANCE_IN_PROGRESS"),
        (ErrorCode::IllegalGeneration, "ILLEGAL_GENERATION"),
        (ErrorCode::UnknownMemberId, "UNKNOWN_MEMBER_ID"),
    ] {
        let told = format!("the group t-0 rebalanced in mid-run: OffsetCommit answered {name}");
        check(
            1,
            &[
                Turn::Find(Granted),
                Turn::Join(Granted, "m", 1),
                Turn::Sync(Granted),
                Turn::Commit(error),
            ],
            &[
                "FindCoordinator",
                "JoinGroup",
                "SyncGroup m",
                "OffsetCommit m 0=7",
            ],
            Err(&told),
        );
    }
}

#[test]
fn what_does_not_pass_is_told() {
    check(
        1,
        &[
            Turn::Find(Granted),
            Turn::Join(ErrorCode::GroupMaxSizeReached, "", 0),
        ],
        &["FindCoordinator", "JoinGroup"],
        Err("JoinGroup of the group t-0: GROUP_MAX_SIZE_REACHED"),
    );
    check(
        1,
        &[Turn::Find(ErrorCode::GroupAuthorizationFailed)],
        &["FindCoordinator"],
        Err("the coordinator of t-0: GROUP_AUTHORIZATION_FAILED"),
    );
}
