//! The client against a scripted broker on loopback.

mod support;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use corelog_client::record::{BatchOptions, encode_batch};
use corelog_client::{
    Client, ClientError, ClientOptions, ConnectionError, Consumer, ConsumerOptions, NewTopic, OffsetAt,
    Producer, ProducerOptions, Record,
};
use corelog_model::batch::parse_header;
use corelog_model::{Offset, PartitionIndex, TimestampMs};
use corelog_protocol::messages::create_topics::{
    CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};
use corelog_protocol::messages::fetch::{FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData};
use corelog_protocol::messages::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};
use corelog_protocol::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use corelog_protocol::messages::list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup};
use corelog_protocol::messages::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use corelog_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use corelog_protocol::messages::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use corelog_protocol::{ApiKey, ErrorCode};
use support::{FakeBroker, Reply, Setup, Step, answer, raw};

fn record(value: &'static str) -> Record {
    Record {
        value: Some(Bytes::from_static(value.as_bytes())),
        timestamp: TimestampMs::new(1_700_000_000_000),
        ..Record::default()
    }
}

fn init_producer_id() -> Step {
    answer(ApiKey::InitProducerId, |request: InitProducerIdRequest| {
        assert_eq!(request.transactional_id, None, "Kafka refuses an empty one");
        InitProducerIdResponse {
            producer_id: 77,
            ..InitProducerIdResponse::default()
        }
    })
}

fn produced(request: &ProduceRequest, base_offset: i64, error: ErrorCode) -> ProduceResponse {
    ProduceResponse {
        topics: vec![TopicProduceResponse {
            name: request.topics[0].name.clone(),
            topic_id: request.topics[0].topic_id,
            partitions: request.topics[0]
                .partitions
                .iter()
                .map(|partition| PartitionProduceResponse {
                    index: partition.index,
                    error_code: error.code(),
                    base_offset,
                    ..PartitionProduceResponse::default()
                })
                .collect(),
        }],
        ..ProduceResponse::default()
    }
}

#[test]
fn a_broker_that_is_older_is_asked_again_in_its_version() {
    let setup = Setup {
        api_versions_last: 2,
        version_last: 9,
        ..Setup::default()
    };
    let broker = FakeBroker::start(setup, Vec::new());
    let client = broker.client();
    assert_eq!(client.cluster().brokers.len(), 1);
    let asked: Vec<_> = broker.seen();
    assert_eq!(
        asked,
        [
            (ApiKey::ApiVersions, 5),
            (ApiKey::ApiVersions, 2),
            (ApiKey::Metadata, 9)
        ]
    );
}

#[test]
fn an_api_without_a_common_version_is_named() {
    let setup = Setup {
        version_last: 1,
        ..Setup::default()
    };
    let broker = FakeBroker::start(setup, Vec::new());
    let error = broker
        .client()
        .create_topics(&[NewTopic::default()], false)
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("CreateTopics") && message.contains(&broker.address.to_string()),
        "{message}"
    );
}

#[test]
fn nobody_there_names_every_address() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let options = ClientOptions::new(vec![free.to_string().parse().unwrap()]);
    let error = Client::connect(options).unwrap_err();
    assert!(error.is_connection());
    let message = error.to_string();
    assert!(
        message.contains(&free.to_string()) && message.contains("is the broker running"),
        "{message}"
    );
}

#[test]
fn topics_are_created_and_refused_one_by_one() {
    let broker = FakeBroker::start(
        Setup::default(),
        vec![answer(ApiKey::CreateTopics, |request: CreateTopicsRequest| {
            assert_eq!(request.topics[0].num_partitions, 3);
            assert_eq!(request.topics[1].num_partitions, -1);
            assert_eq!(request.topics[1].configs[0].name, "retention.ms");
            CreateTopicsResponse {
                topics: vec![
                    CreatableTopicResult {
                        name: "a".into(),
                        num_partitions: 3,
                        replication_factor: 1,
                        ..CreatableTopicResult::default()
                    },
                    CreatableTopicResult {
                        name: "b".into(),
                        error_code: ErrorCode::TopicAlreadyExists.code(),
                        error_message: Some("Topic 'b' already exists.".into()),
                        ..CreatableTopicResult::default()
                    },
                ],
                ..CreateTopicsResponse::default()
            }
        })],
    );
    let topics = [
        NewTopic {
            name: "a".into(),
            partitions: Some(3),
            ..NewTopic::default()
        },
        NewTopic {
            name: "b".into(),
            configs: BTreeMap::from([("retention.ms".into(), "5".into())]),
            ..NewTopic::default()
        },
    ];
    let outcomes = broker.client().create_topics(&topics, false).unwrap();
    assert_eq!(outcomes["a"].as_ref().unwrap().partitions, Some(3));
    let refused = outcomes["b"].as_ref().unwrap_err();
    assert_eq!(refused.code(), Some(ErrorCode::TopicAlreadyExists));
    broker.finish();
}

