//! Requests off a byte stream: a four-byte size, then that many bytes.
//!
//! Memory is reserved before a body is read; a small frame is cut out of what was received, a large one is received
//! straight into a buffer of its own size.

use std::io;
use std::rc::Rc;

use bytes::{Buf, Bytes, BytesMut};
use corelog_runtime::Connection;
use corelog_runtime::local::{Budget, Permit};

/// Bytes of the size that precedes every frame.
const SIZE_PREFIX: usize = 4;

/// Why no frame can be read any more.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// A size that no request has.
    #[error("a request of {size} bytes is refused: socket.request.max.bytes is {max}")]
    Size {
        /// What the client announced.
        size: i32,
        /// The limit.
        max: usize,
    },
    /// The stream broke.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
}

/// One request's bytes without the size, and the memory that it occupies.
pub struct Frame {
    /// The header and the body.
    pub bytes: Bytes,
    /// Held until the response has been sent.
    pub memory: Permit,
}

/// Cuts a connection's stream into frames.
pub struct FrameReader {
    connection: Rc<dyn Connection>,
    memory: Budget,
    size_max: usize,
    received: BytesMut,
}

impl FrameReader {
    /// A reader that refuses frames above `size_max` bytes and takes their memory from `memory`.
    pub fn new(connection: Rc<dyn Connection>, memory: Budget, size_max: usize) -> FrameReader {
        FrameReader {
            connection,
            memory,
            size_max,
            received: BytesMut::new(),
        }
    }

    /// The next frame; `None` at a clean end of the stream.
    ///
    /// # Errors
    /// `Size` for an impossible length, `Io` when the connection breaks, within a frame too.
    pub async fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        while self.received.len() < SIZE_PREFIX {
            if !self.receive_more().await? {
                if self.received.is_empty() {
                    return Ok(None);
                }
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
        let size = (&self.received[..SIZE_PREFIX]).get_i32();
        let length = match usize::try_from(size) {
            Ok(length) if length <= self.size_max => length,
            _ => {
                return Err(FrameError::Size {
                    size,
                    max: self.size_max,
                });
            }
        };
        let memory = self.memory.acquire(length).await;
        self.received.advance(SIZE_PREFIX);
        let bytes = if self.received.len() >= length {
            self.received.split_to(length)
        } else {
            // The rest goes straight to a buffer of the frame's own size.
            let mut frame = BytesMut::with_capacity(length);
            frame.extend_from_slice(&self.received);
            self.received.clear();
            self.connection.receive_exact(frame, length).await?
        };
        Ok(Some(Frame {
            bytes: bytes.freeze(),
            memory,
        }))
    }

    async fn receive_more(&mut self) -> io::Result<bool> {
        let piece = self.connection.receive().await?;
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
