//! The clients' connections of one shard, and how long each may take over what.
//!
//! No request has a timer. Each connection notes since when it waits for its client, and one task of the shard looks
//! through all of them now and then, as coarsely as the limits allow; without a connection it sleeps for good.
//!
//! ```text
//! no request under way, none begun        connections.max.idle.ms, as in Kafka
//! a request begun, a response being sent  GRACE and the frame's length at BYTES_PER_SECOND_MIN
//! the same while others wait for memory   PRESSED_GRACE and the length at PRESSED_BYTES_PER_SECOND_MIN
//! ```
//! What a connection waits for on the broker's side is not counted.

use std::cell::{Cell, OnceCell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_runtime::local::Notify;
use corelog_runtime::{Clock, Connection, Monotonic};
use slab::Slab;

use super::client::{Client, Told};

/// How long a frame of no length may be under way.
const GRACE: Duration = Duration::from_secs(30);
/// How fast a longer one must be, at the least and on average.
const BYTES_PER_SECOND_MIN: u64 = 128 << 10;
/// As `GRACE`, when the memory that the frame holds is what others wait for.
const PRESSED_GRACE: Duration = Duration::from_secs(2);
/// As `BYTES_PER_SECOND_MIN`, when the memory that the frame holds is what others wait for.
const PRESSED_BYTES_PER_SECOND_MIN: u64 = 1 << 20;
/// The least time between two looks at all connections.
const SWEEP_INTERVAL_MIN: Duration = Duration::from_secs(1);
/// The most time between two looks: a limit is kept to within this.
const SWEEP_INTERVAL_MAX: Duration = Duration::from_secs(10);
/// Connections closed at one look, so that it is short; the next one follows after `SWEEP_PAUSE`.
const CLOSED_AT_ONCE_MAX: usize = 256;
/// The time to the next look when there was more to close.
const SWEEP_PAUSE: Duration = Duration::from_millis(10);

/// A frame on its way from or to the client.
#[derive(Clone, Copy, Debug)]
struct Transfer {
    since: Monotonic,
    bytes: usize,
    holds_memory: bool,
}

impl Transfer {
    fn deadline(&self, grace: Duration, bytes_per_second: u64) -> Monotonic {
        let bytes = u64::try_from(self.bytes).unwrap_or(u64::MAX);
        self.since + grace + Duration::from_millis(bytes.saturating_mul(1000) / bytes_per_second)
    }

    fn end(&self) -> Monotonic {
        self.deadline(GRACE, BYTES_PER_SECOND_MIN)
    }

    fn pressed_end(&self) -> Option<Monotonic> {
        self.holds_memory
            .then(|| self.deadline(PRESSED_GRACE, PRESSED_BYTES_PER_SECOND_MIN))
    }
}

/// What a connection took too long over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Overdue {
    /// There was no request.
    #[error("there was no request for connections.max.idle.ms")]
    Idle,
    /// A request came too slowly.
    #[error("its request of {bytes} bytes came too slowly")]
    Request {
        /// As announced; 0 if that had not come.
        bytes: usize,
    },
    /// A response was not taken.
    #[error("it took its response of {bytes} bytes too slowly")]
    Response {
        /// Of all responses sent together.
        bytes: usize,
    },
}

/// What one connection waits for.
pub(crate) struct Tracked {
    connection: Rc<dyn Connection>,
    peer: SocketAddr,
    since: Monotonic,
    client: OnceCell<Rc<Client>>,
    idle_since: Cell<Option<Monotonic>>,
    receiving: Cell<Option<Transfer>>,
    sending: Cell<Option<Transfer>>,
    is_closed: Cell<bool>,
}

impl Tracked {
    /// Whose it is, for whoever lists connections.
    pub(crate) fn is_of(&self, client: &Rc<Client>) {
        // A connection has one client.
        let _ = self.client.set(Rc::clone(client));
    }

    /// No request is under way any more.
    pub(crate) fn rests(&self, now: Monotonic) {
        self.idle_since.set(Some(now));
    }

    /// A request is under way: the broker is at work.
    pub(crate) fn works(&self) {
        self.idle_since.set(None);
    }

