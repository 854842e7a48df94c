//! Leader epochs, with and without records: what OffsetForLeaderEpoch, Fetch, ListOffsets and Metadata say of them
//! (KIP-101, KIP-320, KIP-595).

use corelog_protocol::ErrorCode;
use corelog_protocol::messages::fetch::PartitionData;
use corelog_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use corelog_protocol::messages::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};

use crate::offsets::{delete, list};
use crate::support::{Batch, Broker, Client, TOPIC, fetch, with_broker};

const NONE: i32 = -1;
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// The end of `epoch` for a client that takes `current` for the leader's.
async fn end_of(client: &Client, current: i32, epoch: i32) -> Result<(i32, i64), i16> {
    let request = OffsetForLeaderEpochRequest {
        topics: vec![OffsetForLeaderTopic {
            topic: TOPIC.to_owned(),
            partitions: vec![OffsetForLeaderPartition {
                partition: 0,
                current_leader_epoch: current,
                leader_epoch: epoch,
            }],
        }],
        ..Default::default()
    };
    let answer = client.call(4, &request).await.topics[0].partitions[0].clone();
    match answer.error_code {
        0 => Ok((answer.leader_epoch, answer.end_offset)),
        code => Err(code),
    }
}

async fn check_ends(client: &Client, expected: &[(i32, (i32, i64))]) {
    for (epoch, end) in expected {
        assert_eq!(end_of(client, NONE, *epoch).await, Ok(*end), "epoch {epoch}");
    }
}

/// What a reader is told who has read up to `offset`, the last record in `last_fetched_epoch`.
async fn read_on(client: &Client, current: i32, offset: i64, last_fetched_epoch: i32) -> PartitionData {
    let mut request = fetch(TOPIC, &[(0, offset)]);
    request.topics[0].partitions[0].current_leader_epoch = current;
    request.topics[0].partitions[0].last_fetched_epoch = last_fetched_epoch;
    client.call(12, &request).await.topics[0].partitions[0].clone()
}

async fn check_diverges(client: &Client, offset: i64, last_fetched_epoch: i32, expected: Option<(i32, i64)>) {
    let answer = read_on(client, NONE, offset, last_fetched_epoch).await;
    let diverging = &answer.diverging_epoch;
    let found = (diverging.end_offset >= 0).then_some((diverging.epoch, diverging.end_offset));
    assert_eq!(
        (answer.error_code, found),
        (0, expected),
        "{offset} in {last_fetched_epoch}"
    );
}

async fn check_out_of_range(client: &Client, offset: i64, last_fetched_epoch: i32) {
    let answer = read_on(client, NONE, offset, last_fetched_epoch).await;
    let expected = ErrorCode::OffsetOutOfRange.code();
    assert_eq!(answer.error_code, expected, "{offset} in {last_fetched_epoch}");
}

/// Everybody agrees on who leads, and on where the log begins and ends.
async fn check_leader(client: &Client, epoch: i32, start: (i64, i32), end: i64) {
    let earliest = list(client, 7, EARLIEST, epoch).await;
    assert_eq!((earliest.offset, earliest.leader_epoch), start);
    let latest = list(client, 7, LATEST, epoch).await;
    assert_eq!((latest.offset, latest.leader_epoch), (end, epoch));
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some(TOPIC.to_owned()),
            ..Default::default()
        }]),
        ..Default::default()
    };
    let metadata = client.call(12, &request).await;
    assert_eq!(metadata.topics[0].partitions[0].leader_epoch, epoch);
    assert_eq!(end_of(client, epoch, epoch).await, Ok((epoch, end)));
    assert_eq!(read_on(client, epoch, end, epoch).await.error_code, 0);
    for (stale, code) in [
        (epoch - 1, ErrorCode::FencedLeaderEpoch),
        (epoch + 1, ErrorCode::UnknownLeaderEpoch),
    ] {
        if stale < 0 {
            continue;
        }
        assert_eq!(end_of(client, stale, epoch).await, Err(code.code()));
        assert_eq!(list(client, 7, LATEST, stale).await.error_code, code.code());
        assert_eq!(read_on(client, stale, end, NONE).await.error_code, code.code());
    }
}

/// A topic whose broker has started anew after five records, in epoch 1.
async fn started_anew(broker: &Broker) -> Client {
    broker.create(TOPIC, 1, &[]).await;
    let client = broker.connect().await;
    client.produce(TOPIC, Batch::of(5).bytes()).await;
    broker.register(2).await;
    client
}

