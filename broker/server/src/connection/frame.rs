//! Requests off a byte stream: a four-byte size, then that many bytes.
//!
//! ```text
//! head  size and API key: what the request may cost is known before anything is set aside for it
//!       the first bytes of the body, at most EARLY_BYTES_MAX: a client that sends a length alone holds no memory
//! body  memory is reserved, then the rest received
//! ```
//! A small frame is cut out of what was received, a large one is received straight into a buffer of its own size.

use std::io;
use std::rc::Rc;

use bytes::{Buf, Bytes, BytesMut};
use corelog_protocol::ApiKey;
use corelog_protocol::codec::{MEMORY_BASE, MEMORY_FACTOR};
use corelog_runtime::buffer::FillBuf;
use corelog_runtime::local::{Permit, Semaphore};
use corelog_runtime::{Clock, Connection};

use crate::clients::connections::{Connections, Tracked};
use crate::memory::fetch_memory::acquire;

/// Bytes of the size that precedes every frame.
const SIZE_PREFIX: usize = 4;
/// Bytes of the API key that follows it.
const API_KEY: usize = 2;
/// The least a header has: API key, version, correlation id.
const REQUEST_BYTES_MIN: usize = 8;
/// The largest request other than Produce, if `socket.request.max.bytes` is not smaller still: decoded it may take
/// [`MEMORY_FACTOR`] times its size.
const OTHER_REQUEST_BYTES_MAX: usize = 16 << 20;
/// Bytes of a request that are received before memory is reserved for it. With the piece that exceeds it, a connection
/// holds at most this and 16 KiB outside of the budget.
const EARLY_BYTES_MAX: usize = 4 << 10;

/// Why no frame can be read any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// A size that no request has.
    #[error("a request of {size} bytes is refused: it has {REQUEST_BYTES_MIN} at the least")]
    TooSmall {
        /// What the client announced.
        size: i32,
    },
    /// A size beyond the limit.
    #[error("a request of {size} bytes is refused: socket.request.max.bytes is {max}")]
    TooLarge {
        /// What the client announced.
        size: usize,
        /// The limit.
        max: usize,
    },
    /// A size beyond the limit of every API but Produce.
    #[error(
        "a request of {size} bytes with API key {api_key} is refused: only Produce may have more than {max}"
    )]
    OtherTooLarge {
        /// What the client announced.
        size: usize,
        /// The API.
        api_key: i16,
        /// The limit.
        max: usize,
    },
    /// The stream broke.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
}

/// What is known of a request when it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Head {
    length: usize,
    api_key: i16,
}

impl Head {
    /// Judges a size and an API key.
    fn new(size: i32, api_key: i16, size_max: usize) -> Result<Head, FrameError> {
        let length = check_size(size, size_max)?;
        let max = OTHER_REQUEST_BYTES_MAX.min(size_max);
        if api_key != ApiKey::Produce.key() && length > max {
            return Err(FrameError::OtherTooLarge {
                size: length,
                api_key,
                max,
            });
        }
        Ok(Head { length, api_key })
    }

    /// Whether it may begin before the earlier requests of its connection have been answered.
    pub(super) fn may_pipeline(&self) -> bool {
        self.is(ApiKey::Produce)
    }

    /// Whether it may wait for long, and nothing is lost when nobody waits for its answer any more.
    pub(super) fn may_abandon(&self) -> bool {
        self.is(ApiKey::Fetch) || self.is(ApiKey::JoinGroup) || self.is(ApiKey::SyncGroup)
    }

    fn is(&self, api: ApiKey) -> bool {
        self.api_key == api.key()
    }

    /// The memory to set aside: the frame, and of other requests than Produce what its arrays may take. Produce is
    /// mostly records, which stay where they are.
    fn memory(&self) -> usize {
        if self.may_pipeline() {
            self.length
        } else {
            self.length
                .saturating_mul(MEMORY_FACTOR + 1)
                .saturating_add(MEMORY_BASE)
        }
    }
}