    /// A request has begun and is not whole: `bytes` long, 0 if that is not known yet.
    pub(crate) fn receives(&self, now: Monotonic, bytes: usize, holds_memory: bool) {
        self.receiving.set(Some(Transfer {
            since: now,
            bytes,
            holds_memory,
        }));
    }

    /// Whether a request has begun and is not whole.
    pub(crate) fn is_receiving(&self) -> bool {
        self.receiving.get().is_some()
    }

    /// The request is whole, or its rest waits for the broker.
    pub(crate) fn received(&self) {
        self.receiving.set(None);
    }

    /// Responses of `bytes` are on their way; they hold the memory of their requests.
    pub(crate) fn sends(&self, now: Monotonic, bytes: usize) {
        self.sending.set(Some(Transfer {
            since: now,
            bytes,
            holds_memory: true,
        }));
    }

    /// The responses are with the kernel.
    pub(crate) fn sent(&self) {
        self.sending.set(None);
    }

    /// When the connection is to be closed unless it gets on, and why.
    fn deadline(&self, idle_max: Option<Duration>) -> Option<(Monotonic, Overdue)> {
        let receiving = self.receiving.get();
        let request = receiving.map(|frame| (frame.end(), Overdue::Request { bytes: frame.bytes }));
        let response = self
            .sending
            .get()
            .map(|frame| (frame.end(), Overdue::Response { bytes: frame.bytes }));
        let idle = match (receiving, self.idle_since.get(), idle_max) {
            (None, Some(since), Some(max)) => Some((since + max, Overdue::Idle)),
            _ => None,
        };
        [request, response, idle]
            .into_iter()
            .flatten()
            .min_by_key(|(deadline, _)| *deadline)
    }

    /// As `deadline`, when others wait for memory.
    fn pressed_deadline(&self) -> Option<(Monotonic, Overdue)> {
        let request = self.receiving.get().and_then(|frame| {
            let overdue = Overdue::Request { bytes: frame.bytes };
            Some((frame.pressed_end()?, overdue))
        });
        let response = self.sending.get().and_then(|frame| {
            let overdue = Overdue::Response { bytes: frame.bytes };
            Some((frame.pressed_end()?, overdue))
        });
        [request, response]
            .into_iter()
            .flatten()
            .min_by_key(|(deadline, _)| *deadline)
    }

    fn close(&self, overdue: Overdue) {
        self.is_closed.set(true);
        let peer = self.peer;
        match overdue {
            // The way of the world, as for Kafka.
            Overdue::Idle => tracing::debug!(%peer, reason = %overdue, "closing the connection"),
            Overdue::Request { .. } | Overdue::Response { .. } => {
                tracing::warn!(%peer, reason = %overdue, "closing the connection");
            }
        }
        self.connection.shutdown();
    }
}

/// The connections of one shard.
#[derive(Default)]
pub struct Connections {
    table: RefCell<Slab<Rc<Tracked>>>,
    opened: Notify,
    number_next: Cell<u64>,
    are_served: Cell<bool>,
}

/// A connection, for whoever lists them.
pub(crate) struct Listed {
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// The name of the listener that it came to.
    pub(crate) listener: Arc<str>,
    /// Since it was opened.
    pub(crate) open_for: Duration,
    /// What its client has told and asked.
    pub(crate) told: Told,
}

/// A connection's place among the shard's; it is given up when this is dropped.
pub(crate) struct Place {
    connections: Rc<Connections>,
    key: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        let tracked = self.connections.table.borrow_mut().remove(self.key);
        drop(tracked);
    }
}

impl Connections {
    /// Whether the shard serves clients: it has tried to open all partitions, and does not stop yet.
    pub(crate) fn are_served(&self) -> bool {
        self.are_served.get()
    }

    /// Clients are served from now on, or no more.
    pub(crate) fn set_served(&self, are_served: bool) {
        self.are_served.set(are_served);
    }

    /// A number for a new connection.
    pub(crate) fn next_number(&self) -> u64 {
        let number = self.number_next.get();
        self.number_next.set(number + 1);
        number
    }

