//! The commands on transactions.

use std::sync::{Arc, OnceLock};

use corelog_cli::Exit;
use corelog_protocol::messages::describe_producers::{
    DescribeProducersRequest, DescribeProducersResponse, PartitionResponse, ProducerState, TopicResponse,
};
use corelog_protocol::messages::describe_transactions::{
    DescribeTransactionsRequest, DescribeTransactionsResponse, TopicData, TransactionState as Described,
};
use corelog_protocol::messages::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};
use corelog_protocol::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use corelog_protocol::messages::list_transactions::{
    ListTransactionsRequest, ListTransactionsResponse, TransactionState as Listed,
};
use corelog_protocol::messages::write_txn_markers::{
    WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
    WriteTxnMarkersRequest, WriteTxnMarkersResponse,
};
use corelog_protocol::{ApiKey, ErrorCode};

use crate::run;
use crate::support::{FakeBroker, Setup, Step, answer};

const ID: &str = "payments";

/// Where the scripted broker is, for its answers to FindCoordinator.
type Port = Arc<OnceLock<i32>>;

fn start(port: &Port, script: Vec<Step>) -> FakeBroker {
    let broker = FakeBroker::start(Setup::default(), script);
    port.set(i32::from(broker.address.port)).unwrap();
    broker
}

fn coordinator(port: &Port) -> Step {
    let port = Arc::clone(port);
    answer(ApiKey::FindCoordinator, move |request: FindCoordinatorRequest| {
        assert_eq!(
            (request.key_type, &*request.coordinator_keys),
            (1, &[ID.to_owned()][..])
        );
        FindCoordinatorResponse {
            coordinators: vec![Coordinator {
                key: ID.into(),
                node_id: 1,
                host: "127.0.0.1".into(),
                port: *port.get().unwrap(),
                ..Coordinator::default()
            }],
            ..FindCoordinatorResponse::default()
        }
    })
}

/// Lists these ids with their producers, if the filters are those.
fn listed(expected: ListTransactionsRequest, ids: &'static [(&'static str, i64)]) -> Step {
    answer(
        ApiKey::ListTransactions,
        move |request: ListTransactionsRequest| {
            assert_eq!(request, expected);
            let listed = |(id, producer_id): &(&str, i64)| Listed {
                transactional_id: (*id).to_owned(),
                producer_id: *producer_id,
                transaction_state: "Ongoing".into(),
            };
            ListTransactionsResponse {
                transaction_states: ids.iter().map(listed).collect(),
                ..ListTransactionsResponse::default()
            }
        },
    )
}

fn of_producers(producer_ids: &[i64]) -> ListTransactionsRequest {
    ListTransactionsRequest {
        producer_id_filters: producer_ids.to_vec(),
        ..ListTransactionsRequest::default()
    }
}

/// Describes the id: a transaction of producer 4000 in these partitions.
fn described(partitions: &'static [i32]) -> Step {
    answer(
        ApiKey::DescribeTransactions,
        move |request: DescribeTransactionsRequest| {
            assert_eq!(request.transactional_ids, [ID]);
            DescribeTransactionsResponse {
                transaction_states: vec![Described {
                    transactional_id: ID.into(),
                    transaction_state: "Ongoing".into(),
                    transaction_timeout_ms: 60_000,
                    transaction_start_time_ms: 1_000,
                    producer_id: 4000,
                    producer_epoch: 3,
                    topics: vec![TopicData {
                        topic: "orders".into(),
                        partitions: partitions.to_vec(),
                    }],
                    ..Described::default()
                }],
                ..DescribeTransactionsResponse::default()
            }
        },
    )
}

