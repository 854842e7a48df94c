//! What a message carries, so that its consumer can tell loss, repetition, disorder and corruption, and its age.
//!
//! ```text
//!  0  run        u64  of this run alone; messages of others are foreign
//!  8  producer   u32
//! 12  checksum   u32  CRC-32C of bytes 0-11, 16-31 and of the CRC-32C of the body, both checksums big-endian
//! 16  sequence   u64  of this producer and partition, from zero
//! 24  intended   u64  when it was to be sent, in nanoseconds of the generator's monotonic clock
//! 32  body            random bytes, then zeros, or a record of a payload file
//! ```
//! Big-endian. Bodies and their checksums are computed once, so that a producer pays for 32 bytes alone.

use corelog_runtime::Monotonic;

/// Bytes before the body: the least that a message has.
pub const HEADER_SIZE: usize = 32;

/// A body and its CRC-32C.
#[derive(Clone, Debug)]
pub struct Body {
    bytes: Vec<u8>,
    checksum: u32,
}

impl Body {
    /// A body of these bytes.
    pub fn new(bytes: Vec<u8>) -> Body {
        let checksum = crc32c::crc32c(&bytes);
        Body { bytes, checksum }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Who sent a message, which one it is, and when it was to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// The run.
    pub run: u64,
    /// The producer, unique in the run.
    pub producer: u32,
    /// From zero, by producer and partition.
    pub sequence: u64,
    /// The intended time.
    pub intended: Monotonic,
}

impl Stamp {
    /// The header of a message with this stamp before `body`.
    pub fn header(&self, body: &Body) -> [u8; HEADER_SIZE] {
        let mut header = [0; HEADER_SIZE];
        header[0..8].copy_from_slice(&self.run.to_be_bytes());
        header[8..12].copy_from_slice(&self.producer.to_be_bytes());
        header[16..24].copy_from_slice(&self.sequence.to_be_bytes());
        header[24..32].copy_from_slice(&self.intended.as_nanos().to_be_bytes());
        let checksum = checksum(&header, body.checksum);
        header[12..16].copy_from_slice(&checksum.to_be_bytes());
        header
    }
}

/// Why a message is not what was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PayloadFault {
    /// It is too short to be ours, or null.
    #[error("a message of {size} bytes is too short to be one of the generator's")]
    Short {
        /// Its bytes.
        size: usize,
    },
    /// The checksum does not hold.
    #[error("a message is damaged: its checksum is {computed:#010x} and it says {stored:#010x}")]
    Checksum {
        /// What it says.
        stored: u32,
        /// What it is.
        computed: u32,
    },
}

/// Reads the stamp of a message and checks all its bytes.
///
/// # Errors
/// See `PayloadFault`.
pub fn check(message: &[u8]) -> Result<Stamp, PayloadFault> {
    let Some((header, body)) = message.split_first_chunk::<HEADER_SIZE>() else {
        return Err(PayloadFault::Short { size: message.len() });
    };
    let stored = u32::from_be_bytes(part(header, 12));
    let computed = checksum(header, crc32c::crc32c(body));
    if stored != computed {
        return Err(PayloadFault::Checksum { stored, computed });
    }
    Ok(Stamp {
        run: u64::from_be_bytes(part(header, 0)),
        producer: u32::from_be_bytes(part(header, 8)),
        sequence: u64::from_be_bytes(part(header, 16)),
        intended: Monotonic::from_nanos(u64::from_be_bytes(part(header, 24))),
    })
}

fn part<const N: usize>(header: &[u8; HEADER_SIZE], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&header[at..at + N]);
    out
}

fn checksum(header: &[u8; HEADER_SIZE], body: u32) -> u32 {
    let mut covered = [0; HEADER_SIZE];
    covered[..12].copy_from_slice(&header[..12]);
    covered[12..28].copy_from_slice(&header[16..]);
    covered[28..].copy_from_slice(&body.to_be_bytes());
    crc32c::crc32c(&covered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn message(size: usize) -> (Stamp, Vec<u8>) {
        let mut bytes = vec![0; size - HEADER_SIZE];
        Random::new(1).fill(&mut bytes);
        let body = Body::new(bytes);
        let stamp = Stamp {
            run: 77,
            producer: 3,
            sequence: 1 << 40,
            intended: Monotonic::from_nanos(123_456_789),
        };
        let mut message = stamp.header(&body).to_vec();
        message.extend_from_slice(body.bytes());
        (stamp, message)
    }

    #[test]
    fn a_message_is_read_back() {
        for size in [HEADER_SIZE, 100, 1024] {
            let (stamp, message) = message(size);
            assert_eq!(message.len(), size);
            assert_eq!(check(&message), Ok(stamp));
        }
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let (_, message) = message(100);
        for at in 0..message.len() {
            for bit in 0..8 {
                let mut damaged = message.clone();
                damaged[at] ^= 1 << bit;
                let result = check(&damaged);
                assert!(
                    matches!(result, Err(PayloadFault::Checksum { .. })),
                    "bit {bit} of byte {at}: {result:?}"
                );
            }
        }
    }

    #[test]
    fn short_messages_are_faults() {
        assert_eq!(check(&[0; 31]), Err(PayloadFault::Short { size: 31 }));
        let (_, message) = message(100);
        assert!(check(&message[..99]).is_err());
    }
}
