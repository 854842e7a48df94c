//! Transactions as their clients see them: both protocols (KIP-98, KIP-890), readers of committed records, offsets that are
//! committed with them, fencing, and what an administrator is told.

use bytes::Bytes;
use corelog_broker::admin;
use corelog_model::TopicId;
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::add_offsets_to_txn::AddOffsetsToTxnRequest;
use corelog_protocol::messages::add_partitions_to_txn::{AddPartitionsToTxnRequest, AddPartitionsToTxnTopic};
use corelog_protocol::messages::describe_producers::{DescribeProducersRequest, TopicRequest};
use corelog_protocol::messages::describe_transactions::DescribeTransactionsRequest;
use corelog_protocol::messages::end_txn::{EndTxnRequest, EndTxnResponse};
use corelog_protocol::messages::fetch::{FetchRequest, PartitionData};
use corelog_protocol::messages::find_coordinator::FindCoordinatorRequest;
use corelog_protocol::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use corelog_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use corelog_protocol::messages::list_transactions::ListTransactionsRequest;
use corelog_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use corelog_protocol::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};
use corelog_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use corelog_protocol::messages::write_txn_markers::{
    WritableTxnMarker, WritableTxnMarkerTopic, WriteTxnMarkersRequest,
};
use futures_util::future::join;

use crate::offsets::delete;
use crate::support::{self, Batch, Broker, Client, TOPIC, fetch, with_broker};

const ID: &str = "payments";
const GROUP: &str = "group";
/// Longer than any test may take: a wait that ends by it has missed what was to end it.
const LONG_MS: i32 = 600_000;
/// The newest version in which a producer names its partitions by itself.
const V1_PRODUCE: i16 = 11;
/// The first version that adds partitions to the transaction.
const V2_PRODUCE: i16 = 12;
const V1_END: i16 = 4;
const V2_END: i16 = 5;

/// Makes the coordinator's topic, and that of the groups, as clients do.
async fn find_coordinators(client: &Client) {
    for (key_type, key) in [(0, GROUP), (1, ID)] {
        let find = FindCoordinatorRequest {
            key: key.to_owned(),
            key_type,
            ..Default::default()
        };
        assert_eq!(client.call(3, &find).await.error_code, 0);
    }
}

async fn init(client: &Client, timeout_ms: i32, expected: Option<(i64, i16)>) -> InitProducerIdResponse {
    let (producer_id, producer_epoch) = expected.unwrap_or((-1, -1));
    let request = InitProducerIdRequest {
        transactional_id: Some(ID.to_owned()),
        transaction_timeout_ms: timeout_ms,
        producer_id,
        producer_epoch,
        ..Default::default()
    };
    loop {
        let answer = client.call(5, &request).await;
        // The coordinator loads, or ends the transaction of the producer before: clients ask again.
        let again = [
            ErrorCode::CoordinatorLoadInProgress,
            ErrorCode::NotCoordinator,
            ErrorCode::ConcurrentTransactions,
        ];
        if !again.iter().any(|code| code.code() == answer.error_code) {
            return answer;
        }
    }
}

/// A producer with the transactional id, on a connection of its own.
struct Producer {
    client: Client,
    id: i64,
    epoch: i16,
    /// The next sequence, by partition.
    sequences: [i32; 4],
}

impl Producer {
    async fn new(broker: &Broker) -> Producer {
        Producer::with_timeout(broker, 60_000).await
    }

    async fn with_timeout(broker: &Broker, timeout_ms: i32) -> Producer {
        let client = broker.connect().await;
        find_coordinators(&client).await;
        let answer = init(&client, timeout_ms, None).await;
        assert_eq!(answer.error_code, 0, "{answer:?}");
        Producer {
            client,
            id: answer.producer_id,
            epoch: answer.producer_epoch,
            sequences: [0; 4],
        }
    }

    fn batch(&self, partition: usize, records: i32) -> Bytes {
        let mut batch = Batch::of(records).sequenced(self.id, self.epoch, self.sequences[partition]);
        batch.options.is_transactional = true;
        batch.bytes()
    }