/// Answers for each partition with producers of an age beyond all bounds, by id and first offset of their transactions.
fn producers(told: &'static [(i64, i64)]) -> Step {
    answer(
        ApiKey::DescribeProducers,
        move |request: DescribeProducersRequest| {
            let producer = |(producer_id, start): &(i64, i64)| ProducerState {
                producer_id: *producer_id,
                producer_epoch: 3,
                last_sequence: 5,
                last_timestamp: 1_000,
                coordinator_epoch: -1,
                current_txn_start_offset: *start,
            };
            let topic = &request.topics[0];
            let partition = |index: &i32| PartitionResponse {
                partition_index: *index,
                active_producers: told.iter().map(producer).collect(),
                ..PartitionResponse::default()
            };
            DescribeProducersResponse {
                topics: vec![TopicResponse {
                    name: topic.name.clone(),
                    partitions: topic.partition_indexes.iter().map(partition).collect(),
                }],
                ..DescribeProducersResponse::default()
            }
        },
    )
}

/// Answers a marker that aborts this producer's transaction in partition 1.
fn marker(producer_id: i64, coordinator_epoch: i32, error: ErrorCode) -> Step {
    answer(ApiKey::WriteTxnMarkers, move |request: WriteTxnMarkersRequest| {
        let marker = &request.markers[0];
        assert_eq!((marker.producer_id, marker.producer_epoch), (producer_id, 3));
        assert_eq!(
            (marker.coordinator_epoch, marker.transaction_result),
            (coordinator_epoch, false)
        );
        assert_eq!(marker.topics[0].partition_indexes, [1]);
        WriteTxnMarkersResponse {
            markers: vec![WritableTxnMarkerResult {
                producer_id,
                topics: vec![WritableTxnMarkerTopicResult {
                    name: marker.topics[0].name.clone(),
                    partitions: vec![WritableTxnMarkerPartitionResult {
                        partition_index: 1,
                        error_code: error.code(),
                    }],
                }],
            }],
        }
    })
}

#[test]
fn ids_are_listed_and_described() {
    let filters = ListTransactionsRequest {
        state_filters: vec!["Ongoing".into()],
        duration_filter: 90_000,
        transactional_id_pattern: Some("p.*".into()),
        ..ListTransactionsRequest::default()
    };
    let port = Port::default();
    let script = vec![
        listed(filters, &[("payments", 4000), ("a", 7)]),
        coordinator(&port),
        described(&[0, 1]),
    ];
    let broker = start(&port, script);
    let (text, result) = run(
        &broker,
        "transaction list --state ongoing --longer-than 90s --pattern p.*",
    );
    assert_eq!(result.unwrap(), Exit::Success);
    assert_eq!(
        text,
        "TRANSACTIONAL-ID  STATE    PRODUCER-ID  COORDINATOR\n\
         a                 Ongoing            7            1\n\
         payments          Ongoing         4000            1\n"
    );
    let (text, _) = run(&broker, "transactions describe payments -o json");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json[0]["transactional_id"], ID);
    assert_eq!(
        (&json[0]["producer_epoch"], &json[0]["timeout_ms"]),
        (&3.into(), &60_000.into())
    );
    assert_eq!(
        json[0]["partitions"][1],
        serde_json::json!({ "topic": "orders", "partition": 1 })
    );
    broker.finish();
}

#[test]
fn what_hangs_is_found_and_how_to_end_it_is_said() {
    let port = Port::default();
    let script = vec![
        producers(&[(4000, 17), (5000, 20), (6000, -1)]),
        listed(of_producers(&[4000, 5000]), &[(ID, 4000)]),
        coordinator(&port),
        // Its coordinator ends it in one of the two partitions.
        described(&[0]),
        producers(&[(4000, 17), (5000, 20)]),
    ];
    let broker = start(&port, script);
    let (text, result) = run(&broker, "transaction find-hanging --topic orders");
    assert_eq!(result.unwrap(), Exit::Success);
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows.len(), 5, "{text}");
    assert_eq!(rows[1][..6], ["orders", "0", "5000", "3", "-", "20"]);
    assert_eq!(rows[2][..6], ["orders", "1", "4000", "3", "-", "17"]);
    assert_eq!(rows[3][..6], ["orders", "1", "5000", "3", "-", "20"]);
    assert!(
        text.ends_with("corelog transaction abort --topic orders --partition 0 --start-offset 20\n"),
        "{text}"
    );
    broker.finish();
    let broker = start(&Port::default(), vec![producers(&[(6000, -1)])]);
    let (text, _) = run(&broker, "transaction find-hanging --topic orders --partition 1");
    assert_eq!(text, "No transaction hangs in the 1 partition looked at.\n");
}