fn check_size(size: i32, size_max: usize) -> Result<usize, FrameError> {
    // INV-7: nothing is set aside for a request before this.
    match usize::try_from(size) {
        Ok(length) if length > size_max => Err(FrameError::TooLarge {
            size: length,
            max: size_max,
        }),
        Ok(length) if length >= REQUEST_BYTES_MIN => Ok(length),
        Ok(_) | Err(_) => Err(FrameError::TooSmall { size }),
    }
}

/// One request's bytes without the size, and the memory that it occupies.
pub(super) struct Frame {
    /// The header and the body.
    pub bytes: Bytes,
    /// Held until the response has been sent.
    pub memory: Permit,
}

/// What a [`FrameReader`] works with.
pub(super) struct FrameSource {
    /// The stream.
    pub connection: Rc<dyn Connection>,
    /// Memory for frames.
    pub memory: Semaphore,
    /// Time.
    pub clock: Rc<dyn Clock>,
    /// All connections that share the memory.
    pub connections: Rc<Connections>,
    /// This one among them.
    pub tracked: Rc<Tracked>,
    /// `socket.request.max.bytes`.
    pub size_max: usize,
}

/// Cuts a connection's stream into frames.
pub(super) struct FrameReader {
    source: FrameSource,
    received: BytesMut,
}

impl FrameReader {
    /// A reader at the beginning of a stream.
    pub(super) fn new(source: FrameSource) -> FrameReader {
        FrameReader {
            source,
            received: BytesMut::new(),
        }
    }

    /// Waits for the beginning of the next frame; `None` at a clean end of the stream.
    ///
    /// # Errors
    /// The sizes that are refused; `Io` when the connection breaks, within a frame too.
    pub(super) async fn head(&mut self) -> Result<Option<Head>, FrameError> {
        if !self.receive_until(SIZE_PREFIX, 0).await? {
            return Ok(None);
        }
        let size = (&self.received[..SIZE_PREFIX]).get_i32();
        // Judged before more is waited for: a size of zero has no API key.
        check_size(size, self.source.size_max)?;
        self.receive_until(SIZE_PREFIX + API_KEY, 0).await?;
        let api_key = (&self.received[SIZE_PREFIX..]).get_i16();
        Head::new(size, api_key, self.source.size_max).map(Some)
    }

    /// What has come of the next frame waits for the broker; [`FrameReader::body`] ends that.
    pub(super) fn pause(&self) {
        self.source.tracked.received();
    }

    /// Receives the frame that begins with `head`.
    ///
    /// # Errors
    /// `Io`.
    pub(super) async fn body(&mut self, head: Head) -> Result<Frame, FrameError> {
        let length = head.length;
        self.receive_until(SIZE_PREFIX + length.min(EARLY_BYTES_MAX), length)
            .await?;
        let memory = self.reserve(head.memory()).await;
        self.received.advance(SIZE_PREFIX);
        let bytes = if self.received.len() >= length {
            self.received.split_to(length).freeze()
        } else {
            // The rest goes straight to a buffer of the frame's own size.
            let mut frame = FillBuf::with_capacity(length);
            frame.extend_from_slice(&self.received);
            // Not cleared: a connection that rests is to hold no buffer.
            self.received = BytesMut::new();
            let now = self.source.clock.now();
            self.source.tracked.receives(now, length, true);
            self.source
                .connection
                .receive_exact(frame, length)
                .await?
                .freeze()
        };
        self.source.tracked.received();
        if self.received.is_empty() {
            self.received = BytesMut::new();
        }
        Ok(Frame { bytes, memory })
    }

