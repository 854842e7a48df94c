//! What is known of a run at one moment, and how it looks: as lines for a terminal, or as one plain line.

use super::sparkline::sparkline;
use crate::figures::{bytes, clock, compact, grouped, short};

/// Where the run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Clients connect.
    Connecting,
    /// What consumers will read first is produced.
    Backlog,
    /// Traffic that is not measured.
    WarmUp,
    /// Traffic that is.
    Measuring,
    /// What is still missing is waited for.
    Draining,
}

impl Phase {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Connecting => "connecting",
            Phase::Backlog => "building the backlog",
            Phase::WarmUp => "warming up",
            Phase::Measuring => "measuring",
            Phase::Draining => "draining",
        }
    }
}

/// Latencies of the last second, in milliseconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Percentiles {
    /// Half were at most this.
    pub p50_ms: f64,
    /// 99 % were.
    pub p99_ms: f64,
    /// All were.
    pub max_ms: f64,
}

/// What is known of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Frame {
    /// The workload and the target.
    pub title: String,
    /// Where the run is.
    pub phase: Phase,
    /// Seconds since the traffic began.
    pub elapsed_s: f64,
    /// Seconds of traffic in all.
    pub total_s: f64,
    /// Messages acknowledged a second, now.
    pub published_per_s: f64,
    /// Their bytes.
    pub published_bytes_per_s: f64,
    /// Messages consumed a second, by all groups, now; none without consumers.
    pub consumed_per_s: Option<f64>,
    /// From the intended time to the acknowledgement.
    pub publish: Option<Percentiles>,
    /// From the intended time to the consumer.
    pub end_to_end: Option<Percentiles>,
    /// Messages acknowledged and not yet consumed, by all groups.
    pub backlog: u64,
    /// Messages that failed so far.
    pub failed: u64,
    /// The server's CPU time a second, and its resident memory in bytes.
    pub server: Option<(f64, u64)>,
    /// Messages acknowledged in each of the last seconds.
    pub rates: Vec<Option<f64>>,
    /// The p99 of each of the last seconds, in milliseconds.
    pub p99s: Vec<Option<f64>>,
}

/// A line on a terminal, with its emphasis.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) emphasis: Emphasis,
}

/// What a line is drawn with, where there are colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Emphasis {
    None,
    Bold,
    Bad,
}

impl Frame {
    /// The frame as lines of at most `width` columns.
    pub(super) fn lines(&self, width: usize) -> Vec<Line> {
        let mut lines = vec![
            (self.title.clone(), Emphasis::Bold),
            (self.bar(width), Emphasis::None),
        ];
        let rate = format!(
            "published  {:>11} msg/s {:>9} MB/s",
            grouped(self.published_per_s),
            short(self.published_bytes_per_s / 1e6)
        );
        lines.push((with_history(rate, &self.rates, width), Emphasis::None));
        if let Some(consumed) = self.consumed_per_s {
            let backlog = format!("backlog {}", grouped(self.backlog as f64));
            lines.push((
                format!("consumed   {:>11} msg/s  {backlog}", grouped(consumed)),
                Emphasis::None,
            ));
        }
        if self.phase != Phase::Connecting && self.phase != Phase::Backlog {
            let publish = with_history(latency("publish", self.publish), &self.p99s, width);
            lines.push((publish, Emphasis::None));
            if self.consumed_per_s.is_some() {
                lines.push((latency("end to end", self.end_to_end), Emphasis::None));
            }
        }
        if let Some((cores, rss)) = self.server {
            let line = format!("server     {cores:>6.2} cores  {} resident", bytes(rss as f64));
            lines.push((line, Emphasis::None));
        }
        if self.failed > 0 {
            let line = format!("failed     {} messages", grouped(self.failed as f64));
            lines.push((line, Emphasis::Bad));
        }
        lines
            .into_iter()
            .map(|(text, emphasis)| Line {
                text: printable(&text, width),
                emphasis,
            })
            .collect()
    }

    /// The phase, and how far it is.
    fn bar(&self, width: usize) -> String {
        let name = self.phase.name();
        match self.phase {
            Phase::Connecting | Phase::Backlog | Phase::Draining => format!("{name} …"),
            Phase::WarmUp | Phase::Measuring => {
                let share = (self.elapsed_s / self.total_s.max(1e-9)).clamp(0.0, 1.0);
                let left = clock((self.total_s - self.elapsed_s).max(0.0));
                let said = format!(" {:>3.0} %  {left} left  {name}", share * 100.0);
                let room = width.saturating_sub(said.chars().count()).min(40);
                let full = crate::number::round_to_usize(share * room as f64).min(room);
                format!("{}{}{said}", "█".repeat(full), "░".repeat(room - full))
            }
        }
    }