    /// Produces to a partition of the topic; the error code and the offset.
    async fn produce(&mut self, version: i16, partition: usize, records: i32) -> (i16, i64) {
        let index = i32::try_from(partition).expect("few partitions");
        let mut request = support::produce(-1, TOPIC, &[(index, self.batch(partition, records))]);
        request.transactional_id = Some(ID.into());
        let answer = self.client.call(version, &request).await;
        let answer = &answer.topics[0].partitions[0];
        if answer.error_code == 0 {
            self.sequences[partition] += records;
        }
        (answer.error_code, answer.base_offset)
    }

    async fn add(&self, partitions: &[i32]) -> Vec<i16> {
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: ID.to_owned(),
            v3_and_below_producer_id: self.id,
            v3_and_below_producer_epoch: self.epoch,
            v3_and_below_topics: vec![AddPartitionsToTxnTopic {
                name: TOPIC.to_owned(),
                partitions: partitions.to_vec(),
            }],
            ..Default::default()
        };
        loop {
            let answer = self.client.call(3, &request).await;
            let results = answer
                .results_by_topic_v3_and_below
                .iter()
                .flat_map(|topic| &topic.results_by_partition);
            let codes: Vec<i16> = results.map(|result| result.partition_error_code).collect();
            // The transaction before is being ended: clients ask again.
            if codes
                .iter()
                .all(|code| *code != ErrorCode::ConcurrentTransactions.code())
            {
                return codes;
            }
        }
    }

    async fn end_once(&self, version: i16, committed: bool) -> EndTxnResponse {
        let request = EndTxnRequest {
            transactional_id: ID.to_owned(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            committed,
        };
        self.client.call(version, &request).await
    }

    /// Ends the transaction, and takes over the epoch that a client of the second protocol is given.
    async fn end(&mut self, version: i16, committed: bool) -> i16 {
        let answer = self.end_once(version, committed).await;
        if version >= V2_END && answer.error_code == 0 {
            if answer.producer_id != self.id || answer.producer_epoch != self.epoch {
                self.sequences = [0; 4];
            }
            (self.id, self.epoch) = (answer.producer_id, answer.producer_epoch);
        }
        answer.error_code
    }

    async fn commit_offset(&self, version: i16, offset: i64) -> i16 {
        let request = TxnOffsetCommitRequest {
            transactional_id: ID.to_owned(),
            group_id: GROUP.to_owned(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            generation_id_or_member_epoch: -1,
            topics: vec![TxnOffsetCommitRequestTopic {
                name: TOPIC.to_owned(),
                topic_id: TopicId::ZERO,
                partitions: vec![TxnOffsetCommitRequestPartition {
                    partition_index: 0,
                    committed_offset: offset,
                    committed_leader_epoch: -1,
                    committed_metadata: None,
                }],
            }],
            ..Default::default()
        };
        self.client.call(version, &request).await.topics[0].partitions[0].error_code
    }
}

fn committed(partitions: &[(i32, i64)]) -> FetchRequest {
    FetchRequest {
        isolation_level: 1,
        ..fetch(TOPIC, partitions)
    }
}

async fn read(client: &Client, request: &FetchRequest) -> PartitionData {
    let answer = client.call(11, request).await.topics[0].partitions[0].clone();
    assert_eq!(answer.error_code, 0, "{answer:?}");
    answer
}

fn bytes(answer: &PartitionData) -> usize {
    answer.records.as_ref().map_or(0, |records| records.size())
}

/// The producer and the first offset of the aborted transactions of a read from `offset`.
async fn aborted(client: &Client, offset: i64) -> Vec<(i64, i64)> {
    let answer = read(client, &committed(&[(0, offset)])).await;
    let aborted = answer.aborted_transactions.unwrap_or_default();
    let told = aborted.iter().map(|one| (one.producer_id, one.first_offset));
    told.collect()
}

/// The latest offset under an isolation level.
async fn latest(client: &Client, isolation_level: i8) -> i64 {
    let request = ListOffsetsRequest {
        replica_id: -1,
        isolation_level,
        topics: vec![ListOffsetsTopic {
            name: TOPIC.to_owned(),
            partitions: vec![ListOffsetsPartition {
                partition_index: 0,
                current_leader_epoch: -1,
                timestamp: -1,
            }],
        }],
        ..Default::default()
    };
    client.call(7, &request).await.topics[0].partitions[0].offset
}

/// A group's offset of partition 0, and the error code.
async fn offset_of_group(client: &Client, require_stable: bool) -> (i64, i16) {
    let request = OffsetFetchRequest {
        group_id: GROUP.to_owned(),
        topics: Some(vec![OffsetFetchRequestTopic {
            name: TOPIC.to_owned(),
            partition_indexes: vec![0],
        }]),
        require_stable,
        ..Default::default()
    };
    let answer = client.call(7, &request).await.topics[0].partitions[0].clone();
    (answer.committed_offset, answer.error_code)
}

/// Waits until readers of committed records see up to `offset`: each answer comes when something has moved.
async fn until_stable(client: &Client, offset: i64) {
    let mut from = latest(client, 1).await;
    while from < offset {
        let mut request = committed(&[(0, from)]);
        request.max_wait_ms = LONG_MS;
        read(client, &request).await;
        from = latest(client, 1).await;
    }
}

#[test]
fn readers_of_committed_records_wait_for_the_end() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let mut producer = Producer::new(&broker).await;
        let reader = broker.connect().await;
        for (round, is_committed) in [true, false, true].into_iter().enumerate() {
            let start = i64::try_from(round).expect("few") * 4;
            assert_eq!(producer.produce(V2_PRODUCE, 0, 3).await, (0, start));
            // A record of somebody else lies behind it and waits, too.
            let open = read(&reader, &committed(&[(0, start)])).await;
            assert_eq!((open.high_watermark, open.last_stable_offset), (start + 3, start));
            assert_eq!(bytes(&open), 0);
            assert!(bytes(&read(&reader, &fetch(TOPIC, &[(0, start)])).await) > 0);
            assert_eq!(
                (latest(&reader, 0).await, latest(&reader, 1).await),
                (start + 3, start)
            );
            let mut waiting = committed(&[(0, start)]);
            waiting.max_wait_ms = LONG_MS;
            let (code, woken) = join(producer.end(V2_END, is_committed), read(&reader, &waiting)).await;
            assert_eq!(code, 0);
            assert!(
                bytes(&woken) > 0,
                "the end of the transaction wakes who waits for it"
            );
            until_stable(&reader, start + 4).await;
            assert_eq!(
                (latest(&reader, 0).await, latest(&reader, 1).await),
                (start + 4, start + 4)
            );
        }
        // The second transaction alone: it is told to whoever reads any part of it.
        for (offset, count) in [(0, 1), (4, 1), (6, 1), (7, 1), (8, 0)] {
            let told = aborted(&reader, offset).await;
            assert_eq!(told.len(), count, "from {offset}: {told:?}");
            assert!(told.iter().all(|(_, first)| *first == 4), "{told:?}");
        }
        let unasked = read(&reader, &fetch(TOPIC, &[(0, 0)])).await;
        assert_eq!(unasked.aborted_transactions, None);
    });
}