#[test]
fn a_batch_is_sent_again_as_it_was_after_a_change_of_leader_and_a_broken_connection() {
    let sequence_of = |request: &ProduceRequest| {
        let bytes = request.topics[0].partitions[0].records.clone().unwrap();
        let header = parse_header(&bytes).unwrap();
        (
            header.producer.unwrap().base_sequence.unwrap().get(),
            header.record_count,
        )
    };
    let broker = FakeBroker::start(
        Setup::default(),
        vec![
            init_producer_id(),
            answer(ApiKey::Produce, move |request: ProduceRequest| {
                assert_eq!(sequence_of(&request), (0, 2));
                produced(&request, -1, ErrorCode::NotLeaderOrFollower)
            }),
            raw(ApiKey::Produce, |_, _| Reply::Close),
            answer(ApiKey::Produce, move |request: ProduceRequest| {
                assert_eq!(sequence_of(&request), (0, 2));
                produced(&request, 40, ErrorCode::None)
            }),
            answer(ApiKey::Produce, move |request: ProduceRequest| {
                assert_eq!(sequence_of(&request), (2, 1));
                produced(&request, 42, ErrorCode::None)
            }),
        ],
    );
    let mut client = broker.client();
    let mut producer = Producer::new(&mut client, "orders", ProducerOptions::default()).unwrap();
    let partition = Some(PartitionIndex::new(1));
    producer.add(record("one"), partition).unwrap();
    producer.add(record("two"), partition).unwrap();
    let deliveries = producer.flush().unwrap();
    assert_eq!(deliveries.len(), 1);
    assert_eq!(
        (deliveries[0].records, deliveries[0].base_offset),
        (2, Offset::new(40))
    );
    producer.add(record("three"), partition).unwrap();
    assert_eq!(producer.flush().unwrap()[0].base_offset, Offset::new(42));
    assert_eq!(producer.flush().unwrap(), []);
    broker.finish();
}

#[test]
fn what_a_retry_does_not_help_is_told_at_once() {
    let broker = FakeBroker::start(
        Setup::default(),
        vec![
            init_producer_id(),
            answer(ApiKey::Produce, |request: ProduceRequest| {
                produced(&request, -1, ErrorCode::MessageTooLarge)
            }),
        ],
    );
    let mut client = broker.client();
    let mut producer = Producer::new(&mut client, "orders", ProducerOptions::default()).unwrap();
    producer.add(record("x"), None).unwrap();
    let error = producer.flush().unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::MessageTooLarge));
    assert!(error.to_string().contains("of topic orders"), "{error}");
    broker.finish();
}

#[test]
fn a_fetch_moves_the_position_and_leaves_earlier_records_out() {
    let broker = FakeBroker::start(
        Setup::default(),
        vec![answer(ApiKey::Fetch, |request: FetchRequest| {
            assert_eq!(request.topics[0].partitions[0].fetch_offset, 1);
            let batch = encode_batch(&[record("a"), record("b"), record("c")], BatchOptions::default());
            FetchResponse {
                topics: vec![FetchableTopicResponse {
                    topic: request.topics[0].topic.clone(),
                    topic_id: request.topics[0].topic_id,
                    partitions: vec![PartitionData {
                        partition_index: 0,
                        high_watermark: 3,
                        records: Some(batch.unwrap().into()),
                        ..PartitionData::default()
                    }],
                }],
                ..FetchResponse::default()
            }
        })],
    );
    let mut client = broker.client();
    client.topic("orders", false).unwrap();
    let positions = BTreeMap::from([(PartitionIndex::new(0), Offset::new(1).unwrap())]);
    let mut consumer = Consumer::new(&mut client, "orders", positions, ConsumerOptions::default());
    let fetched = consumer.poll().unwrap();
    let values: Vec<_> = fetched[0]
        .records
        .iter()
        .map(|r| r.value.clone().unwrap())
        .collect();
    assert_eq!(values, ["b", "c"]);
    assert_eq!(consumer.positions()[&PartitionIndex::new(0)].get(), 3);
    broker.finish();
}