const ABORT: &str = "transaction abort --topic orders --partition 1";

#[test]
fn a_transaction_that_hangs_is_aborted() {
    let script = vec![
        producers(&[(4000, 17)]),
        listed(of_producers(&[4000]), &[]),
        marker(4000, 0, ErrorCode::None),
        marker(4000, 7, ErrorCode::None),
        marker(4000, 2, ErrorCode::TransactionCoordinatorFenced),
    ];
    let broker = start(&Port::default(), script);
    let (text, result) = run(&broker, &format!("{ABORT} --start-offset 17"));
    assert_eq!(result.unwrap(), Exit::Success);
    assert_eq!(text, "orders-1  producer 4000 epoch 3  aborted\n");
    let by_producer = format!("{ABORT} --producer-id 4000 --producer-epoch 3 --coordinator-epoch");
    let (text, _) = run(&broker, &format!("{by_producer} 7 -o json"));
    assert!(text.contains("\"result\": \"aborted\""), "{text}");
    let error = run(&broker, &format!("{by_producer} 2")).1.unwrap_err();
    assert_eq!(error.exit(), Exit::Failure);
    assert!(error.to_string().contains("--coordinator-epoch"), "{error}");
    broker.finish();
}

#[test]
fn a_transaction_that_its_coordinator_ends_is_left_to_it() {
    let port = Port::default();
    let script = vec![
        producers(&[(4000, 17)]),
        listed(of_producers(&[4000]), &[(ID, 4000)]),
        coordinator(&port),
        described(&[1]),
        producers(&[(4000, 17)]),
        marker(4000, 0, ErrorCode::None),
        producers(&[(4000, 17), (5000, 20)]),
    ];
    let broker = start(&port, script);
    let error = run(&broker, &format!("{ABORT} --start-offset 17")).1.unwrap_err();
    assert_eq!(error.exit(), Exit::Failure);
    assert!(error.to_string().contains("force-terminate payments"), "{error}");
    let forced = run(&broker, &format!("{ABORT} --start-offset 17 --force")).1;
    assert_eq!(forced.unwrap(), Exit::Success);
    let error = run(&broker, &format!("{ABORT} --start-offset 18")).1.unwrap_err();
    assert_eq!(error.exit(), Exit::NotFound);
    assert!(
        error.to_string().ends_with("those that are begin at 17, 20"),
        "{error}"
    );
    broker.finish();
}

#[test]
fn an_id_is_terminated_if_it_is_there() {
    let port = Port::default();
    let unknown = answer(ApiKey::DescribeTransactions, |_: DescribeTransactionsRequest| {
        DescribeTransactionsResponse {
            transaction_states: vec![Described {
                error_code: ErrorCode::TransactionalIdNotFound.code(),
                ..Described::default()
            }],
            ..DescribeTransactionsResponse::default()
        }
    });
    let fenced = answer(ApiKey::InitProducerId, |request: InitProducerIdRequest| {
        assert_eq!(request.transactional_id.as_deref(), Some(ID));
        InitProducerIdResponse {
            producer_id: 4000,
            producer_epoch: 5,
            ..InitProducerIdResponse::default()
        }
    });
    let script = vec![
        coordinator(&port),
        described(&[1]),
        fenced,
        coordinator(&port),
        unknown,
    ];
    let broker = start(&port, script);
    let (text, result) = run(&broker, "transaction force-terminate payments");
    assert_eq!(result.unwrap(), Exit::Success);
    assert_eq!(
        text,
        "payments  was Ongoing, terminated  producer 4000 epoch 3 is fenced\n"
    );
    let error = run(&broker, "transaction force-terminate payments")
        .1
        .unwrap_err();
    assert_eq!(error.exit(), Exit::NotFound);
    assert!(error.to_string().contains("corelog transaction list"), "{error}");
    broker.finish();
}
