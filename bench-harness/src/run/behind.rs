//! Tells that a target falls ever further behind an open loop's schedule, so that a step that has failed need not be
//! sat out. No clock inside.

use std::collections::VecDeque;

/// Looks in a row at which the distance has to grow.
const GROWTHS: usize = 4;
/// The least distance, in seconds of the schedule.
const LAG_MIN_S: f64 = 1.0;
/// The least distance, as a part of the time that is measured: so much is late that no figure can hold.
const LAG_MIN_PART: f64 = 0.1;

/// What a target has to keep up with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Pace {
    /// Messages a second of the schedule.
    pub rate: f64,
    /// Groups that have to keep up too; zero leaves them alone.
    pub groups: u32,
    /// Seconds that are measured.
    pub duration_s: f64,
}

/// Watches the distance between the schedule and what was done of it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct BehindWatch {
    pace: Pace,
    lags_s: VecDeque<f64>,
}

impl BehindWatch {
    /// Nothing seen yet.
    pub(super) fn new(pace: Pace) -> BehindWatch {
        BehindWatch {
            pace,
            lags_s: VecDeque::new(),
        }
    }

    /// `elapsed_s` seconds into the schedule so many messages were acknowledged, and consumed by all groups together.
    /// Gives the distance in seconds when the target has fallen behind for good.
    pub(super) fn look(&mut self, elapsed_s: f64, published: u64, consumed: u64) -> Option<f64> {
        let rate = self.pace.rate;
        let mut lag_s = elapsed_s - published as f64 / rate;
        if self.pace.groups > 0 {
            lag_s = lag_s.max(elapsed_s - consumed as f64 / rate / f64::from(self.pace.groups));
        }
        self.lags_s.push_back(lag_s);
        if self.lags_s.len() > GROWTHS + 1 {
            self.lags_s.pop_front();
        }
        let grows = self.lags_s.len() > GROWTHS
            && self
                .lags_s
                .iter()
                .zip(self.lags_s.iter().skip(1))
                .all(|(before, after)| after > before);
        let is_far = lag_s >= LAG_MIN_S.max(LAG_MIN_PART * self.pace.duration_s);
        (grows && is_far).then_some(lag_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The look, from one, at which the watch gives up, if every look is half a second after the one before.
    fn check(groups: u32, published: &[u64], consumed: &[u64], expected: Option<usize>) {
        let mut watch = BehindWatch::new(Pace {
            rate: 100.0,
            groups,
            duration_s: 10.0,
        });
        let found = (1u32..)
            .zip(published.iter().zip(consumed))
            .position(|(look, (published, consumed))| {
                let elapsed_s = f64::from(look) * 0.5;
                watch.look(elapsed_s, *published, *consumed).is_some()
            });
        assert_eq!(
            found.map(|index| index + 1),
            expected,
            "{published:?} {consumed:?}"
        );
    }

    #[test]
    fn only_a_distance_that_is_large_and_grows_counts() {
        let nothing = [0; 8];
        // Keeps up.
        check(0, &[50, 100, 150, 200, 250, 300, 350, 400], &nothing, None);
        // Half the rate: a second behind after two, and seen to grow four times at the fifth look.
        check(0, &[25, 50, 75, 100, 125, 150, 175, 200], &nothing, Some(5));
        // A tenth less than the rate: not far within four seconds.
        check(0, &[45, 90, 135, 180, 225, 270, 315, 360], &nothing, None);
        // A long stall, then it catches up.
        check(0, &[50, 50, 50, 50, 200, 300, 350, 400], &nothing, None);
        // Consumers lag, and matter only when they are to keep up: two groups read every message.
        let published = [50, 100, 150, 200, 250, 300, 350, 400];
        let consumed = [50, 100, 150, 200, 250, 300, 350, 400];
        check(0, &published, &consumed, None);
        check(2, &published, &consumed, Some(5));
    }
}
