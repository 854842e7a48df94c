//! The rate limit of segment reads while commits go on.
//!
//! A reader who catches up takes all of a disk that it can get, and commits wait behind it. How much a disk can give
//! to both can only be found by trying, as TCP does with a line: additive increase, multiplicative decrease.
//!
//! The rate grows while commits are fast: below a fixed time, or within a few times the best that commits of their
//! size took. It falls when they are slower. While nothing is committed, reads are not limited.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use corelog_runtime::local::Semaphore;
use corelog_runtime::{Clock, Monotonic};

use crate::fence::Fence;
use crate::journal::state::Journal;

/// How many times as long as at their best commits may take beside reads, on average.
const SLOWER_MAX: u64 = 3;
/// A commit that takes no longer is good enough, whatever the best is. In nanoseconds.
const GOOD_ENOUGH: u64 = 2_000_000;
/// Of this many classes of commits by their size, each twice the last one's, the best is known.
const CLASSES: usize = 16;
/// The least rate: a reader comes on however slow commits are. In bytes a second.
const RATE_MIN: u64 = 32 << 20;
/// The rate at first, in bytes a second.
const RATE_BEGIN: u64 = 128 << 20;
/// More than any disk gives, in bytes a second.
const RATE_MAX: u64 = 64 << 30;
/// How often the rate is changed.
const STEP: Duration = Duration::from_millis(10);
/// What a step adds, in bytes a second.
const RATE_STEP: u64 = 4 << 20;
/// How long after a commit another one is expected.
const PAUSE_MAX: Duration = Duration::from_millis(10);
/// The longest wait for credit before it is looked at again.
const WAIT_MAX: Duration = Duration::from_millis(2);
/// What may be saved up, in bytes.
const CREDIT_MAX: i64 = 1 << 20;
/// The unit of how slow commits are.
const ONE: u64 = 256;

/// The readers of one shard, which take turns while commits go on.
pub(crate) struct ReadTurns {
    clock: Rc<dyn Clock>,
    fence: Rc<Fence>,
    journal: Rc<Journal>,
    rate: RefCell<ReadRate>,
    /// Taken by the reader whose turn is next.
    mutex: Semaphore,
}

impl ReadTurns {
    /// Of a shard that has committed nothing yet.
    pub(crate) fn new(clock: Rc<dyn Clock>, fence: Rc<Fence>, journal: Rc<Journal>) -> ReadTurns {
        let rate = ReadRate::new(clock.now());
        ReadTurns {
            clock,
            fence,
            journal,
            rate: RefCell::new(rate),
            mutex: Semaphore::new(1),
        }
    }

    /// Whether segments are read beside no commits, and so at any rate.
    pub(crate) fn are_free(&self) -> bool {
        let is_quiet = self.rate.borrow().is_quiet(self.clock.now());
        (is_quiet && !self.journal.is_committing()) || self.fence.fenced().is_some()
    }

    /// Waits until `bytes` of a segment may be read: see [`ReadRate`].
    pub(crate) async fn turn(&self, bytes: usize) {
        if self.are_free() {
            return;
        }
        let _held = self.mutex.acquire(1).await;
        while !self.are_free() {
            let taken = self.rate.borrow_mut().take(bytes, self.clock.now());
            match taken {
                Ok(()) => return,
                Err(until) => self.clock.sleep_until(until).await,
            }
        }
    }

    /// A commit of `bytes` has ended that took so long.
    pub(crate) fn committed(&self, bytes: u64, took: Duration) {
        let now = self.clock.now();
        self.rate.borrow_mut().committed(bytes, took, now);
    }
}

/// The rate of one shard's readers. A read may begin while there is credit, and may leave a debt.
#[derive(Debug)]
pub(crate) struct ReadRate {
    /// Bytes a second.
    rate: u64,
    /// Bytes.
    credit: i64,
    counted_until: Monotonic,
    committed_last: Option<Monotonic>,
    /// How long commits of each class take at their best, in nanoseconds; 0 where there was none.
    best: [u64; CLASSES],
    /// How long commits take on average beside what they may, in parts of [`ONE`].
    slowness: u64,
    changed_last: Monotonic,
    /// Whether a reader found no credit since the rate was changed: a rate that nobody uses says nothing.
    has_lacked: bool,
}

impl ReadRate {
    /// With a full credit.
    pub(crate) fn new(now: Monotonic) -> ReadRate {
        ReadRate {
            rate: RATE_BEGIN,
            credit: CREDIT_MAX,
            counted_until: now,
            committed_last: None,
            best: [0; CLASSES],
            slowness: 0,
            changed_last: now,
            has_lacked: false,
        }
    }

