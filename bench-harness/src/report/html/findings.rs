//! What results of more than one run found: a comparison its ratios, a search its steps, a sweep its curve.

use serde_json::Value;

use super::chart::{Axis, Chart, Level, Series};
use super::group::{Spread, dash};
use super::page::Finding;
use super::plots::{milliseconds, rate};
use super::scale::Scale;
use super::tables::Table;
use crate::figures::{grouped, short};

/// What this document found, if it is one of more than one run.
pub(super) fn finding(value: &Value) -> Option<Finding> {
    match value.get("kind").and_then(Value::as_str)? {
        "comparison" => Some(comparison(value)),
        "find-max" => Some(search(value)),
        "sweep" => sweep(value),
        _ => None,
    }
}

fn numbers(value: Option<&Value>) -> Vec<f64> {
    let items = value.and_then(Value::as_array);
    let number = |item: &Value| item.as_f64().unwrap_or(f64::NAN);
    items.into_iter().flatten().map(number).collect()
}

fn text<'a>(value: &'a Value, pointer: &str, other: &'a str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or(other)
}

/// The metrics of a comparison that the chart shows; the table has them all.
const CHARTED: [&str; 4] = [
    "published_messages_per_s",
    "publish_p50_ms",
    "publish_p99_ms",
    "server_cpu_s_per_gib",
];

/// The ratio A / B of each metric, pair by pair.
fn comparison(value: &Value) -> Finding {
    let (a, b) = (
        text(value, "/targets/a/label", "A"),
        text(value, "/targets/b/label", "B"),
    );
    let metrics = value.get("metrics").and_then(Value::as_array);
    let mut table = Table {
        caption: format!("Medians of the runs, and {a} / {b} pair by pair"),
        columns: [a, b, "Ratio, median", "Lowest–highest", "Better for A"]
            .map(str::to_owned)
            .to_vec(),
        ..Table::default()
    };
    let mut series = Vec::new();
    for metric in metrics.into_iter().flatten() {
        let Some(name) = metric.get("name").and_then(Value::as_str) else {
            continue;
        };
        let ratios = numbers(metric.get("ratios"));
        let Some(ratio) = Spread::of(ratios.iter().copied()) else {
            continue;
        };
        if CHARTED.contains(&name) {
            let points = ratios
                .iter()
                .zip(1u32..)
                .map(|(ratio, pair)| (f64::from(pair), *ratio));
            series.push(Series::scatter(spoken(name), series.len(), points.collect()));
        }
        table.rows.push((spoken(name), row_of_metric(metric, ratio)));
    }
    let charts = ratios_by_pair(&format!("{a} / {b}"), series);
    Finding {
        title: format!("{a} against {b}"),
        sentences: vec![format!(
            "Runs of {a} and {b} alternate. A ratio is {a}'s figure divided by {b}'s of the same pair, so that what \
             the machine does meanwhile meets both."
        )],
        charts: charts.into_iter().collect(),
        tables: vec![table],
    }
}

fn row_of_metric(metric: &Value, ratio: Spread) -> Vec<String> {
    let median =
        |side: &str| Spread::of(numbers(metric.get(side))).map_or_else(dash, |spread| short(spread.median));
    let better = metric
        .get("better")
        .and_then(Value::as_str)
        .map_or_else(dash, |better| {
            let better = if better.contains("high") {
                "above 1"
            } else {
                "below 1"
            };
            better.to_owned()
        });
    vec![
        median("a"),
        median("b"),
        short(ratio.median),
        format!("{}–{}", short(ratio.low), short(ratio.high)),
        better,
    ]
}

/// `publish_p99_ms` as people say it.
fn spoken(metric: &str) -> String {
    let (name, unit) = [
        ("_per_s", "a second"),
        ("_ms", "ms"),
        ("_per_gib", "a GiB"),
        ("_per_million", "a million messages"),
    ]
    .into_iter()
    .find_map(|(suffix, unit)| Some((metric.strip_suffix(suffix)?, unit)))
    .unwrap_or((metric, ""));
    let name = name
        .replace('_', " ")
        .replace("p9999", "p99.99")
        .replace("p999", "p99.9");
    let name = name
        .replace("cpu s", "CPU s")
        .replace("rss bytes max", "resident bytes, most");
    if unit.is_empty() {
        name
    } else {
        format!("{name}, {unit}")
    }
}

