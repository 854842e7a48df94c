//! Tables, and the figures beside the charts.

use std::fmt::Write;

use serde_json::Value;

use super::escape::Escaped;
use super::group::{Group, Spread, dash};
use crate::figures::{bytes, date, grouped, short};

/// A table whose rows and columns have names.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// What it shows, with the unit if all cells have one.
    pub(super) caption: String,
    /// The columns' names; without any there is no head.
    pub(super) columns: Vec<String>,
    /// The rows: a name, and a cell for each column.
    pub(super) rows: Vec<(String, Vec<String>)>,
    /// Cells are text, and stand at the left.
    pub(super) is_text: bool,
}

impl Table {
    /// The table as HTML; nothing if it has no rows.
    pub(super) fn render(&self, out: &mut String) -> std::fmt::Result {
        if self.rows.is_empty() {
            return Ok(());
        }
        let class = if self.is_text { "text" } else { "figures" };
        writeln!(out, "<div class=\"scroll\"><table class=\"{class}\">")?;
        writeln!(out, "<caption>{}</caption>", Escaped(&self.caption))?;
        if !self.columns.is_empty() {
            write!(out, "<thead><tr><td></td>")?;
            for column in &self.columns {
                write!(out, "<th scope=\"col\">{}</th>", Escaped(column))?;
            }
            writeln!(out, "</tr></thead>")?;
        }
        writeln!(out, "<tbody>")?;
        for (name, cells) in &self.rows {
            let alike = self.is_text && cells.len() > 1 && cells.iter().all(|cell| *cell == cells[0]);
            let differs = if self.is_text && cells.len() > 1 && !alike {
                " class=\"differs\""
            } else {
                ""
            };
            write!(out, "<tr{differs}><th scope=\"row\">{}</th>", Escaped(name))?;
            if alike {
                write!(out, "<td colspan=\"{}\">{}</td>", cells.len(), Escaped(&cells[0]))?;
            } else {
                for cell in cells {
                    write!(out, "<td>{}</td>", Escaped(cell))?;
                }
            }
            writeln!(out, "</tr>")?;
        }
        writeln!(out, "</tbody></table></div>")
    }
}

/// A row of figures: its name, where they are, and what they are multiplied with.
type FigureRow = (&'static str, &'static str, f64);

const MEGA: f64 = 1e-6;
const MEBI: f64 = 1.0 / 1_048_576.0;

/// A table of `rows` with a column a group; rows that no group has are left out.
pub(super) fn figures(caption: &str, groups: &[Group], rows: &[FigureRow]) -> Table {
    let has = |pointer: &str| groups.iter().any(|group| group.spread(pointer).is_some());
    Table {
        caption: format!("{caption}{}", note_of_runs(groups)),
        columns: names(groups),
        rows: rows
            .iter()
            .filter(|(_, pointer, _)| has(pointer))
            .map(|(name, pointer, scale)| {
                let cells = groups.iter().map(|group| group.figure(pointer, *scale)).collect();
                ((*name).to_owned(), cells)
            })
            .collect(),
        is_text: false,
    }
}

fn names(groups: &[Group]) -> Vec<String> {
    groups.iter().map(|group| group.name.clone()).collect()
}

fn note_of_runs(groups: &[Group]) -> &'static str {
    if groups.iter().any(|group| group.runs.len() > 1) {
        "; medians of several runs (lowest–highest)"
    } else {
        ""
    }
}

