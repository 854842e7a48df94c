//! A connection as hyper reads and writes one.
//!
//! Ours takes whole buffers and gives futures; hyper polls with slices. So what comes is kept until hyper has taken it, and
//! what goes out is copied, at most [`SEND_BYTES_MAX`] at a time, and counts as written once its send has begun. One send is
//! under way at a time, so a client that does not read is not sent more.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use corelog_runtime::{Connection, LocalFuture};
use hyper::rt::{Read, ReadBufCursor, Write};

use super::pace::Pace;

/// The most bytes that are copied for one send.
const SEND_BYTES_MAX: usize = 64 << 10;

/// See the module.
pub(super) struct Stream {
    connection: Rc<dyn Connection>,
    pace: Rc<Pace>,
    receiving: Option<LocalFuture<io::Result<Bytes>>>,
    /// What came and was not taken yet.
    received: Bytes,
    has_ended: bool,
    sending: Option<LocalFuture<io::Result<()>>>,
}

impl Stream {
    /// Reads and writes `connection`; tells `pace` of what comes.
    pub(super) fn new(connection: Rc<dyn Connection>, pace: Rc<Pace>) -> Stream {
        Stream {
            connection,
            pace,
            receiving: None,
            received: Bytes::new(),
            has_ended: false,
            sending: None,
        }
    }

    fn poll_received(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.received.is_empty() || self.has_ended {
            return Poll::Ready(Ok(()));
        }
        let connection = &self.connection;
        let receiving = self.receiving.get_or_insert_with(|| connection.receive());
        let outcome = ready!(receiving.as_mut().poll(cx));
        self.receiving = None;
        self.received = outcome?;
        if self.received.is_empty() {
            self.has_ended = true;
        } else {
            self.pace.heard();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(sending) = &mut self.sending else {
            return Poll::Ready(Ok(()));
        };
        let outcome = ready!(sending.as_mut().poll(cx));
        self.sending = None;
        Poll::Ready(outcome)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_received(cx))?;
        let count = self.received.len().min(into.remaining());
        into.put_slice(&self.received[..count]);
        self.received.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_sent(cx))?;
        let count = data.len().min(SEND_BYTES_MAX);
        if count > 0 {
            let piece = Bytes::copy_from_slice(&data[..count]);
            self.sending = Some(self.connection.send(vec![piece]));
            // It begins with its first poll; a failure is told by the next write or flush.
            if let Poll::Ready(Err(error)) = self.poll_sent(cx) {
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_sent(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_sent(cx))?;
        self.connection.shutdown();
        Poll::Ready(Ok(()))
    }
}