fn ratios_by_pair(title: &str, mut series: Vec<Series>) -> Option<Chart> {
    series.retain(|series| !series.is_empty());
    let points = || series.iter().flat_map(|series| &series.points);
    let spread = Spread::of(points().map(|(_, ratio)| *ratio))?;
    let pairs = points().map(|(pair, _)| *pair).fold(1.0, f64::max);
    // Ratios that differ by more than this are told apart by magnitude alone.
    let is_wide = spread.low > 0.0 && spread.high.max(1.0) / spread.low.min(1.0) > 8.0;
    let scale = if is_wide {
        Scale::magnitude(spread.low.min(1.0), spread.high.max(1.0))
    } else {
        Scale::around(spread.low.min(0.9), spread.high.max(1.1))
    };
    Some(Chart {
        title: format!("{title}, pair by pair"),
        x: Axis {
            title: String::from("Pair"),
            scale: Scale::span(0.5, pairs + 0.5),
            says: |pair| format!("pair {pair:.0}"),
        },
        y: Axis {
            title: String::from("Ratio"),
            scale,
            says: short,
        },
        series,
        bands: Vec::new(),
        levels: vec![Level {
            value: 1.0,
            label: String::from("equal"),
        }],
    })
}

/// The rates that were tried, and which of them kept the service level.
fn search(value: &Value) -> Finding {
    let slos: Vec<&str> = value
        .get("slos")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let steps = || value.get("steps").and_then(Value::as_array).into_iter().flatten();
    let number = |step: &Value, pointer: &str| step.pointer(pointer).and_then(Value::as_f64);
    let has_passed = |step: &Value| step.get("has_passed").and_then(Value::as_bool) == Some(true);
    let points = |passed: bool| {
        let of = |step: &Value| Some((number(step, "/rate")?, number(step, "/publish_latency/p99_ms")?));
        let shown = steps().filter(|step| has_passed(step) == passed).filter_map(of);
        shown.filter(|(_, p99)| *p99 > 0.0).collect::<Vec<(f64, f64)>>()
    };
    let mut table = Table {
        caption: String::from("The steps, in the order they were made"),
        columns: [
            "To be sent, msg/s",
            "Acknowledged, msg/s",
            "p50, ms",
            "p99, ms",
            "p99.9, ms",
            "Service level",
        ]
        .map(str::to_owned)
        .to_vec(),
        ..Table::default()
    };
    for (step, count) in steps().zip(1u32..) {
        let figure = |pointer: &str, write: fn(f64) -> String| number(step, pointer).map_or_else(dash, write);
        let violations = step
            .get("violations")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let violations: Vec<&str> = violations.filter_map(Value::as_str).collect();
        let verdict = if has_passed(step) {
            String::from("kept")
        } else {
            format!("not kept: {}", violations.join("; "))
        };
        let is_stopped = number(step, "/stopped_after_s").is_some();
        let latency = |pointer: &str| {
            if is_stopped {
                dash()
            } else {
                figure(pointer, short)
            }
        };
        table.rows.push((
            format!("{count}"),
            vec![
                figure("/rate", grouped),
                figure("/published_per_s", grouped),
                latency("/publish_latency/p50_ms"),
                latency("/publish_latency/p99_ms"),
                latency("/publish_latency/p999_ms"),
                verdict,
            ],
        ));
    }
    let series = vec![
        Series::scatter("kept the service level", 0, points(true)),
        Series::scatter("did not", 1, points(false)),
    ];
    let charts = scatter_of(
        series,
        "Publish p99 at each rate that was tried",
        "Rate to be sent (msg/s)",
        rate,
    );
    Finding {
        title: String::from("The highest rate that keeps the service level"),
        sentences: vec![answer(value, &slos.join(", "))],
        charts: charts.into_iter().collect(),
        tables: vec![table],
    }
}