    /// Watches over a connection that has just been opened, for as long as its place is held.
    pub(crate) fn open(
        self: &Rc<Self>,
        connection: &Rc<dyn Connection>,
        peer: SocketAddr,
        now: Monotonic,
    ) -> (Place, Rc<Tracked>) {
        let tracked = Rc::new(Tracked {
            connection: Rc::clone(connection),
            peer,
            since: now,
            client: OnceCell::new(),
            idle_since: Cell::new(Some(now)),
            receiving: Cell::new(None),
            sending: Cell::new(None),
            is_closed: Cell::new(false),
        });
        let key = self.table.borrow_mut().insert(Rc::clone(&tracked));
        self.opened.notify_all();
        let place = Place {
            connections: Rc::clone(self),
            key,
        };
        (place, tracked)
    }

    /// The connections with their clients, `limit` at most, and how many there are besides.
    pub(crate) fn listed(&self, now: Monotonic, limit: usize) -> (Vec<Listed>, usize) {
        let table = self.table.borrow();
        let clients = table.iter().filter_map(|(_, tracked)| {
            let client = tracked.client.get()?;
            Some(Listed {
                peer: tracked.peer,
                listener: Arc::clone(&client.listener),
                open_for: now.since(tracked.since),
                told: client.told.snapshot(),
            })
        });
        let listed: Vec<_> = clients.take(limit).collect();
        let others = table.len() - listed.len();
        (listed, others)
    }

    /// Closes what is overdue, a limited number at once, and tells when to look again; `None` when there is no
    /// connection.
    fn sweep(&self, now: Monotonic, idle_max: Option<Duration>) -> Option<Monotonic> {
        let mut next = now + SWEEP_INTERVAL_MAX;
        let mut overdue = Vec::new();
        for (_, tracked) in &*self.table.borrow() {
            match tracked.deadline(idle_max) {
                _ if tracked.is_closed.get() => {}
                Some((deadline, reason)) if deadline <= now => overdue.push((Rc::clone(tracked), reason)),
                Some((deadline, _)) => next = next.min(deadline),
                None => {}
            }
        }
        let has_more = overdue.len() > CLOSED_AT_ONCE_MAX;
        for (tracked, reason) in overdue.into_iter().take(CLOSED_AT_ONCE_MAX) {
            tracked.close(reason);
        }
        if has_more {
            return Some(now + SWEEP_PAUSE);
        }
        let is_empty = self.table.borrow().is_empty();
        (!is_empty).then(|| next.max(now + SWEEP_INTERVAL_MIN))
    }

    /// Somebody has waited for memory: closes those who hold some and are slow.
    pub(crate) fn relieve(&self, now: Monotonic) {
        let slow: Vec<_> = self
            .table
            .borrow()
            .iter()
            .filter(|(_, tracked)| !tracked.is_closed.get())
            .filter_map(|(_, tracked)| match tracked.pressed_deadline() {
                Some((deadline, reason)) if deadline <= now => Some((Rc::clone(tracked), reason)),
                Some(_) | None => None,
            })
            .take(CLOSED_AT_ONCE_MAX)
            .collect();
        for (tracked, reason) in slow {
            tracked.close(reason);
        }
    }
}

