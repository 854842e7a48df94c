//! The sections that every report has: charts of the runs, each with its table.

use std::fmt::Write;

use super::chart::Chart;
use super::escape::Escaped;
use super::group::{Group, dash};
use super::plots::{Metric, OverTime, mebibytes, megabytes, milliseconds, over_time, percentiles, rate};
use super::tables::{self, Table, bare};
use crate::figures::grouped;

/// A heading and what is below it; nothing if there is nothing below it.
pub(super) fn section(
    out: &mut String,
    title: &str,
    body: impl FnOnce(&mut String) -> std::fmt::Result,
) -> std::fmt::Result {
    let mut inner = String::new();
    body(&mut inner)?;
    if inner.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section>\n<h2>{}</h2>\n{inner}</section>", Escaped(title))
}

/// All of them, in order.
pub(super) fn charts_of_runs(out: &mut String, groups: &[Group]) -> std::fmt::Result {
    latency_by_percentile(out, groups)?;
    throughput(out, groups)?;
    latency_over_time(out, groups)?;
    server(out, groups)?;
    backlog(out, groups)?;
    errors(out, groups)
}

/// A chart with its table: beside each other while the table is narrow.
fn pair(out: &mut String, chart: Option<&Chart>, table: &Table) -> std::fmt::Result {
    /// Characters, with some for the gaps, that fit beside a chart.
    const NARROW_MAX: usize = 40;
    let Some(chart) = chart else { return Ok(()) };
    let width = |(name, cells): &(String, Vec<String>)| {
        let cells: usize = cells.iter().map(|cell| cell.chars().count() + 3).sum();
        name.chars().count() + cells
    };
    let widest = table.rows.iter().map(width).max().unwrap_or(0);
    let narrow = if widest <= NARROW_MAX { " narrow" } else { "" };
    writeln!(out, "<div class=\"pair{narrow}\">")?;
    chart.render(out)?;
    table.render(out)?;
    writeln!(out, "</div>")
}

const LATENCIES: [(&str, &str); 3] = [
    ("publish_latency", "Publish"),
    ("end_to_end_latency", "End to end"),
    ("publish_delay", "Publish delay"),
];

fn latency_by_percentile(out: &mut String, groups: &[Group]) -> std::fmt::Result {
    let there: Vec<(&str, &str)> = LATENCIES
        .into_iter()
        .filter(|(latency, _)| groups.iter().any(|group| group.has(latency)))
        .collect();
    section(out, "Latency by percentile", |out| {
        if there.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "<p class=\"quiet\">Publish latency runs from the time at which a message was meant to be sent to its \
             acknowledgement, end to end to the consumer; publish delay is the part until a producer took it on. Both \
             axes go by magnitude: each step to the right has a tenth of the messages beyond it.</p>"
        )?;
        if let [group] = groups {
            let chart = percentiles("Latency by percentile", groups, &there);
            let tables: Vec<Table> = there
                .iter()
                .map(|(latency, name)| tables::latency(name, groups, latency))
                .collect();
            return pair(out, chart.as_ref(), &beside(&tables, &there, group));
        }
        for (latency, name) in &there {
            let chart = percentiles(
                &format!("{name} latency by percentile"),
                groups,
                &[(*latency, *name)],
            );
            pair(out, chart.as_ref(), &tables::latency(name, groups, latency))?;
        }
        Ok(())
    })
}

/// The latencies of one group as columns of one table.
fn beside(tables: &[Table], names: &[(&str, &str)], group: &Group) -> Table {
    let mut joined = Table {
        caption: tables.first().map_or_else(String::new, |table| {
            table.caption.replacen(names[0].1, &group.name, 1)
        }),
        columns: names.iter().map(|(_, name)| (*name).to_owned()).collect(),
        ..Table::default()
    };
    for (row, _) in tables.iter().flat_map(|table| &table.rows) {
        if joined.rows.iter().all(|(other, _)| other != row) {
            let cells = tables.iter().map(|table| {
                let found = table.rows.iter().find(|(other, _)| other == row);
                found.map_or_else(dash, |(_, cells)| cells[0].clone())
            });
            joined.rows.push((row.clone(), cells.collect()));
        }
    }
    joined
}

const fn every_second(name: &'static str, of: fn(&super::stored::Second) -> Option<f64>) -> Metric {
    Metric {
        name,
        list: "/seconds",
        of,
    }
}

/// Whether anything was consumed at all.
fn has_consumers(groups: &[Group]) -> bool {
    let consumed = |group: &Group| {
        group
            .spread("/consumed/messages")
            .is_some_and(|spread| spread.high > 0.0)
    };
    groups.iter().any(consumed)
}

fn looks<'a>(title: &'a str, y: &'a str, says: fn(f64) -> String) -> OverTime<'a> {
    OverTime {
        title,
        y,
        is_log: false,
        says,
    }
}

fn latencies(title: &str) -> OverTime<'_> {
    OverTime {
        is_log: true,
        ..looks(title, "Latency (ms)", milliseconds)
    }
}