#[test]
fn the_first_protocol_names_its_partitions() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 2, &[]).await;
        let mut producer = Producer::new(&broker).await;
        let reader = broker.connect().await;
        // Without a transaction the coordinator knows nothing of the partition.
        let refused = ErrorCode::InvalidTxnState.code();
        assert_eq!(producer.produce(V1_PRODUCE - 1, 0, 1).await.0, refused);
        let refused = ErrorCode::TransactionAbortable.code();
        assert_eq!(producer.produce(V1_PRODUCE, 0, 1).await.0, refused);
        for round in 0..3 {
            assert_eq!(producer.add(&[0]).await, [0]);
            let offset = round * 3;
            assert_eq!(producer.produce(V1_PRODUCE, 0, 1).await, (0, offset));
            assert_eq!(producer.produce(V1_PRODUCE, 0, 1).await, (0, offset + 1));
            let refused = ErrorCode::TransactionAbortable.code();
            assert_eq!(producer.produce(V1_PRODUCE, 1, 1).await.0, refused, "not added");
            assert_eq!(producer.end(V1_END, true).await, 0);
            assert_eq!(
                producer.end(V1_END, true).await,
                0,
                "a repeated end is answered as the first"
            );
            let other = producer.end(V1_END, false).await;
            assert_eq!(other, ErrorCode::InvalidTxnState.code(), "it is committed");
            until_stable(&reader, offset + 3).await;
        }
        let unknown = producer.add(&[0, 7]).await;
        let expected = [
            ErrorCode::OperationNotAttempted,
            ErrorCode::UnknownTopicOrPartition,
        ];
        assert_eq!(unknown, expected.map(|code| code.code()), "all or nothing");
    });
}

