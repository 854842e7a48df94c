//! Cuts a connection's bytes into frames.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use corelog_protocol::frame::{SIZE_PREFIX, frame_size, split_frame};
use corelog_runtime::Connection;
use corelog_runtime::buffer::FillBuf;

use super::ClientError;

/// Bytes that come by a plain receive at most; the rest of a larger frame is received into place.
const CHUNK: usize = 16 * 1024;

/// The receiving end of a connection.
pub struct FrameReader {
    connection: Rc<dyn Connection>,
    buffer: BytesMut,
    size_max: usize,
}

impl FrameReader {
    /// Reads frames of at most `size_max` bytes.
    pub fn new(connection: Rc<dyn Connection>, size_max: usize) -> FrameReader {
        FrameReader {
            connection,
            buffer: BytesMut::new(),
            size_max,
        }
    }

    /// Waits for the next frame, without its size; `None` when the other end has closed between two frames.
    ///
    /// # Errors
    /// `Broken`, `Closed` amid a frame, `Frame`.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        let address = self.connection.peer_address();
        let broken = |source| ClientError::Broken { address, source };
        let faulty = |source| ClientError::Frame { address, source };
        loop {
            if let Some(frame) = split_frame(&mut self.buffer, self.size_max).map_err(faulty)? {
                return Ok(Some(frame));
            }
            if let Some(missing) = self.missing().map_err(faulty)?
                && missing > CHUNK
            {
                let begun = std::mem::take(&mut self.buffer);
                let length = begun.len() + missing;
                let mut frame = FillBuf::with_capacity(length);
                frame.extend_from_slice(&begun);
                let frame = self.connection.receive_exact(frame, length).await;
                return Ok(Some(frame.map_err(broken)?.freeze().slice(SIZE_PREFIX..)));
            }
            let bytes = self.connection.receive().await.map_err(broken)?;
            if bytes.is_empty() {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(ClientError::Closed { address })
                };
            }
            self.buffer.extend_from_slice(&bytes);
        }
    }

    /// What the frame that has begun still lacks; `None` while its size is not known.
    fn missing(&self) -> Result<Option<usize>, corelog_protocol::frame::FrameError> {
        let Some(prefix) = self.buffer.first_chunk::<SIZE_PREFIX>() else {
            return Ok(None);
        };
        let size = frame_size(*prefix, self.size_max)?;
        Ok(Some(size + SIZE_PREFIX - self.buffer.len()))
    }
}
