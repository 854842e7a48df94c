//! Commands as bytes: an rkyv archive in a versioned, checksummed envelope.
//!
//! ```text
//!  0  magic    "CLmc"
//!  4  version  u16      1: CommandV1
//!  6  zero     u16
//!  8  size     u32      of the archive, in bytes
//! 12  crc      u32      CRC-32 of bytes 0 to 12 and of the archive
//! 16  archive           rkyv, little-endian, unaligned, 32-bit pointers; its root is at its end
//! ```
//! Integers are little-endian. The checksum is verified before the archive is looked at, and the archive is validated
//! before it is read, so bytes of any origin are safe.

use std::collections::BTreeMap;

use corelog_model::{BrokerId, PartitionIndex, ProducerId, TopicId, TopicName, TopicNameError};
use rkyv::Archive;
use rkyv::rancor;
use rkyv::string::ArchivedString;
use rkyv::vec::ArchivedVec;

use super::command::Command;
use crate::image::{Configs, Incarnation};

const MAGIC: [u8; 4] = *b"CLmc";
const VERSION: u16 = 1;
/// Bytes before the archive.
const HEADER_SIZE: usize = 16;
const CRC_AT: usize = 12;

/// A command as version 1 stores it. Frozen.
#[derive(Archive)]
#[expect(dead_code, reason = "its archive is read, and it is never made")]
enum CommandV1 {
    RegisterBroker {
        id: i32,
        host: String,
        port: u16,
        rack: Option<String>,
        incarnation: [u8; 16],
    },
    CreateTopic {
        id: [u8; 16],
        name: String,
        assignments: Vec<Vec<i32>>,
        configs: Vec<ConfigV1>,
    },
    DeleteTopic {
        id: [u8; 16],
    },
    CreatePartitions {
        id: [u8; 16],
        first: i32,
        assignments: Vec<Vec<i32>>,
    },
    SetTopicConfigs {
        id: [u8; 16],
        configs: Vec<ConfigV1>,
    },
    SetBrokerConfigs {
        broker: Option<i32>,
        configs: Vec<ConfigV1>,
    },
    AllocateProducerIds {
        block_start: i64,
        count: u32,
    },
}

/// A setting as version 1 stores it, sorted by key. Frozen.
#[derive(Archive)]
pub(super) struct ConfigV1 {
    key: String,
    value: String,
}