#[test]
fn a_leader_knows_its_epoch_and_the_one_before_it_at_once() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        check_leader(&client, 0, (0, 0), 0).await;
        check_ends(&client, &[(NONE, (-1, -1)), (0, (0, 0)), (1, (-1, -1))]).await;
        client.produce(TOPIC, Batch::of(5).bytes()).await;
        check_leader(&client, 0, (0, 0), 5).await;
        broker.register(2).await;
        check_leader(&client, 1, (0, 0), 5).await;
        check_ends(
            &client,
            &[(NONE, (-1, -1)), (0, (0, 5)), (1, (1, 5)), (2, (-1, -1))],
        )
        .await;
    });
}

#[test]
fn epochs_without_records_end_where_the_one_before_them_does() {
    with_broker(|broker| async move {
        let client = started_anew(&broker).await;
        for incarnation in 3..6 {
            broker.register(incarnation).await;
        }
        check_leader(&client, 4, (0, 0), 5).await;
        let ends = [
            (0, (0, 5)),
            (1, (0, 5)),
            (2, (0, 5)),
            (3, (0, 5)),
            (4, (4, 5)),
            (5, (-1, -1)),
        ];
        check_ends(&client, &ends).await;
        client.produce(TOPIC, Batch::of(2).bytes()).await;
        check_leader(&client, 4, (0, 0), 7).await;
        check_ends(&client, &[(0, (0, 5)), (2, (0, 5)), (4, (4, 7)), (5, (-1, -1))]).await;
        broker.register(6).await;
        check_ends(&client, &[(3, (0, 5)), (4, (4, 7)), (5, (5, 7)), (6, (-1, -1))]).await;
    });
}

#[test]
fn a_reader_is_told_where_its_log_parts_from_this_one() {
    with_broker(|broker| async move {
        let client = started_anew(&broker).await;
        broker.register(3).await;
        // Epoch 0 has five records, 1 and 2 have none.
        check_diverges(&client, 5, 0, None).await;
        check_diverges(&client, 6, 0, Some((0, 5))).await;
        check_diverges(&client, 5, 1, Some((0, 5))).await;
        check_diverges(&client, 5, 2, None).await;
        check_diverges(&client, 6, 2, Some((2, 5))).await;
        // Nothing is known of an epoch to come.
        check_out_of_range(&client, 5, 3).await;
        // Whoever names no epoch is not asked for one.
        check_diverges(&client, 5, NONE, None).await;
        let answer = read_on(&client, -2, 5, -2).await;
        assert_eq!(answer.error_code, 0, "of a fetch every negative epoch is none");
        client.produce(TOPIC, Batch::of(2).bytes()).await;
        check_diverges(&client, 7, 2, None).await;
        check_diverges(&client, 7, 1, Some((0, 5))).await;
        check_diverges(&client, 7, 0, Some((0, 5))).await;
    });
}

#[test]
fn the_log_start_takes_epochs_along() {
    with_broker(|broker| async move {
        let client = started_anew(&broker).await;
        client.produce(TOPIC, Batch::of(2).bytes()).await;
        assert_eq!(delete(&client, TOPIC, 3).await, (0, 3));
        check_leader(&client, 1, (3, 0), 7).await;
        check_ends(&client, &[(0, (0, 5)), (1, (1, 7))]).await;
        assert_eq!(delete(&client, TOPIC, 6).await, (0, 6));
        check_leader(&client, 1, (6, 1), 7).await;
        // The records of epoch 0 are gone: it ends where what is known begins.
        check_ends(&client, &[(0, (0, 6)), (1, (1, 7)), (2, (-1, -1))]).await;
        // What lies before the log's start is out of range, whatever was fetched before.
        check_out_of_range(&client, 4, 0).await;
        check_out_of_range(&client, 4, 1).await;
        check_diverges(&client, 7, 0, Some((0, 6))).await;
        assert_eq!(delete(&client, TOPIC, -1).await, (0, 7));
        check_leader(&client, 1, (7, 1), 7).await;
        broker.register(3).await;
        // An empty log knows its leader's epoch alone.
        check_leader(&client, 2, (7, 2), 7).await;
        check_ends(&client, &[(0, (0, 7)), (1, (1, 7)), (2, (2, 7)), (3, (-1, -1))]).await;
    });
}
