//! Fetch: sizes, long polls, epochs, sessions, and what ends a wait.

use std::time::Duration;

use corelog_broker::shard::{Seen, Watch};
use corelog_controller::{ControllerRequest, TopicReference};
use corelog_model::{Offset, PartitionId, PartitionIndex};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::fetch::{FetchRequest, FetchResponse, ForgottenTopic};
use futures_util::future::join;

use crate::support::{Batch, Broker, FETCH_MEMORY, TOPIC, fetch, with_broker};

/// Longer than any test may take: a wait that ends by it has missed what was to end it.
const LONG_MS: i32 = 600_000;

fn sizes(response: &FetchResponse) -> Vec<usize> {
    response
        .topics
        .iter()
        .flat_map(|topic| &topic.partitions)
        .map(|partition| partition.records.as_ref().map_or(0, |records| records.size()))
        .collect()
}

#[test]
fn the_first_batch_comes_however_large_and_no_other() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 3, &[]).await;
        let client = broker.connect().await;
        let batch = Batch::of(5).bytes();
        for partition in [1, 2] {
            let request = crate::support::produce(-1, TOPIC, &[(partition, batch.clone())]);
            client.call(9, &request).await;
        }
        let mut request = fetch(TOPIC, &[(0, 0), (1, 0), (2, 0)]);
        request.max_bytes = 1;
        assert_eq!(sizes(&client.call(11, &request).await), [0, batch.len(), 0]);
        request.max_bytes = 1 << 20;
        request.topics[0].partitions[1].partition_max_bytes = 1;
        request.topics[0].partitions[2].partition_max_bytes = 1;
        assert_eq!(sizes(&client.call(11, &request).await), [0, batch.len(), 0]);
    });
}

#[test]
fn errors_of_offsets_epochs_and_names_come_at_once() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        client.produce(TOPIC, Batch::of(2).bytes()).await;
        for (topic, partition, offset, epoch, expected) in [
            (TOPIC, 0, 3, -1, ErrorCode::OffsetOutOfRange),
            (TOPIC, 0, -1, -1, ErrorCode::OffsetOutOfRange),
            (TOPIC, 0, 0, 1_000_000, ErrorCode::UnknownLeaderEpoch),
            (TOPIC, 7, 0, -1, ErrorCode::UnknownTopicOrPartition),
            (TOPIC, -7, 0, -1, ErrorCode::UnknownTopicOrPartition),
            ("nowhere", 0, 0, -1, ErrorCode::UnknownTopicOrPartition),
        ] {
            let mut request = fetch(topic, &[(partition, offset)]);
            request.max_wait_ms = LONG_MS;
            request.topics[0].partitions[0].current_leader_epoch = epoch;
            let response = client.call(11, &request).await;
            let answer = &response.topics[0].partitions[0];
            assert_eq!(answer.error_code, expected.code(), "{request:?}");
            let offsets = [
                answer.high_watermark,
                answer.last_stable_offset,
                answer.log_start_offset,
            ];
            assert_eq!(offsets, [-1; 3], "{request:?}");
        }
        let mut by_id = fetch("", &[(0, 0)]);
        by_id.topics[0].topic_id = corelog_model::TopicId::new([9; 16]);
        let response = client.call(13, &by_id).await;
        assert_eq!(
            response.topics[0].partitions[0].error_code,
            ErrorCode::UnknownTopicId.code()
        );
    });
}

#[test]
fn a_long_poll_waits_for_bytes_or_its_time() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let (reader, writer) = (broker.connect().await, broker.connect().await);
        let batch = Batch::of(5).bytes();
        let mut request = fetch(TOPIC, &[(0, 0)]);
        request.max_wait_ms = 50;
        let clock = broker.shard.handle.clock.clone();
        let before = clock.now();
        assert_eq!(sizes(&reader.call(11, &request).await), [0]);
        assert!(clock.now().since(before) >= Duration::from_millis(50));

        request.max_wait_ms = LONG_MS;
        request.min_bytes = i32::try_from(2 * batch.len()).expect("small");
        let id = reader.send(11, &request).await;
        let write = async {
            writer.produce(TOPIC, batch.clone()).await;
            writer.produce(TOPIC, batch.clone()).await;
        };
        let (response, ()) = join(reader.receive::<FetchRequest>(11, id), write).await;
        assert_eq!(sizes(&response), [2 * batch.len()]);
        assert_eq!(broker.shard.fetches.watches(), 0);
    });
}

/// Looks again and again until it is so.
async fn until(broker: &Broker, is_so: impl Fn() -> bool) {
    let clock = &broker.shard.handle.clock;
    while !is_so() {
        clock.sleep_until(clock.now() + Duration::from_millis(1)).await;
    }
}

/// A batch of one record of 100 KB.
fn large() -> Batch {
    Batch {
        value_bytes: 100_000,
        ..Batch::of(1)
    }
}

