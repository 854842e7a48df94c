//! Which rate to try next: doubling until a rate fails, then bisection between the highest that passed and the lowest
//! that failed.
//!
//! Invariants: a rate counts as failed after two failures alone, so that one stall of the machine does not end the
//! search; the answer has passed twice, and the lowest rate that failed has failed twice. No clock and no I/O inside:
//! what to do next follows from the steps so far.

use serde::Serialize;

use crate::number::round_to_u64;

/// Equal verdicts that settle a rate.
const CONFIRMATIONS: u32 = 2;

/// The bounds of a search.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct SearchOptions {
    /// The first rate, in messages a second.
    pub start: f64,
    /// No rate below is tried.
    pub rate_min: f64,
    /// No rate above is tried.
    pub rate_max: f64,
    /// The search ends when the lowest rate that failed is less than this part above the highest that passed.
    pub tolerance: f64,
    /// Steps at most.
    pub steps_max: u32,
}

/// What to do next.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Next {
    /// Try this rate, in messages a second.
    Try(f64),
    /// The search is over.
    Done(Found),
}

/// What a search found.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct Found {
    /// The highest rate that passed, and was not refuted since.
    pub rate: Option<f64>,
    /// Whether it passed twice.
    pub is_confirmed: bool,
    /// The lowest rate that failed twice; none if the search ended for another reason.
    pub failed_rate: Option<f64>,
    /// Whether the search ended because it had no steps left.
    pub ran_out_of_steps: bool,
}

/// A rate and its verdicts.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Attempt {
    rate: f64,
    passes: u32,
    failures: u32,
}

/// A search under way.
#[derive(Clone, PartialEq, Debug)]
pub struct Search {
    options: SearchOptions,
    /// Ascending by rate.
    attempts: Vec<Attempt>,
    last: Option<f64>,
    steps: u32,
}

impl Search {
    /// Nothing tried yet.
    pub fn new(options: SearchOptions) -> Search {
        Search {
            options,
            attempts: Vec::new(),
            last: None,
            steps: 0,
        }
    }

    /// A step at `rate` has passed, or failed.
    pub fn observe(&mut self, rate: f64, has_passed: bool) {
        self.steps += 1;
        self.last = Some(rate);
        let at = self.attempts.partition_point(|attempt| attempt.rate < rate);
        if self.attempts.get(at).is_none_or(|attempt| attempt.rate > rate) {
            let attempt = Attempt {
                rate,
                passes: 0,
                failures: 0,
            };
            self.attempts.insert(at, attempt);
        }
        let attempt = &mut self.attempts[at];
        if has_passed {
            attempt.passes += 1;
        } else {
            attempt.failures += 1;
        }
    }

    /// What to do next.
    pub fn next(&self) -> Next {
        if self.steps >= self.options.steps_max {
            return self.done(true);
        }
        if let Some(attempt) = self.open() {
            return Next::Try(attempt.rate);
        }
        let options = &self.options;
        let rate = match (self.floor(), self.ceiling()) {
            (None, None) => options.start.clamp(options.rate_min, options.rate_max),
            (Some(floor), None) => (floor.rate * 2.0).min(options.rate_max),
            (None, Some(ceiling)) if ceiling <= options.rate_min => return self.done(false),
            (None, Some(ceiling)) => rounded(ceiling / 2.0).max(options.rate_min),
            // The middle by ratio: a tolerance is one, too.
            (Some(floor), Some(ceiling)) => rounded((floor.rate * ceiling).sqrt()),
        };
        match self.floor() {
            Some(floor) if self.is_narrow(floor.rate, rate) => {
                if floor.passes < CONFIRMATIONS {
                    Next::Try(floor.rate)
                } else {
                    self.done(false)
                }
            }
            Some(_) | None => Next::Try(rate),
        }
    }

    /// Whether there is nothing left to try between the highest rate that passed and the lowest that failed.
    fn is_narrow(&self, floor: f64, next: f64) -> bool {
        match self.ceiling() {
            Some(ceiling) => {
                ceiling <= floor * (1.0 + self.options.tolerance) || next <= floor || next >= ceiling
            }
            None => floor >= self.options.rate_max,
        }
    }

    /// The last rate, if it has failed and is not settled.
    fn open(&self) -> Option<Attempt> {
        let last = self.last?;
        let attempt = *self.attempts.iter().find(|attempt| attempt.rate == last)?;
        let is_settled =
            attempt.failures == 0 || attempt.failures >= CONFIRMATIONS || attempt.passes >= CONFIRMATIONS;
        (!is_settled).then_some(attempt)
    }

    /// The lowest rate that failed for good.
    fn ceiling(&self) -> Option<f64> {
        let failed = |attempt: &&Attempt| attempt.failures >= CONFIRMATIONS;
        self.attempts.iter().find(failed).map(|attempt| attempt.rate)
    }

    /// The highest rate below the ceiling that passed and did not fail more often.
    fn floor(&self) -> Option<Attempt> {
        let ceiling = self.ceiling().unwrap_or(f64::INFINITY);
        let below = self
            .attempts
            .iter()
            .rev()
            .filter(|attempt| attempt.rate < ceiling);
        below.copied().find(|attempt| attempt.passes > attempt.failures)
    }

