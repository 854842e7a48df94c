//! The result for people.

use std::fmt::Write;

use super::Report;
use crate::measure::LatencySummary;

/// The report as text, a line for each thing.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _infallible = write_all(&mut out, report);
    out
}

fn write_all(out: &mut String, report: &Report) -> std::fmt::Result {
    let workload = &report.workload;
    writeln!(
        out,
        "{}  {}",
        workload.name,
        report.label.as_deref().unwrap_or(&report.bootstrap)
    )?;
    writeln!(
        out,
        "  {} topics x {} partitions, {} producers, {} consumers in {} groups a topic, {:.0}-byte messages, {:.0} s",
        workload.topics,
        workload.partitions_per_topic,
        workload.producers(),
        workload.consumers(),
        workload.subscriptions_per_topic,
        workload.message_size.mean(),
        workload.duration_s,
    )?;
    if let Some(calibration) = report.calibration {
        writeln!(
            out,
            "  the generator's own limit here: {} msg/s, {:.1} MB/s",
            grouped(calibration.messages_per_s),
            calibration.bytes_per_s / 1e6
        )?;
    }
    writeln!(out)?;
    let published = &report.published;
    writeln!(
        out,
        "published   {:>14} msg/s {:>10.1} MB/s {:>14} requests/s",
        grouped(published.messages_per_s),
        published.bytes_per_s / 1e6,
        grouped(report.requests_per_s)
    )?;
    if workload.consumers() > 0 {
        let consumed = &report.consumed;
        writeln!(
            out,
            "consumed    {:>14} msg/s {:>10.1} MB/s {:>14} behind at the end of the schedule",
            grouped(consumed.messages_per_s),
            consumed.bytes_per_s / 1e6,
            grouped(backlog_at_end(report) as f64)
        )?;
    }
    if let Some(backlog) = &report.backlog {
        writeln!(
            out,
            "backlog     {:>14} msg/s {:>10.1} MB/s until its {} messages were read, in {:.1} s",
            grouped(backlog.messages_per_s),
            backlog.bytes_per_s / 1e6,
            grouped(backlog.built_messages as f64),
            backlog.read_s
        )?;
    }
    writeln!(out)?;
    latencies(out, report)?;
    verdict(out, report)
}

fn latencies(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(
        out,
        "ms          {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "mean", "p50", "p90", "p95", "p99", "p99.9", "p99.99", "max"
    )?;
    let mut row = |name: &str, latency: &LatencySummary| {
        if latency.count == 0 {
            return Ok(());
        }
        writeln!(
            out,
            "{name:<11} {:>9.3} {:>9.3} {:>9.3} {:>9.3} {:>9.3} {:>9.3} {:>9.3} {:>9.3}",
            latency.mean_ms,
            latency.p50_ms,
            latency.p90_ms,
            latency.p95_ms,
            latency.p99_ms,
            latency.p999_ms,
            latency.p9999_ms,
            latency.max_ms
        )
    };
    row("publish", &report.publish_latency.summary)?;
    row("delay", &report.publish_delay.summary)?;
    row("end to end", &report.end_to_end_latency.summary)?;
    writeln!(out)
}

fn verdict(out: &mut String, report: &Report) -> std::fmt::Result {
    if let Some(server) = &report.server {
        writeln!(
            out,
            "server      {:.2} CPU s, {:.2} a GiB, {:.2} a million messages; {} MiB resident; {:.1} MB written, \
             {:.1} MB read",
            server.cpu_s,
            server.cpu_s_per_gib,
            server.cpu_s_per_million,
            server.rss_bytes_max >> 20,
            server.device_written_bytes as f64 / 1e6,
            server.device_read_bytes as f64 / 1e6
        )?;
    }
    for (error, count) in &report.errors {
        writeln!(out, "FAILED      {count} messages: {error}")?;
    }
    if report.unsent > 0 {
        writeln!(
            out,
            "NOT SENT    {} messages: the target did not keep up; the latencies are lower bounds",
            report.unsent
        )?;
    }
    match report.verification {
        None => writeln!(out, "verified    nothing: there are no consumers"),
        Some(found) if found.holds() => {
            writeln!(
                out,
                "verified    {} messages: none lost, repeated, disordered or damaged",
                found.expected
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

/// A whole number with its thousands apart.
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.max(0.0));
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        let check = |value: f64, expected: &str| assert_eq!(grouped(value), expected);
        check(0.0, "0");
        check(999.4, "999");
        check(1000.0, "1,000");
        check(12_345_678.0, "12,345,678");
        check(-3.0, "0");
    }
}