#[test]
fn a_fetch_takes_a_part_of_the_memory_that_is_free() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        let size = large().bytes().len();
        for _ in 0..30 {
            client.produce(TOPIC, large().bytes()).await;
        }
        let memory = &broker.shard.memory.fetches;
        let mut request = fetch(TOPIC, &[(0, 0)]);
        request.max_bytes = 50 << 20;
        request.topics[0].partitions[0].partition_max_bytes = 50 << 20;
        let fair = FETCH_MEMORY / 8;
        assert_eq!(sizes(&client.call(11, &request).await), [fair / size * size]);
        // All is given back when the answer has been sent.
        until(&broker, || memory.free() == FETCH_MEMORY).await;

        let others = memory.try_acquire(FETCH_MEMORY - 8 * (2 * size + 1000));
        assert_eq!(sizes(&client.call(11, &request).await), [2 * size]);
        drop(others);
        until(&broker, || memory.free() == FETCH_MEMORY).await;
        // One batch comes however little is free.
        let others = memory.try_acquire(FETCH_MEMORY - size - 1000);
        assert_eq!(sizes(&client.call(11, &request).await), [size]);
        drop(others);
        until(&broker, || memory.free() == FETCH_MEMORY).await;
    });
}

#[test]
fn a_fetch_waits_while_others_hold_all_memory() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let (client, other) = (broker.connect().await, broker.connect().await);
        client.produce(TOPIC, large().bytes()).await;
        let memory = &broker.shard.memory.fetches;
        let mut held = memory.try_acquire(FETCH_MEMORY).expect("nobody else is there");
        let id = client.send(11, &fetch(TOPIC, &[(0, 0)])).await;
        let answer = client.receive::<FetchRequest>(11, id);
        let release = async {
            // The fetch is at work: the request's memory is held.
            let requests = &broker.shard.memory.requests;
            until(&broker, || requests.free() < requests.total()).await;
            // Requests that need no memory for records go on, and this one comes after the fetch.
            other.produce(TOPIC, large().bytes()).await;
            // Too little for a batch: a second wait, for as much as it takes.
            held.shrink_to(FETCH_MEMORY - (65 << 10));
            other.produce(TOPIC, large().bytes()).await;
            assert!(requests.free() < requests.total(), "the fetch still waits");
            held.shrink_to(FETCH_MEMORY - (110 << 10));
        };
        let (response, ()) = join(answer, release).await;
        assert_eq!(sizes(&response), [large().bytes().len()]);
    });
}

#[test]
fn a_client_that_leaves_gives_up_its_wait_for_memory() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let memory = &broker.shard.memory.fetches;
        let held = memory.try_acquire(FETCH_MEMORY);
        let client = broker.connect().await;
        client.send(11, &fetch(TOPIC, &[(0, 0)])).await;
        let requests = &broker.shard.memory.requests;
        until(&broker, || requests.free() < requests.total()).await;
        drop(client);
        until(&broker, || requests.free() == requests.total()).await;
        drop(held);
        assert_eq!(memory.free(), FETCH_MEMORY);
    });
}

#[test]
fn a_deleted_topic_ends_long_polls() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        let mut request = fetch(TOPIC, &[(0, 0)]);
        request.max_wait_ms = LONG_MS;
        let id = client.send(11, &request).await;
        until(&broker, || broker.shard.fetches.watches() > 0).await;
        let delete = ControllerRequest::DeleteTopic {
            topic: TopicReference::Name(TOPIC.to_owned()),
        };
        let (response, ()) = join(client.receive::<FetchRequest>(11, id), broker.change(delete)).await;
        let code = response.topics[0].partitions[0].error_code;
        let expected = [ErrorCode::UnknownTopicOrPartition, ErrorCode::NotLeaderOrFollower];
        assert!(expected.iter().any(|expected| expected.code() == code), "{code}");
    });
}

#[test]
fn sessions_answer_what_changed_and_forget() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 2, &[]).await;
        let client = broker.connect().await;
        let mut request = fetch(TOPIC, &[(0, 0), (1, 0)]);
        request.session_epoch = 0;
        let full = client.call(11, &request).await;
        assert_ne!(full.session_id, 0);
        assert_eq!(sizes(&full), [0, 0]);

        let mut next = fetch(TOPIC, &[]);
        next.topics.clear();
        next.session_id = full.session_id;
        next.session_epoch = 1;
        assert!(client.call(11, &next).await.topics.is_empty(), "nothing changed");

        let batch = Batch::of(1).bytes();
        client.produce(TOPIC, batch.clone()).await;
        next.session_epoch = 2;
        let response = client.call(11, &next).await;
        assert_eq!(
            (sizes(&response), response.session_id),
            (vec![batch.len()], full.session_id)
        );

        // Without partitions there is nothing to wait for.
        next.session_epoch = 3;
        next.max_wait_ms = LONG_MS;
        next.forgotten_topics = vec![ForgottenTopic {
            topic: TOPIC.into(),
            partitions: vec![0, 1],
            ..Default::default()
        }];
        let by_id = client.call(13, &next).await;
        assert_eq!(by_id.error_code, ErrorCode::FetchSessionTopicIdError.code());
        next.session_epoch = 2;
        let again = client.call(11, &next).await;
        assert_eq!(again.error_code, ErrorCode::InvalidFetchSessionEpoch.code());
        next.session_epoch = 3;
        let last = client.call(11, &next).await;
        assert!(last.topics.is_empty());
        assert_eq!(last.session_id, 0, "a session without partitions has ended");
        next.session_epoch = 4;
        let unknown = client.call(11, &next).await;
        assert_eq!(unknown.error_code, ErrorCode::FetchSessionIdNotFound.code());
    });
}

