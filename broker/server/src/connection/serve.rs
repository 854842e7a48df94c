//! One client's connection: requests in, responses out, in the order of the requests.
//!
//! Produce requests are admitted in order and acknowledged in order, with many under way at a time. Every other
//! request begins when all earlier ones of its connection have been answered, as in Kafka, where a connection has one
//! request under way.
//!
//! When the client ends its stream, what it asked for is done and answered, except that nobody waits for records or for
//! a group's rebalance any more. When it cannot be sent anything any more, no answer is waited for that may be left.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use corelog_runtime::local::{Either, Notify, Permit, Queue, select};
use corelog_runtime::{Connection, WorkClass};

use super::dispatch::{self, Started};
use super::frame::{FrameError, FrameReader, FrameSource};
use crate::clients::connections::Tracked;
use crate::clients::{Answer, Client};
use crate::shard::Shard;

/// Pieces gathered for one send.
const SEND_PIECES_MAX: usize = 512;
/// Bytes that are sent before the memory of fetched records is given back in part, and a slow client's time begins anew.
const SEND_PORTION_BYTES: usize = 1 << 20;

struct InFlight {
    started: Started,
    memory: Permit,
    may_abandon: bool,
}

struct State {
    tracked: Rc<Tracked>,
    queue: Queue<InFlight>,
    in_flight: Cell<usize>,
    answered: Notify,
    broken: Cell<bool>,
    /// The client has ended its stream, or nothing can be sent to it.
    left: Cell<bool>,
    leaves: Notify,
}

impl State {
    fn new(tracked: Rc<Tracked>) -> State {
        State {
            tracked,
            queue: Queue::new(),
            in_flight: Cell::new(0),
            answered: Notify::new(),
            broken: Cell::new(false),
            left: Cell::new(false),
            leaves: Notify::new(),
        }
    }

    async fn wait_until(&self, in_flight: usize) {
        while self.in_flight.get() > in_flight && !self.broken.get() {
            let answered = self.answered.notified();
            answered.await;
        }
    }

    fn leave(&self) {
        self.left.set(true);
        self.leaves.notify_all();
    }

    /// Nothing is sent any more.
    fn break_off(&self) {
        self.broken.set(true);
        self.leave();
    }

    async fn wait_until_left(&self) {
        while !self.left.get() {
            self.leaves.notified().await;
        }
    }
}

/// Serves a connection that came to `listener` until either side ends it.
pub async fn serve(shard: Rc<Shard>, connection: Rc<dyn Connection>, listener: Arc<str>) {
    let client = Client::new(
        connection.peer_address(),
        listener,
        shard.connections.next_number(),
    );
    let client = Rc::new(client);
    let now = shard.handle.clock.now();
    let (place, tracked) = shard.connections.open(&connection, client.peer, now);
    tracked.is_of(&client);
    let state = Rc::new(State::new(tracked));
    shard.metrics.connections.opened();
    let writer = write_responses(
        Rc::clone(&shard),
        Rc::clone(&client),
        Rc::clone(&state),
        Rc::clone(&connection),
    );
    shard
        .handle
        .spawn(WorkClass::Latency, "connection writer", writer);
    if let Err(reason) = read_requests(&shard, &client, &state, &connection).await {
        tracing::warn!(peer = %client.peer, %reason, "closing the connection");
        state.break_off();
        connection.shutdown();
    }
    state.leave();
    state.queue.close();
    state.wait_until(0).await;
    connection.shutdown();
    drop(place);
    shard.metrics.connections.closed();
}

async fn read_requests(
    shard: &Rc<Shard>,
    client: &Rc<Client>,
    state: &Rc<State>,
    connection: &Rc<dyn Connection>,
) -> Result<(), String> {
    let size_max = shard.metadata.config().network.request_bytes_max;
    let mut frames = FrameReader::new(FrameSource {
        connection: Rc::clone(connection),
        memory: shard.memory.requests.clone(),
        clock: Rc::clone(&shard.handle.clock),
        connections: Rc::clone(&shard.connections),
        tracked: Rc::clone(&state.tracked),
        size_max: usize::try_from(size_max).unwrap_or(usize::MAX),
    });
    match read_frames(shard, client, state, &mut frames).await {
        Ok(()) => Ok(()),
        Err(CloseReason::Frame(FrameError::Io(error))) => {
            // Clients come and go: a reset is no fault of ours and none of the operator's concern.
            tracing::debug!(peer = %client.peer, %error, "the client has gone");
            Ok(())
        }
        Err(reason) => Err(reason.to_string()),
    }
}

