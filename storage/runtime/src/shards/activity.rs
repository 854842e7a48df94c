//! How a shard spends its time: in tasks, in its driver, asleep.
//!
//! The shard writes these counters and a task of the same shard reads them, so they are plain cells. Each poll of a
//! task costs one reading of the clock.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A poll that takes longer keeps other classes from their slice: it is remembered, and counts as a stall.
const LONG: Duration = Duration::from_millis(1);
/// Long polls that are remembered.
const LONG_MAX: usize = 32;
/// Seconds that can be looked back.
const WINDOW: usize = 15;

/// Where time went, since the shard's start or within a window. The rest is the executor and the kernel's.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct TimeSpent {
    /// Within tasks.
    pub work: Duration,
    /// Of it, within polls that took longer than a slice.
    pub stall: Duration,
    /// The driver: submitting, reaping, timers, messages of other shards.
    pub poll: Duration,
    /// Nothing to do.
    pub idle: Duration,
}

impl TimeSpent {
    fn since(self, earlier: TimeSpent) -> TimeSpent {
        TimeSpent {
            work: self.work.saturating_sub(earlier.work),
            stall: self.stall.saturating_sub(earlier.stall),
            poll: self.poll.saturating_sub(earlier.poll),
            idle: self.idle.saturating_sub(earlier.idle),
        }
    }
}

/// What the tasks of one name came to since the shard's start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaskTime {
    /// The name.
    pub name: &'static str,
    /// Polls of them.
    pub polls: u64,
    /// Time within them.
    pub total: Duration,
    /// The longest poll.
    pub longest: Duration,
}

/// A poll that held its shard for longer than a slice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LongPoll {
    /// The task's name.
    pub name: &'static str,
    /// How long ago it ended.
    pub ago: Duration,
    /// How long it took.
    pub took: Duration,
}

/// A look at a shard's activity.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ActivityReport {
    /// Since the shard's start.
    pub total: TimeSpent,
    /// The seconds that `recent` covers.
    pub window: Duration,
    /// Within the last seconds.
    pub recent: TimeSpent,
    /// The tasks by name, the most time first.
    pub tasks: Vec<TaskTime>,
    /// The last long polls, the latest first.
    pub long: Vec<LongPoll>,
}

/// What one shard records of itself. The default one records nothing and reports nothing: a shard that is simulated
/// spends no time.
#[derive(Default)]
pub struct Activity {
    began: Cell<Option<Instant>>,
    total: Cell<TimeSpent>,
    /// The totals at the beginnings of the last seconds.
    marks: RefCell<VecDeque<(Instant, TimeSpent)>>,
    tasks: RefCell<Vec<TaskTime>>,
    long: RefCell<VecDeque<(&'static str, Instant, Duration)>>,
}

impl Activity {
    /// One that begins now.
    pub(crate) fn new(now: Instant) -> Rc<Activity> {
        let activity = Activity::default();
        activity.began.set(Some(now));
        activity.marks.borrow_mut().push_back((now, TimeSpent::default()));
        Rc::new(activity)
    }

    /// Makes room for the task names below `index`.
    pub(crate) fn name(&self, index: u32, name: &'static str) {
        let index = usize::try_from(index).expect("names are literals of the program");
        let mut tasks = self.tasks.borrow_mut();
        if tasks.len() <= index {
            let task = TaskTime {
                name,
                polls: 0,
                total: Duration::ZERO,
                longest: Duration::ZERO,
            };
            tasks.resize(index + 1, task);
        }
    }

    /// A task was polled from `from` to `to`.
    pub(crate) fn polled(&self, index: u32, from: Instant, to: Instant) {
        let took = to.duration_since(from);
        let mut total = self.total.get();
        total.work += took;
        let mut tasks = self.tasks.borrow_mut();
        let task = &mut tasks[usize::try_from(index).expect("names are literals of the program")];
        task.polls += 1;
        task.total += took;
        task.longest = task.longest.max(took);
        if took > LONG {
            total.stall += took;
            let mut long = self.long.borrow_mut();
            if long.len() == LONG_MAX {
                long.pop_front();
            }
            long.push_back((task.name, to, took));
        }
        self.total.set(total);
        self.mark(to);
    }

