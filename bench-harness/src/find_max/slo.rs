//! What a target has to keep: `p99<10ms`, `e2e-p99.9<50ms`, `keep-up`.

use std::fmt;
use std::str::FromStr;

use crate::measure::LatencySummary;

/// Which latency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Span {
    /// From the intended time to the acknowledgement.
    Publish,
    /// From the intended time until the producer took the message on.
    Delay,
    /// From the intended time to the consumer.
    EndToEnd,
}

/// Which of its figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Figure {
    /// The mean.
    Mean,
    /// 50 %.
    P50,
    /// 75 %.
    P75,
    /// 90 %.
    P90,
    /// 95 %.
    P95,
    /// 99 %.
    P99,
    /// 99.9 %.
    P999,
    /// 99.99 %.
    P9999,
    /// The maximum.
    Max,
}

/// A service level.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Slo {
    /// A latency stays below a limit.
    Latency {
        /// Which latency.
        span: Span,
        /// Which figure of it.
        figure: Figure,
        /// It has to be below this, in milliseconds.
        below_ms: f64,
    },
    /// Consumers do not fall ever further behind.
    KeepUp,
}

const SPANS: [(&str, Span); 4] = [
    ("publish-", Span::Publish),
    ("delay-", Span::Delay),
    ("end-to-end-", Span::EndToEnd),
    ("e2e-", Span::EndToEnd),
];
const FIGURES: [(&str, Figure); 9] = [
    ("mean", Figure::Mean),
    ("p50", Figure::P50),
    ("p75", Figure::P75),
    ("p90", Figure::P90),
    ("p95", Figure::P95),
    ("p99", Figure::P99),
    ("p99.9", Figure::P999),
    ("p99.99", Figure::P9999),
    ("max", Figure::Max),
];
/// Units and their milliseconds; the longer ones first, since they end alike.
const UNITS: [(&str, f64); 3] = [("us", 1e-3), ("ms", 1.0), ("s", 1e3)];
const KEEP_UP: &str = "keep-up";

/// Why a text is no service level.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{text:?} is no service level: write FIGURE<TIME, such as p99<10ms, e2e-p99.9<1s, delay-max<500us (mean, p50, p75, \
     p90, p95, p99, p99.9, p99.99, max), or keep-up"
)]
pub struct SloError {
    /// As it was written.
    text: String,
}

impl FromStr for Slo {
    type Err = SloError;

    fn from_str(text: &str) -> Result<Slo, SloError> {
        parse(text.trim()).ok_or_else(|| SloError {
            text: text.to_owned(),
        })
    }
}

fn parse(text: &str) -> Option<Slo> {
    if text == KEEP_UP {
        return Some(Slo::KeepUp);
    }
    let (name, limit) = text.split_once('<')?;
    let (name, limit) = (name.trim(), limit.trim());
    let (span, name) = SPANS
        .iter()
        .find_map(|(prefix, span)| Some((*span, name.strip_prefix(prefix)?)))
        .unwrap_or((Span::Publish, name));
    let figure = FIGURES.iter().find(|(known, _)| *known == name)?.1;
    let (number, unit_ms) = UNITS
        .iter()
        .find_map(|(unit, ms)| Some((limit.strip_suffix(unit)?, *ms)))?;
    let below_ms = number.trim().parse::<f64>().ok()? * unit_ms;
    (below_ms.is_finite() && below_ms > 0.0).then_some(Slo::Latency {
        span,
        figure,
        below_ms,
    })
}

impl fmt::Display for Slo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Slo::KeepUp => out.write_str(KEEP_UP),
            Slo::Latency {
                span,
                figure,
                below_ms,
            } => write!(out, "{}{}<{below_ms}ms", span.prefix(), figure.name()),
        }
    }
}

impl Span {
    fn prefix(self) -> &'static str {
        match self {
            Span::Publish => "",
            Span::Delay => "delay-",
            Span::EndToEnd => "e2e-",
        }
    }
}

impl Figure {
    fn name(self) -> &'static str {
        let found = FIGURES.iter().find(|(_, figure)| *figure == self);
        found.expect("each figure has a name").0
    }

    /// This figure of `summary`, in milliseconds.
    pub fn of(self, summary: &LatencySummary) -> f64 {
        match self {
            Figure::Mean => summary.mean_ms,
            Figure::P50 => summary.p50_ms,
            Figure::P75 => summary.p75_ms,
            Figure::P90 => summary.p90_ms,
            Figure::P95 => summary.p95_ms,
            Figure::P99 => summary.p99_ms,
            Figure::P999 => summary.p999_ms,
            Figure::P9999 => summary.p9999_ms,
            Figure::Max => summary.max_ms,
        }
    }
}

/// What a step measured, as far as service levels ask.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct StepFigures {
    /// From the intended time to the acknowledgement.
    pub publish: LatencySummary,
    /// From the intended time until the producer took the message on.
    pub delay: LatencySummary,
    /// From the intended time to the consumer.
    pub end_to_end: LatencySummary,
    /// Messages that the schedule had in the measured time.
    pub scheduled: f64,
    /// Messages acknowledged in it.
    pub published: u64,
    /// Messages that failed or were never sent.
    pub failed: u64,
    /// Groups that read each message.
    pub groups: u32,
    /// Seconds measured.
    pub duration_s: f64,
    /// Messages acknowledged and not yet consumed, by all groups, before the first measured second.
    pub behind_before: u64,
    /// The same after the last.
    pub behind_after: u64,
}