/// Why a connection's requests are read no further.
#[derive(Debug, thiserror::Error)]
enum CloseReason {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Start(#[from] dispatch::StartError),
}

async fn read_frames(
    shard: &Rc<Shard>,
    client: &Rc<Client>,
    state: &Rc<State>,
    frames: &mut FrameReader,
) -> Result<(), CloseReason> {
    let in_flight_max = shard.metadata.config().network.queued_requests_max;
    let in_flight_max = usize::try_from(in_flight_max).unwrap_or(usize::MAX);
    let mut pipelined = true;
    while let Some(head) = frames.head().await? {
        let may_pipeline = head.may_pipeline();
        // INV-10: with this many requests of a connection under way, the next one is not read.
        let limit = if pipelined && may_pipeline {
            in_flight_max - 1
        } else {
            0
        };
        pipelined = may_pipeline;
        // Before the body's memory is reserved: it would be held for as long as the earlier requests last.
        make_room(state, frames, limit).await?;
        if state.broken.get() {
            return Ok(());
        }
        let mut frame = frames.body(head).await?;
        let started = dispatch::start(shard, client, &mut frame)?;
        state.tracked.works();
        state.in_flight.set(state.in_flight.get() + 1);
        state.queue.push(InFlight {
            started,
            memory: frame.memory,
            may_abandon: head.may_abandon(),
        });
    }
    Ok(())
}

/// Waits until at most `in_flight` requests are under way, and notices meanwhile if the client goes away.
async fn make_room(state: &State, frames: &mut FrameReader, in_flight: usize) -> Result<(), FrameError> {
    if state.in_flight.get() <= in_flight {
        return Ok(());
    }
    frames.pause();
    if let Either::Right(ended) = select(state.wait_until(in_flight), frames.end_of_stream()).await {
        ended?;
        // What has come whole is still done: a client may send without acknowledgment and go.
        state.leave();
        state.wait_until(in_flight).await;
    }
    Ok(())
}

/// Sends responses in order; those that are ready together go out in one send.
async fn write_responses(
    shard: Rc<Shard>,
    client: Rc<Client>,
    state: Rc<State>,
    connection: Rc<dyn Connection>,
) {
    let mut waiting: Option<InFlight> = None;
    loop {
        // INV-8: the queue has the order of the requests, and only its front is answered.
        let first = match waiting.take() {
            Some(first) => first,
            None => match state.queue.pop().await {
                Some(first) => first,
                None => return,
            },
        };
        let mut outgoing = Outgoing::default();
        match answer_of(&shard, &state, first).await {
            Some((answer, memory)) => outgoing.add(answer, memory),
            None => outgoing.ended += 1,
        }
        while outgoing.pieces.len() < SEND_PIECES_MAX {
            let Some(mut next) = state.queue.try_pop() else {
                break;
            };
            match futures_util::poll!(&mut next.started.answer) {
                Poll::Ready(answer) => {
                    next.started.answered(&shard);
                    outgoing.add(answer, next.memory);
                }
                Poll::Pending => {
                    waiting = Some(next);
                    break;
                }
            }
        }
        if !outgoing.pieces.is_empty() && !state.broken.get() {
            shard.metrics.bytes_sent(&outgoing.pieces);
            client.told.sent(outgoing.pieces.iter().map(Bytes::len).sum());
            let sent = send_portions(&shard, &state, &*connection, outgoing.pieces, outgoing.held).await;
            if sent.is_err() {
                state.break_off();
                connection.shutdown();
            }
            state.tracked.sent();
        }
        if let Some(reason) = outgoing.close {
            tracing::warn!(peer = %client.peer, %reason, "closing the connection");
            state.break_off();
            connection.shutdown();
        }
        state.in_flight.set(state.in_flight.get() - outgoing.ended);
        if state.in_flight.get() == 0 {
            state.tracked.rests(shard.handle.clock.now());
        }
        drop(outgoing.memory);
        state.answered.notify_all();
    }
}

/// Sends all pieces, and gives back what they held as they go.
async fn send_portions(
    shard: &Shard,
    state: &State,
    connection: &dyn Connection,
    mut pieces: Vec<Bytes>,
    mut held: Option<Permit>,
) -> std::io::Result<()> {
    let mut left: usize = pieces.iter().map(Bytes::len).sum();
    while !pieces.is_empty() {
        let mut bytes = 0;
        let count = pieces.iter().take_while(|piece| {
            let is_room = bytes < SEND_PORTION_BYTES;
            bytes += if is_room { piece.len() } else { 0 };
            is_room
        });
        let count = count.count();
        let rest = pieces.split_off(count);
        state.tracked.sends(shard.handle.clock.now(), bytes);
        connection.send(std::mem::replace(&mut pieces, rest)).await?;
        if let Some(held) = &mut held {
            held.shrink_to(share(held.amount(), left - bytes, left));
        }
        left -= bytes;
    }
    Ok(())
}

/// `amount` times `part` by `whole`, rounded up.
fn share(amount: usize, part: usize, whole: usize) -> usize {
    let wide = |n: usize| u128::try_from(n).expect("64 bits at most");
    let share = (wide(amount) * wide(part)).div_ceil(wide(whole.max(1)));
    usize::try_from(share).expect("a part of the amount")
}

/// The answer to a request, and its memory; `None` if the client has gone and nothing is lost without the answer.
async fn answer_of(shard: &Shard, state: &State, request: InFlight) -> Option<(Answer, Permit)> {
    let InFlight {
        mut started,
        memory,
        may_abandon,
    } = request;
    let answer = &mut started.answer;
    let answer = if may_abandon {
        match select(answer, state.wait_until_left()).await {
            Either::Left(answer) => answer,
            Either::Right(()) => return None,
        }
    } else {
        answer.await
    };
    started.answered(shard);
    Some((answer, memory))
}

/// Answers that go out together.
#[derive(Default)]
struct Outgoing {
    pieces: Vec<Bytes>,
    /// That of their requests.
    memory: Option<Permit>,
    /// What fetched records or a long answer hold. Their request is alone under way on its connection.
    held: Option<Permit>,
    /// How many requests they end, abandoned ones included.
    ended: usize,
    close: Option<String>,
}

impl Outgoing {
    fn add(&mut self, answer: Answer, memory: Permit) {
        self.ended += 1;
        match &mut self.memory {
            Some(before) => before.merge(memory),
            None => self.memory = Some(memory),
        }
        match answer {
            Answer::Send(pieces) => self.pieces.extend(pieces),
            Answer::Records(pieces, held) => {
                self.pieces.extend(pieces);
                match &mut self.held {
                    Some(before) => before.merge(held),
                    None => self.held = Some(held),
                }
            }
            Answer::Silence => {}
            Answer::Close(reason) => self.close = Some(reason),
        }
    }
}
