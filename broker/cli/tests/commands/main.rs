//! Commands from their command line to their output, against a scripted broker on loopback.

#[path = "../../../../net/client/tests/support/mod.rs"]
#[expect(dead_code, reason = "the client's own tests use the rest of it")]
mod support;
mod transactions;

use std::io::{self, Write};

use bytes::Bytes;
use clap::{CommandFactory, Parser};
use corelog_cli::{CliError, Command, Exit, Globals, execute};
use corelog_client::Record;
use corelog_client::record::{BatchOptions, encode_batch};
use corelog_model::TimestampMs;
use corelog_protocol::messages::create_topics::{
    CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};
use corelog_protocol::messages::delete_topics::{
    DeletableTopicResult, DeleteTopicsRequest, DeleteTopicsResponse,
};
use corelog_protocol::messages::fetch::{FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData};
use corelog_protocol::messages::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use corelog_protocol::{ApiKey, ErrorCode};
use support::{FakeBroker, Setup, Step, answer};

#[derive(Debug, Parser)]
#[command(name = "corelog")]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

fn run_to(writer: &mut dyn Write, broker: &str, line: &str) -> Result<Exit, CliError> {
    let words = ["corelog", "--bootstrap", broker]
        .into_iter()
        .chain(line.split_whitespace());
    let cli = Cli::try_parse_from(words).unwrap();
    execute(&cli.globals, &cli.command, Cli::command(), writer)
}

fn run(broker: &FakeBroker, line: &str) -> (String, Result<Exit, CliError>) {
    let mut out = Vec::new();
    let result = run_to(&mut out, &broker.address.to_string(), line);
    (String::from_utf8(out).unwrap(), result)
}

/// Answers ListOffsets with `offset` for every partition asked for.
fn offsets(offset: i64) -> Step {
    answer(ApiKey::ListOffsets, move |request: ListOffsetsRequest| {
        let topic = &request.topics[0];
        let partition = |asked: &corelog_protocol::messages::list_offsets::ListOffsetsPartition| {
            ListOffsetsPartitionResponse {
                partition_index: asked.partition_index,
                offset,
                ..ListOffsetsPartitionResponse::default()
            }
        };
        ListOffsetsResponse {
            topics: vec![ListOffsetsTopicResponse {
                name: topic.name.clone(),
                partitions: topic.partitions.iter().map(partition).collect(),
            }],
            ..ListOffsetsResponse::default()
        }
    })
}

/// Answers a fetch from one partition with records of these values.
fn records(values: &'static [&'static str]) -> Step {
    answer(ApiKey::Fetch, move |request: FetchRequest| {
        let records: Vec<_> = values
            .iter()
            .map(|value| Record {
                value: Some(Bytes::from_static(value.as_bytes())),
                timestamp: TimestampMs::new(5),
                ..Record::default()
            })
            .collect();
        let topic = &request.topics[0];
        FetchResponse {
            topics: vec![FetchableTopicResponse {
                topic: topic.topic.clone(),
                topic_id: topic.topic_id,
                partitions: vec![PartitionData {
                    partition_index: topic.partitions[0].partition,
                    records: Some(encode_batch(&records, BatchOptions::default()).unwrap().into()),
                    ..PartitionData::default()
                }],
            }],
            ..FetchResponse::default()
        }
    })
}

#[test]
fn topics_are_listed_for_people_and_for_scripts() {
    let setup = Setup {
        topics: vec![("orders", 12), ("a", 1)],
        ..Setup::default()
    };
    let broker = FakeBroker::start(setup, Vec::new());
    let (text, result) = run(&broker, "topic list");
    assert_eq!(result.unwrap(), Exit::Success);
    assert_eq!(
        text,
        "TOPIC   PARTITIONS  REPLICAS\na                1         0\norders          12         0\n"
    );
    let (text, _) = run(&broker, "topic list -o json");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json[1]["topic"], "orders");
    assert_eq!(json[1]["partitions"], 12);
}

#[test]
fn what_was_done_is_printed_although_something_failed() {
    let created = |name: &str, error: ErrorCode| CreatableTopicResult {
        name: name.to_owned(),
        error_code: error.code(),
        num_partitions: 1,
        replication_factor: 1,
        ..CreatableTopicResult::default()
    };
    let broker = FakeBroker::start(
        Setup::default(),
        vec![answer(ApiKey::CreateTopics, move |_: CreateTopicsRequest| {
            CreateTopicsResponse {
                topics: vec![
                    created("a", ErrorCode::None),
                    created("b", ErrorCode::TopicAlreadyExists),
                ],
                ..CreateTopicsResponse::default()
            }
        })],
    );
    let (text, result) = run(&broker, "topic create a b");
    assert!(text.contains("a               1         1  created"), "{text}");
    let error = result.unwrap_err();
    assert_eq!(error.exit(), Exit::Failure);
    assert!(error.to_string().contains("b: "), "{error}");
}

