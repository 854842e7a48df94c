//! What happened, as a running hash and, if asked for, as a log that can be compared byte for byte.

use std::fmt::{self, Write};

use crate::rng::mix;

/// What kind of event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum TraceKind {
    /// A task began; subject: its number.
    Spawn = 1,
    /// A task was polled; subject: its number.
    Poll,
    /// A task ended; subject: its number.
    End,
    /// A timer fired.
    Timer,
    /// A disk operation was submitted; subject: its number, detail: position or length.
    DiskSubmit,
    /// A disk operation took effect.
    DiskApply,
    /// A disk operation was completed; detail: 1 if it failed.
    DiskComplete,
    /// A fault was injected into a disk operation.
    DiskFault,
    /// A message between shards was queued.
    Message,
    /// A message between shards was taken.
    Receive,
    /// Something happened to a connection; subject: its number, detail: bytes.
    Net,
    /// A machine was started, killed or lost its power.
    Machine,
    /// A test said something.
    Note,
}

/// One event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceEvent {
    /// Virtual nanoseconds since the start.
    pub at: u64,
    /// What kind.
    pub kind: TraceKind,
    /// The machine, or `u16::MAX` for the harness.
    pub machine: u16,
    /// What it happened to.
    pub subject: u64,
    /// More about it.
    pub detail: u64,
    /// A word about it.
    pub label: &'static str,
}

impl fmt::Display for TraceEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>12}.{:03}us m{} {:?} {} #{} {}",
            self.at / 1_000,
            self.at % 1_000,
            self.machine,
            self.kind,
            self.label,
            self.subject,
            self.detail
        )
    }
}

/// The hash and the log.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    count: u64,
    /// Events, each with words about it that are not part of the hash.
    log: Option<Vec<(TraceEvent, String)>>,
}

impl Trace {
    pub(crate) fn new(keep_log: bool) -> Trace {
        Trace {
            hash: 0,
            count: 0,
            log: keep_log.then(Vec::new),
        }
    }

    pub(crate) fn record(&mut self, event: TraceEvent, words: impl FnOnce() -> String) {
        let mut hash = self.hash;
        for word in [
            event.at,
            u64::from(event.machine) << 8 | u64::from(event.kind as u8),
            event.subject,
            event.detail,
        ] {
            hash = mix(hash ^ word);
        }
        self.hash = hash;
        self.count += 1;
        if let Some(log) = &mut self.log {
            log.push((event, words()));
        }
    }

    /// Adds words to the log alone.
    pub(crate) fn remark(&mut self, at: u64, words: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            let event = TraceEvent {
                at,
                kind: TraceKind::Note,
                machine: u16::MAX,
                subject: 0,
                detail: 0,
                label: "",
            };
            log.push((event, words()));
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        for (event, words) in self.log.iter().flatten() {
            writeln!(text, "{event} {words}").expect("a String takes every write");
        }
        text
    }
}