    fn done(&self, ran_out_of_steps: bool) -> Next {
        let floor = self.floor();
        Next::Done(Found {
            rate: floor.map(|floor| floor.rate),
            is_confirmed: floor.is_some_and(|floor| floor.passes >= CONFIRMATIONS),
            failed_rate: self.ceiling(),
            ran_out_of_steps,
        })
    }
}

/// `rate` with three significant digits, and at least one a second: rates that people can say.
fn rounded(rate: f64) -> f64 {
    let magnitude = 10f64.powf((rate.log10().floor() - 2.0).max(0.0));
    (round_to_u64(rate / magnitude) as f64 * magnitude).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: SearchOptions = SearchOptions {
        start: 1000.0,
        rate_min: 10.0,
        rate_max: 1e6,
        tolerance: 0.1,
        steps_max: 40,
    };

    /// Runs a search in which the steps of `verdict` pass; gives the steps and the end.
    fn run(options: SearchOptions, verdict: impl Fn(u32, f64) -> bool) -> (Vec<(f64, bool)>, Found) {
        let mut search = Search::new(options);
        let mut steps = Vec::new();
        loop {
            match search.next() {
                Next::Try(rate) => {
                    let step = u32::try_from(steps.len()).unwrap();
                    let has_passed = verdict(step, rate);
                    search.observe(rate, has_passed);
                    steps.push((rate, has_passed));
                    assert!(steps.len() < 1000, "the search does not end");
                }
                Next::Done(found) => return (steps, found),
            }
        }
    }

    #[test]
    fn rates_are_doubled_then_bisected_then_confirmed() {
        let (steps, found) = run(OPTIONS, |_, rate| rate <= 5000.0);
        let expected = [
            (1000.0, true),
            (2000.0, true),
            (4000.0, true),
            (8000.0, false),
            (8000.0, false),
            (5660.0, false),
            (5660.0, false),
            (4760.0, true),
            (5190.0, false),
            (5190.0, false),
            (4760.0, true),
        ];
        assert_eq!(steps, expected);
        let expected = Found {
            rate: Some(4760.0),
            is_confirmed: true,
            failed_rate: Some(5190.0),
            ran_out_of_steps: false,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn every_limit_is_found_within_the_tolerance() {
        for tenths in 1..600 {
            let limit = 10.0 * 1.02f64.powi(tenths);
            let (steps, found) = run(OPTIONS, |_, rate| rate <= limit);
            assert!(found.is_confirmed && !found.ran_out_of_steps, "{limit}");
            let rate = found.rate.unwrap();
            assert!(rate <= limit, "{rate} is above {limit}");
            if limit < OPTIONS.rate_max {
                // Three digits are coarser than the tolerance below a hundred.
                assert!(rate * 1.1 + 1.0 >= limit.floor(), "{rate} is far below {limit}");
            } else {
                assert_eq!(rate, OPTIONS.rate_max);
            }
            assert!(steps.len() < 40, "{} steps for {limit}", steps.len());
        }
    }

    #[test]
    fn one_failure_is_tried_again() {
        // The second step fails once: a stall of the machine.
        let (steps, found) = run(OPTIONS, |step, rate| step != 1 && rate <= 5000.0);
        assert_eq!(
            steps[..4],
            [(1000.0, true), (2000.0, false), (2000.0, true), (2000.0, true)]
        );
        assert_eq!(found.rate, Some(4760.0));
    }

    #[test]
    fn a_lucky_step_is_refuted() {
        // The eighth step, at 4760, passes by luck: the confirmation and its repetition fail.
        let (steps, found) = run(OPTIONS, |step, rate| step == 7 || rate <= 4500.0);
        assert_eq!(steps[7], (4760.0, true));
        assert!(found.rate.unwrap() <= 4500.0 && found.is_confirmed, "{found:?}");
        assert_eq!(found.failed_rate, Some(4760.0));
    }

    #[test]
    fn nothing_passes_and_everything_does() {
        let (steps, found) = run(OPTIONS, |_, _| false);
        assert_eq!(found.rate, None);
        assert_eq!(found.failed_rate, Some(10.0));
        assert_eq!(steps.last(), Some(&(10.0, false)));
        let (steps, found) = run(OPTIONS, |_, _| true);
        assert_eq!((found.rate, found.is_confirmed), (Some(1e6), true));
        assert_eq!(found.failed_rate, None);
        assert_eq!(steps.last(), Some(&(1e6, true)));
    }

    #[test]
    fn steps_are_bounded() {
        let options = SearchOptions {
            steps_max: 3,
            ..OPTIONS
        };
        let (steps, found) = run(options, |_, _| true);
        assert_eq!(steps.len(), 3);
        let expected = Found {
            rate: Some(4000.0),
            is_confirmed: false,
            failed_rate: None,
            ran_out_of_steps: true,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn rates_have_three_digits() {
        let check = |rate: f64, expected: f64| assert_eq!(rounded(rate), expected, "{rate}");
        check(0.2, 1.0);
        check(7.4, 7.0);
        check(123.4, 123.0);
        check(123_456.0, 123_000.0);
        check(999_900.0, 1_000_000.0);
    }
}
