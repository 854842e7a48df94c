//! One client's connection to the broker: requests out, responses in, in the broker's order.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use corelog_protocol::frame::{encode_request_frame, split_frame};
use corelog_protocol::{ApiKey, ByteStr, Reader, RequestHeader};
use corelog_protocol::{ErrorCode, ResponseHeader};
use corelog_protocol::{Message as _, Request};
use corelog_runtime::{Connection, Handle, Monotonic, local};

use super::oracle::Oracle;

/// The largest response that is believed.
const RESPONSE_BYTES_MAX: usize = 64 << 20;
/// How long a client waits for a connection or for a response.
const PATIENCE: Duration = Duration::from_secs(15);

/// The connection is gone, or was given up; what was asked may or may not have been done.
#[derive(Debug)]
pub(super) struct Gone;

struct Open {
    connection: Rc<dyn Connection>,
    received: BytesMut,
    /// Correlation ids that are not answered yet.
    asked: VecDeque<i32>,
}

/// A client's way to the broker; connects when it has something to send.
pub(super) struct Wire {
    handle: Handle,
    address: SocketAddr,
    oracle: Rc<Oracle>,
    open: Option<Open>,
    correlation_next: i32,
}

impl Wire {
    pub(super) fn new(handle: Handle, address: SocketAddr, oracle: Rc<Oracle>) -> Wire {
        Wire {
            handle,
            address,
            oracle,
            open: None,
            correlation_next: 0,
        }
    }

    /// Drops the connection with whatever is under way on it.
    pub(super) fn disconnect(&mut self) {
        self.open = None;
    }

    /// Gives the connection up to somebody who keeps it open for a while; the next request opens another.
    pub(super) fn abandon(&mut self) -> Option<Rc<dyn Connection>> {
        self.open.take().map(|open| open.connection)
    }

    fn deadline(&self) -> Monotonic {
        self.handle.clock.now() + PATIENCE
    }

    async fn connect(&mut self) -> Result<(), Gone> {
        if self.open.is_some() {
            return Ok(());
        }
        let connecting = self.handle.net.connect(self.address);
        let connected = local::timeout(&*self.handle.clock, self.deadline(), connecting).await;
        let connection = connected.map_err(|_| Gone)?.map_err(|_| Gone)?;
        self.open = Some(Open {
            connection,
            received: BytesMut::new(),
            asked: VecDeque::new(),
        });
        Ok(())
    }

    /// Sends a request; its response comes from `receive`, after those of earlier ones.
    pub(super) async fn send<R: Request>(&mut self, version: i16, request: &R) -> Result<(), Gone> {
        self.connect().await?;
        let correlation_id = self.correlation_next;
        self.correlation_next = self.correlation_next.wrapping_add(1);
        let header = RequestHeader {
            api_key: R::KEY,
            api_version: version,
            correlation_id,
            client_id: Some(ByteStr::from("simulated")),
        };
        let frame = encode_request_frame(&header, |writer| request.encode(writer, version))
            .expect("the simulated client builds requests that can be encoded");
        let deadline = self.deadline();
        let open = self.open.as_mut().expect("just connected");
        open.asked.push_back(correlation_id);
        let sending = open.connection.send(vec![frame]);
        match local::timeout(&*self.handle.clock, deadline, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                self.open = None;
                Err(Gone)
            }
        }
    }

    /// The request that was sent last has no response.
    pub(super) fn unanswered(&mut self) {
        self.oracle.answered();
        if let Some(open) = &mut self.open {
            open.asked.pop_back();
        }
    }

    /// The response to the oldest request that has none yet.
    pub(super) async fn receive<R: Request>(&mut self, version: i16) -> Result<R::Response, Gone> {
        let bytes = self.frame().await?;
        let mut reader = Reader::new(bytes);
        let expected = self.open.as_mut().and_then(|open| open.asked.pop_front());
        let header = ResponseHeader::decode(&mut reader, R::KEY.response_header_version(version));
        if header.as_ref().ok().map(|header| header.correlation_id) != expected {
            self.oracle
                .violate(format!("a response has header {header:?}, not id {expected:?}"));
            return Err(Gone);
        }
        match R::Response::decode(&mut reader, version) {
            Ok(response) => {
                self.oracle.answered();
                Ok(response)
            }
            Err(error) => {
                let api: ApiKey = R::KEY;
                self.oracle
                    .violate(format!("a {api} response cannot be decoded: {error}"));
                Err(Gone)
            }
        }
    }

    async fn frame(&mut self) -> Result<Bytes, Gone> {
        let deadline = self.deadline();
        loop {
            let Some(open) = self.open.as_mut() else {
                return Err(Gone);
            };
            match split_frame(&mut open.received, RESPONSE_BYTES_MAX) {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => {}
                Err(error) => {
                    self.oracle.violate(format!("a response's size: {error}"));
                    return Err(Gone);
                }
            }
            let receiving = open.connection.receive();
            match local::timeout(&*self.handle.clock, deadline, receiving).await {
                Ok(Ok(bytes)) if !bytes.is_empty() => open.received.extend_from_slice(&bytes),
                Ok(_) => {
                    self.open = None;
                    return Err(Gone);
                }
                Err(_) => {
                    self.oracle.timed_out();
                    self.open = None;
                    return Err(Gone);
                }
            }
        }
    }

    /// Asks and waits for the answer.
    pub(super) async fn call<R: Request>(&mut self, version: i16, request: &R) -> Result<R::Response, Gone> {
        self.send(version, request).await?;
        self.receive::<R>(version).await
    }
}

/// A code's name, for messages.
pub(super) fn name_of(code: i16) -> String {
    match ErrorCode::from_code(code) {
        Some(known) => known.name().to_owned(),
        None => format!("code {code}"),
    }
}
