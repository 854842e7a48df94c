use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use corelog_model::{PartitionIndex, ShardId, TopicName};
use corelog_protocol::ApiKey;
use corelog_runtime::TimeSpent;
use corelog_storage::StorageStats;

use super::*;
use crate::admin::metrics::gather::{GroupLag, PartitionLevels, ShardReport};
use crate::metrics::{Counter, ShardMetrics};

/// Two shards, these topics with so many partitions each, and a group that reads the first topic.
fn gathered(topics: usize, partitions: i32) -> Arc<Gathered> {
    let metrics = ShardMetrics::new(Rc::default());
    metrics.add(Counter::ProducedBytes, 1 << 60);
    metrics.answered(ApiKey::Produce, Duration::from_micros(700));
    metrics.answered(ApiKey::Produce, Duration::from_secs(100));
    metrics.failed(ApiKey::Produce, 3);
    metrics.failed(ApiKey::Produce, 3);
    metrics.failed(ApiKey::Produce, 87);
    metrics.answered(ApiKey::Fetch, Duration::from_millis(500));
    let mut storage = StorageStats {
        commit_nanos: 1_500_000_000,
        ..StorageStats::default()
    };
    storage.commit_buckets[3] = 2;
    storage.commit_buckets[15] = 1;
    let shards = (0..2).map(|id| ShardReport {
        id: ShardId::new(id),
        storage,
        spent: TimeSpent {
            work: Duration::from_millis(1500),
            ..TimeSpent::default()
        },
        request_memory_used: 5,
        fetch_memory_used: 6,
        answer_memory_used: 7,
    });
    let indices = || (0..partitions).map(PartitionIndex::new);
    let levels = |(topic, index)| PartitionLevels {
        topic,
        index,
        high_watermark: 1_234_567,
        log_start: 1,
        bytes: 1 << 40,
    };
    let places = (0..topics).flat_map(|topic| indices().map(move |index| (topic, index)));
    Arc::new(Gathered {
        counters: metrics.snapshot(),
        shards: shards.collect(),
        topics: (0..topics)
            .map(|number| TopicName::new(&format!("topic-{number}")).expect("a name"))
            .collect(),
        partitions: places.map(levels).collect(),
        lags: indices()
            .map(|partition| GroupLag {
                group: Arc::from("a \"group\"\\\n of mine"),
                topic: 0,
                partition,
                records: 3,
            })
            .collect(),
        ..Gathered::default()
    })
}

fn print(gathered: &Arc<Gathered>, format: Format) -> Vec<String> {
    let mut printer = Printer::new(Arc::clone(gathered), format);
    std::iter::from_fn(|| printer.next_piece()).collect()
}

/// A sample's name, labels and value, as the formats write them.
type Sample = (String, Labels, f64);
type Labels = Vec<(String, String)>;

/// Reads a line with a sample; panics at what the formats do not allow.
fn sample(line: &str) -> Sample {
    let end = line.find([' ', '{']).unwrap_or_else(|| panic!("{line}"));
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    while let Some(after) = rest.strip_prefix(['{', ',']) {
        let (label, value) = after.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
        let (mut text, mut characters) = (String::new(), value.char_indices());
        let end = loop {
            match characters.next().unwrap_or_else(|| panic!("{line}")) {
                (at, '"') => break at,
                (_, '\\') => match characters.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, c @ ('"' | '\\'))) => text.push(c),
                    other => panic!("{other:?} is escaped in {line}"),
                },
                (_, c) => text.push(c),
            }
        };
        if label == "le" {
            // One format writes 0.000016, the other 1.6e-5.
            text = text.parse::<f64>().expect("a bound").to_string();
        }
        labels.push((label.to_owned(), text));
        rest = &value[end + 1..];
        if let Some(after) = rest.strip_prefix('}') {
            rest = after;
            break;
        }
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line}"));
    let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
    labels.sort();
    (name.to_owned(), labels, value)
}

/// A family: its name, kind and unit, and its samples.
#[derive(Default)]
struct Family {
    name: String,
    head: BTreeMap<String, String>,
    samples: Vec<Sample>,
}

/// Reads a whole exposition: families one after another, each with its head in front of its samples.
fn parse(text: &str, format: Format) -> Vec<Family> {
    let body = match format {
        Format::OpenMetrics => text.strip_suffix("# EOF\n").expect("an end"),
        Format::Prometheus => text,
    };
    let mut families: Vec<Family> = Vec::new();
    for line in body.lines() {
        let Some(head) = line.strip_prefix("# ") else {
            let family = families.last_mut().expect("a head comes first");
            family.samples.push(sample(line));
            continue;
        };
        let words: Vec<&str> = head.splitn(3, ' ').collect();
        let [word, name, value] = words[..] else {
            panic!("{line}")
        };
        if families.last().is_none_or(|family| family.name != name) {
            families.push(Family {
                name: name.to_owned(),
                ..Family::default()
            });
        }
        let family = families.last_mut().expect("just made");
        assert!(family.samples.is_empty(), "{line} is amid samples");
        assert_eq!(
            family.head.insert(word.to_owned(), value.to_owned()),
            None,
            "{line}"
        );
    }
    families
}