fn throughput(out: &mut String, groups: &[Group]) -> std::fmt::Result {
    let mut messages = vec![every_second("published", |row| row.number("/published"))];
    let mut volume = vec![every_second("published", |row| {
        Some(row.number("/published_bytes")? / 1e6)
    })];
    if has_consumers(groups) {
        messages.push(every_second("consumed", |row| row.number("/consumed")));
        volume.push(every_second("consumed", |row| {
            Some(row.number("/consumed_bytes")? / 1e6)
        }));
    }
    section(out, "Throughput over time", |out| {
        if let [_] = groups {
            let chart = over_time(
                &looks("Messages a second", "Messages (1/s)", rate),
                groups,
                &messages,
            );
            pair(
                out,
                chart.as_ref(),
                &tables::over_time("Messages a second, measured seconds", groups, &messages, grouped),
            )?;
            let chart = over_time(
                &looks("Volume a second", "Message values (MB/s)", megabytes),
                groups,
                &volume,
            );
            return pair(
                out,
                chart.as_ref(),
                &tables::over_time("MB/s, measured seconds", groups, &volume, bare),
            );
        }
        for (metrics, y, unit, write, says) in [
            (
                messages,
                "Messages (1/s)",
                "Messages",
                grouped as fn(f64) -> String,
                rate as fn(f64) -> String,
            ),
            (volume, "Message values (MB/s)", "MB", bare, megabytes),
        ] {
            for metric in metrics {
                let title = format!("{unit} {} a second", metric.name);
                let metric = [metric];
                let chart = over_time(&looks(&title, y, says), groups, &metric);
                let table = tables::over_time(&format!("{title}, measured seconds"), groups, &metric, write);
                pair(out, chart.as_ref(), &table)?;
            }
        }
        Ok(())
    })
}

/// A second without messages has no latency.
fn latency_at(row: &super::stored::Second, latency: &str, field: &str) -> Option<f64> {
    let is_empty = row.number(&format!("/{latency}/count")) == Some(0.0);
    row.number(&format!("/{latency}/{field}")).filter(|_| !is_empty)
}

fn latency_over_time(out: &mut String, groups: &[Group]) -> std::fmt::Result {
    let publish = [
        every_second("p50", |row| latency_at(row, "publish", "p50_ms")),
        every_second("p99", |row| latency_at(row, "publish", "p99_ms")),
        every_second("max", |row| latency_at(row, "publish", "max_ms")),
    ];
    let end_to_end = [
        every_second("p50", |row| latency_at(row, "end_to_end", "p50_ms")),
        every_second("p99", |row| latency_at(row, "end_to_end", "p99_ms")),
        every_second("max", |row| latency_at(row, "end_to_end", "max_ms")),
    ];
    section(out, "Latency over time", |out| {
        for (name, metrics) in [("Publish", publish), ("End to end", end_to_end)] {
            if let [_] = groups {
                let title = format!("{name} latency over time");
                let chart = over_time(&latencies(&title), groups, &metrics);
                let table = tables::over_time("ms, measured seconds", groups, &metrics, bare);
                pair(out, chart.as_ref(), &table)?;
                continue;
            }
            for metric in metrics {
                let title = format!("{name} latency over time, {}", metric.name);
                let metric = [metric];
                let chart = over_time(&latencies(&title), groups, &metric);
                let table = tables::over_time("ms, measured seconds", groups, &metric, bare);
                pair(out, chart.as_ref(), &table)?;
            }
        }
        Ok(())
    })
}

fn server(out: &mut String, groups: &[Group]) -> std::fmt::Result {
    let cores = [every_second("CPU", |row| row.number("/server/cpu_s"))];
    let memory = [every_second("resident", |row| {
        Some(row.number("/server/rss_bytes")? / 1_048_576.0)
    })];
    let devices = [
        every_second("written", |row| {
            Some(row.number("/server/device_written_bytes")? / 1e6)
        }),
        every_second("read", |row| Some(row.number("/server/device_read_bytes")? / 1e6)),
    ];
    section(out, "The server", |out| {
        tables::server(groups).render(out)?;
        let chart = over_time(
            &looks("CPU of the server", "CPU (cores)", in_cores),
            groups,
            &cores,
        );
        pair(
            out,
            chart.as_ref(),
            &tables::over_time("Cores, measured seconds", groups, &cores, bare),
        )?;
        let chart = over_time(
            &looks("Memory of the server", "Resident (MiB)", mebibytes),
            groups,
            &memory,
        );
        pair(
            out,
            chart.as_ref(),
            &tables::over_time("MiB resident, measured seconds", groups, &memory, bare),
        )?;
        let chart = over_time(
            &looks("Devices", "Written and read (MB/s)", megabytes),
            groups,
            &devices,
        );
        pair(
            out,
            chart.as_ref(),
            &tables::over_time("MB/s, measured seconds", groups, &devices, bare),
        )
    })
}

fn in_cores(value: f64) -> String {
    format!("{value:.2} cores")
}

fn in_messages(value: f64) -> String {
    format!("{} messages", grouped(value))
}

fn backlog(out: &mut String, groups: &[Group]) -> std::fmt::Result {
    if !has_consumers(groups) {
        return Ok(());
    }
    let metrics = [every_second("backlog", |row| row.number("/backlog"))];
    section(out, "Backlog", |out| {
        let looks = OverTime {
            title: "Acknowledged and not yet consumed, by all groups, at the end of each second",
            y: "Messages",
            is_log: false,
            says: in_messages,
        };
        let chart = over_time(&looks, groups, &metrics);
        pair(
            out,
            chart.as_ref(),
            &tables::over_time("Messages, measured seconds", groups, &metrics, grouped),
        )
    })
}

fn errors(out: &mut String, groups: &[Group]) -> std::fmt::Result {
    let metrics = [every_second("errors", |row| row.number("/errors"))];
    section(out, "Errors", |out| {
        if groups.is_empty() {
            return Ok(());
        }
        let table = tables::errors(groups);
        if table.rows.is_empty() {
            return writeln!(out, "<p>No message failed.</p>");
        }
        let looks = OverTime {
            title: "Messages that failed",
            y: "Messages (1/s)",
            is_log: false,
            says: rate,
        };
        match over_time(&looks, groups, &metrics) {
            Some(chart) => pair(out, Some(&chart), &table),
            None => table.render(out),
        }
    })
}
