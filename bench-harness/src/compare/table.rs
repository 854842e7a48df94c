//! A comparison for people.

use std::fmt::Write;

use super::{Better, Comparison, MetricComparison, Spread};

/// The comparison as text: a line for each figure.
pub fn render_comparison(comparison: &Comparison) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _infallible = write_all(&mut out, comparison);
    out
}

fn write_all(out: &mut String, comparison: &Comparison) -> std::fmt::Result {
    let (a, b) = (&comparison.targets.a, &comparison.targets.b);
    writeln!(
        out,
        "{}: A = {}, B = {}; {} pairs",
        a.workload.name, a.label, b.label, comparison.pairs
    )?;
    if let Some(calibration) = comparison.calibration {
        writeln!(
            out,
            "the generator's own limit here: {:.0} msg/s, {:.1} MB/s",
            calibration.messages_per_s,
            calibration.bytes_per_s / 1e6
        )?;
    }
    writeln!(out)?;
    writeln!(
        out,
        "{:<28} {:>14} {:>14} {:>8} {:>8} {:>8}  better",
        "medians", "A", "B", "A/B", "least", "most"
    )?;
    for metric in &comparison.metrics {
        writeln!(out, "{}", row(metric))?;
    }
    for run in comparison.runs.iter().filter(|run| !run.report.holds()) {
        writeln!(
            out,
            "WRONG: pair {}, {}: messages failed, or what was consumed is not what was acknowledged",
            run.pair,
            run.report.label.as_deref().unwrap_or_default()
        )?;
    }
    Ok(())
}

fn row(metric: &MetricComparison) -> String {
    let value = |spread: Option<Spread>| spread.map_or_else(|| "-".to_owned(), |s| figure(s.median));
    let ratio = |pick: fn(Spread) -> f64| {
        metric
            .ratio
            .map_or_else(|| "-".to_owned(), |ratio| format!("{:.3}", pick(ratio)))
    };
    let better = match metric.better {
        Better::Higher => "higher",
        Better::Lower => "lower",
    };
    format!(
        "{:<28} {:>14} {:>14} {:>8} {:>8} {:>8}  {better}",
        metric.name,
        value(metric.a_spread),
        value(metric.b_spread),
        ratio(|r| r.median),
        ratio(|r| r.min),
        ratio(|r| r.max),
    )
}

/// Small values with their digits, large ones without.
fn figure(value: f64) -> String {
    if value.abs() < 1000.0 {
        format!("{value:.3}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_medians_and_the_ratio() {
        let metric = MetricComparison {
            name: "publish_p99_ms",
            better: Better::Lower,
            a: vec![Some(1.0), Some(2.0)],
            b: vec![Some(2000.0), None],
            a_spread: Spread::of(&[1.0, 2.0]),
            b_spread: Spread::of(&[2000.0]),
            ratios: vec![Some(0.0005), None],
            ratio: Spread::of(&[0.5]),
        };
        let cells: Vec<String> = row(&metric).split_whitespace().map(str::to_owned).collect();
        assert_eq!(
            cells,
            [
                "publish_p99_ms",
                "1.500",
                "2000",
                "0.500",
                "0.500",
                "0.500",
                "lower"
            ]
        );
    }
}
