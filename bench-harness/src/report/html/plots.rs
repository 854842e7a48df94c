//! Which charts a report has, and what is in them.

use super::chart::{Axis, Band, Chart, Series};
use super::group::Group;
use super::scale::{Scale, percentile_label};
use super::stored::{Second, Stored};
use crate::figures::{bytes, clock, grouped, short};

/// More lines than this cannot be told apart: the charts over time show the first ones.
pub(super) const GROUPS_MAX: usize = 12;

/// A figure of every second.
pub(super) struct Metric {
    /// What it is called in a legend.
    pub(super) name: &'static str,
    /// The result's list of seconds.
    pub(super) list: &'static str,
    /// The figure; none is a gap.
    pub(super) of: fn(&Second) -> Option<f64>,
}

/// How a chart over time looks.
pub(super) struct OverTime<'a> {
    /// The chart's title.
    pub(super) title: &'a str,
    /// The y axis, with its unit.
    pub(super) y: &'a str,
    /// Whether the y axis goes by magnitude.
    pub(super) is_log: bool,
    /// A value as the pointer shows it.
    pub(super) says: fn(f64) -> String,
}

/// Latency by percentile, of each group and latency: a line for each run.
pub(super) fn percentiles(title: &str, groups: &[Group], latencies: &[(&str, &str)]) -> Option<Chart> {
    let mut series = Vec::new();
    let mut count = 1.0f64;
    for (index, group) in groups.iter().enumerate() {
        for (number, (latency, name)) in latencies.iter().enumerate() {
            for run in group.runs.iter().filter(|run| !run.curve(latency).is_empty()) {
                let recorded = run.number(&format!("/{latency}/summary/count"));
                count = count.max(recorded.unwrap_or(1e4));
                let (label, colour) = called(groups, group, index, latencies.len(), name, number);
                series.push(Series::line(label, colour, run.curve(latency)));
            }
        }
    }
    series.retain(|series| !series.is_empty());
    let (low, high) = range(&series, 0.0)?;
    let x = Scale::nines_of(count);
    for series in &mut series {
        cut(&mut series.points, x);
    }
    Some(Chart {
        title: title.to_owned(),
        x: Axis {
            title: String::from("Percentile of messages"),
            scale: x,
            says: percentile_label,
        },
        y: Axis {
            title: String::from("Latency (ms)"),
            // What is faster than a ten-thousandth of the slowest would only press the rest together.
            scale: Scale::magnitude(low.max(high / 1e4), high),
            says: milliseconds,
        },
        series,
        bands: Vec::new(),
        levels: Vec::new(),
    })
}

/// A figure, or several, over the seconds of each run.
pub(super) fn over_time(looks: &OverTime<'_>, groups: &[Group], metrics: &[Metric]) -> Option<Chart> {
    let mut series = Vec::new();
    for (index, group) in groups.iter().take(GROUPS_MAX).enumerate() {
        for (number, metric) in metrics.iter().enumerate() {
            for run in &group.runs {
                let points = run
                    .seconds(metric.list)
                    // A second's figures are drawn in its middle.
                    .map(|row| (row.second + 0.5, (metric.of)(&row).unwrap_or(f64::NAN)))
                    .collect();
                let (label, colour) = called(groups, group, index, metrics.len(), metric.name, number);
                let mut line = Series::line(label, colour, points);
                if groups.len() == 1 {
                    // Lines that lie on each other are both seen.
                    line.dashes = number % 3;
                }
                series.push(line);
            }
        }
    }
    series.retain(|series| !series.is_empty());
    let (low, high) = range(&series, if looks.is_log { 0.0 } else { -1.0 })?;
    let ends = series
        .iter()
        .flat_map(|series| &series.points)
        .map(|(x, _)| x + 0.5);
    let end = ends.fold(1.0, f64::max);
    Some(Chart {
        title: looks.title.to_owned(),
        x: Axis {
            title: String::from("Time since the traffic began (s)"),
            scale: Scale::span(0.0, end),
            says: |middle| {
                format!(
                    "second {}, {}",
                    grouped((middle - 0.5).max(0.0)),
                    clock(middle - 0.5)
                )
            },
        },
        y: Axis {
            title: looks.y.to_owned(),
            scale: if looks.is_log {
                Scale::magnitude(low, high)
            } else {
                Scale::from_zero(high)
            },
            says: looks.says,
        },
        series,
        bands: bands(groups, end),
        levels: Vec::new(),
    })
}

/// A series' name and colour: by the metric if there is one group, else by the group.
fn called(
    groups: &[Group],
    group: &Group,
    index: usize,
    metrics: usize,
    metric: &str,
    number: usize,
) -> (String, usize) {
    if groups.len() == 1 {
        (metric.to_owned(), number)
    } else if metrics == 1 {
        (group.name.clone(), index)
    } else {
        (format!("{}: {metric}", group.name), index * metrics + number)
    }
}

