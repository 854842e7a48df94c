//! Records as they were found: in one slice of a frame, or in several slices of a log.

use bytes::{Bytes, BytesMut};

/// Record batches, verbatim and in order, in as many slices as they were found in. Decoding makes one slice.
#[derive(Clone, Debug, Default)]
pub struct Records(Vec<Bytes>);

impl Records {
    /// The slices in order.
    pub fn pieces(&self) -> &[Bytes] {
        &self.0
    }

    /// The bytes of all slices.
    pub fn size(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    /// The records in one slice; copies if there is more than one.
    pub fn into_bytes(mut self) -> Bytes {
        if self.0.len() <= 1 {
            return self.0.pop().unwrap_or_default();
        }
        let mut whole = BytesMut::with_capacity(self.size());
        for piece in &self.0 {
            whole.extend_from_slice(piece);
        }
        whole.freeze()
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Records {
        Records(vec![bytes])
    }
}

impl From<Vec<Bytes>> for Records {
    fn from(pieces: Vec<Bytes>) -> Records {
        Records(pieces)
    }
}

impl PartialEq for Records {
    /// Compares what is in the slices, not how it is cut.
    fn eq(&self, other: &Records) -> bool {
        let bytes = |records: &'_ Records| -> Vec<u8> { records.0.concat() };
        self.size() == other.size() && bytes(self) == bytes(other)
    }
}