/// Producers and consumers may fall behind by this part of what they were to do in the measured time, ...
const BEHIND_GROWTH_MAX: f64 = 0.01;
/// ... or, of short steps, by what comes in this many seconds: the measured time ends amid batches.
const BEHIND_SECONDS: f64 = 0.1;

/// What `figures` does not keep, a sentence each; nothing if the step has passed.
pub fn violations(slos: &[Slo], figures: &StepFigures) -> Vec<String> {
    let mut found = Vec::new();
    if figures.failed > 0 {
        found.push(format!("{} messages failed or were never sent", figures.failed));
    }
    // A target that falls further behind does not keep up, whatever its latencies say.
    let growth_max = BEHIND_GROWTH_MAX.max(BEHIND_SECONDS / figures.duration_s.max(BEHIND_SECONDS));
    if (figures.published as f64) < figures.scheduled * (1.0 - growth_max) {
        found.push(format!(
            "{} of {:.0} messages were acknowledged in time",
            figures.published, figures.scheduled
        ));
    }
    for slo in slos {
        match slo {
            Slo::Latency {
                span,
                figure,
                below_ms,
            } => {
                let summary = match span {
                    Span::Publish => &figures.publish,
                    Span::Delay => &figures.delay,
                    Span::EndToEnd => &figures.end_to_end,
                };
                let value = figure.of(summary);
                // Nothing measured keeps nothing.
                if summary.count == 0 {
                    found.push(format!("there is no figure for {slo}"));
                } else if value >= *below_ms {
                    let name = format!("{}{}", span.prefix(), figure.name());
                    found.push(format!("{name} is {value:.3} ms, not below {below_ms} ms"));
                }
            }
            Slo::KeepUp => {
                let to_read = figures.scheduled * f64::from(figures.groups);
                let grown = figures.behind_after as f64 - figures.behind_before as f64;
                if grown > to_read * growth_max {
                    found.push(format!("consumers fell behind by {grown:.0} messages"));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_levels_are_read_and_written() {
        let check = |text: &str, expected: &str| {
            let slo: Slo = text.parse().expect(text);
            assert_eq!(slo.to_string(), expected);
            assert_eq!(expected.parse::<Slo>().unwrap(), slo);
        };
        check("p99<10ms", "p99<10ms");
        check("publish-p50 < 0.5s", "p50<500ms");
        check("e2e-p99.99<250us", "e2e-p99.99<0.25ms");
        check("end-to-end-max<1s", "e2e-max<1000ms");
        check("delay-mean<1ms", "delay-mean<1ms");
        check("keep-up", "keep-up");
        for text in [
            "", "p99", "p98<1ms", "p99<1", "p99<-1ms", "p99<xms", "p99>1ms", "e2e-<1ms", "p99<infs",
        ] {
            let error = text.parse::<Slo>().expect_err(text).to_string();
            assert!(error.contains("is no service level"), "{error}");
        }
    }

    fn check(slos: &[&str], change: impl FnOnce(&mut StepFigures), expected: &[&str]) {
        let slos: Vec<Slo> = slos.iter().map(|text| text.parse().unwrap()).collect();
        let latency = LatencySummary {
            count: 1000,
            p99_ms: 9.0,
            ..LatencySummary::default()
        };
        let mut figures = StepFigures {
            publish: latency,
            end_to_end: latency,
            scheduled: 1000.0,
            published: 1000,
            groups: 2,
            duration_s: 10.0,
            ..StepFigures::default()
        };
        change(&mut figures);
        assert_eq!(violations(&slos, &figures), expected);
    }

    #[test]
    fn violations_are_named() {
        check(&["p99<10ms", "e2e-p99<10ms", "keep-up"], |_| {}, &[]);
        check(&["p99<9ms"], |_| {}, &["p99 is 9.000 ms, not below 9 ms"]);
        check(
            &["delay-p99<9ms"],
            |_| {},
            &["there is no figure for delay-p99<9ms"],
        );
        check(
            &[],
            |figures| figures.failed = 3,
            &["3 messages failed or were never sent"],
        );
        check(
            &[],
            |figures| figures.published = 980,
            &["980 of 1000 messages were acknowledged in time"],
        );
        // A tenth of a second, which is 2 % of a short step.
        let is_short = |figures: &mut StepFigures| (figures.published, figures.duration_s) = (980, 5.0);
        check(&[], is_short, &[]);
        let falls_behind =
            |figures: &mut StepFigures| (figures.behind_before, figures.behind_after) = (5, 30);
        check(
            &["keep-up"],
            falls_behind,
            &["consumers fell behind by 25 messages"],
        );
        check(&["p99<10ms"], falls_behind, &[]);
        check(&["keep-up"], |figures| figures.behind_after = 20, &[]);
    }
}