fn answer(value: &Value, slos: &str) -> String {
    let rate_at = |pointer: &str| value.pointer(pointer).and_then(Value::as_f64);
    let Some(found) = rate_at("/found/rate") else {
        return format!("No rate that was tried keeps {slos}.");
    };
    let confirmed = value.pointer("/found/is_confirmed").and_then(Value::as_bool) == Some(true);
    let confirmed = if confirmed {
        ""
    } else {
        ", not confirmed by a second step"
    };
    let failed = rate_at("/found/failed_rate").map_or_else(String::new, |failed| {
        format!(
            "; the lowest rate that failed: {} messages a second",
            grouped(failed)
        )
    });
    format!(
        "{slos} is kept up to {} messages a second{confirmed}{failed}.",
        grouped(found)
    )
}

/// Latency in milliseconds over a figure, both by magnitude where they spread.
fn scatter_of(mut series: Vec<Series>, title: &str, x: &str, says: fn(f64) -> String) -> Option<Chart> {
    series.retain(|series| !series.is_empty());
    let points = || series.iter().flat_map(|series| &series.points);
    let across = Spread::of(points().map(|(x, _)| *x))?;
    let up = Spread::of(points().map(|(_, y)| *y).filter(|y| *y > 0.0))?;
    Some(Chart {
        title: title.to_owned(),
        x: Axis {
            title: x.to_owned(),
            scale: across_scale(across),
            says,
        },
        y: Axis {
            title: String::from("Latency (ms)"),
            scale: Scale::magnitude(up.low, up.high),
            says: milliseconds,
        },
        series,
        bands: Vec::new(),
        levels: Vec::new(),
    })
}

fn across_scale(across: Spread) -> Scale {
    if across.low > 0.0 && across.high / across.low > 20.0 {
        Scale::magnitude(across.low, across.high)
    } else {
        Scale::from_zero(across.high)
    }
}

