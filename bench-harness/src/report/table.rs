//! The result for people: a few tables with aligned columns, and what is wrong in capitals.

use std::fmt::Write;

use super::Report;
use crate::figures::{bytes, grouped};
use crate::measure::LatencySummary;

/// From this share of the generator's own limit on, a result says as much of the generator as of the target.
pub(super) const NEAR_LIMIT: f64 = 0.8;

/// The report as text.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _infallible = write_all(&mut out, report);
    out
}

fn write_all(out: &mut String, report: &Report) -> std::fmt::Result {
    head(out, report)?;
    throughput(out, report)?;
    latencies(out, report)?;
    server(out, report)?;
    verdict(out, report)
}

/// A table: a name at the left, and columns that are as wide as their widest cell.
fn grid(out: &mut String, title: &str, columns: &[&str], rows: &[(&str, Vec<String>)]) -> std::fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let width = |text: &str| text.chars().count();
    let first = rows
        .iter()
        .map(|(name, _)| width(name))
        .fold(12.max(width(title)), usize::max);
    let wide = |index: usize| {
        let cells = rows.iter().filter_map(|(_, cells)| cells.get(index));
        cells
            .map(|cell| width(cell))
            .fold(width(columns[index]), usize::max)
    };
    let widths: Vec<usize> = (0..columns.len()).map(wide).collect();
    let mut line = |name: &str, cells: &mut dyn Iterator<Item = &str>| {
        let mut text = format!("{name:<first$}");
        for (cell, width) in cells.zip(&widths) {
            write!(text, "  {cell:>width$}")?;
        }
        writeln!(out, "{}", text.trim_end())
    };
    line(title, &mut columns.iter().copied())?;
    for (name, cells) in rows {
        line(name, &mut cells.iter().map(String::as_str))?;
    }
    writeln!(out)
}

fn head(out: &mut String, report: &Report) -> std::fmt::Result {
    let workload = &report.workload;
    let messages = if workload.payload_file.is_empty() {
        format!("{:.0}-byte messages", workload.message_size.mean())
    } else {
        format!("records of {}", workload.payload_file)
    };
    writeln!(
        out,
        "{}  {}",
        workload.name,
        report.label.as_deref().unwrap_or(&report.bootstrap)
    )?;
    let assigned = if workload.consumer_groups || workload.consumers() == 0 {
        ""
    } else {
        " with partitions assigned directly"
    };
    writeln!(
        out,
        "  {} topics x {} partitions, {} producers, {} consumers in {} groups a topic{assigned}, {}, {:.0} s",
        workload.topics,
        workload.partitions_per_topic,
        workload.producers(),
        workload.consumers(),
        workload.subscriptions_per_topic,
        messages,
        workload.duration_s,
    )?;
    if let Some(calibration) = report.calibration {
        let share = report.published.messages_per_s / calibration.messages_per_s.max(1.0);
        writeln!(
            out,
            "  the generator's own limit here: {} msg/s, {:.1} MB/s; this run used {:.0} % of it",
            grouped(calibration.messages_per_s),
            calibration.bytes_per_s / 1e6,
            share * 100.0
        )?;
        if share >= NEAR_LIMIT {
            writeln!(
                out,
                "  NEAR THE LIMIT: the figures say as much of the generator as of the target"
            )?;
        }
    }
    writeln!(out)
}

fn throughput(out: &mut String, report: &Report) -> std::fmt::Result {
    let row = |messages: f64, volume: f64, last: String| {
        vec![grouped(messages), format!("{:.1}", volume / 1e6), last]
    };
    let (published, consumed) = (&report.published, &report.consumed);
    let requests = format!("{} requests/s", grouped(report.requests_per_s));
    let mut rows = vec![(
        "published",
        row(published.messages_per_s, published.bytes_per_s, requests),
    )];
    if report.workload.consumers() > 0 {
        let behind = format!("{} behind at the end", grouped(backlog_at_end(report) as f64));
        rows.push((
            "consumed",
            row(consumed.messages_per_s, consumed.bytes_per_s, behind),
        ));
    }
    if let Some(backlog) = &report.backlog {
        let read = format!(
            "{} messages in {:.1} s",
            grouped(backlog.built_messages as f64),
            backlog.read_s
        );
        rows.push((
            "backlog read",
            row(backlog.messages_per_s, backlog.bytes_per_s, read),
        ));
    }
    grid(out, "throughput", &["msg/s", "MB/s", ""], &rows)?;
    let Some(transactions) = &report.transactions else {
        return Ok(());
    };
    let row = vec![
        grouped(transactions.per_s),
        grouped(transactions.committed as f64),
        grouped(transactions.retries as f64),
    ];
    grid(
        out,
        "transactions",
        &["a second", "committed", "requests sent again"],
        &[("", row)],
    )
}