    /// Goes on receiving while the broker is busy with earlier requests, a little; returns when the client has ended
    /// its stream, and not otherwise. May be dropped at any time; nothing that has come is lost.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(super) async fn end_of_stream(&mut self) -> io::Result<()> {
        while self.received.len() < EARLY_BYTES_MAX {
            if !self.receive_more().await? {
                return Ok(());
            }
        }
        std::future::pending().await
    }

    /// Receives until `count` bytes are there; false if the stream ends where a frame may. `length` is the frame's,
    /// 0 if that is not known yet.
    async fn receive_until(&mut self, count: usize, length: usize) -> io::Result<bool> {
        while self.received.len() < count {
            if !self.received.is_empty() && !self.source.tracked.is_receiving() {
                let now = self.source.clock.now();
                self.source.tracked.receives(now, length, false);
            }
            if !self.receive_more().await? {
                if self.received.is_empty() {
                    return Ok(false);
                }
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(true)
    }

    async fn reserve(&self, amount: usize) -> Permit {
        let source = &self.source;
        if let Some(permit) = source.memory.try_acquire(amount) {
            return permit;
        }
        // Now it is the client who waits.
        self.pause();
        acquire(&source.memory, amount, &*source.clock, &source.connections).await
    }

    async fn receive_more(&mut self) -> io::Result<bool> {
        let piece = self.source.connection.receive().await?;
        if piece.is_empty() {
            return Ok(false);
        }
        if self.received.is_empty() {
            // Usually the only holder: then this takes the memory over without a copy.
            self.received = BytesMut::from(piece);
        } else {
            self.received.extend_from_slice(&piece);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::VecDeque;
    use std::net::SocketAddr;
    use std::task::Poll;

    use corelog_model::TimestampMs;
    use corelog_runtime::{LocalFuture, Monotonic};
    use futures_util::FutureExt as _;

    use super::*;
    use crate::clients::connections::Place;

    const SIZE_MAX: usize = 32 << 20;
    const MEMORY: usize = 64 << 20;
    const FETCH: i16 = 1;
    const PRODUCE: i16 = 0;

    /// Gives out its pieces, then waits, or ends the stream.
    #[derive(Default)]
    struct Script {
        pieces: RefCell<VecDeque<Bytes>>,
        is_ended: Cell<bool>,
    }

    impl Connection for Script {
        fn receive(&self) -> LocalFuture<io::Result<Bytes>> {
            match self.pieces.borrow_mut().pop_front() {
                Some(piece) => Box::pin(std::future::ready(Ok(piece))),
                None if self.is_ended.get() => Box::pin(std::future::ready(Ok(Bytes::new()))),
                None => Box::pin(std::future::pending()),
            }
        }
        fn receive_exact(&self, mut buffer: FillBuf, length: usize) -> LocalFuture<io::Result<FillBuf>> {
            let mut pieces = self.pieces.borrow_mut();
            while buffer.len() < length {
                let Some(mut piece) = pieces.pop_front() else {
                    return Box::pin(std::future::pending());
                };
                let taken = piece.split_to(piece.len().min(length - buffer.len()));
                buffer.extend_from_slice(&taken);
                if !piece.is_empty() {
                    pieces.push_front(piece);
                }
            }
            Box::pin(std::future::ready(Ok(buffer)))
        }
        fn send(&self, _: Vec<Bytes>) -> LocalFuture<io::Result<()>> {
            Box::pin(std::future::pending())
        }
        fn shutdown(&self) {
            self.is_ended.set(true);
        }
        fn peer_address(&self) -> SocketAddr {
            SocketAddr::from(([127, 0, 0, 1], 9))
        }
    }

    /// Stands still; when it is told so the next sleep that is asked is over.
    #[derive(Default)]
    struct StillClock {
        seconds: Cell<u64>,
        is_sleep_over: Rc<Cell<bool>>,
    }

    impl Clock for StillClock {
        fn now(&self) -> Monotonic {
            Monotonic::from_nanos(self.seconds.get() * 1_000_000_000)
        }
        fn wall(&self) -> TimestampMs {
            TimestampMs::new(0)
        }
        fn sleep_until(&self, _: Monotonic) -> LocalFuture<()> {
            let is_over = Rc::clone(&self.is_sleep_over);
            Box::pin(std::future::poll_fn(move |_| {
                if is_over.replace(false) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }))
        }
    }

    struct Stage {
        wire: Rc<Script>,
        memory: Semaphore,
        clock: Rc<StillClock>,
        reader: FrameReader,
        _place: Place,
    }

    impl Stage {
        fn new() -> Stage {
            Stage::beside(&Rc::default(), &Semaphore::new(MEMORY), &Rc::default())
        }

        fn beside(connections: &Rc<Connections>, memory: &Semaphore, clock: &Rc<StillClock>) -> Stage {
            let wire = Rc::new(Script::default());
            let connection: Rc<dyn Connection> = Rc::clone(&wire) as Rc<dyn Connection>;
            let (place, tracked) = connections.open(&connection, wire.peer_address(), clock.now());
            let reader = FrameReader::new(FrameSource {
                connection,
                memory: memory.clone(),
                clock: Rc::clone(clock) as Rc<dyn Clock>,
                connections: Rc::clone(connections),
                tracked,
                size_max: SIZE_MAX,
            });
            Stage {
                wire,
                memory: memory.clone(),
                clock: Rc::clone(clock),
                reader,
                _place: place,
            }
        }

        fn comes(&self, bytes: &[u8]) {
            self.wire
                .pieces
                .borrow_mut()
                .push_back(Bytes::copy_from_slice(bytes));
        }

        /// The next frame, unless it waits.
        fn next(&mut self) -> Option<Result<Option<Frame>, FrameError>> {
            let next = async {
                match self.reader.head().await? {
                    Some(head) => self.reader.body(head).await.map(Some),
                    None => Ok(None),
                }
            };
            next.now_or_never()
        }

        fn held(&self) -> usize {
            self.memory.total() - self.memory.free()
        }
    }

    fn frame(api_key: i16, length: usize) -> Vec<u8> {
        let mut bytes = i32::try_from(length).unwrap().to_be_bytes().to_vec();
        bytes.extend(api_key.to_be_bytes());
        bytes.resize(SIZE_PREFIX + length, 7);
        bytes
    }

    #[track_caller]
    fn whole(result: Option<Result<Option<Frame>, FrameError>>) -> Frame {
        result.expect("it is there").expect("no error").expect("no end")
    }

    #[test]
    fn frames_come_whole_however_the_stream_is_cut() {
        for cut in [1, 3, 5, 1000, 16 << 10] {
            let mut stage = Stage::new();
            let lengths = [
                (FETCH, 8),
                (PRODUCE, 100_000),
                (FETCH, 5000),
                (PRODUCE, 8),
                (FETCH, 9),
            ];
            let stream: Vec<u8> = lengths
                .iter()
                .flat_map(|(key, length)| frame(*key, *length))
                .collect();
            stream.chunks(cut).for_each(|piece| stage.comes(piece));
            stage.wire.is_ended.set(true);
            for (key, length) in lengths {
                let next = whole(stage.next());
                assert_eq!(
                    next.bytes,
                    frame(key, length)[SIZE_PREFIX..],
                    "in pieces of {cut}"
                );
                assert!(next.memory.amount() >= length);
            }
            assert!(matches!(stage.next(), Some(Ok(None))), "the end");
            assert_eq!(stage.held(), 0);
        }
    }

    #[test]
    fn impossible_sizes_are_refused_before_anything_else_has_come() {
        let check = |size: i32, key: Option<i16>, text: &str| {
            let mut stage = Stage::new();
            stage.comes(&size.to_be_bytes());
            if let Some(key) = key {
                stage.comes(&key.to_be_bytes());
            }
            let Some(Err(error)) = stage.next() else {
                panic!("{size} is accepted")
            };
            assert_eq!(error.to_string(), text);
            assert_eq!(stage.held(), 0);
        };
        check(
            -1,
            None,
            "a request of -1 bytes is refused: it has 8 at the least",
        );
        check(0, None, "a request of 0 bytes is refused: it has 8 at the least");
        check(7, None, "a request of 7 bytes is refused: it has 8 at the least");
        check(
            i32::MAX,
            None,
            "a request of 2147483647 bytes is refused: socket.request.max.bytes is 33554432",
        );
        check(
            (16 << 20) + 1,
            Some(FETCH),
            "a request of 16777217 bytes with API key 1 is refused: only Produce may have more than 16777216",
        );
    }

    #[test]
    fn a_large_frame_holds_no_memory_before_a_part_of_it_has_come() {
        let mut stage = Stage::new();
        let bytes = frame(PRODUCE, 1 << 20);
        stage.comes(&bytes[..EARLY_BYTES_MAX]);
        assert!(stage.next().is_none());
        assert_eq!(stage.held(), 0);

        let mut stage = Stage::new();
        stage.comes(&bytes[..EARLY_BYTES_MAX + SIZE_PREFIX]);
        let reader = &mut stage.reader;
        let head = reader.head().now_or_never().unwrap().unwrap().unwrap();
        let mut body = Box::pin(reader.body(head));
        assert!(body.as_mut().now_or_never().is_none());
        assert_eq!(stage.memory.total() - stage.memory.free(), 1 << 20);
        drop(body);
        assert_eq!(stage.held(), 0);
    }

    #[test]
    fn other_requests_reserve_what_their_arrays_may_take() {
        let mut stage = Stage::new();
        stage.comes(&frame(FETCH, 100));
        let next = whole(stage.next());
        assert_eq!(next.memory.amount(), 100 * 17 + MEMORY_BASE);
    }

    #[test]
    fn a_stream_that_ends_within_a_frame_is_broken() {
        for part in [2, 5, 20] {
            let mut stage = Stage::new();
            stage.comes(&frame(FETCH, 100)[..part]);
            stage.wire.is_ended.set(true);
            assert!(
                matches!(stage.next(), Some(Err(FrameError::Io(_)))),
                "{part} bytes"
            );
        }
    }

    #[test]
    fn the_end_of_the_stream_is_seen_and_nothing_is_lost_meanwhile() {
        let mut stage = Stage::new();
        assert!(stage.reader.end_of_stream().now_or_never().is_none());
        let bytes = frame(PRODUCE, 3000);
        stage.comes(&bytes[..10]);
        assert!(stage.reader.end_of_stream().now_or_never().is_none());
        stage.comes(&bytes[10..]);
        stage.wire.is_ended.set(true);
        assert!(matches!(
            stage.reader.end_of_stream().now_or_never(),
            Some(Ok(()))
        ));
        assert_eq!(whole(stage.next()).bytes.len(), 3000);
        assert!(matches!(stage.next(), Some(Ok(None))));

        // It does not read on without end.
        let mut stage = Stage::new();
        for _ in 0..10 {
            stage.comes(&[0; EARLY_BYTES_MAX]);
        }
        assert!(stage.reader.end_of_stream().now_or_never().is_none());
        assert_eq!(stage.wire.pieces.borrow().len(), 9);
    }

    #[test]
    fn one_who_waits_for_memory_has_the_slow_closed() {
        let (connections, memory, clock) = (Rc::default(), Semaphore::new(MEMORY), Rc::default());
        let mut slow = Stage::beside(&connections, &memory, &clock);
        slow.comes(&frame(PRODUCE, 32 << 20)[..EARLY_BYTES_MAX + SIZE_PREFIX]);
        let head = slow.reader.head().now_or_never().unwrap().unwrap().unwrap();
        let mut held = Box::pin(slow.reader.body(head));
        assert!(held.as_mut().now_or_never().is_none());
        let rest = memory.try_acquire(32 << 20).expect("the other half");

        let mut waits = Stage::beside(&connections, &memory, &clock);
        waits.comes(&frame(PRODUCE, 100));
        let head = waits.reader.head().now_or_never().unwrap().unwrap().unwrap();
        let mut body = Box::pin(waits.reader.body(head));
        waits.clock.is_sleep_over.set(true);
        assert!(body.as_mut().now_or_never().is_none());
        assert!(!slow.wire.is_ended.get(), "it has its time");
        // 32 MiB at 1 MiB/s, and 2 s.
        waits.clock.seconds.set(34);
        waits.clock.is_sleep_over.set(true);
        assert!(body.as_mut().now_or_never().is_none());
        assert!(slow.wire.is_ended.get());
        drop(held);
        assert!(body.as_mut().now_or_never().expect("memory").is_ok());
        drop(rest);
    }
}