    /// The frame as one line, for a log.
    pub(super) fn plain(&self) -> String {
        let mut line = self.phase.name().to_owned();
        if self.phase == Phase::WarmUp || self.phase == Phase::Measuring {
            line += &format!(" {:.0}/{:.0} s", self.elapsed_s, self.total_s);
        }
        line += &format!(
            "  {} msg/s  {:.1} MB/s",
            grouped(self.published_per_s),
            self.published_bytes_per_s / 1e6
        );
        for (name, latency) in [("publish", self.publish), ("end to end", self.end_to_end)] {
            if let Some(found) = latency {
                line += &format!(
                    "  {name} p50 {} p99 {} max {} ms",
                    short(found.p50_ms),
                    short(found.p99_ms),
                    short(found.max_ms)
                );
            }
        }
        if self.consumed_per_s.is_some() {
            line += &format!("  backlog {}", self.backlog);
        }
        line += &format!("  failed {}", self.failed);
        if let Some((cores, rss)) = self.server {
            line += &format!("  server {cores:.2} cores {} resident", bytes(rss as f64));
        }
        line
    }
}

fn latency(name: &str, found: Option<Percentiles>) -> String {
    match found {
        Some(found) => format!(
            "{name:<10} p50 {:>7}  p99 {:>7}  max {:>7} ms",
            short(found.p50_ms),
            short(found.p99_ms),
            short(found.max_ms)
        ),
        None => format!("{name:<10} –"),
    }
}

/// A line with the history of its figure at the end, if there is room.
fn with_history(line: String, history: &[Option<f64>], width: usize) -> String {
    /// Where histories begin, so that they stand below each other.
    const COLUMN: usize = 53;
    const NARROWEST: usize = 8;
    let most = history.iter().flatten().copied().fold(0.0, f64::max);
    let scale = format!(" to {}", compact(most));
    let room = width.saturating_sub(COLUMN + scale.chars().count()).min(60);
    if room < NARROWEST || most <= 0.0 {
        return line;
    }
    format!("{line:<COLUMN$}{}{scale}", sparkline(history, room))
}

/// At most `width` columns, and nothing that a terminal would obey: titles come from files.
fn printable(text: &str, width: usize) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                '\u{fffd}'
            } else {
                character
            }
        })
        .take(width)
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A run in its middle.
    pub(crate) fn frame() -> Frame {
        Frame {
            title: String::from("1-topic-16-partitions-1kb  127.0.0.1:9092"),
            phase: Phase::Measuring,
            elapsed_s: 30.0,
            total_s: 70.0,
            published_per_s: 50_012.0,
            published_bytes_per_s: 51.2e6,
            consumed_per_s: Some(49_900.0),
            publish: Some(Percentiles {
                p50_ms: 0.92,
                p99_ms: 3.2,
                max_ms: 81.5,
            }),
            end_to_end: None,
            backlog: 1234,
            failed: 0,
            server: Some((0.74, 512 << 20)),
            rates: vec![Some(25_000.0), Some(50_000.0)],
            p99s: vec![Some(1.0), Some(3.2)],
        }
    }

    fn text(frame: &Frame, width: usize) -> Vec<String> {
        frame.lines(width).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn a_wide_terminal_shows_everything() {
        assert_eq!(
            text(&frame(), 100),
            [
                "1-topic-16-partitions-1kb  127.0.0.1:9092",
                "█████████████████░░░░░░░░░░░░░░░░░░░░░░░  43 %  40 s left  measuring",
                "published       50,012 msg/s      51.2 MB/s          ▅█ to 50k",
                "consumed        49,900 msg/s  backlog 1,234",
                "publish    p50   0.920  p99    3.20  max    81.5 ms  ▃█ to 3.2",
                "end to end –",
                "server       0.74 cores  512 MiB resident",
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [1, 20, 40, 58, 80, 200] {
            for line in text(&frame(), width) {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn failures_are_said_and_titles_are_no_commands() {
        let bad = Frame {
            title: String::from("\u{1b}[2Jx\n"),
            failed: 7,
            phase: Phase::Draining,
            ..frame()
        };
        let lines = bad.lines(80);
        assert_eq!(lines[0].text, "\u{fffd}[2Jx\u{fffd}");
        assert_eq!(lines[1].text, "draining …");
        let last = lines.last().unwrap();
        assert_eq!(
            (last.text.as_str(), last.emphasis),
            ("failed     7 messages", Emphasis::Bad)
        );
    }

    #[test]
    fn a_log_gets_one_line() {
        assert_eq!(
            frame().plain(),
            "measuring 30/70 s  50,012 msg/s  51.2 MB/s  publish p50 0.920 p99 3.20 max 81.5 ms  backlog 1234  \
             failed 0  server 0.74 cores 512 MiB resident"
        );
    }
}