fn latencies(out: &mut String, report: &Report) -> std::fmt::Result {
    let row = |latency: &LatencySummary| {
        [
            latency.mean_ms,
            latency.p50_ms,
            latency.p90_ms,
            latency.p95_ms,
            latency.p99_ms,
            latency.p999_ms,
            latency.p9999_ms,
            latency.max_ms,
        ]
        .map(|value| format!("{value:.3}"))
        .to_vec()
    };
    let commit = report
        .transactions
        .as_ref()
        .map(|found| found.commit_latency.summary);
    let commit = commit.unwrap_or_default();
    let rows: Vec<(&str, Vec<String>)> = [
        ("publish", &report.publish_latency.summary),
        ("commit", &commit),
        ("delay", &report.publish_delay.summary),
        ("end to end", &report.end_to_end_latency.summary),
    ]
    .into_iter()
    .filter(|(_, latency)| latency.count > 0)
    .map(|(name, latency)| (name, row(latency)))
    .collect();
    let columns = ["mean", "p50", "p90", "p95", "p99", "p99.9", "p99.99", "max"];
    grid(out, "latency, ms", &columns, &rows)
}

fn server(out: &mut String, report: &Report) -> std::fmt::Result {
    let Some(server) = &report.server else {
        return Ok(());
    };
    let row = vec![
        format!("{:.2}", server.cpu_s),
        format!("{:.2}", server.cpu_s_per_gib),
        format!("{:.2}", server.cpu_s_per_million),
        bytes(server.rss_bytes_max as f64),
        format!("{:.1}", server.device_written_bytes as f64 / 1e6),
        format!("{:.1}", server.device_read_bytes as f64 / 1e6),
    ];
    let columns = [
        "CPU s",
        "CPU s/GiB",
        "CPU s/million",
        "resident",
        "MB written",
        "MB read",
    ];
    grid(out, "server", &columns, &[("", row)])
}

fn verdict(out: &mut String, report: &Report) -> std::fmt::Result {
    for (error, count) in &report.errors {
        writeln!(out, "FAILED      {} messages: {error}", grouped(*count as f64))?;
    }
    if report.unsent > 0 {
        writeln!(
            out,
            "NOT SENT    {} messages: the target did not keep up; the latencies are lower bounds",
            grouped(report.unsent as f64)
        )?;
    }
    match report.verification {
        None => writeln!(out, "verified    nothing: there are no consumers"),
        Some(found) if found.holds() => {
            writeln!(
                out,
                "verified    {} messages: none lost, repeated, disordered or damaged",
                grouped(found.expected as f64)
            )
        }
        Some(found) => writeln!(
            out,
            "WRONG       of {} messages: {} lost, {} unread, {} repeated, {} out of order, {} damaged",
            found.expected, found.lost, found.unread, found.duplicates, found.out_of_order, found.corrupt
        ),
    }
}

/// Messages that were published and not consumed when the measured time was over.
fn backlog_at_end(report: &Report) -> u64 {
    let seconds = report.workload.warm_up_s + report.workload.duration_s;
    let last = crate::number::round_to_usize(seconds).saturating_sub(1);
    let row = report.seconds.get(last).or(report.seconds.last());
    row.map_or(0, |row| row.backlog)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut out = String::new();
        let cells = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<String>>()
        };
        let rows = [
            ("published", cells(&["1,000,000", "1.0", "x"])),
            ("end to end of it", cells(&["1", "1000.0"])),
        ];
        grid(&mut out, "rate", &["msg/s", "MB/s", ""], &rows).unwrap();
        assert_eq!(
            out,
            "rate                  msg/s    MB/s\n\
             published         1,000,000     1.0  x\n\
             end to end of it          1  1000.0\n\n"
        );
    }
}