/// The figures that matter most.
pub(super) fn summary(groups: &[Group]) -> Table {
    const ROWS: [FigureRow; 17] = [
        ("Published, msg/s", "/published/messages_per_s", 1.0),
        ("Published, MB/s", "/published/bytes_per_s", MEGA),
        ("Produce requests a second", "/requests_per_s", 1.0),
        ("Consumed, msg/s", "/consumed/messages_per_s", 1.0),
        ("Consumed, MB/s", "/consumed/bytes_per_s", MEGA),
        ("Backlog read, msg/s", "/backlog/messages_per_s", 1.0),
        ("Backlog read, MB/s", "/backlog/bytes_per_s", MEGA),
        ("Publish p50, ms", "/publish_latency/summary/p50_ms", 1.0),
        ("Publish p99, ms", "/publish_latency/summary/p99_ms", 1.0),
        ("Publish p99.9, ms", "/publish_latency/summary/p999_ms", 1.0),
        ("Publish max, ms", "/publish_latency/summary/max_ms", 1.0),
        ("End to end p50, ms", "/end_to_end_latency/summary/p50_ms", 1.0),
        ("End to end p99, ms", "/end_to_end_latency/summary/p99_ms", 1.0),
        ("Server, CPU s a GiB", "/server/cpu_s_per_gib", 1.0),
        (
            "Server, CPU s a million messages",
            "/server/cpu_s_per_million",
            1.0,
        ),
        ("Server, MiB resident at most", "/server/rss_bytes_max", MEBI),
        ("Generator's own limit, msg/s", "/calibration/messages_per_s", 1.0),
    ];
    let mut table = figures("Key figures", groups, &ROWS);
    let has_consumers = groups.iter().any(|group| {
        let consumed = group.spread("/consumed/messages");
        consumed.is_none_or(|spread| spread.high > 0.0)
    });
    if !has_consumers {
        table
            .rows
            .retain(|(name, _)| !name.starts_with("Consumed") && !name.starts_with("End to end"));
    }
    let shares: Vec<Option<Spread>> = groups
        .iter()
        .map(|group| {
            Spread::of(
                group
                    .runs
                    .iter()
                    .filter_map(super::stored::Stored::share_of_limit),
            )
        })
        .collect();
    if shares.iter().any(Option::is_some) {
        let cells = shares.iter().map(|share| {
            share.map_or_else(dash, |share| share.say(|value| format!("{:.0} %", value * 100.0)))
        });
        table
            .rows
            .push((String::from("Share of that limit"), cells.collect()));
    }
    table
}

/// Percentiles of a latency, a column a group.
pub(super) fn latency(caption: &str, groups: &[Group], latency: &str) -> Table {
    const ROWS: [(&str, &str); 10] = [
        ("mean", "mean_ms"),
        ("50 %", "p50_ms"),
        ("75 %", "p75_ms"),
        ("90 %", "p90_ms"),
        ("95 %", "p95_ms"),
        ("99 %", "p99_ms"),
        ("99.9 %", "p999_ms"),
        ("99.99 %", "p9999_ms"),
        ("99.999 %", "p99999_ms"),
        ("max", "max_ms"),
    ];
    let mut table = Table {
        caption: format!("{caption} (ms){}", note_of_runs(groups)),
        columns: names(groups),
        ..Table::default()
    };
    for (name, field) in ROWS {
        let pointer = format!("/{latency}/summary/{field}");
        if groups.iter().any(|group| group.spread(&pointer).is_some()) {
            let cells = groups.iter().map(|group| group.figure(&pointer, 1.0)).collect();
            table.rows.push((name.to_owned(), cells));
        }
    }
    table
}

/// What the server used.
pub(super) fn server(groups: &[Group]) -> Table {
    const ROWS: [FigureRow; 7] = [
        ("CPU time, s", "/server/cpu_s", 1.0),
        ("CPU s a GiB published", "/server/cpu_s_per_gib", 1.0),
        ("CPU s a million messages", "/server/cpu_s_per_million", 1.0),
        ("Resident at the start, MiB", "/server/rss_bytes_before", MEBI),
        ("Resident at most, MiB", "/server/rss_bytes_max", MEBI),
        ("Written to devices, MB", "/server/device_written_bytes", MEGA),
        ("Read from devices, MB", "/server/device_read_bytes", MEGA),
    ];
    figures("The server in the measured time", groups, &ROWS)
}

/// The failed messages of each group, by reason.
pub(super) fn errors(groups: &[Group]) -> Table {
    let count = |group: &Group, reason: &str| {
        let counts = group.runs.iter().flat_map(|run| run.entries("/errors"));
        counts
            .filter(|(name, _)| *name == reason)
            .filter_map(|(_, count)| count.as_f64())
            .sum::<f64>()
    };
    let mut reasons: Vec<&str> = groups
        .iter()
        .flat_map(|group| &group.runs)
        .flat_map(|run| run.entries("/errors"))
        .map(|(name, _)| name)
        .collect();
    reasons.sort_unstable();
    reasons.dedup();
    Table {
        caption: String::from("Messages that failed, over the whole run"),
        columns: names(groups),
        rows: reasons
            .into_iter()
            .map(|reason| {
                let cells = groups.iter().map(|group| grouped(count(group, reason))).collect();
                (reason.to_owned(), cells)
            })
            .collect(),
        is_text: false,
    }
}