/// Why bytes are not a command.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Fewer bytes than a header, or than the size says.
    #[error("the command needs {needed} bytes and {available} are there")]
    Truncated {
        /// What it takes.
        needed: usize,
        /// What is there.
        available: usize,
    },
    /// Bytes follow the command.
    #[error("{0} bytes follow the command")]
    Tail(usize),
    /// Something else.
    #[error("a {expected} does not begin with {found:02x?}")]
    Magic {
        /// What was to be decoded.
        expected: &'static str,
        /// Its first bytes.
        found: [u8; 4],
    },
    /// A version of the future.
    #[error("commands of version {0} are not known: this one knows up to 1")]
    Version(u16),
    /// The checksum does not match.
    #[error("CRC-32 is {computed:#010x} and the command says {stored:#010x}")]
    Crc {
        /// What the command says.
        stored: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// The archive is malformed although its checksum matches.
    #[error("the command's archive is malformed")]
    Archive(#[source] rancor::Error),
    /// A name that no topic has.
    #[error("the command names no topic")]
    TopicName(#[from] TopicNameError),
}

/// Whether bytes begin as a command does.
pub(super) fn is_command(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Decodes exactly one command.
///
/// # Errors
/// `DecodeError`.
pub fn decode(bytes: &[u8]) -> Result<Command, DecodeError> {
    let (version, archive, size) = open(MAGIC, "command", bytes)?;
    if size < bytes.len() {
        return Err(DecodeError::Tail(bytes.len() - size));
    }
    match version {
        VERSION => {
            let archived =
                rkyv::access::<ArchivedCommandV1, rancor::Error>(archive).map_err(DecodeError::Archive)?;
            from_v1(archived)
        }
        version => Err(DecodeError::Version(version)),
    }
}

/// Takes the archive out of the envelope that begins `bytes`, its checksum verified: the version, the archive, and the
/// bytes of all of it.
pub(super) fn open<'a>(
    magic: [u8; 4],
    expected: &'static str,
    bytes: &'a [u8],
) -> Result<(u16, &'a [u8], usize), DecodeError> {
    let available = bytes.len();
    let (header, rest) = bytes
        .split_first_chunk::<HEADER_SIZE>()
        .ok_or(DecodeError::Truncated {
            needed: HEADER_SIZE,
            available,
        })?;
    let [m0, m1, m2, m3, v0, v1, _, _, s0, s1, s2, s3, c0, c1, c2, c3] = *header;
    let found = [m0, m1, m2, m3];
    if found != magic {
        return Err(DecodeError::Magic { expected, found });
    }
    let size = usize::try_from(u32::from_le_bytes([s0, s1, s2, s3])).unwrap_or(usize::MAX);
    let needed = size.saturating_add(HEADER_SIZE);
    let archive = rest
        .get(..size)
        .ok_or(DecodeError::Truncated { needed, available })?;
    let stored = u32::from_le_bytes([c0, c1, c2, c3]);
    let computed = checksum(&header[..CRC_AT], archive);
    if stored != computed {
        return Err(DecodeError::Crc { stored, computed });
    }
    Ok((u16::from_le_bytes([v0, v1]), archive, needed))
}

fn checksum(header: &[u8], archive: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(archive);
    hasher.finalize()
}

fn from_v1(command: &ArchivedCommandV1) -> Result<Command, DecodeError> {
    Ok(match command {
        ArchivedCommandV1::RegisterBroker {
            id,
            host,
            port,
            rack,
            incarnation,
        } => Command::RegisterBroker {
            id: BrokerId::new(id.to_native()),
            host: host.as_str().to_owned(),
            port: port.to_native(),
            rack: rack
                .as_ref()
                .map(|rack: &ArchivedString| rack.as_str().to_owned()),
            incarnation: Incarnation::new(u128::from_be_bytes(*incarnation)),
        },
        ArchivedCommandV1::CreateTopic {
            id,
            name,
            assignments,
            configs,
        } => Command::CreateTopic {
            id: TopicId::new(*id),
            name: TopicName::new(name.as_str())?,
            assignments: from_assignments_v1(assignments),
            configs: from_configs_v1(configs),
        },
        ArchivedCommandV1::DeleteTopic { id } => Command::DeleteTopic {
            id: TopicId::new(*id),
        },
        ArchivedCommandV1::CreatePartitions {
            id,
            first,
            assignments,
        } => Command::CreatePartitions {
            id: TopicId::new(*id),
            first: PartitionIndex::new(first.to_native()),
            assignments: from_assignments_v1(assignments),
        },
        ArchivedCommandV1::SetTopicConfigs { id, configs } => Command::SetTopicConfigs {
            id: TopicId::new(*id),
            configs: from_configs_v1(configs),
        },
        ArchivedCommandV1::SetBrokerConfigs { broker, configs } => Command::SetBrokerConfigs {
            broker: broker.as_ref().map(|id| BrokerId::new(id.to_native())),
            configs: from_configs_v1(configs),
        },
        ArchivedCommandV1::AllocateProducerIds { block_start, count } => Command::AllocateProducerIds {
            block_start: ProducerId::new(block_start.to_native()),
            count: count.to_native(),
        },
    })
}

fn from_assignments_v1(
    assignments: &ArchivedVec<ArchivedVec<rkyv::rend::unaligned::i32_ule>>,
) -> Vec<Vec<BrokerId>> {
    let ids = |replicas: &ArchivedVec<rkyv::rend::unaligned::i32_ule>| {
        replicas.iter().map(|id| BrokerId::new(id.to_native())).collect()
    };
    assignments.iter().map(ids).collect()
}

pub(super) fn from_configs_v1(configs: &ArchivedVec<ArchivedConfigV1>) -> Configs {
    let pair = |config: &ArchivedConfigV1| (config.key.as_str().to_owned(), config.value.as_str().to_owned());
    configs.iter().map(pair).collect::<BTreeMap<_, _>>()
}