/// The warm-up and what came after the schedule, if all runs agree on them.
fn bands(groups: &[Group], end: f64) -> Vec<Band> {
    let mut runs = groups.iter().flat_map(|group| &group.runs);
    let times = |run: &Stored| (run.warm_up_s(), run.end_s());
    let Some(first) = runs.next().map(times) else {
        return Vec::new();
    };
    if runs.any(|run| times(run) != first) {
        return Vec::new();
    }
    let band = |from: f64, to: f64, label: &str| Band {
        from,
        to,
        label: label.to_owned(),
    };
    let mut bands = Vec::new();
    if first.0 > 0.0 {
        bands.push(band(0.0, first.0.min(end), "warm-up"));
    }
    if let Some(schedule_end) = first.1.filter(|schedule_end| *schedule_end < end) {
        bands.push(band(schedule_end, end, "drain"));
    }
    bands
}

/// The least and the most of what lies above `floor`; none if nothing does.
fn range(series: &[Series], floor: f64) -> Option<(f64, f64)> {
    let values = series.iter().flat_map(|series| &series.points).map(|(_, y)| *y);
    let mut found: Option<(f64, f64)> = None;
    for value in values.filter(|value| value.is_finite() && *value > floor) {
        found = Some(found.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
    }
    found
}

/// Ends a curve where its axis ends: the largest value is every further percentile's too.
fn cut(points: &mut Vec<(f64, f64)>, scale: Scale) {
    let last = points
        .iter()
        .position(|(percentile, _)| scale.position(*percentile) >= 1.0 - 1e-9);
    let Some(last) = last else { return };
    let largest = points.last().map_or(0.0, |(_, value)| *value);
    let at_end = points[last];
    points.truncate(last);
    points.push(at_end);
    points.push((100.0, largest));
}

/// Milliseconds with their unit.
pub(super) fn milliseconds(value: f64) -> String {
    format!("{} ms", short(value))
}

/// Messages a second with their unit.
pub(super) fn rate(value: f64) -> String {
    format!("{} msg/s", grouped(value))
}

/// Millions of bytes a second with their unit.
pub(super) fn megabytes(value: f64) -> String {
    format!("{} MB/s", short(value))
}

/// Bytes that came as MiB, in the unit that suits them.
pub(super) fn mebibytes(value: f64) -> String {
    bytes(value * 1_048_576.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn group(name: &str, value: serde_json::Value) -> Group {
        Group {
            name: name.to_owned(),
            runs: vec![Stored::new(name.to_owned(), value)],
        }
    }

    const PUBLISHED: Metric = Metric {
        name: "published",
        list: "/seconds",
        of: |row| row.number("/published"),
    };

    fn looks(is_log: bool) -> OverTime<'static> {
        OverTime {
            title: "Throughput",
            y: "Messages (1/s)",
            is_log,
            says: rate,
        }
    }

    #[test]
    fn seconds_become_a_line_with_gaps() {
        let rows = json!([{"second": 0, "published": 5}, {"second": 1}, {"second": 2, "published": 9}]);
        let run = json!({"seconds": rows, "workload": {"warm_up_s": 1, "duration_s": 1}});
        let chart = over_time(&looks(false), &[group("a", run)], &[PUBLISHED]).unwrap();
        assert_eq!(chart.series.len(), 1);
        assert_eq!(chart.series[0].name, "published");
        let points = &chart.series[0].points;
        assert_eq!((points[0], points[2]), ((0.5, 5.0), (2.5, 9.0)));
        assert!(points[1].1.is_nan());
        assert_eq!(chart.y.scale, Scale::Linear { low: 0.0, high: 10.0 });
        let bands: Vec<_> = chart
            .bands
            .iter()
            .map(|band| (band.label.as_str(), band.from, band.to))
            .collect();
        assert_eq!(bands, [("warm-up", 0.0, 1.0), ("drain", 2.0, 3.0)]);
    }

    #[test]
    fn groups_are_told_apart_by_name() {
        let run = |rate: u32| json!({"seconds": [{"second": 0, "published": rate}]});
        let groups = [group("a", run(1)), group("b", run(2))];
        let chart = over_time(&looks(true), &groups, &[PUBLISHED]).unwrap();
        let named: Vec<_> = chart
            .series
            .iter()
            .map(|series| (series.name.as_str(), series.colour))
            .collect();
        assert_eq!(named, [("a", 0), ("b", 1)]);
    }

    #[test]
    fn without_figures_there_is_no_chart() {
        assert!(over_time(&looks(false), &[group("a", json!({}))], &[PUBLISHED]).is_none());
        assert!(percentiles("x", &[group("a", json!({}))], &[("publish_latency", "publish")]).is_none());
    }

    #[test]
    fn a_curve_ends_at_the_largest_value() {
        let run = json!({"publish_latency": {
            "summary": {"count": 10_000},
            "percentiles": [[0.0, 1.0], [90.0, 2.0], [99.99, 3.0], [99.999_9, 4.0], [100.0, 5.0]],
        }});
        let chart = percentiles("x", &[group("a", run)], &[("publish_latency", "publish")]).unwrap();
        assert_eq!(chart.x.scale, Scale::Nines { most: 4.0 });
        assert_eq!(
            chart.series[0].points,
            [(0.0, 1.0), (90.0, 2.0), (99.99, 3.0), (100.0, 5.0)]
        );
    }
}