/// Looks after the shard's connections until the process ends. `idle_max` is asked at each look.
pub(crate) async fn watch(
    connections: Rc<Connections>,
    clock: Rc<dyn Clock>,
    idle_max: impl Fn() -> Option<Duration> + 'static,
) {
    loop {
        let opened = connections.opened.notified();
        match connections.sweep(clock.now(), idle_max()) {
            Some(next) => clock.sleep_until(next).await,
            None => opened.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use bytes::Bytes;
    use corelog_runtime::LocalFuture;
    use corelog_runtime::buffer::FillBuf;

    use super::*;

    #[derive(Default)]
    struct Wire(Cell<bool>);

    impl Connection for Wire {
        fn receive(&self) -> LocalFuture<io::Result<Bytes>> {
            Box::pin(std::future::pending())
        }
        fn receive_exact(&self, _: FillBuf, _: usize) -> LocalFuture<io::Result<FillBuf>> {
            Box::pin(std::future::pending())
        }
        fn send(&self, _: Vec<Bytes>) -> LocalFuture<io::Result<()>> {
            Box::pin(std::future::pending())
        }
        fn shutdown(&self) {
            assert!(!self.0.replace(true), "closed once");
        }
        fn peer_address(&self) -> SocketAddr {
            SocketAddr::from(([127, 0, 0, 1], 9))
        }
    }

    fn at(milliseconds: u64) -> Monotonic {
        Monotonic::from_nanos(milliseconds * 1_000_000)
    }

    const IDLE: Option<Duration> = Some(Duration::from_secs(600));

    struct One {
        connections: Rc<Connections>,
        wire: Rc<Wire>,
        tracked: Rc<Tracked>,
        _place: Place,
    }

    impl One {
        fn new() -> One {
            let connections = Rc::new(Connections::default());
            let wire = Rc::new(Wire::default());
            let connection: Rc<dyn Connection> = Rc::clone(&wire) as Rc<dyn Connection>;
            let (place, tracked) = connections.open(&connection, wire.peer_address(), at(0));
            One {
                connections,
                wire,
                tracked,
                _place: place,
            }
        }

        /// Whether a look at this time, and none a millisecond before, closes the connection.
        #[track_caller]
        fn closes_at(&self, milliseconds: u64) {
            let next = self.connections.sweep(at(milliseconds - 1), IDLE);
            assert!(!self.wire.0.get(), "too early");
            assert!(next.expect("there is one") <= at(milliseconds - 1) + SWEEP_INTERVAL_MAX);
            self.connections.sweep(at(milliseconds), IDLE);
            assert!(self.wire.0.get(), "too late");
            // It takes a while to end; it is not closed again.
            self.connections.sweep(at(milliseconds + 1), IDLE);
            self.connections.relieve(at(milliseconds + 1));
        }
    }

    #[test]
    fn an_idle_connection_is_closed_and_one_at_work_is_not() {
        let one = One::new();
        one.tracked.works();
        one.connections.sweep(at(700_000), IDLE);
        assert!(!one.wire.0.get());
        one.tracked.rests(at(700_000));
        one.connections.sweep(at(2_000_000), None);
        assert!(!one.wire.0.get(), "a negative limit never closes");
        one.closes_at(1_300_000);
    }

    #[test]
    fn a_request_must_come_and_a_response_be_taken_in_time() {
        let one = One::new();
        one.tracked.receives(at(1000), 0, false);
        one.closes_at(31_000);

        let one = One::new();
        one.tracked.receives(at(0), 1 << 20, true);
        one.closes_at(38_000);

        let one = One::new();
        one.tracked.works();
        one.tracked.sends(at(0), 1 << 20);
        one.closes_at(38_000);

        let one = One::new();
        one.tracked.receives(at(0), 100, true);
        one.tracked.received();
        one.tracked.sends(at(0), 100);
        one.tracked.sent();
        one.closes_at(600_000);
    }

    #[test]
    fn when_memory_is_short_those_who_hold_it_must_hurry() {
        let one = One::new();
        one.tracked.receives(at(0), 1 << 20, false);
        one.connections.relieve(at(29_000));
        assert!(!one.wire.0.get(), "it holds none");
        one.tracked.receives(at(0), 1 << 20, true);
        one.connections.relieve(at(2999));
        assert!(!one.wire.0.get());
        one.connections.relieve(at(3000));
        assert!(one.wire.0.get());
    }

    #[test]
    fn many_are_closed_in_rounds_and_none_are_watched_in_the_end() {
        let connections = Rc::new(Connections::default());
        assert_eq!(connections.sweep(at(0), IDLE), None);
        let wires: Vec<_> = (0..CLOSED_AT_ONCE_MAX + 1)
            .map(|_| Rc::new(Wire::default()))
            .collect();
        let places: Vec<_> = wires
            .iter()
            .map(|wire| {
                let connection: Rc<dyn Connection> = Rc::clone(wire) as Rc<dyn Connection>;
                connections.open(&connection, wire.peer_address(), at(0)).0
            })
            .collect();
        assert_eq!(connections.sweep(at(1), IDLE), Some(at(10_001)));
        assert_eq!(connections.sweep(at(599_500), IDLE), Some(at(600_500)));
        assert_eq!(connections.sweep(at(600_000), IDLE), Some(at(600_010)));
        connections.sweep(at(600_010), IDLE);
        assert!(wires.iter().all(|wire| wire.0.get()));
        drop(places);
        assert_eq!(connections.sweep(at(600_020), IDLE), None);
    }
}
