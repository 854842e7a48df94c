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
//! Integers are little-endian. A version that was shipped never changes: what needs another field becomes
//! `CommandV2`, and both are read. The checksum is verified before the archive is looked at, and the archive is
//! validated before it is read, so bytes of any origin are safe.

use std::collections::BTreeMap;

use corelog_model::{BrokerId, PartitionIndex, ProducerId, TopicId, TopicName, TopicNameError};
use rkyv::rancor;
use rkyv::string::ArchivedString;
use rkyv::vec::ArchivedVec;
use rkyv::{Archive, Serialize};

use crate::command::{Command, Configs};
use crate::image::Incarnation;

const MAGIC: [u8; 4] = *b"CLmc";
const VERSION: u16 = 1;
/// Bytes before the archive.
const HEADER_SIZE: usize = 16;
const CRC_AT: usize = 12;

/// A command as version 1 stores it. Frozen.
#[derive(Archive, Serialize)]
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
#[derive(Archive, Serialize)]
pub(crate) struct ConfigV1 {
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

/// Encodes `command` in the newest version.
///
/// # Panics
/// If the archive would have 2 GiB: the controller's limits on a command are far below.
pub fn encode(command: &Command) -> Vec<u8> {
    let archive = rkyv::to_bytes::<rancor::Error>(&CommandV1::from(command))
        .expect("memory alone limits an archive below 2 GiB");
    seal(MAGIC, VERSION, &archive)
}

/// Puts an archive into the envelope.
pub(crate) fn seal(magic: [u8; 4], version: u16, archive: &[u8]) -> Vec<u8> {
    let size = u32::try_from(archive.len()).expect("an archive with 32-bit pointers");
    let mut out = Vec::with_capacity(HEADER_SIZE + archive.len());
    out.extend_from_slice(&magic);
    out.extend_from_slice(&version.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out.extend_from_slice(&size.to_le_bytes());
    let crc = checksum(&out, archive);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(archive);
    out
}

/// Decodes exactly one command.
///
/// # Errors
/// `DecodeError`.
pub fn decode(bytes: &[u8]) -> Result<Command, DecodeError> {
    let (command, size) = decode_prefix(bytes)?;
    match bytes.len() - size {
        0 => Ok(command),
        tail => Err(DecodeError::Tail(tail)),
    }
}

/// Decodes the command that begins `bytes` and says how many bytes it took.
///
/// # Errors
/// `DecodeError`.
pub fn decode_prefix(bytes: &[u8]) -> Result<(Command, usize), DecodeError> {
    let (version, archive, size) = open(MAGIC, "command", bytes)?;
    match version {
        VERSION => {
            let archived =
                rkyv::access::<ArchivedCommandV1, rancor::Error>(archive).map_err(DecodeError::Archive)?;
            Ok((from_v1(archived)?, size))
        }
        version => Err(DecodeError::Version(version)),
    }
}

/// Takes the archive out of the envelope that begins `bytes`, its checksum verified: the version, the archive, and the
/// bytes of all of it.
pub(crate) fn open<'a>(
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

impl From<&Command> for CommandV1 {
    fn from(command: &Command) -> CommandV1 {
        match command {
            Command::RegisterBroker {
                id,
                host,
                port,
                rack,
                incarnation,
            } => CommandV1::RegisterBroker {
                id: id.get(),
                host: host.clone(),
                port: *port,
                rack: rack.clone(),
                incarnation: incarnation.get().to_be_bytes(),
            },
            Command::CreateTopic {
                id,
                name,
                assignments,
                configs,
            } => CommandV1::CreateTopic {
                id: id.get(),
                name: name.as_str().to_owned(),
                assignments: assignments_v1(assignments),
                configs: configs_v1(configs),
            },
            Command::DeleteTopic { id } => CommandV1::DeleteTopic { id: id.get() },
            Command::CreatePartitions {
                id,
                first,
                assignments,
            } => CommandV1::CreatePartitions {
                id: id.get(),
                first: first.get(),
                assignments: assignments_v1(assignments),
            },
            Command::SetTopicConfigs { id, configs } => CommandV1::SetTopicConfigs {
                id: id.get(),
                configs: configs_v1(configs),
            },
            Command::SetBrokerConfigs { broker, configs } => CommandV1::SetBrokerConfigs {
                broker: broker.map(BrokerId::get),
                configs: configs_v1(configs),
            },
            Command::AllocateProducerIds { block_start, count } => CommandV1::AllocateProducerIds {
                block_start: block_start.get(),
                count: *count,
            },
        }
    }
}

fn assignments_v1(assignments: &[Vec<BrokerId>]) -> Vec<Vec<i32>> {
    let ids = |replicas: &Vec<BrokerId>| replicas.iter().map(|id| id.get()).collect();
    assignments.iter().map(ids).collect()
}

pub(crate) fn configs_v1(configs: &Configs) -> Vec<ConfigV1> {
    let config = |(key, value): (&String, &String)| ConfigV1 {
        key: key.clone(),
        value: value.clone(),
    };
    configs.iter().map(config).collect()
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

pub(crate) fn from_configs_v1(configs: &ArchivedVec<ArchivedConfigV1>) -> Configs {
    let pair = |config: &ArchivedConfigV1| (config.key.as_str().to_owned(), config.value.as_str().to_owned());
    configs.iter().map(pair).collect::<BTreeMap<_, _>>()
}