/// Where and with what the results were made.
pub(super) fn environment(groups: &[Group]) -> Table {
    let mut table = settings("Machine, target and generator", groups, "/environment");
    for (row, _) in &mut table.rows {
        *row = row.replace('_', " ");
    }
    let first = |pointer: &str, write: fn(&Value) -> String| {
        groups
            .iter()
            .map(|group| group.runs[0].get(pointer).map_or_else(dash, write))
            .collect::<Vec<String>>()
    };
    let started = |value: &Value| value.as_i64().map_or_else(dash, date);
    for (name, cells) in [
        ("begun", first("/started_at_ms", started)),
        ("target", first("/bootstrap", plain)),
        ("cluster id", first("/cluster_id", plain)),
        ("commit", first("/commit", plain)),
        ("generator", first("/generator_version", plain)),
        ("generator's threads", first("/threads", plain)),
        ("form of the result", first("/format", plain)),
    ] {
        if cells.iter().any(|cell| *cell != dash()) {
            table.rows.push((name.to_owned(), cells));
        }
    }
    table
}

/// The settings at `pointer`, by name, a column a group; the first run's, as all of a group are alike.
pub(super) fn settings(caption: &str, groups: &[Group], pointer: &str) -> Table {
    let mut names_of_rows: Vec<String> = Vec::new();
    let columns: Vec<Vec<(String, String)>> = groups
        .iter()
        .map(|group| {
            let mut flat = Vec::new();
            for (name, value) in group.runs[0].entries(pointer) {
                flatten(name, value, &mut flat);
            }
            flat
        })
        .collect();
    for (name, _) in columns.iter().flatten() {
        if !names_of_rows.contains(name) {
            names_of_rows.push(name.clone());
        }
    }
    let cell = |column: &[(String, String)], name: &str| {
        let found = column.iter().find(|(other, _)| other == name);
        found.map_or_else(dash, |(_, value)| value.clone())
    };
    Table {
        caption: caption.to_owned(),
        columns: names(groups),
        rows: names_of_rows
            .into_iter()
            .map(|name| {
                let cells = columns.iter().map(|column| cell(column, &name)).collect();
                (name, cells)
            })
            .collect(),
        is_text: true,
    }
}

fn flatten(name: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (field, value) in fields {
                flatten(&format!("{name}.{field}"), value, out);
            }
        }
        Value::Number(number) if name.ends_with("_bytes") => {
            let text = number.as_f64().map_or_else(dash, bytes);
            out.push((name.trim_end_matches("_bytes").to_owned(), text));
        }
        Value::Number(_) | Value::Bool(_) | Value::String(_) | Value::Array(_) => {
            out.push((name.to_owned(), plain(value)));
        }
    }
}

/// A value without quotes, and a number as people write it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(whole) if whole >= 1e4 && whole.fract() == 0.0 => grouped(whole),
            Some(_) | None => crate::figures::without_zeros(&number.to_string()),
        },
        Value::Null => dash(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// The largest value of each group in a list of seconds, and its mean over the measured seconds.
pub(super) fn over_time(
    caption: &str,
    groups: &[Group],
    metrics: &[super::plots::Metric],
    scale: fn(f64) -> String,
) -> Table {
    let mut table = Table {
        caption: caption.to_owned(),
        columns: names(groups),
        ..Table::default()
    };
    for metric in metrics {
        let values = |group: &Group| -> Vec<f64> {
            let of_run = |run: &super::stored::Stored| {
                let (from, to) = (run.warm_up_s(), run.end_s().unwrap_or(f64::INFINITY));
                run.seconds(metric.list)
                    .filter(|row| row.second >= from && row.second + 1.0 <= to)
                    .filter_map(|row| (metric.of)(&row))
                    .collect::<Vec<f64>>()
            };
            group.runs.iter().flat_map(of_run).collect()
        };
        let all: Vec<Option<Spread>> = groups.iter().map(|group| Spread::of(values(group))).collect();
        if all.iter().all(Option::is_none) {
            continue;
        }
        let prefix = if metrics.len() == 1 {
            String::new()
        } else {
            format!("{}, ", metric.name)
        };
        for (name, of) in [
            (
                "lowest second",
                (|spread: Spread| spread.low) as fn(Spread) -> f64,
            ),
            ("median second", |spread| spread.median),
            ("highest second", |spread| spread.high),
        ] {
            let cells = all
                .iter()
                .map(|spread| spread.map_or_else(dash, |spread| scale(of(spread))));
            table.rows.push((format!("{prefix}{name}"), cells.collect()));
        }
    }
    table
}

/// A number without its unit, which the caption has.
pub(super) fn bare(value: f64) -> String {
    short(value)
}
