//! A disk so slow that people and clients are told.

mod common;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use common::{broker, change, new_topic, options};
use corelog_broker::api::produce;
use corelog_broker::clients::Answer;
use corelog_broker::clients::Client;
use corelog_broker::clients::RequestContext;
use corelog_broker::cluster::FIRST;
use corelog_broker::shard::Shard;
use corelog_broker::start::Progress;
use corelog_model::batch::ValidatedBatch;
use corelog_model::{LeaderEpoch, PartitionId, PartitionIndex, TimestampMs, TopicId};
use corelog_protocol::messages::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData,
};
use corelog_protocol::{ApiKey, ErrorCode, Reader, RequestHeader, ResponseHeader};
use corelog_records::{BatchOptions, NewRecord, RecordBatchBuilder};
use corelog_sim::{Options, Simulation, Survival};
use corelog_storage::{AppendOptions, LogConfig, PartitionSpec, Storage};

fn batch(value: &[u8]) -> ValidatedBatch {
    let mut builder = RecordBatchBuilder::new(BatchOptions::default());
    let record = NewRecord {
        timestamp: TimestampMs::new(1_700_000_000_000),
        key: None,
        value: Some(value),
        headers: &[],
    };
    builder.append(&record).expect("a record");
    builder.build().expect("a batch")
}

/// What a start says of its recovery: the time since it began, in virtual milliseconds, and the fraction.
fn told(partitions: i32, slow: u64) -> Vec<(u128, f64)> {
    let sim = Simulation::new(1, Options::default());
    let machine = sim.machine(0);
    let handle = machine.handle_for(FIRST);
    sim.block_on(async {
        let storage = Storage::open(handle.clone(), options(&handle).await, |_| {});
        let storage = storage.await.expect("an empty directory opens");
        for index in 0..partitions {
            let spec = PartitionSpec {
                id: PartitionId {
                    topic: TopicId::new([9; 16]),
                    index: PartitionIndex::new(index),
                },
                directory: format!("orders-{index}"),
                leader_epoch: LeaderEpoch::new(0),
                config: LogConfig::default(),
            };
            let log = storage.create_partition(spec).await.expect("a partition");
            let appended = log.append(vec![batch(&[7; 3000])], AppendOptions::default());
            appended.await.expect("an append");
        }
    });
    machine.lose_power(Some(Survival::Nothing));
    let handle = machine.handle_for(FIRST);
    let said: Rc<RefCell<Vec<(u128, f64)>>> = Rc::default();
    sim.block_on(async {
        let options = options(&handle).await;
        machine.slow_disk(slow);
        let (clock, begin, heard) = (handle.clock.clone(), handle.clock.now(), Rc::clone(&said));
        let progress = Progress::told_to(handle.clock.clone(), move |done| {
            heard
                .borrow_mut()
                .push((clock.now().since(begin).as_millis(), done));
        });
        let storage = Storage::open(handle.clone(), options, move |done| progress.report(done)).await;
        machine.slow_disk(1);
        assert_eq!(
            storage.expect("it recovers").partitions().len(),
            usize::try_from(partitions).expect("positive")
        );
    });
    said.take()
}

#[test]
fn a_recovery_that_takes_longer_than_a_second_shows_its_progress() {
    let said = told(200, 1000);
    assert!(said.len() > 5, "{said:?}");
    assert!(
        said.iter().any(|(_, done)| *done < 0.6),
        "of the journal: {said:?}"
    );
    assert!(
        said.iter().any(|(_, done)| (0.75..0.99).contains(done)),
        "of the partitions: {said:?}"
    );
    let mut last = (0, 0.0);
    for (at, done) in said {
        // A step between two reports may take long on such a disk.
        assert!(
            (1000..10_000).contains(&(at - last.0)),
            "{at} ms after {} ms",
            last.0
        );
        assert!(done >= last.1 && done <= 1.0, "{done} after {}", last.1);
        last = (at, done);
    }
}

#[test]
fn a_short_recovery_says_nothing() {
    assert_eq!(told(20, 1), []);
}

/// Produces one record; its error code, its offset, and how long that took.
async fn produce_one(shard: &Rc<Shard>, timeout_ms: i32) -> (i16, i64, Duration) {
    let client = Rc::new(Client::new(
        SocketAddr::from(([127, 0, 0, 1], 9)),
        "PLAINTEXT".into(),
        1,
    ));
    let header = RequestHeader {
        api_key: ApiKey::Produce,
        api_version: 9,
        correlation_id: 5,
        client_id: None,
    };
    let request = ProduceRequest {
        transactional_id: None,
        acks: -1,
        timeout_ms,
        topics: vec![TopicProduceData {
            name: "orders".into(),
            partitions: vec![PartitionProduceData {
                index: 0,
                records: Some(batch(b"value").bytes().clone()),
            }],
            ..Default::default()
        }],
    };
    let begin = shard.handle.clock.now();
    let services = produce::Services {
        clock: &*shard.handle.clock,
        metadata: &shard.metadata,
        shards: &shard.shards,
        long_work: &shard.long_work,
        metrics: &shard.metrics,
    };
    let answer = produce::start(services, RequestContext::new(header, client), request).await;
    let took = shard.handle.clock.now().since(begin);
    let Answer::Send(pieces) = answer else {
        panic!("a response is due");
    };
    let mut reader = Reader::new(Bytes::from(pieces.concat()).slice(4..));
    ResponseHeader::decode(&mut reader, 1).expect("a header");
    let response = ProduceResponse::decode(&mut reader, 9).expect("a response");
    let partition = &response.topics[0].partitions[0];
    (partition.error_code, partition.base_offset, took)
}

#[test]
fn a_produce_that_is_not_durable_in_its_time_is_answered_so() {
    let sim = Simulation::new(2, Options::default());
    let machine = sim.machine(0);
    sim.block_on(async {
        let shard = broker(&machine).await;
        let made = change(&shard, new_topic("orders", 1)).await;
        made.expect("the topic is made");
        let (code, offset, _) = produce_one(&shard, 30_000).await;
        assert_eq!((code, offset), (0, 0));
        // A commit takes minutes now.
        machine.slow_disk(1_000_000);
        let (code, _, took) = produce_one(&shard, 700).await;
        assert_eq!(code, ErrorCode::RequestTimedOut.code());
        assert!((700..750).contains(&took.as_millis()), "{took:?}");
        machine.slow_disk(1);
        // It was appended all the same; whoever waits long enough is acknowledged behind it.
        let (code, offset, _) = produce_one(&shard, i32::MAX).await;
        assert_eq!((code, offset), (0, 2));
    });
}
