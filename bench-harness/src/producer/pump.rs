//! Takes messages on: at the times of a schedule, one for each answer, or as fast as requests leave.

use std::rc::Rc;
use std::time::Duration;

use corelog_runtime::Monotonic;
use corelog_runtime::local::{Notified, select};

use super::state::Producer;
use crate::client::ClientError;
use crate::measure::Window;
use crate::schedule::Schedule;
use crate::task::yield_now;
use crate::workload::{Mode, Workload};

/// Messages taken on before other tasks have a turn and the clock is read again.
const TURN_MESSAGES: u32 = 256;

/// How long an open loop's turn is at most.
const TURN_MAX: Duration = Duration::from_micros(500);

/// The turns of an open loop: what falls due within one is taken on at its end, or when a batch leaves, whichever comes
/// first. So a producer need not wake for each message, and what is sent when is as if it did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Turns {
    /// How long they are; zero when each message is taken on by itself.
    length: Duration,
    /// When the turn under way ends.
    pub(super) next: Monotonic,
}

impl Turns {
    /// Half of the linger at most, so that a turn ends before its first message must leave, and a quarter of the time
    /// in which a batch fills, so that full batches leave when they are full.
    fn new(workload: &Workload, interval: Duration) -> Turns {
        let linger = Duration::from_secs_f64(workload.linger_ms / 1e3);
        let batch = (f64::from(workload.batch_size) / workload.message_size.mean().max(1.0)).max(1.0);
        let length = TURN_MAX.min(linger / 2).min(interval.mul_f64(batch / 4.0));
        Turns {
            length,
            next: Monotonic::default(),
        }
    }

    /// The turn that begins at `now` with the next message at `due`; tells its end.
    fn begin(&mut self, now: Monotonic, due: Monotonic) -> Monotonic {
        self.next = due.max(now + self.length);
        self.next
    }

    /// When a message counts as taken on: at its time, if no more than a turn ago.
    pub(super) fn taken_on(self, intended: Monotonic, now: Monotonic) -> Monotonic {
        let length = u64::try_from(self.length.as_nanos()).unwrap_or(u64::MAX);
        let earliest = Monotonic::from_nanos(now.as_nanos().saturating_sub(length));
        intended.max(earliest).min(now)
    }
}

/// Which part of the run's schedule a producer has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// The producer, from zero.
    pub index: u32,
    /// How many there are.
    pub of: u32,
}

/// Produces `messages` as fast as they go, and waits until all are answered.
///
/// # Errors
/// `Compress`.
pub async fn build_backlog(producer: Rc<Producer>, messages: u64) -> Result<(), ClientError> {
    let mut left = messages;
    while left > 0 {
        producer.commit_if_due().await?;
        let turn = left.min(u64::from(TURN_MESSAGES));
        let space = producer.space.notified();
        let taken = producer.take_turn(turn, producer.window_bytes())?;
        left -= taken;
        if taken < turn && !producer.is_transaction_due() {
            space.await;
        } else {
            yield_now().await;
        }
    }
    producer.commit().await?;
    loop {
        let answered = producer.answered.notified();
        if producer.outstanding.get() == 0 {
            return Ok(());
        }
        answered.await;
    }
}

/// Produces from the start of `window.traffic` to `window.end`, and closes the producer.
///
/// # Errors
/// `Compress`.
pub async fn run_traffic(producer: Rc<Producer>, window: Window, share: Share) -> Result<(), ClientError> {
    producer.handle.clock.sleep_until(window.traffic).await;
    match producer.workload.mode {
        Mode::Open => producer.open_loop(window, share).await?,
        Mode::Closed => producer.closed_loop(window.end).await?,
        Mode::Max => producer.full_speed(window.end).await?,
    }
    producer.commit().await?;
    producer.close();
    Ok(())
}

impl Producer {
    /// Commits the transaction under way if it is time.
    async fn commit_if_due(&self) -> Result<(), ClientError> {
        if self.is_transaction_due() {
            self.commit().await?;
        }
        Ok(())
    }

    /// Takes messages on now, up to `messages` and while less than `bytes_max` is buffered; tells how many.
    fn take_turn(&self, messages: u64, bytes_max: usize) -> Result<u64, ClientError> {
        let now = (self.handle.clock.now(), self.handle.clock.wall());
        let taken = self.append(now, messages, bytes_max, || Some(now.0))?;
        if taken > 0 {
            self.added.notify_all();
        }
        Ok(taken)
    }

    /// Waits for a change, no longer than until `end`, nor than until the transaction under way is to be committed.
    async fn wait(&self, change: Notified, end: Monotonic) {
        if self.is_transaction_due() {
            return;
        }
        let end = self.transaction_due().map_or(end, |due| due.min(end));
        select(change, self.handle.clock.sleep_until(end)).await;
    }