#[test]
fn an_earlier_producer_is_fenced() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let mut zombie = Producer::new(&broker).await;
        assert_eq!(zombie.produce(V2_PRODUCE, 0, 2).await, (0, 0));
        let mut producer = Producer::new(&broker).await;
        assert_eq!(producer.id, zombie.id);
        assert!(producer.epoch > zombie.epoch);
        // The new one's start aborts what the old one has begun, and its marker keeps the old one out of the log.
        let reader = broker.connect().await;
        until_stable(&reader, 3).await;
        assert_eq!(aborted(&reader, 0).await, [(zombie.id, 0)]);
        let fenced = ErrorCode::InvalidProducerEpoch.code();
        assert_eq!(zombie.produce(V2_PRODUCE, 0, 1).await.0, fenced);
        assert_eq!(zombie.end(V2_END, true).await, ErrorCode::ProducerFenced.code());
        let fenced = ErrorCode::ProducerFenced.code();
        let again = init(&zombie.client, 60_000, Some((zombie.id, zombie.epoch))).await;
        assert_eq!(again.error_code, fenced);
        assert_eq!(producer.produce(V2_PRODUCE, 0, 1).await, (0, 3));
        assert_eq!(producer.end(V2_END, true).await, 0);
        until_stable(&reader, 5).await;
    });
}

#[test]
fn offsets_are_committed_with_the_transaction() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let mut producer = Producer::new(&broker).await;
        let reader = broker.connect().await;
        let mut stored = -1;
        for (offset, is_committed) in [(5, true), (9, false), (7, true)] {
            assert_eq!(producer.produce(V2_PRODUCE, 0, 1).await.0, 0);
            assert_eq!(producer.commit_offset(5, offset).await, 0);
            let unstable = ErrorCode::UnstableOffsetCommit.code();
            assert_eq!(offset_of_group(&reader, true).await, (-1, unstable));
            assert_eq!(offset_of_group(&reader, false).await, (stored, 0));
            assert_eq!(producer.end(V2_END, is_committed).await, 0);
            if is_committed {
                stored = offset;
            }
            let told = loop {
                // The groups' coordinator is told after the client has its answer.
                let told = offset_of_group(&reader, true).await;
                if told.1 != unstable {
                    break told;
                }
            };
            assert_eq!(told, (stored, 0));
        }
        // A commit without a transaction counts at once, beside one that is open.
        assert_eq!(producer.commit_offset(5, 20).await, 0);
        let plain = OffsetCommitRequest {
            group_id: GROUP.to_owned(),
            generation_id_or_member_epoch: -1,
            topics: vec![OffsetCommitRequestTopic {
                name: TOPIC.to_owned(),
                partitions: vec![OffsetCommitRequestPartition {
                    partition_index: 0,
                    committed_offset: 11,
                    committed_leader_epoch: -1,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let answer = reader.call(7, &plain).await;
        assert_eq!(answer.topics[0].partitions[0].error_code, 0);
        assert_eq!(offset_of_group(&reader, false).await, (11, 0));
    });
}

#[test]
fn the_first_protocol_adds_the_group() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let mut producer = Producer::new(&broker).await;
        let refused = ErrorCode::InvalidTxnState.code();
        assert_eq!(
            producer.commit_offset(3, 5).await,
            refused,
            "the group is not added"
        );
        let add = AddOffsetsToTxnRequest {
            transactional_id: ID.to_owned(),
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            group_id: GROUP.to_owned(),
        };
        assert_eq!(producer.client.call(3, &add).await.error_code, 0);
        assert_eq!(producer.commit_offset(3, 5).await, 0);
        assert_eq!(producer.end(V1_END, true).await, 0);
        loop {
            let told = offset_of_group(&producer.client, true).await;
            if told == (5, 0) {
                break;
            }
            assert_eq!(told.1, ErrorCode::UnstableOffsetCommit.code());
        }
    });
}

