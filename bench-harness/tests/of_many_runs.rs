//! Searches, comparisons and sweeps against the generator's own sink, in one process.

use std::net::{Ipv4Addr, SocketAddr};

use corelog_bench::compare::{CompareOptions, Side, TargetOptions, compare, render_comparison};
use corelog_bench::find_max::{FindMaxOptions, SearchOptions, find_max};
use corelog_bench::report::{Context, Environment};
use corelog_bench::run::{GiveUp, RunError, RunOptions, SinkHandle, run, start_sink};
use corelog_bench::sink::SinkOptions;
use corelog_bench::sweep::{PointOptions, Variation, combinations, sweep};
use corelog_bench::workload::{Workload, parse};

fn sink() -> (SinkHandle, RunOptions) {
    let options = SinkOptions {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        partitions: 4,
        durable: None,
    };
    let sink = start_sink(options, 1).expect("a free port");
    let options = RunOptions {
        bootstrap: sink.address().to_string(),
        threads: 1,
        cores: Vec::new(),
        server_pid: Some(std::process::id()),
        keeps_topics: false,
        is_quiet: true,
        gives_up: GiveUp::Never,
    };
    (sink, options)
}

fn workload(settings: &[&str]) -> Workload {
    let common = "partitions_per_topic = 4\nsubscriptions_per_topic = 0\nwarm_up_s = 0.2\nduration_s = 0.5\n\
                  producer_rate = 1000";
    let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
    parse(common, &settings).expect("a workload")
}

fn context(kind: &'static str) -> Context {
    Context::new(kind, 0, Environment::default(), 1)
}

#[test]
fn a_search_goes_up_to_its_bound_and_tells_every_step() {
    let (sink, options) = sink();
    let searched = FindMaxOptions {
        slos: vec!["p99<10s".parse().unwrap()],
        search: SearchOptions {
            start: 1000.0,
            rate_min: 1.0,
            rate_max: 3000.0,
            tolerance: 0.1,
            steps_max: 10,
        },
        step_s: 0.5,
        warm_up_s: 0.1,
    };
    let mut seen = Vec::new();
    let result = find_max(&searched, &options, &workload(&[]), |step| seen.push(step.rate)).unwrap();
    assert!(seen.ends_with(&[3000.0, 3000.0]), "{:?}", result.steps);
    // A stall of the machine has a rate tried again.
    seen.dedup();
    assert_eq!(seen, [1000.0, 2000.0, 3000.0], "{:?}", result.steps);
    assert_eq!(
        (result.found.rate, result.found.is_confirmed),
        (Some(3000.0), true)
    );
    assert!(result.steps.iter().all(|step| step.publish_latency.count > 0));
    // What nobody can keep.
    let impossible = FindMaxOptions {
        slos: vec!["p50<0.000001ms".parse().unwrap()],
        search: SearchOptions {
            rate_min: 1000.0,
            ..searched.search
        },
        ..searched
    };
    let result = find_max(&impossible, &options, &workload(&[]), |_| {}).unwrap();
    assert_eq!(result.found.rate, None);
    assert_eq!(result.steps.len(), 2);
    assert!(
        result.steps[0].violations[0].starts_with("p50 is "),
        "{:?}",
        result.steps
    );
    sink.stop().unwrap();
}

#[test]
fn a_run_that_falls_behind_ends_early() {
    let (sink, options) = sink();
    let options = RunOptions {
        gives_up: GiveUp::Behind,
        ..options
    };
    // A hundred gigabytes a second.
    let hopeless = workload(&["producer_rate=1e6", "duration_s=20", "message_size=100kb"]);
    match run(&options, &hopeless) {
        Err(RunError::FellBehind { after_s, lag_s }) => {
            assert!(after_s < 30.0 && lag_s >= 1.0, "{after_s} {lag_s}");
        }
        other => panic!(
            "the run went through: {:?}",
            other.map(|result| result.measured.totals)
        ),
    }
    sink.stop().unwrap();
}

#[test]
fn a_comparison_interleaves_its_runs() {
    let (sink, options) = sink();
    let target = |label: &str, rate: &str| TargetOptions {
        label: label.to_owned(),
        bootstrap: options.bootstrap.clone(),
        start: None,
        server_pid: None,
        server_data: None,
        log: None,
        settings: vec![rate.to_owned()],
        workload: workload(&[rate]),
    };
    let compared = CompareOptions {
        a: target("twice", "producer_rate=2000"),
        b: target("once", "producer_rate=1000"),
        pairs: 2,
        calibrate_s: 0.0,
    };
    let nobody = TargetOptions {
        bootstrap: String::from("127.0.0.1:1"),
        ..compared.b.clone()
    };
    let half = CompareOptions {
        b: nobody,
        ..compared.clone()
    };
    let refused = compare(&half, &options, context("comparison"), |run| {
        panic!("a run was made: {run:?}")
    });
    assert_eq!(
        refused.unwrap_err().to_string(),
        "once does not answer at 127.0.0.1:1"
    );
    let result = compare(&compared, &options, context("comparison"), |_| {}).unwrap();
    let order: Vec<(u32, Side)> = result.runs.iter().map(|run| (run.pair, run.target)).collect();
    assert_eq!(order, [(1, Side::A), (1, Side::B), (2, Side::A), (2, Side::B)]);
    let rate = result
        .metrics
        .iter()
        .find(|metric| metric.name == "published_messages_per_s")
        .unwrap();
    let ratio = rate.ratio.unwrap();
    assert!((ratio.median - 2.0).abs() < 0.5, "{rate:?}");
    assert!(result.holds);
    let none = |name: &str| result.metrics.iter().all(|metric| metric.name != name);
    assert!(none("end_to_end_p99_ms"), "there are no consumers");
    let text = render_comparison(&result);
    assert!(text.contains("A = twice, B = once; 2 pairs"), "{text}");
    let json = serde_json::to_value(&result).unwrap();
    assert_eq!(json["kind"], "comparison");
    assert_eq!(json["runs"][1]["target"], "b");
    assert_eq!(json["targets"]["a"]["settings"][0], "producer_rate=2000");
    assert!(json["metrics"][0]["ratio"]["median"].is_number());
    sink.stop().unwrap();
}

#[test]
fn a_sweep_runs_every_point() {
    let (sink, options) = sink();
    let vary: Vec<Variation> = vec!["message_size=100,1kb".parse().unwrap()];
    let points = combinations(&vary)
        .into_iter()
        .map(|settings| PointOptions {
            workload: workload(&settings.iter().map(String::as_str).collect::<Vec<_>>()),
            settings,
        })
        .collect();
    let result = sweep(&options, context("sweep"), vary, points, |_| {}).unwrap();
    assert!(result.holds);
    let sizes: Vec<u64> = result
        .points
        .iter()
        .map(|point| point.report.published.bytes / point.report.published.messages)
        .collect();
    assert_eq!(sizes, [100, 1024]);
    assert_eq!(result.points[1].settings, ["message_size=1kb"]);
    // The series has what the process used in each second that was over when the run ended.
    assert!(result.points.iter().all(|point| !point.report.seconds.is_empty()));
    sink.stop().unwrap();
}

#[test]
fn real_records_are_sent() {
    let (sink, options) = sink();
    let records = workload(&["payload_file=sample:web-events", "compression=zstd"]);
    let result = run(&options, &records).unwrap();
    let totals = result.measured.totals;
    let mean = totals.published_bytes as f64 / totals.published as f64;
    assert!((250.0..600.0).contains(&mean), "{mean} bytes a message");
    sink.stop().unwrap();
}