/// Throughput and latency over the values of the one parameter that was varied. Several parameters, and values that
/// are no numbers, have no axis: the table has them.
fn sweep(value: &Value) -> Option<Finding> {
    let vary = value.get("vary").and_then(Value::as_array)?;
    let [only] = vary.as_slice() else { return None };
    let key = only.get("key").and_then(Value::as_str)?;
    let points = value.get("points").and_then(Value::as_array)?;
    let values: Option<Vec<f64>> = points
        .iter()
        .map(|point| {
            // As it was understood: `1kb` is 1,024.
            let understood = point.pointer(&format!("/report/workload/{key}"));
            understood.and_then(Value::as_f64)
        })
        .collect();
    let values = values?;
    let curve = |pointer: &str| -> Vec<(f64, f64)> {
        let figures = points
            .iter()
            .map(|point| point.pointer(pointer).and_then(Value::as_f64));
        let mut curve: Vec<(f64, f64)> = values
            .iter()
            .zip(figures)
            .filter_map(|(value, figure)| Some((*value, figure?)))
            .collect();
        curve.sort_by(|a, b| a.0.total_cmp(&b.0));
        curve
    };
    let latencies = [("p50", "p50_ms"), ("p99", "p99_ms"), ("p99.9", "p999_ms")]
        .into_iter()
        .enumerate()
        .map(|(index, (name, field))| {
            Series::line(
                name,
                index,
                curve(&format!("/report/publish_latency/summary/{field}")),
            )
        });
    let mut charts = Vec::new();
    let rates = curve("/report/published/messages_per_s");
    if let (Some(across), Some(up)) = (
        Spread::of(rates.iter().map(|(x, _)| *x)),
        Spread::of(rates.iter().map(|(_, y)| *y)),
    ) {
        charts.push(Chart {
            title: format!("Messages published a second by {key}"),
            x: Axis {
                title: key.to_owned(),
                scale: across_scale(across),
                says: short,
            },
            y: Axis {
                title: String::from("Messages (1/s)"),
                scale: Scale::from_zero(up.high),
                says: rate,
            },
            series: vec![Series::line("published", 0, rates)],
            bands: Vec::new(),
            levels: Vec::new(),
        });
    }
    charts.extend(scatter_of(
        latencies.collect(),
        &format!("Publish latency by {key}"),
        key,
        short,
    ));
    Some(Finding {
        title: format!("By {key}"),
        sentences: Vec::new(),
        charts,
        tables: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_comparison_shows_its_ratios() {
        let found = finding(&json!({
            "kind": "comparison",
            "targets": {"a": {"label": "x"}, "b": {"label": "y"}},
            "metrics": [
                {"name": "publish_p999_ms", "better": "lower", "a": [1, 2], "b": [2, 4], "ratios": [0.5, 0.5]},
                {"name": "published_messages_per_s", "better": "higher", "a": [30, 40], "b": [10, 10],
                 "ratios": [3.0, 4.0]},
                {"name": "server_cpu_s_per_gib", "ratios": [null, null]},
            ],
        }))
        .unwrap();
        assert_eq!(found.charts.len(), 1);
        let series = &found.charts[0].series;
        assert_eq!(series.len(), 1);
        assert_eq!(series[0].points, [(1.0, 3.0), (2.0, 4.0)]);
        let rows = &found.tables[0].rows;
        assert_eq!(rows[0].0, "publish p99.9, ms");
        assert_eq!(rows[0].1, ["1.50", "3.00", "0.500", "0.500–0.500", "below 1"]);
        assert_eq!(rows[1].1, ["35.0", "10.0", "3.50", "3.00–4.00", "above 1"]);
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn a_search_shows_its_steps() {
        let found = finding(&json!({
            "kind": "find-max",
            "slos": ["p99<10ms"],
            "found": {"rate": 2000.0, "is_confirmed": true, "failed_rate": 4000.0},
            "steps": [
                {"rate": 2000.0, "has_passed": true, "published_per_s": 2000.0, "publish_latency": {"p99_ms": 3.0}},
                {"rate": 4000.0, "has_passed": false, "violations": ["p99 is 12 ms"],
                 "publish_latency": {"p99_ms": 12.0}},
                {"rate": 8000.0, "has_passed": false, "stopped_after_s": 1.0, "publish_latency": {"p99_ms": 0.0}},
            ],
        }))
        .unwrap();
        assert_eq!(
            found.sentences,
            [
                "p99<10ms is kept up to 2,000 messages a second; the lowest rate that failed: 4,000 messages a second."
            ]
        );
        assert_eq!(found.charts[0].series[0].points, [(2000.0, 3.0)]);
        assert_eq!(found.charts[0].series[1].points, [(4000.0, 12.0)]);
        assert_eq!(found.tables[0].rows.len(), 3);
        assert_eq!(found.tables[0].rows[1].1[5], "not kept: p99 is 12 ms");
    }

    #[test]
    fn a_sweep_shows_its_curves() {
        let point = |value: &str, rate: f64| {
            json!({"settings": [format!("batch_size={value}")], "report": {
                "workload": {"batch_size": serde_json::from_str(value).unwrap_or_else(|_| json!(value))},
                "published": {"messages_per_s": rate},
                "publish_latency": {"summary": {"p50_ms": 1.0, "p99_ms": 2.0, "p999_ms": 3.0}},
            }})
        };
        let of = |values: [&str; 2]| {
            json!({
                "kind": "sweep", "vary": [{"key": "batch_size", "values": values}],
                "points": [point(values[0], 10.0), point(values[1], 20.0)],
            })
        };
        let found = finding(&of(["65536", "1024"])).unwrap();
        assert_eq!(
            found.charts[0].series[0].points,
            [(1024.0, 20.0), (65_536.0, 10.0)]
        );
        assert_eq!(found.charts[1].series.len(), 3);
        assert!(finding(&of(["lz4", "zstd"])).is_none(), "names have no axis");
    }

    #[test]
    fn fields_that_are_missing_break_nothing() {
        for kind in ["comparison", "find-max", "sweep", "other"] {
            let found = finding(&json!({"kind": kind, "metrics": 3, "steps": [{}], "points": [1]}));
            assert!(found.is_none_or(|found| found.charts.is_empty()), "{kind}");
        }
    }
}