    /// The driver took a turn.
    pub(crate) fn turned(&self, from: Instant, to: Instant) {
        let mut total = self.total.get();
        total.poll += to.duration_since(from);
        self.total.set(total);
        self.mark(to);
    }

    /// The driver slept; tasks may have run meanwhile, and `worked` is what they had come to when it went to sleep.
    pub(crate) fn slept(&self, from: Instant, to: Instant, worked: Duration) {
        let mut total = self.total.get();
        let meanwhile = total.work.saturating_sub(worked);
        total.idle += to.duration_since(from).saturating_sub(meanwhile);
        self.total.set(total);
        self.mark(to);
    }

    /// The time within tasks so far.
    pub(crate) fn worked(&self) -> Duration {
        self.total.get().work
    }

    /// Keeps the totals once a second.
    fn mark(&self, now: Instant) {
        let mut marks = self.marks.borrow_mut();
        let is_due = marks
            .back()
            .is_none_or(|(at, _)| now.duration_since(*at) >= Duration::from_secs(1));
        if is_due {
            if marks.len() == WINDOW {
                marks.pop_front();
            }
            marks.push_back((now, self.total.get()));
        }
    }

    /// What was recorded, as of the last record.
    pub fn report(&self) -> ActivityReport {
        if self.began.get().is_none() {
            return ActivityReport::default();
        }
        self.report_at(now())
    }

    fn report_at(&self, now: Instant) -> ActivityReport {
        let total = self.total.get();
        let (since, earlier) = self.marks.borrow().front().copied().unwrap_or((now, total));
        let mut tasks: Vec<TaskTime> = self
            .tasks
            .borrow()
            .iter()
            .filter(|task| task.polls > 0)
            .copied()
            .collect();
        tasks.sort_by_key(|task| std::cmp::Reverse(task.total));
        let long = self.long.borrow();
        let long = long.iter().rev().map(|(name, at, took)| LongPoll {
            name,
            ago: now.duration_since(*at),
            took: *took,
        });
        ActivityReport {
            total,
            window: now.duration_since(since),
            recent: total.since(earlier),
            tasks,
            long: long.collect(),
        }
    }
}

/// The clock of these records.
#[expect(
    clippy::disallowed_methods,
    reason = "the real form of the seams is where time comes from"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn time_is_told_apart() {
        let start = now();
        let activity = Activity::new(start);
        activity.name(0, "fetch");
        activity.name(1, "produce");
        let at = |ms: u32| start + MS * ms;
        activity.turned(at(0), at(1));
        let worked = activity.worked();
        activity.polled(1, at(2), at(2) + MS / 2);
        activity.polled(0, at(3), at(7));
        // Asleep from 1 to 11 ms, of which 4.5 ms went to tasks.
        activity.slept(at(1), at(11), worked);
        let report = activity.report_at(at(20));
        let expected = TimeSpent {
            work: MS * 9 / 2,
            stall: MS * 4,
            poll: MS,
            idle: MS * 11 / 2,
        };
        assert_eq!(
            (report.total, report.recent, report.window),
            (expected, expected, MS * 20)
        );
        let names: Vec<_> = report.tasks.iter().map(|task| (task.name, task.polls)).collect();
        assert_eq!(names, [("fetch", 1), ("produce", 1)]);
        let long = LongPoll {
            name: "fetch",
            ago: MS * 13,
            took: MS * 4,
        };
        assert_eq!(report.long, [long]);
    }

    #[test]
    fn the_window_moves_and_stays_bounded() {
        let start = now();
        let activity = Activity::new(start);
        activity.name(0, "a");
        for second in 0..100u32 {
            let from = start + MS * 1000 * second;
            activity.polled(0, from, from + MS * 2);
        }
        let report = activity.report_at(start + MS * 99_002);
        assert_eq!(report.total.work, MS * 200);
        assert!(report.window < Duration::from_secs(20), "{:?}", report.window);
        assert!(report.recent.work <= MS * 2 * 16, "{:?}", report.recent);
        assert_eq!(report.long.len(), LONG_MAX);
        assert_eq!(Activity::default().report(), ActivityReport::default());
    }
}