#[test]
fn a_transaction_that_takes_too_long_is_aborted() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let mut producer = Producer::with_timeout(&broker, 50).await;
        assert_eq!(producer.produce(V2_PRODUCE, 0, 2).await, (0, 0));
        let reader = broker.connect().await;
        until_stable(&reader, 3).await;
        assert_eq!(aborted(&reader, 0).await, [(producer.id, 0)]);
        // To its client the epoch before is that of an end that it has not heard of, and that was not this one.
        let end = producer.end(V2_END, true).await;
        assert_eq!(end, ErrorCode::InvalidTxnState.code());
        let late = producer.produce(V2_PRODUCE, 0, 1).await.0;
        assert_eq!(late, ErrorCode::InvalidProducerEpoch.code());
        let mut again = Producer::new(&broker).await;
        assert_eq!(again.produce(V2_PRODUCE, 0, 1).await, (0, 3));
        assert_eq!(again.end(V2_END, true).await, 0);
        until_stable(&reader, 5).await;
    });
}

#[test]
fn what_an_administrator_is_told_and_may_do() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 2, &[]).await;
        let mut producer = Producer::new(&broker).await;
        assert_eq!(producer.produce(V2_PRODUCE, 0, 2).await, (0, 0));
        assert_eq!(producer.produce(V2_PRODUCE, 1, 2).await, (0, 0));
        let admin = broker.connect().await;
        let describe = DescribeTransactionsRequest {
            transactional_ids: vec![ID.to_owned(), "nobody".to_owned()],
        };
        let told = admin.call(0, &describe).await.transaction_states;
        assert_eq!(told[0].error_code, 0);
        assert_eq!(told[0].transaction_state, "Ongoing");
        assert_eq!(told[0].topics[0].partitions, [0, 1]);
        assert_eq!(told[1].error_code, ErrorCode::TransactionalIdNotFound.code());
        let list = |state: &str| ListTransactionsRequest {
            state_filters: vec![state.to_owned()],
            duration_filter: -1,
            ..Default::default()
        };
        let listed = admin.call(1, &list("Ongoing")).await.transaction_states;
        assert_eq!(listed.len(), 1);
        assert_eq!(
            (listed[0].transactional_id.as_str(), listed[0].producer_id),
            (ID, producer.id)
        );
        assert!(admin.call(1, &list("Empty")).await.transaction_states.is_empty());
        let unknown = admin.call(1, &list("Nonsense")).await;
        assert_eq!(unknown.unknown_state_filters, ["Nonsense"]);

        let producers = DescribeProducersRequest {
            topics: vec![TopicRequest {
                name: TOPIC.to_owned(),
                partition_indexes: vec![0],
            }],
        };
        let told = admin.call(0, &producers).await.topics[0].partitions[0].clone();
        assert_eq!(told.active_producers[0].current_txn_start_offset, 0);
        let coordinator_epoch = told.active_producers[0].coordinator_epoch;

        // What `kafka-transactions abort` sends for a transaction that hangs.
        let abort = WriteTxnMarkersRequest {
            markers: vec![WritableTxnMarker {
                producer_id: producer.id,
                producer_epoch: producer.epoch,
                transaction_result: false,
                topics: vec![WritableTxnMarkerTopic {
                    name: TOPIC.to_owned(),
                    partition_indexes: vec![0, 5],
                }],
                coordinator_epoch,
                transaction_version: 0,
            }],
        };
        let written = admin.call(1, &abort).await.markers[0].topics[0]
            .partitions
            .clone();
        let codes: Vec<i16> = written.iter().map(|partition| partition.error_code).collect();
        assert_eq!(codes, [0, ErrorCode::UnknownTopicOrPartition.code()]);
        assert_eq!(latest(&admin, 1).await, 3);
        assert_eq!(aborted(&admin, 0).await, [(producer.id, 0)]);
        assert_eq!(producer.end(V2_END, false).await, 0);
    });
}