#[test]
fn exit_codes_tell_reasons_apart() {
    let deleted = answer(ApiKey::DeleteTopics, |_: DeleteTopicsRequest| {
        DeleteTopicsResponse {
            responses: vec![DeletableTopicResult {
                name: Some("nope".into()),
                error_code: ErrorCode::UnknownTopicOrPartition.code(),
                ..DeletableTopicResult::default()
            }],
            ..DeleteTopicsResponse::default()
        }
    });
    let broker = FakeBroker::start(Setup::default(), vec![deleted]);
    let exit = |line: &str| run(&broker, line).1.unwrap_err().exit();
    assert_eq!(exit("topic delete nope"), Exit::NotFound);
    assert_eq!(exit("topic describe nope"), Exit::NotFound);
    assert_eq!(exit("consume orders --partition 7"), Exit::NotFound);
    assert_eq!(exit("topic list --bootstrap 127.0.0.1:"), Exit::Usage);
    let nobody = run_to(&mut io::sink(), "127.0.0.1:1", "topic list");
    assert_eq!(nobody.unwrap_err().exit(), Exit::Connection);
}

#[test]
fn records_are_printed_up_to_the_end_in_each_form() {
    let check = |format: &str, expected: &str| {
        let script = vec![offsets(0), offsets(2), offsets(2), records(&["x", "y", "later"])];
        let broker = FakeBroker::start(Setup::default(), script);
        let line = format!("consume orders -p 1 --from-beginning --exit-eof {format}");
        let (text, result) = run(&broker, &line);
        assert_eq!(result.unwrap(), Exit::Success);
        assert_eq!(text, expected);
        broker.finish();
    };
    check("", "x\ny\n");
    check("-f raw", "xy");
    check(
        "-v",
        "1\t0\t1970-01-01T00:00:00.005Z\tx\n1\t1\t1970-01-01T00:00:00.005Z\ty\n",
    );
    check("-k : -n 1", ":x\n");
    check(
        "-o json -n 1",
        "{\"topic\":\"orders\",\"partition\":1,\"offset\":0,\"timestamp\":5,\"key\":null,\"value\":\"x\",\"headers\":[]}\n",
    );
}

#[test]
fn commands_that_need_no_broker_need_none() {
    let check = |line: &str, part: &str| {
        let mut out = Vec::new();
        run_to(&mut out, "127.0.0.1:1", line).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(part), "{line}: {text}");
    };
    check("config reference", "### `num.partitions`");
    check("config reference -o json", "\"key\": \"num.partitions\"");
    check("config check --all", "journal.files");
    check("completions bash", "_corelog()");
    check("completions zsh", "#compdef corelog");
}

#[test]
fn a_closed_output_is_told_apart() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = run_to(&mut Closed, "127.0.0.1:1", "config reference").unwrap_err();
    assert!(
        matches!(&error, CliError::Output(cause) if cause.kind() == io::ErrorKind::BrokenPipe),
        "{error}"
    );
}

#[test]
fn records_are_trimmed_after_a_plan() {
    use corelog_protocol::messages::delete_records::{
        DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsTopicResult,
    };
    let broker = FakeBroker::start(Setup::default(), vec![offsets(10), offsets(100)]);
    let (text, result) = run(&broker, "topic trim orders:1 --to-offset 40 --dry-run");
    assert_eq!(result.unwrap(), Exit::Success);
    assert!(
        text.contains("orders          1     10         40  100         30\n"),
        "{text}"
    );
    assert!(text.contains("nothing was deleted"), "{text}");
    broker.finish();

    let deleted = answer(ApiKey::DeleteRecords, |request: DeleteRecordsRequest| {
        let partition = &request.topics[0].partitions[0];
        assert_eq!((partition.partition_index, partition.offset), (1, 40));
        DeleteRecordsResponse {
            topics: vec![DeleteRecordsTopicResult {
                name: "orders".into(),
                partitions: vec![DeleteRecordsPartitionResult {
                    partition_index: 1,
                    low_watermark: 40,
                    ..DeleteRecordsPartitionResult::default()
                }],
            }],
            ..DeleteRecordsResponse::default()
        }
    });
    let broker = FakeBroker::start(Setup::default(), vec![offsets(10), offsets(100), deleted]);
    let (text, result) = run(&broker, "topic trim orders:1 --to-offset 40 --yes -o json");
    assert_eq!(result.unwrap(), Exit::Success);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["executed"], true);
    assert_eq!(json["partitions"][0]["records"], 30);
    broker.finish();
}

#[test]
fn the_cluster_is_shown() {
    let broker = FakeBroker::start(Setup::default(), Vec::new());
    let (text, result) = run(&broker, "cluster info -o json");
    assert_eq!(result.unwrap(), Exit::Success);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["topics"], &json["partitions"]), (&1.into(), &2.into()));
    assert!(json["brokers"][0]["apis"].as_u64().unwrap() > 10, "{text}");
    let (text, result) = run(&broker, "cluster info --versions -X client.id=me");
    assert_eq!(result.unwrap(), Exit::Success);
    assert!(text.contains("ApiVersions"), "{text}");
    let refused = run(&broker, "topic list -X acks=1").1.unwrap_err();
    assert_eq!(refused.exit(), Exit::Usage);
}
