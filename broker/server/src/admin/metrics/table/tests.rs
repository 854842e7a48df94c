use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;

const PAGE: &str = include_str!("../../../../../../perf/METRICS.md");

#[test]
fn names_units_and_help_follow_the_rules() {
    let mut names = BTreeSet::new();
    for Metric {
        name,
        kind,
        unit,
        help,
        ..
    } in TABLE
    {
        assert!(names.insert(name), "{name} is there twice");
        assert!(name.starts_with("corelog_"), "{name}");
        let words: Vec<&str> = name.split('_').collect();
        assert!(
            words.iter().all(|word| {
                !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            }),
            "{name} is no snake case"
        );
        let stem = match kind {
            Kind::Counter => name
                .strip_suffix("_total")
                .unwrap_or_else(|| panic!("{name} counts")),
            Kind::Gauge | Kind::Histogram => name,
        };
        // The formats put these behind names themselves.
        for suffix in ["_total", "_bucket", "_sum", "_count", "_created", "_info"] {
            assert!(!stem.ends_with(suffix), "{name}");
        }
        match unit {
            Unit::Bytes => assert!(stem.ends_with("_bytes"), "{name}"),
            Unit::Seconds => assert!(stem.ends_with("_seconds"), "{name}"),
            Unit::Plain => {
                let units = [
                    "bytes",
                    "kib",
                    "mib",
                    "kilobytes",
                    "megabytes",
                    "seconds",
                    "millis",
                    "milliseconds",
                    "ms",
                    "micros",
                    "microseconds",
                    "us",
                    "nanos",
                    "nanoseconds",
                    "ns",
                    "minutes",
                    "percent",
                ];
                assert!(
                    !words.iter().any(|word| units.contains(word)),
                    "{name} has a unit"
                );
            }
        }
        assert!(
            *kind != Kind::Histogram || *unit == Unit::Seconds,
            "{name} has durations"
        );
        assert!(help.len() > 10 && help.ends_with('.'), "{name}: {help}");
        // Neither format would need escapes, which they do differently.
        assert!(!help.contains(['\\', '"', '\n']), "{name}: {help}");
    }
}

#[test]
fn the_page_lists_the_table() {
    let mut rows = String::from("| metric | kind | unit | labels | what it tells |\n|---|---|---|---|---|\n");
    for metric in TABLE {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let unit = match metric.unit {
            Unit::Plain => "",
            Unit::Bytes => "bytes",
            Unit::Seconds => "seconds",
        };
        let labels = match metric.owner {
            Owner::Process(_) | Owner::Volume(_) => "",
            Owner::Shard(_) => "`shard`",
            Owner::Api(_) => "`api`",
            Owner::ApiError => "`api`, `error`",
            Owner::Partition(_) | Owner::Compacted(_) => "`topic`, `partition`",
            Owner::GroupPartition => "`group`, `topic`, `partition`",
        };
        let _ = writeln!(
            rows,
            "| `{}` | {kind} | {unit} | {labels} | {} |",
            metric.name, metric.help
        );
    }
    assert!(
        PAGE.contains(&rows),
        "perf/METRICS.md is to have this table:\n{rows}"
    );
}

/// The names of metrics in a text, as far as they are ours; those with a colon are recording rules.
fn names_in(text: &str) -> BTreeSet<&str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    let words = text.split(|c: char| !is_of_name(c));
    words
        .filter(|word| word.starts_with("corelog_") && !word.contains(':'))
        .collect()
}

#[test]
fn what_is_generated_for_prometheus_and_grafana_names_what_there_is() {
    let mut there = BTreeSet::new();
    for metric in TABLE {
        match metric.kind {
            Kind::Counter | Kind::Gauge => assert!(there.insert(metric.name.to_owned())),
            Kind::Histogram => {
                there.extend(["_bucket", "_sum", "_count"].map(|end| format!("{}{end}", metric.name)))
            }
        }
    }
    let dashboard = corelog_cli::grafana_dashboard();
    for (text, least) in [(dashboard.as_str(), 30), (corelog_cli::PROMETHEUS_RULES, 15)] {
        let names = names_in(text);
        assert!(names.len() >= least, "{names:?}");
        for name in names {
            assert!(there.contains(name), "there is no metric {name}");
        }
    }
    // What is recorded, too.
    let recorded: BTreeSet<&str> = corelog_cli::PROMETHEUS_RULES
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- record: "))
        .collect();
    for word in dashboard.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))) {
        assert!(
            !word.starts_with("corelog:") || recorded.contains(word),
            "no rule records {word}"
        );
    }
}