#[test]
fn records_of_an_open_transaction_may_be_deleted() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let mut producer = Producer::new(&broker).await;
        assert_eq!(producer.produce(V2_PRODUCE, 0, 4).await, (0, 0));
        let reader = broker.connect().await;
        assert_eq!(delete(&reader, TOPIC, 2).await, (0, 2));
        let open = read(&reader, &committed(&[(0, 2)])).await;
        assert_eq!((open.log_start_offset, open.last_stable_offset), (2, 2));
        assert_eq!(producer.end(V2_END, true).await, 0);
        until_stable(&reader, 5).await;
    });
}

#[test]
fn what_a_producer_may_not_do() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let mut producer = Producer::new(&broker).await;
        let invalid = [
            (
                init(&producer.client, 0, None).await,
                ErrorCode::InvalidTransactionTimeout,
            ),
            (
                init(&producer.client, i32::MAX, None).await,
                ErrorCode::InvalidTransactionTimeout,
            ),
            (
                init(&producer.client, 1000, Some((producer.id + 1, 0))).await,
                ErrorCode::ProducerFenced,
            ),
        ];
        for (answer, expected) in invalid {
            assert_eq!(answer.error_code, expected.code(), "{answer:?}");
        }
        // An end without a transaction.
        let nothing = producer.end_once(V1_END, true).await;
        assert_eq!(nothing.error_code, ErrorCode::InvalidTxnState.code());
        // Another's producer id, and an epoch that nobody has been given.
        let own = (producer.id, producer.epoch);
        producer.id += 1;
        let foreign = producer.end(V2_END, true).await;
        assert_eq!(foreign, ErrorCode::InvalidProducerIdMapping.code());
        assert_eq!(
            producer.produce(V2_PRODUCE, 0, 1).await.0,
            ErrorCode::InvalidProducerIdMapping.code()
        );
        (producer.id, producer.epoch) = (own.0, own.1 + 7);
        let early = producer.produce(V2_PRODUCE, 0, 1).await.0;
        assert!(
            [
                ErrorCode::ProducerFenced.code(),
                ErrorCode::InvalidProducerEpoch.code()
            ]
            .contains(&early),
            "{early}"
        );
        (producer.id, producer.epoch) = own;
        // Records without a transaction while one is open.
        assert_eq!(producer.produce(V2_PRODUCE, 0, 1).await.0, 0);
        let plain = Batch::of(1).sequenced(producer.id, producer.epoch, 1).bytes();
        let answer = producer.client.produce(TOPIC, plain).await;
        assert_eq!(answer.error_code, ErrorCode::InvalidTxnState.code());
        assert_eq!(producer.end(V2_END, true).await, 0);
    });
}

/// The value of a metric without labels.
async fn metric(broker: &Broker, name: &str) -> f64 {
    let text = admin::metrics(&broker.shard).await;
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = value.unwrap_or_else(|| panic!("no {name}"));
    value.parse().expect("a number")
}

#[test]
fn metrics_tell_of_transactions() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 2, &[]).await;
        let mut producer = Producer::new(&broker).await;
        for committed in [true, false, true] {
            assert_eq!(producer.produce(V2_PRODUCE, 0, 1).await.0, 0);
            assert_eq!(producer.produce(V2_PRODUCE, 1, 1).await.0, 0);
            assert_eq!(metric(&broker, "corelog_transactions_open").await, 1.0);
            assert_eq!(producer.end(V2_END, committed).await, 0);
            // Until the last transaction is complete.
            while metric(&broker, "corelog_transactions_open").await > 0.0 {}
        }
        for (name, expected) in [
            ("corelog_transactional_ids", 1.0),
            ("corelog_transactions_open_age_max_seconds", 0.0),
            ("corelog_transactions_committed_total", 2.0),
            ("corelog_transactions_aborted_total", 1.0),
            ("corelog_transactions_timed_out_total", 0.0),
            ("corelog_transaction_markers_pending", 0.0),
            ("corelog_transaction_marker_delay_seconds_count", 3.0),
        ] {
            assert_eq!(metric(&broker, name).await, expected, "{name}");
        }
        let mut hasty = Producer::with_timeout(&broker, 50).await;
        assert_eq!(hasty.produce(V2_PRODUCE, 0, 1).await.0, 0);
        while metric(&broker, "corelog_transactions_timed_out_total").await < 1.0 {}
        assert_eq!(metric(&broker, "corelog_transactions_aborted_total").await, 2.0);
    });
}