    /// A commit of `bytes` has ended that took so long.
    pub(crate) fn committed(&mut self, bytes: u64, took: Duration, now: Monotonic) {
        let nanos = u64::try_from(took.as_nanos())
            .unwrap_or(u64::MAX)
            .clamp(1, u64::MAX >> 16);
        let class = usize::try_from((bytes / 4096).max(1).ilog2()).unwrap_or(CLASSES);
        let best = &mut self.best[class.min(CLASSES - 1)];
        // Falls fast and rises slowly: a low quantile of the last few thousand.
        *best = match *best {
            0 => nanos,
            known if nanos < known => (known * 7 + nanos) / 8,
            known => (known * 2047 + nanos) / 2048,
        };
        let allowed = (*best * SLOWER_MAX).max(GOOD_ENOUGH);
        self.slowness = (self.slowness * 7 + nanos * ONE / allowed) / 8;
        self.committed_last = Some(now);
        if now.since(self.changed_last) >= STEP {
            self.earn(now);
            if self.slowness > ONE {
                let slowness = self.slowness.max(ONE * 4 / 3);
                self.rate = (self.rate * ONE / slowness).max(RATE_MIN);
            } else if self.has_lacked {
                self.rate = (self.rate + RATE_STEP).min(RATE_MAX);
            }
            (self.changed_last, self.has_lacked) = (now, false);
        }
    }

    /// Whether no commit has ended just now, so that, with none under way, none is expected.
    pub(crate) fn is_quiet(&self, now: Monotonic) -> bool {
        self.committed_last.is_none_or(|last| now.since(last) > PAUSE_MAX)
    }

    /// Takes the credit for a read of `bytes`; else says when to ask again.
    pub(crate) fn take(&mut self, bytes: usize, now: Monotonic) -> Result<(), Monotonic> {
        self.earn(now);
        if self.credit <= 0 {
            self.has_lacked = true;
            let debt = self.credit.unsigned_abs() + 1;
            let wait = Duration::from_micros(1 + debt.saturating_mul(1_000_000) / self.rate);
            return Err(now + wait.min(WAIT_MAX));
        }
        self.credit = self
            .credit
            .saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
        Ok(())
    }

    /// Adds what the time since the last call has brought.
    fn earn(&mut self, now: Monotonic) {
        let micros = u64::try_from(now.since(self.counted_until).as_micros()).unwrap_or(u64::MAX);
        let earned = micros.saturating_mul(self.rate) / 1_000_000;
        if earned > 0 {
            self.counted_until = now;
            let earned = i64::try_from(earned).unwrap_or(i64::MAX);
            self.credit = self.credit.saturating_add(earned).min(CREDIT_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;
    const COMMIT: u64 = 64 << 10;

    fn at(millis: u64) -> Monotonic {
        Monotonic::from_nanos(millis * 1_000_000)
    }

    /// Reads of a MiB as fast as the rate lets them, beside a commit each millisecond that takes as long as `took` says
    /// from the rate; the MiB read in each second.
    fn read(seconds: u64, took: impl Fn(u64) -> Duration) -> Vec<u64> {
        let mut rate = ReadRate::new(at(0));
        let mut read = vec![0; usize::try_from(seconds).unwrap()];
        for millis in 0..seconds * 1000 {
            for _ in 0..4 {
                let taken = rate.take(MIB, at(millis));
                read[usize::try_from(millis / 1000).unwrap()] += u64::from(taken.is_ok());
            }
            rate.committed(COMMIT, took(rate.rate), at(millis));
        }
        read
    }

    #[test]
    fn reads_that_disturb_nobody_grow_faster() {
        let read = read(10, |_| Duration::from_millis(1));
        assert!(read[0] < 500 && read[9] > 900, "{read:?}");
    }

    #[test]
    fn reads_settle_where_commits_are_not_much_slower() {
        // Eight times as slow from 300 MiB a second on.
        let read = read(20, |rate| {
            Duration::from_millis(if rate > 300 << 20 { 8 } else { 1 })
        });
        assert!(read[10..].iter().all(|mib| (120..330).contains(mib)), "{read:?}");
    }

    #[test]
    fn commits_of_another_size_are_held_against_their_like() {
        let mut rate = ReadRate::new(at(0));
        for millis in 0..1000 {
            let is_large = millis % 4 == 0;
            let (bytes, took) = if is_large { (COMMIT << 6, 50) } else { (COMMIT, 1) };
            rate.committed(bytes, Duration::from_millis(took), at(millis));
        }
        assert_eq!(rate.rate, RATE_BEGIN);
    }

    #[test]
    fn a_rate_that_nobody_needs_stays() {
        let mut rate = ReadRate::new(at(0));
        for millis in 0..1000 {
            assert!(millis % 100 != 0 || rate.take(MIB, at(millis)).is_ok());
            rate.committed(COMMIT, Duration::from_millis(1), at(millis));
        }
        assert_eq!(rate.rate, RATE_BEGIN);
    }

    #[test]
    fn a_disk_that_turned_slow_does_not_stop_readers() {
        let mut rate = ReadRate::new(at(0));
        rate.committed(COMMIT, Duration::from_millis(1), at(0));
        for millis in 0..100 {
            let _taken = rate.take(MIB, at(millis));
            rate.committed(COMMIT, Duration::from_millis(100), at(millis));
        }
        assert_eq!(rate.rate, RATE_MIN);
        let read = (100..1100)
            .filter(|millis| rate.take(MIB, at(*millis)).is_ok())
            .count();
        assert!((31..=33).contains(&read), "{read} MiB in a second");
    }

    #[test]
    fn another_commit_is_expected_after_one() {
        let mut rate = ReadRate::new(at(0));
        assert!(rate.is_quiet(at(0)));
        rate.committed(COMMIT, Duration::from_millis(1), at(100));
        assert!(!rate.is_quiet(at(110)));
        assert!(rate.is_quiet(at(111)));
    }
}