/// What the formats demand of a family.
fn check(family: &Family, format: Format) {
    let (name, head) = (&family.name, &family.head);
    let kind = head["TYPE"].as_str();
    assert!(!head["HELP"].is_empty(), "{name}");
    match head.get("UNIT") {
        Some(unit) => assert!(name.ends_with(&format!("_{unit}")), "{name}"),
        None => assert!(
            format == Format::Prometheus || !name.ends_with("_bytes"),
            "{name}"
        ),
    }
    let mut seen = BTreeSet::new();
    for (sample, labels, value) in &family.samples {
        assert!(
            seen.insert((sample, labels)),
            "{sample} {labels:?} is there twice"
        );
        let suffix = sample
            .strip_prefix(name.as_str())
            .unwrap_or_else(|| panic!("{sample} in {name}"));
        let allowed: &[&str] = match (kind, format) {
            ("counter", Format::OpenMetrics) => &["_total"],
            ("histogram", _) => &["_bucket", "_sum", "_count"],
            ("counter" | "gauge", _) => &[""],
            other => panic!("{other:?}"),
        };
        assert!(allowed.contains(&suffix), "{sample}");
        assert!(kind == "gauge" || *value >= 0.0, "{sample}");
        assert!(kind != "counter" || format == Format::OpenMetrics || sample.ends_with("_total"));
    }
    if kind == "histogram" {
        check_histogram(family);
    }
}

fn check_histogram(family: &Family) {
    let mut by_owner: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    for (sample, labels, value) in &family.samples {
        let (bound, owner): (Vec<_>, Vec<_>) = labels.iter().cloned().partition(|(label, _)| label == "le");
        if sample.ends_with("_bucket") {
            let bound = bound[0].1.parse().expect("a bound");
            by_owner.entry(owner).or_default().push((bound, *value));
        } else if sample.ends_with("_count") {
            counts.insert(owner, *value);
        }
    }
    // The process, or two shards or APIs.
    let is_of_process = by_owner.contains_key(&Labels::new());
    assert_eq!(by_owner.len(), if is_of_process { 1 } else { 2 });
    for (owner, buckets) in by_owner {
        assert!(
            buckets
                .windows(2)
                .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1),
            "{owner:?}: {buckets:?}"
        );
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, counts[&owner])));
    }
}

#[test]
fn both_formats_are_well_formed_and_tell_the_same() {
    let gathered = gathered(3, 500);
    let mut told = Vec::new();
    for format in [Format::OpenMetrics, Format::Prometheus] {
        let families = parse(&print(&gathered, format).concat(), format);
        assert_eq!(families.len(), TABLE.len());
        for (family, metric) in families.iter().zip(TABLE) {
            check(family, format);
            let named = match (metric.kind, format) {
                (Kind::Counter, Format::OpenMetrics) => format!("{}_total", family.name),
                _ => family.name.clone(),
            };
            assert_eq!(named, metric.name);
            assert_eq!(family.head["HELP"], metric.help);
        }
        told.push(
            families
                .into_iter()
                .flat_map(|family| family.samples)
                .collect::<Vec<_>>(),
        );
    }
    let [open_metrics, prometheus] = &told[..] else {
        panic!("two formats")
    };
    // One writes a histogram's sum first, the other its buckets.
    let sorted = |samples: &[Sample]| {
        let mut lines: Vec<String> = samples.iter().map(|sample| format!("{sample:?}")).collect();
        lines.sort();
        lines
    };
    for (one, other) in sorted(open_metrics).into_iter().zip(sorted(prometheus)) {
        assert_eq!(one, other);
    }
    assert_eq!(open_metrics.len(), prometheus.len());
    let find = |name: &str, label: &str| {
        let found = prometheus.iter().find(|(sample, labels, _)| {
            sample == name && (label.is_empty() || labels.iter().any(|(_, value)| value == label))
        });
        found.unwrap_or_else(|| panic!("{name} {label}")).2
    };
    assert_eq!(find("corelog_shard_work_seconds_total", "1"), 1.5);
    assert_eq!(find("corelog_journal_commit_seconds_sum", "0"), 1.5);
    assert_eq!(find("corelog_journal_commit_seconds_count", "0"), 3.0);
    assert_eq!(find("corelog_requests_total", "Produce"), 2.0);
    assert_eq!(
        find("corelog_request_errors_total", "UNKNOWN_TOPIC_OR_PARTITION"),
        2.0
    );
    assert_eq!(find("corelog_request_errors_total", "INVALID_RECORD"), 1.0);
    assert_eq!(find("corelog_request_total_time_seconds_sum", "Fetch"), 0.5);
    assert_eq!(find("corelog_partition_size_bytes", "topic-2"), 2f64.powi(40));
    assert_eq!(find("corelog_consumer_group_lag", "a \"group\"\\\n of mine"), 3.0);
    assert_eq!(find("corelog_produced_bytes_total", ""), 2f64.powi(60));
}

/// Whatever there is, a piece is a bounded part of it: that is what keeps a scrape from holding its shard. Prints what a
/// hundred thousand partitions take.
#[test]
#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn a_piece_is_small_with_many_partitions() {
    let gathered = gathered(100, 1000);
    for format in [Format::OpenMetrics, Format::Prometheus] {
        let mut printer = Printer::new(Arc::clone(&gathered), format);
        let (mut total, mut longest, mut bytes, mut pieces) = (Duration::ZERO, Duration::ZERO, 0, 0);
        loop {
            let start = std::time::Instant::now();
            let Some(piece) = printer.next_piece() else {
                break;
            };
            let took = start.elapsed();
            (total, longest) = (total + took, longest.max(took));
            // A shard's histogram is the longest sample.
            assert!(piece.lines().count() <= SAMPLES_A_PIECE + 500);
            assert!(piece.len() < 64 << 10, "{}", piece.len());
            (bytes, pieces) = (bytes + piece.len(), pieces + 1);
        }
        assert!(pieces >= 300_000 / SAMPLES_A_PIECE);
        println!(
            "{format:?}: 100000 partitions are {bytes} bytes in {pieces} pieces; printing takes {total:?}, the longest piece {longest:?}"
        );
    }
}
