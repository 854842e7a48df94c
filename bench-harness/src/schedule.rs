//! When messages are meant to be sent. The schedule knows nothing of how the target keeps up: that is what makes the
//! loop open, and latency is counted from these times.

use std::time::Duration;

use corelog_runtime::Monotonic;

use crate::random::Random;
use crate::workload::Arrival;

const NANOS_PER_SECOND: f64 = 1e9;

/// The intended times of one producer's messages, ascending.
#[derive(Clone, Debug)]
pub struct Schedule {
    start: Monotonic,
    interval_nanos: f64,
    gaps: Gaps,
    next: Monotonic,
}

#[derive(Clone, Debug)]
enum Gaps {
    Constant { index: u64, phase: f64 },
    Poisson { random: Random, elapsed_nanos: f64 },
}

impl Schedule {
    /// A schedule from `start` on. `rate` is that of all `of` producers together, in messages a second; this one is
    /// number `index`. Constant schedules are shifted against each other so that their sum is constant too; the sum of
    /// Poisson processes is one by itself.
    ///
    /// # Panics
    /// If `rate` is not above zero.
    pub fn new(arrival: Arrival, start: Monotonic, rate: f64, index: u32, of: u32, seed: u64) -> Schedule {
        assert!(rate > 0.0, "a schedule needs a rate");
        let interval_nanos = f64::from(of) * NANOS_PER_SECOND / rate;
        let gaps = match arrival {
            Arrival::Constant => Gaps::Constant {
                index: 0,
                phase: interval_nanos * f64::from(index) / f64::from(of),
            },
            Arrival::Poisson => Gaps::Poisson {
                random: Random::new(seed),
                elapsed_nanos: 0.0,
            },
        };
        let mut schedule = Schedule {
            start,
            interval_nanos,
            gaps,
            next: start,
        };
        schedule.advance();
        schedule
    }

    /// The next message's intended time.
    pub fn next(&self) -> Monotonic {
        self.next
    }

    /// Goes on to the message after.
    pub fn advance(&mut self) {
        let nanos = match &mut self.gaps {
            Gaps::Constant { index, phase } => {
                // From the index, not by adding up, so that no error accumulates.
                let nanos = *phase + *index as f64 * self.interval_nanos;
                *index += 1;
                nanos
            }
            Gaps::Poisson {
                random,
                elapsed_nanos,
            } => {
                *elapsed_nanos -= random.unit().ln() * self.interval_nanos;
                *elapsed_nanos
            }
        };
        self.next = self.start + Duration::from_secs_f64(nanos / NANOS_PER_SECOND);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(mut schedule: Schedule, end: Monotonic) -> Vec<u64> {
        let mut times = Vec::new();
        while schedule.next() < end {
            times.push(schedule.next().as_nanos());
            schedule.advance();
        }
        times
    }

    #[test]
    fn constant_schedules_interleave_evenly() {
        let start = Monotonic::from_nanos(1_000_000);
        let end = start + Duration::from_secs(1);
        let mut all: Vec<u64> = (0..4)
            .flat_map(|index| times(Schedule::new(Arrival::Constant, start, 1000.0, index, 4, 0), end))
            .collect();
        all.sort_unstable();
        assert_eq!(all.len(), 1000);
        for (index, time) in (0u64..).zip(&all) {
            assert!(
                time.abs_diff(1_000_000 + index * 1_000_000) <= 1,
                "message {index} at {time}"
            );
        }
    }

    #[test]
    fn a_constant_schedule_does_not_drift() {
        let mut schedule = Schedule::new(Arrival::Constant, Monotonic::default(), 3.0, 0, 1, 0);
        for _ in 0..3_000_000 {
            schedule.advance();
        }
        assert!(schedule.next().as_nanos().abs_diff(1_000_000_000_000_000) <= 1_000);
    }

    #[test]
    fn poisson_has_its_rate_and_its_spread() {
        let end = Monotonic::from_nanos(100_000_000_000);
        let schedule = Schedule::new(Arrival::Poisson, Monotonic::default(), 1000.0, 0, 2, 9);
        let times = times(schedule, end);
        let count = times.len() as f64;
        assert!((count - 50_000.0).abs() < 1_000.0, "{count} messages");
        // The gaps' standard deviation equals their mean, 2 ms.
        let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let deviation = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
        assert!(
            (deviation / mean - 1.0).abs() < 0.05,
            "{deviation} against {mean}"
        );
    }
}