    async fn full_speed(&self, end: Monotonic) -> Result<(), ClientError> {
        let window = self.window_bytes();
        while self.handle.clock.now() < end {
            self.commit_if_due().await?;
            let space = self.space.notified();
            if self.take_turn(u64::from(TURN_MESSAGES), window)? < u64::from(TURN_MESSAGES) {
                self.wait(space, end).await;
            } else {
                yield_now().await;
            }
        }
        Ok(())
    }

    async fn closed_loop(&self, end: Monotonic) -> Result<(), ClientError> {
        let outstanding_max = u64::from(self.workload.outstanding);
        while self.handle.clock.now() < end {
            self.commit_if_due().await?;
            let answered = self.answered.notified();
            let room = outstanding_max.saturating_sub(self.outstanding.get());
            let turn = room.min(u64::from(TURN_MESSAGES));
            self.take_turn(turn, usize::MAX)?;
            if turn == room {
                self.wait(answered, end).await;
            } else {
                yield_now().await;
            }
        }
        Ok(())
    }

    /// Runs past the window's end if it is late: a message is not forgotten because its time has passed.
    async fn open_loop(&self, window: Window, share: Share) -> Result<(), ClientError> {
        let workload = &self.workload;
        let schedule = Schedule::new(
            workload.arrival,
            window.traffic,
            workload.producer_rate,
            share.index,
            share.of,
            workload.seed ^ u64::from(share.index).rotate_left(40),
        );
        let interval = Duration::from_secs_f64(f64::from(share.of) / workload.producer_rate);
        self.turns.set(Turns::new(workload, interval));
        *self.schedule.borrow_mut() = Some((schedule, window.end));
        loop {
            self.commit_if_due().await?;
            let space = self.space.notified();
            // A lane may take on what fills the transaction.
            let filled = self.filled.notified();
            match self.take_due()? {
                Due::Over => return Ok(()),
                Due::At(time) => {
                    let mut turns = self.turns.get();
                    let end = turns.begin(self.handle.clock.now(), time);
                    self.turns.set(turns);
                    self.wait(filled, end).await;
                }
                Due::Full if self.is_transaction_due() => {}
                Due::Full => {
                    let due = self.transaction_due();
                    let due = async {
                        match due {
                            Some(due) => self.handle.clock.sleep_until(due).await,
                            None => std::future::pending().await,
                        }
                    };
                    select(space, select(filled, due)).await;
                }
                Due::More => yield_now().await,
            }
        }
    }

    /// Takes on what is due by now, in an open loop.
    pub(super) fn take_due(&self) -> Result<Due, ClientError> {
        let slot = &mut *self.schedule.borrow_mut();
        let Some((schedule, end)) = slot else {
            return Ok(Due::Over);
        };
        let now = (self.handle.clock.now(), self.handle.clock.wall());
        let turn = u64::from(TURN_MESSAGES);
        let taken = self.append(now, turn, self.buffer_bytes(), || {
            let intended = schedule.next();
            (intended < *end && intended <= now.0).then(|| {
                schedule.advance();
                intended
            })
        })?;
        if taken > 0 {
            self.added.notify_all();
        }
        let next = schedule.next();
        Ok(if next >= *end {
            Due::Over
        } else if next > now.0 {
            Due::At(next)
        } else if taken < turn {
            Due::Full
        } else {
            Due::More
        })
    }
}

/// What is due after a turn.
pub(super) enum Due {
    /// Nothing any more.
    Over,
    /// The next message at this time.
    At(Monotonic),
    /// Something, and the buffer is full.
    Full,
    /// Something more.
    More,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::parse;

    fn micros(micros: u64) -> Monotonic {
        Monotonic::from_nanos(micros * 1000)
    }

    #[test]
    fn a_turn_ends_before_a_batch_leaves_or_is_full() {
        let check = |workload: &str, interval_us, expected_us| {
            let turns = Turns::new(&parse(workload, &[]).unwrap(), Duration::from_micros(interval_us));
            assert_eq!(turns.length, Duration::from_micros(expected_us), "{workload}");
        };
        check(
            "linger_ms = 1.0\nbatch_size = 131072\nmessage_size = 1024",
            80,
            500,
        );
        check(
            "linger_ms = 0.4\nbatch_size = 131072\nmessage_size = 1024",
            80,
            200,
        );
        check("linger_ms = 5.0\nbatch_size = 16384\nmessage_size = 1024", 10, 40);
        check("linger_ms = 0.0\nbatch_size = 131072\nmessage_size = 1024", 80, 0);
    }

    #[test]
    fn a_message_is_on_time_within_its_turn() {
        let turns = Turns {
            length: Duration::from_micros(100),
            next: micros(1000),
        };
        assert_eq!(turns.taken_on(micros(950), micros(1000)), micros(950));
        assert_eq!(turns.taken_on(micros(500), micros(1000)), micros(900));
        assert_eq!(Turns::default().taken_on(micros(500), micros(1000)), micros(1000));
    }
}