#[test]
fn a_session_hears_of_what_moves_while_it_waits_and_while_it_does_not() {
    with_broker(|broker| async move {
        const PARTITIONS: i32 = 20;
        broker.create(TOPIC, PARTITIONS, &[]).await;
        let (reader, writer) = (broker.connect().await, broker.connect().await);
        let all: Vec<_> = (0..PARTITIONS).map(|partition| (partition, 0)).collect();
        let mut request = fetch(TOPIC, &all);
        request.session_epoch = 0;
        request.max_wait_ms = 0;
        let full = reader.call(11, &request).await;
        let mut next = fetch(TOPIC, &[]);
        next.topics.clear();
        next.session_id = full.session_id;
        next.session_epoch = 0;
        let mut read_to = 0;
        let batch = Batch::of(1).bytes();
        for round in 0..6 {
            next.session_epoch += 1;
            next.max_wait_ms = 0;
            assert!(
                reader.call(11, &next).await.topics.is_empty(),
                "round {round}: all is quiet"
            );
            next.session_epoch += 1;
            next.max_wait_ms = LONG_MS;
            let write = writer.produce(TOPIC, batch.clone());
            let response = if round % 2 == 0 {
                write.await;
                reader.call(11, &next).await
            } else {
                let id = reader.send(11, &next).await;
                join(reader.receive::<FetchRequest>(11, id), write).await.0
            };
            assert_eq!(sizes(&response), [batch.len()], "round {round}");
            read_to += 1;
            next.topics = fetch(TOPIC, &[(0, read_to)]).topics;
            next.session_epoch += 1;
            next.max_wait_ms = 0;
            assert_eq!(sizes(&reader.call(11, &next).await), [] as [usize; 0]);
            next.topics.clear();
        }
        let sessions = broker.shard.fetches.sessions.borrow().len();
        assert_eq!((broker.shard.fetches.watches(), sessions), (1, 1));
    });
}

#[test]
fn a_watch_is_told_at_once_of_what_moved_before_it_was_asked_for_and_once_of_what_moves_later() {
    with_broker(|broker| async move {
        let topic = broker.create(TOPIC, 2, &[]).await;
        let id = |partition| PartitionId {
            topic,
            index: PartitionIndex::new(partition),
        };
        let empty = Seen {
            high_watermark: Offset::ZERO,
            last_stable: Offset::ZERO,
            log_start: Offset::ZERO,
        };
        let client = broker.connect().await;
        let clock = &broker.shard.handle.clock;
        let never = clock.now() + Duration::from_secs(600);
        client.produce(TOPIC, Batch::of(1).bytes()).await;
        let watch = Watch::new(&broker.shard.fetches);
        watch.expect(vec![(id(0), empty), (id(1), empty)]);
        watch.moved(never).await;
        assert_eq!(watch.take_moved(), [id(0)], "it had moved already");
        watch.moved(clock.now() + Duration::from_millis(20)).await;
        assert!(watch.take_moved().is_empty(), "the other one is as it was seen");

        let written = Seen {
            high_watermark: Offset::new(1).expect("not negative"),
            last_stable: Offset::new(1).expect("not negative"),
            log_start: Offset::ZERO,
        };
        watch.expect(vec![(id(0), written)]);
        client.produce(TOPIC, Batch::of(1).bytes()).await;
        client.produce(TOPIC, Batch::of(1).bytes()).await;
        watch.moved(never).await;
        assert_eq!(watch.take_moved(), [id(0)], "once, though it moved twice");

        watch.expect(vec![(id(0), written), (id(1), empty)]);
        assert!(watch.ask().await, "nothing has come by itself yet");
        assert_eq!(watch.take_moved(), [id(0)], "it had moved already");
        assert!(!watch.ask().await, "nothing has moved since");
        let posts = || broker.shard.fetches.posts().len();
        assert_eq!(posts(), 1);
        drop(watch);
        assert_eq!((posts(), broker.shard.fetches.watches()), (0, 0));
    });
}
