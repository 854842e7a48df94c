//! One direction of a connection: what is on its way, what has come, and how it ended.
//!
//! Invariant: what was sent arrives in order, as a prefix if the connection is cut, each byte once.

use std::collections::VecDeque;
use std::task::Waker;

use bytes::Bytes;

/// What travels.
pub(crate) enum Segment {
    Data(Bytes),
    /// The other end sends no more.
    Fin,
    /// The connection is gone.
    Reset,
}

/// How the receiving end finds the stream once it has read what came before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    Finished,
    Reset,
}

/// Bytes towards one end.
#[derive(Default)]
pub(crate) struct Pipe {
    /// With the virtual time at which each arrives.
    transit: VecDeque<(u64, Segment)>,
    arrived: VecDeque<Bytes>,
    buffered: usize,
    ended: Option<Ended>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

impl Pipe {
    /// Puts a segment on its way; says whether it is the first, so that the caller must see to its arrival.
    pub(crate) fn push(&mut self, at: u64, segment: Segment) -> bool {
        if self.ended.is_some() {
            return false;
        }
        if let Segment::Data(data) = &segment {
            self.buffered += data.len();
        }
        // Nothing overtakes what was sent before it.
        let at = self.transit.back().map_or(at, |(last, _)| at.max(*last));
        self.transit.push_back((at, segment));
        self.transit.len() == 1
    }

    /// When the first segment arrives.
    pub(crate) fn next_arrival(&self) -> Option<u64> {
        self.transit.front().map(|(at, _)| *at)
    }

    /// The first segment arrives; returns its bytes.
    pub(crate) fn arrive(&mut self) -> usize {
        let Some((_, segment)) = self.transit.pop_front() else {
            return 0;
        };
        let size = match segment {
            Segment::Data(data) => {
                let size = data.len();
                self.arrived.push_back(data);
                size
            }
            Segment::Fin => {
                self.end(Ended::Finished);
                0
            }
            Segment::Reset => {
                self.end(Ended::Reset);
                0
            }
        };
        wake(&mut self.reader);
        size
    }

    /// Ends the stream here and now; what is on its way is lost.
    pub(crate) fn end(&mut self, how: Ended) {
        if how == Ended::Reset || self.ended.is_none() {
            self.ended = Some(how);
        }
        for (_, segment) in self.transit.drain(..) {
            if let Segment::Data(data) = segment {
                self.buffered -= data.len();
            }
        }
        wake(&mut self.reader);
        wake(&mut self.writer);
    }

    pub(crate) fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// Bytes that were sent and not yet received.
    pub(crate) fn buffered(&self) -> usize {
        self.buffered
    }

    /// Takes up to `limit` bytes of what has come.
    pub(crate) fn take(&mut self, limit: usize) -> Option<Bytes> {
        let first = self.arrived.front_mut()?;
        let taken = if first.len() > limit {
            first.split_to(limit)
        } else {
            self.arrived.pop_front()?
        };
        self.buffered -= taken.len();
        wake(&mut self.writer);
        Some(taken)
    }

    pub(crate) fn wait_to_read(&mut self, waker: &Waker) {
        self.reader = Some(waker.clone());
    }

    pub(crate) fn wait_to_write(&mut self, waker: &Waker) {
        self.writer = Some(waker.clone());
    }

    /// Wakes whoever waits at either side, to look again.
    pub(crate) fn wake_both(&mut self) {
        wake(&mut self.reader);
        wake(&mut self.writer);
    }
}
