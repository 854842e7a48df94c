//! An administrator who creates and deletes by the thousand: what the broker holds for that at a time has a limit.

use std::rc::Rc;
use std::time::Duration;

use corelog_protocol::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use corelog_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};

use super::clients::Clients;
use super::every::list_topics;
use super::wire::{Gone, Wire};
use crate::rng::SimRng;

const CREATE_TOPICS: i16 = 7;
const DELETE_TOPICS: i16 = 6;
/// As long as it takes.
const TIMEOUT_MS: i32 = 0;
/// How many partitions one request makes.
const PARTITIONS: i32 = 1_000;
/// How often they are made and deleted.
const ROUNDS: u64 = 2;
const PAUSE: Duration = Duration::from_millis(100);
/// What the topics' names begin with.
const PREFIX: &str = "mass";

/// Makes and deletes until it has done so [`ROUNDS`] times, or the clients are told to close.
pub(super) async fn run(clients: Rc<Clients>) {
    let (mut wire, mut random) = (clients.wire(), clients.random());
    let mut round = 0;
    while round < ROUNDS && !clients.is_closing.get() && !clients.oracle.is_violated() {
        match work(&mut wire, &mut random, round).await {
            Ok(()) => round += 1,
            Err(Gone) => wire.disconnect(),
        }
        clients.pause(&mut random, PAUSE).await;
    }
}

/// One topic of many partitions, or many of few; what is left of an attempt whose answer was lost goes, too.
async fn work(wire: &mut Wire, random: &mut SimRng, round: u64) -> Result<(), Gone> {
    let topics = [1, 10, 100][random.index(3)];
    let topic = |number: i32| CreatableTopic {
        name: format!("{PREFIX}-{round}-{number}"),
        num_partitions: PARTITIONS / topics,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let request = CreateTopicsRequest {
        topics: (0..topics).map(topic).collect(),
        timeout_ms: TIMEOUT_MS,
        validate_only: false,
    };
    wire.call(CREATE_TOPICS, &request).await?;
    let there = list_topics(wire)
        .await?
        .into_iter()
        .filter_map(|topic| topic.name);
    let mine = there.filter(|name| name.starts_with(PREFIX));
    let request = DeleteTopicsRequest {
        topics: mine
            .map(|name| DeleteTopicState {
                name: Some(name),
                ..DeleteTopicState::default()
            })
            .collect(),
        timeout_ms: TIMEOUT_MS,
        ..DeleteTopicsRequest::default()
    };
    wire.call(DELETE_TOPICS, &request).await?;
    Ok(())
}
