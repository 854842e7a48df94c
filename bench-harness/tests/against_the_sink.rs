//! The generator against its own sink, in one process: every mode comes to an end and counts what it sent.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use corelog_bench::run::{GiveUp, RunOptions, RunResult, run, start_sink};
use corelog_bench::sink::{DurableOptions, SinkOptions};
use corelog_bench::workload::parse;
use corelog_client::{Address, Connection, ConnectionOptions};
use corelog_model::batch::parse_header;
use corelog_protocol::messages::metadata::MetadataRequest;

fn run_against_sink(text: &str, threads: u16) -> RunResult {
    run_against(None, text, threads)
}

fn run_against(durable: Option<DurableOptions>, text: &str, threads: u16) -> RunResult {
    let sink = SinkOptions {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        partitions: 4,
        durable,
    };
    let sink = start_sink(sink, 2).expect("a free port");
    let common = "partitions_per_topic = 4\nsubscriptions_per_topic = 0\nwarm_up_s = 0.2\nduration_s = 1.0\n";
    let workload = parse(&format!("{common}{text}"), &[]).expect("a workload");
    let options = RunOptions {
        bootstrap: sink.address().to_string(),
        threads,
        cores: Vec::new(),
        server_pid: Some(std::process::id()),
        keeps_topics: false,
        is_quiet: true,
        gives_up: GiveUp::Never,
    };
    let result = run(&options, &workload).expect("the sink answers");
    sink.stop().expect("the sink ends");
    assert!(result.measured.errors.is_empty(), "{:?}", result.measured.errors);
    assert_eq!(result.unsent, 0);
    result
}

#[test]
fn a_durable_sink_writes_what_it_acknowledges() {
    for writes_in_flight in [1, 4] {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let text =
            "mode = \"closed\"\noutstanding = 1\nproducers_per_topic = 4\nlinger_ms = 0\nbatch_size = 1";
        let durable = DurableOptions {
            dir: dir.path().to_owned(),
            writes_in_flight,
        };
        let result = run_against(Some(durable), text, 1);
        assert!(result.measured.publish.count() > 0);
        // One of the sink's two threads has the first of the connections.
        let of_each =
            [0, 1].map(|shard| std::fs::read(dir.path().join(format!("sink-{shard}"))).expect("its file"));
        let batches: Vec<_> = of_each
            .iter()
            .filter_map(|file| parse_header(file).ok())
            .collect();
        assert!(batches.iter().all(|batch| batch.record_count == 1), "{batches:?}");
        assert!(!batches.is_empty(), "nothing was written");
    }
}

#[test]
fn an_open_loop_sends_its_schedule_and_nothing_else() {
    for arrival in ["constant", "poisson"] {
        let text = format!(
            "producer_rate = 2000\narrival = \"{arrival}\"\nproducers_per_topic = 3\ntopics = 2\n\
             key_distributor = \"zipf\"\ncompression = \"lz4\""
        );
        let result = run_against_sink(&text, 2);
        let intended = result.measured.publish.count();
        assert_eq!(
            result.measured.delay.count(),
            intended,
            "each message was taken on once"
        );
        let spread = if arrival == "constant" { 1..=6 } else { 0..=300 };
        assert!(
            spread.contains(&(intended.abs_diff(2000) + 1)),
            "{arrival}: {intended} messages"
        );
        // Warm-up and measurement, and all that the second-by-second figures have.
        let all: u64 = result.seconds.iter().map(|row| row.published).sum();
        assert!(all >= intended);
        assert!(result.server.is_some());
    }
}

#[test]
fn a_closed_loop_waits_for_each_answer() {
    let result = run_against_sink("mode = \"closed\"\nproducers_per_topic = 2\nlinger_ms = 0", 1);
    assert!(result.measured.totals.published > 0);
    // One message a request: as many answers as messages.
    assert_eq!(result.measured.totals.published, result.measured.totals.requests);
}

#[test]
fn full_speed_ends_on_time_with_all_acknowledged() {
    let result = run_against_sink("mode = \"max\"\nmessage_size = 100\nproducers_per_topic = 2", 2);
    assert!(result.measured.totals.published > 0);
    let all: u64 = result.seconds.iter().map(|row| row.published).sum();
    assert!(all >= result.measured.totals.published);
}

#[test]
fn without_acknowledgements_sent_is_published() {
    let result = run_against_sink("acks = \"none\"\nidempotence = false\nproducer_rate = 500", 1);
    assert!(result.measured.publish.count().abs_diff(500) <= 1);
}

#[test]
fn a_backlog_is_built_first() {
    let result = run_against_sink("backlog_bytes = 1_024_000\nproducer_rate = 100", 2);
    assert_eq!(result.measured.backlog_built, 1000);
}

#[test]
fn each_thread_names_the_port_that_the_sink_listens_on() {
    let sink = SinkOptions {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        partitions: 1,
        durable: None,
    };
    let sink = start_sink(sink, 2).expect("a free port");
    let address: Address = sink.address().to_string().parse().expect("an address");
    // Connections go to the threads in turn, and those before stay open.
    let mut connections = Vec::new();
    for number in 0..2 {
        let mut connection =
            Connection::open(&address, &ConnectionOptions::default()).expect("the sink listens");
        let metadata = connection
            .call(Duration::ZERO, |_| MetadataRequest::default())
            .expect("an answer");
        let brokers: Vec<_> = metadata.brokers.iter().map(|broker| broker.port).collect();
        assert_eq!(brokers, [i32::from(address.port)], "connection {number}");
        connections.push(connection);
    }
    sink.stop().expect("the sink ends");
}
