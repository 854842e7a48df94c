//! One client's connection: requests in, responses out, in the order of the requests.
//!
//! Produce requests are admitted in order and acknowledged in order, with many under way at a time. Every other
//! request begins when all earlier ones of its connection have been answered, as in Kafka, where a connection has one
//! request under way.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use corelog_runtime::local::{Notify, Permit, Queue};
use corelog_runtime::{Connection, LocalFuture, WorkClass};

use crate::dispatch::{self, Answer};
use crate::frame::FrameReader;
use crate::shard::Shard;

/// Requests of one connection that are under way at a time; the next is read when one has been answered.
const IN_FLIGHT_MAX: usize = 128;
/// Pieces gathered for one send.
const SEND_PIECES_MAX: usize = 512;

/// What a connection knows of its client.
pub struct Client {
    /// The other end.
    pub peer: SocketAddr,
    /// A number of its own within the shard, for logs.
    pub number: u64,
}

struct InFlight {
    response: LocalFuture<Answer>,
    memory: Permit,
}

struct State {
    queue: Queue<InFlight>,
    in_flight: Cell<usize>,
    answered: Notify,
    broken: Cell<bool>,
}

impl State {
    async fn wait_until(&self, in_flight: usize) {
        while self.in_flight.get() > in_flight && !self.broken.get() {
            let answered = self.answered.notified();
            answered.await;
        }
    }
}

/// Serves a connection until either side ends it.
pub async fn serve(shard: Rc<Shard>, connection: Rc<dyn Connection>) {
    let client = Rc::new(Client {
        peer: connection.peer_address(),
        number: shard.next_connection_number(),
    });
    let state = Rc::new(State {
        queue: Queue::new(),
        in_flight: Cell::new(0),
        answered: Notify::new(),
        broken: Cell::new(false),
    });
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
        connection.shutdown();
    }
    state.queue.close();
    state.wait_until(0).await;
    connection.shutdown();
    shard.metrics.connections.closed();
}

async fn read_requests(
    shard: &Rc<Shard>,
    client: &Rc<Client>,
    state: &Rc<State>,
    connection: &Rc<dyn Connection>,
) -> Result<(), String> {
    let size_max = shard.config().network.request_bytes_max;
    let size_max = usize::try_from(size_max).unwrap_or(usize::MAX);
    let mut frames = FrameReader::new(Rc::clone(connection), shard.request_memory.clone(), size_max);
    let mut pipelined = true;
    loop {
        let frame = match frames.next().await {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(()),
            Err(crate::frame::FrameError::Io(error)) => {
                // Clients come and go: a reset is no fault of ours and none of the operator's concern.
                tracing::debug!(peer = %client.peer, %error, "the client has gone");
                return Ok(());
            }
            Err(error) => return Err(error.to_string()),
        };
        let may_pipeline = dispatch::may_pipeline(&frame.bytes);
        state
            .wait_until(if pipelined && may_pipeline {
                IN_FLIGHT_MAX - 1
            } else {
                0
            })
            .await;
        pipelined = may_pipeline;
        if state.broken.get() {
            return Ok(());
        }
        let response = dispatch::start(shard, client, frame.bytes).map_err(|error| error.to_string())?;
        state.in_flight.set(state.in_flight.get() + 1);
        state.queue.push(InFlight {
            response,
            memory: frame.memory,
        });
    }
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
        let first = match waiting.take() {
            Some(first) => first,
            None => match state.queue.pop().await {
                Some(first) => first,
                None => return,
            },
        };
        let mut outgoing = Outgoing::default();
        let answer = first.response.await;
        outgoing.add(answer, first.memory);
        while outgoing.pieces.len() < SEND_PIECES_MAX {
            let Some(mut next) = state.queue.try_pop() else {
                break;
            };
            match futures_util::poll!(&mut next.response) {
                Poll::Ready(answer) => outgoing.add(answer, next.memory),
                Poll::Pending => {
                    waiting = Some(next);
                    break;
                }
            }
        }
        if !outgoing.pieces.is_empty() && !state.broken.get() {
            shard.metrics.bytes_sent(&outgoing.pieces);
            if connection.send(outgoing.pieces).await.is_err() {
                state.broken.set(true);
                connection.shutdown();
            }
        }
        if let Some(reason) = outgoing.close {
            tracing::warn!(peer = %client.peer, %reason, "closing the connection");
            state.broken.set(true);
            connection.shutdown();
        }
        state.in_flight.set(state.in_flight.get() - outgoing.memory.len());
        drop(outgoing.memory);
        state.answered.notify_all();
    }
}

/// Answers that go out together.
#[derive(Default)]
struct Outgoing {
    pieces: Vec<Bytes>,
    memory: Vec<Permit>,
    close: Option<String>,
}

impl Outgoing {
    fn add(&mut self, answer: Answer, memory: Permit) {
        self.memory.push(memory);
        match answer {
            Answer::Send(pieces) => self.pieces.extend(pieces),
            Answer::Silence => {}
            Answer::Close(reason) => self.close = Some(reason),
        }
    }
}
