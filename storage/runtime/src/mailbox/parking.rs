//! The handshake between a shard that goes to sleep and those that have something for it.
//!
//! The sleeper publishes that it is parked and then looks once more at what others may have left; the others leave
//! something and then look whether it is parked. Sequentially consistent fences between each pair make it impossible
//! that both miss the other, so a wake-up is never lost, and an awake shard is never signalled.
//!
//! The two orders are written once, over [`Flag`], and checked exhaustively by loom in this module's tests.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering, fence};

use crate::ring;

/// What the handshake needs of an atomic boolean; the standard library's, or loom's.
pub(super) trait Flag {
    /// Stores, relaxed.
    fn store(&self, value: bool);
    /// Loads, relaxed.
    fn load(&self) -> bool;
    /// Swaps; acquire and release.
    fn swap(&self, value: bool) -> bool;
    /// A sequentially consistent fence.
    fn fence();
}

impl Flag for AtomicBool {
    fn store(&self, value: bool) {
        self.store(value, Ordering::Relaxed);
    }
    fn load(&self) -> bool {
        self.load(Ordering::Relaxed)
    }
    fn swap(&self, value: bool) -> bool {
        self.swap(value, Ordering::AcqRel)
    }
    fn fence() {
        fence(Ordering::SeqCst);
    }
}

/// Raises `flag`. Whoever then finds the flag down in [`lower_if_raised`] had left its message before, and the caller
/// sees that message when it looks after this call.
pub(super) fn raise<F: Flag>(flag: &F) {
    flag.store(true);
    F::fence();
}

/// Lowers `flag` and says whether it was up. If it was not, whoever raises it later sees what the caller had left
/// before this call.
pub(super) fn lower_if_raised<F: Flag>(flag: &F) -> bool {
    F::fence();
    flag.load() && flag.swap(false)
}

/// The flag and the eventfd by which other shards wake one that sleeps.
pub(crate) struct Parking {
    parked: AtomicBool,
    eventfd: File,
}

impl Parking {
    /// Awake.
    pub(crate) fn new() -> io::Result<Parking> {
        Ok(Parking {
            parked: AtomicBool::new(false),
            eventfd: ring::eventfd()?,
        })
    }

    /// The descriptor that turns readable at a wake-up.
    pub(crate) fn eventfd(&self) -> &File {
        &self.eventfd
    }

    /// Says that this shard sleeps, unless it finds something when it looks once more.
    pub(crate) fn park(&self) {
        raise(&self.parked);
    }

    /// Says that this shard is awake and looks by itself.
    pub(crate) fn unpark(&self) {
        Flag::store(&self.parked, false);
    }

    /// Whether the shard says that it sleeps and nobody has woken it since. For the watchdog.
    pub(crate) fn is_parked(&self) -> bool {
        Flag::load(&self.parked)
    }

    /// Whether the descriptor is readable: the shard was signalled and has not drained it. For the watchdog.
    pub(crate) fn is_signalled(&self) -> bool {
        ring::is_readable(&self.eventfd)
    }

    /// Wakes the shard if it sleeps. Called after something was left for it.
    pub(crate) fn wake(&self) {
        if lower_if_raised(&self.parked) {
            self.signal();
        }
    }

    /// Wakes whoever polls the descriptor, asleep or not.
    pub(crate) fn signal(&self) {
        // Adds one. It can fail only when the counter is full, and then the descriptor is readable anyway.
        let _full = (&self.eventfd).write(&1u64.to_ne_bytes());
    }

    /// Takes the signals that have come, so that the descriptor turns unreadable.
    pub(crate) fn drain(&self) {
        let mut count = [0u8; 8];
        // Fails only if there was none.
        let _none = (&self.eventfd).read(&mut count);
    }
}

#[cfg(test)]
mod tests {
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

    use super::{Flag, lower_if_raised, raise};

    impl Flag for AtomicBool {
        fn store(&self, value: bool) {
            self.store(value, Ordering::Relaxed);
        }
        fn load(&self) -> bool {
            self.load(Ordering::Relaxed)
        }
        fn swap(&self, value: bool) -> bool {
            self.swap(value, Ordering::AcqRel)
        }
        fn fence() {
            fence(Ordering::SeqCst);
        }
    }

    /// A queue's length, as the ring's indices publish it, the flag, and the eventfd as a count of signals.
    struct Shared {
        queued: AtomicUsize,
        parked: AtomicBool,
        signals: AtomicUsize,
    }

    impl Shared {
        fn wake(&self) {
            if lower_if_raised(&self.parked) {
                self.signals.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Over every interleaving of a sender (or two) with a shard that parks: it sees the message when it looks once
    /// more, or a signal comes.
    fn check_parking(senders: usize) {
        loom::model(move || {
            let shared = Arc::new(Shared {
                queued: AtomicUsize::new(0),
                parked: AtomicBool::new(false),
                signals: AtomicUsize::new(0),
            });
            let threads: Vec<_> = (0..senders)
                .map(|_| {
                    let shared = Arc::clone(&shared);
                    loom::thread::spawn(move || {
                        shared.queued.fetch_add(1, Ordering::Release);
                        shared.wake();
                    })
                })
                .collect();
            raise(&shared.parked);
            let seen = shared.queued.load(Ordering::Acquire);
            for thread in threads {
                thread.join().unwrap();
            }
            let signals = shared.signals.load(Ordering::Relaxed);
            assert!(
                seen == senders || signals > 0,
                "saw {seen} of {senders} messages and no signal"
            );
            assert!(signals <= 1, "one signal wakes a shard");
        });
    }

    #[test]
    fn a_parking_shard_misses_no_message() {
        check_parking(1);
    }

    #[test]
    fn a_parking_shard_misses_neither_of_two() {
        check_parking(2);
    }

    /// A sender that finds the queue full against a receiver that makes room: the sender's second look finds the
    /// room, or the receiver wakes it. The same handshake the other way round.
    #[test]
    fn a_starved_sender_is_woken() {
        loom::model(|| {
            let shared = Arc::new(Shared {
                queued: AtomicUsize::new(1),
                parked: AtomicBool::new(false),
                signals: AtomicUsize::new(0),
            });
            let receiver = {
                let shared = Arc::clone(&shared);
                loom::thread::spawn(move || {
                    shared.queued.store(0, Ordering::Release);
                    shared.wake();
                })
            };
            let mut sent = shared.queued.load(Ordering::Acquire) == 0;
            if !sent {
                raise(&shared.parked);
                sent = shared.queued.load(Ordering::Acquire) == 0;
            }
            receiver.join().unwrap();
            assert!(
                sent || shared.signals.load(Ordering::Relaxed) > 0,
                "starved for ever"
            );
        });
    }
}