#[test]
fn offsets_are_listed_and_a_missing_one_is_none() {
    let broker = FakeBroker::start(
        Setup::default(),
        vec![answer(ApiKey::ListOffsets, |request: ListOffsetsRequest| {
            assert_eq!(request.topics[0].partitions[0].timestamp, 1234);
            let partition = |partition_index, offset| ListOffsetsPartitionResponse {
                partition_index,
                offset,
                ..ListOffsetsPartitionResponse::default()
            };
            ListOffsetsResponse {
                topics: vec![ListOffsetsTopicResponse {
                    name: "orders".into(),
                    partitions: vec![partition(0, 9), partition(1, -1)],
                }],
                ..ListOffsetsResponse::default()
            }
        })],
    );
    let mut client = broker.client();
    client.topic("orders", false).unwrap();
    let partitions = [0, 1].map(PartitionIndex::new);
    let at = OffsetAt::Timestamp(TimestampMs::new(1234));
    let offsets = client.list_offsets("orders", &partitions, at).unwrap();
    assert_eq!(offsets.into_values().collect::<Vec<_>>(), [Offset::new(9), None]);
    broker.finish();
}

#[test]
fn a_coordinator_that_moves_is_found_again() {
    // The broker names itself, and its port is known once it listens.
    let port = Arc::new(OnceLock::new());
    let coordinator = || {
        let port = Arc::clone(&port);
        answer(ApiKey::FindCoordinator, move |request: FindCoordinatorRequest| {
            assert_eq!(request.coordinator_keys, ["g"]);
            FindCoordinatorResponse {
                coordinators: vec![Coordinator {
                    key: "g".into(),
                    node_id: 1,
                    host: "127.0.0.1".into(),
                    port: *port.get().unwrap(),
                    ..Coordinator::default()
                }],
                ..FindCoordinatorResponse::default()
            }
        })
    };
    let committed = |error: ErrorCode| {
        answer(ApiKey::OffsetCommit, move |request: OffsetCommitRequest| {
            OffsetCommitResponse {
                topics: vec![OffsetCommitResponseTopic {
                    name: request.topics[0].name.clone(),
                    topic_id: request.topics[0].topic_id,
                    partitions: vec![OffsetCommitResponsePartition {
                        partition_index: 0,
                        error_code: error.code(),
                    }],
                }],
                ..OffsetCommitResponse::default()
            }
        })
    };
    let script = vec![
        coordinator(),
        committed(ErrorCode::NotCoordinator),
        coordinator(),
        committed(ErrorCode::None),
    ];
    let broker = FakeBroker::start(Setup::default(), script);
    port.set(i32::from(broker.address.port)).unwrap();
    let mut client = broker.client();
    client.topic("orders", false).unwrap();
    let offsets = BTreeMap::from([(("orders".to_owned(), PartitionIndex::new(0)), Offset::ZERO)]);
    client.commit_offsets("g", &offsets).unwrap();
    broker.finish();
}

#[test]
fn groups_of_all_brokers_are_listed_once_in_order() {
    let broker = FakeBroker::start(
        Setup::default(),
        vec![answer(ApiKey::ListGroups, |_: ListGroupsRequest| {
            ListGroupsResponse {
                groups: ["z", "a", "z"]
                    .map(|id| ListedGroup {
                        group_id: id.into(),
                        ..ListedGroup::default()
                    })
                    .to_vec(),
                ..ListGroupsResponse::default()
            }
        })],
    );
    let groups = broker.client().list_groups().unwrap();
    assert_eq!(
        groups.iter().map(|group| group.id.as_str()).collect::<Vec<_>>(),
        ["a", "z"]
    );
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "it measures that a real wait is bounded"
)]
fn a_broker_that_says_nothing_times_out_within_the_bound() {
    let silent = || raw(ApiKey::ListGroups, |_, _| Reply::Silence);
    let broker = FakeBroker::start(Setup::default(), (0..8).map(|_| silent()).collect());
    let mut client = broker.client();
    let start = Instant::now();
    let error = client.list_groups().unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(6));
    assert!(
        matches!(error, ClientError::Connection(ConnectionError::TimedOut { .. })),
        "{error}"
    );
}

#[test]
fn impossible_frames_are_errors() {
    let check = |frame: &'static [u8], part: &str| {
        let broker = FakeBroker::start(
            Setup::default(),
            vec![raw(ApiKey::ListGroups, |_, _| Reply::Raw(frame.to_vec()))],
        );
        let message = broker.client().list_groups().unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    };
    check(b"HTTP/1.1 400", "impossible frame");
    check(&[0xff, 0xff, 0xff, 0xff], "impossible frame");
    check(&[0, 0, 0, 5, 0, 0, 0, 99, 0], "answered request 99");
    check(&[0, 0, 0, 2, 0, 0], "malformed answer");
}
