//! The envelope of every file of ours that is one archive.
//!
//! ```text
//!  0  magic    8 bytes, the kind of file
//!  8  version  u16
//! 10  zero     u16
//! 12  crc      u32  CRC-32 (IEEE) of the version, the length and the archive
//! 16  length   u64  of the archive
//! 24  zero     u64
//! 32  archive
//! ```
//! All integers are little-endian.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::{DiskError, File, Handle, OpenOptions};
use rkyv::rancor;

use crate::FormatError;

const HEADER_SIZE: usize = 32;

/// A kind of file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Kind {
    magic: [u8; 8],
    name: &'static str,
    /// The newest version, which is the one that is written.
    version: u16,
}

/// The file `layout`.
pub(crate) const LAYOUT: Kind = Kind {
    magic: *b"CLLAYOUT",
    name: "layout",
    version: 1,
};
/// The file `device`.
pub(crate) const DEVICE: Kind = Kind {
    magic: *b"CLDEVICE",
    name: "device",
    version: 1,
};
/// A shard's checkpoint.
pub(crate) const CHECKPOINT: Kind = Kind {
    magic: *b"CLCHKPNT",
    name: "checkpoint",
    version: 4,
};
/// A shard's checkpoint before it knew of cleaning.
pub(crate) const CHECKPOINT_V3: Kind = Kind {
    version: 3,
    ..CHECKPOINT
};
/// A shard's checkpoint before it knew of transactions.
pub(crate) const CHECKPOINT_V2: Kind = Kind {
    version: 2,
    ..CHECKPOINT
};
/// A shard's checkpoint as release 0.1.0 wrote it.
pub(crate) const CHECKPOINT_V1: Kind = Kind {
    version: 1,
    ..CHECKPOINT
};
/// The list of a journal's files.
pub(crate) const JOURNAL_FILES: Kind = Kind {
    magic: *b"CLJFILES",
    name: "list of journal files",
    version: 1,
};
/// A segment's index.
pub(crate) const SEGMENT_INDEX: Kind = Kind {
    magic: *b"CLSEGIDX",
    name: "segment index",
    version: 3,
};
/// A segment's index before it knew of transactions.
pub(crate) const SEGMENT_INDEX_V1: Kind = Kind {
    version: 1,
    ..SEGMENT_INDEX
};

fn checksum(version: u16, archive: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&version.to_le_bytes());
    hasher.update(&u64::try_from(archive.len()).unwrap_or(u64::MAX).to_le_bytes());
    hasher.update(archive);
    hasher.finalize()
}

/// Puts an archive into an envelope.
pub(crate) fn seal(kind: Kind, archive: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_SIZE + archive.len());
    out.extend_from_slice(&kind.magic);
    out.extend_from_slice(&kind.version.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out.extend_from_slice(&checksum(kind.version, archive).to_le_bytes());
    out.extend_from_slice(&u64::try_from(archive.len()).unwrap_or(u64::MAX).to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(archive);
    out
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

/// The version of the archive in an envelope.
pub(crate) fn version(kind: Kind, file: &[u8]) -> Result<u16, FormatError> {
    if file.len() < HEADER_SIZE {
        let size = u64::try_from(file.len()).unwrap_or(u64::MAX);
        return Err(FormatError::Truncated { size, needed: 32 });
    }
    if file[..8] != kind.magic {
        return Err(FormatError::Magic { expected: kind.name });
    }
    Ok(u16::from_le_bytes(array(file, 8)))
}

/// Takes the archive of the kind's version out of an envelope, its checksum verified. Bytes behind it are ignored: padding.
pub(crate) fn open(kind: Kind, file: &[u8]) -> Result<&[u8], FormatError> {
    let size = u64::try_from(file.len()).unwrap_or(u64::MAX);
    let truncated = |needed| FormatError::Truncated { size, needed };
    let version = version(kind, file)?;
    let stored = u32::from_le_bytes(array(file, 12));
    let length = u64::from_le_bytes(array(file, 16));
    if version != kind.version {
        return Err(FormatError::Version {
            found: version,
            supported: kind.version,
        });
    }
    let body = &file[HEADER_SIZE..];
    let archive = usize::try_from(length)
        .ok()
        .and_then(|length| body.get(..length))
        .ok_or_else(|| truncated(length.saturating_add(32)))?;
    let computed = checksum(version, archive);
    if computed != stored {
        return Err(FormatError::Checksum { stored, computed });
    }
    Ok(archive)
}

/// Archives a value and puts it into an envelope.
pub(crate) fn encode<T>(kind: Kind, value: &T) -> Vec<u8>
where
    T: for<'a> rkyv::Serialize<
            rkyv::api::high::HighSerializer<
                rkyv::util::AlignedVec,
                rkyv::ser::allocator::ArenaHandle<'a>,
                rancor::Error,
            >,
        >,
{
    let archive = rkyv::to_bytes::<rancor::Error>(value).expect("memory is the only limit to an archive");
    seal(kind, &archive)
}

/// Takes a value out of an envelope, checked.
pub(crate) fn decode<T>(kind: Kind, file: &[u8]) -> Result<T, FormatError>
where
    T: rkyv::Archive,
    T::Archived: for<'a> rkyv::bytecheck::CheckBytes<rkyv::api::high::HighValidator<'a, rancor::Error>>
        + rkyv::Deserialize<T, rkyv::api::high::HighDeserializer<rancor::Error>>,
{
    let archive = open(kind, file)?;
    rkyv::from_bytes::<T, rancor::Error>(archive).map_err(|_| FormatError::Archive)
}

/// Reads a whole file; `None` if it is not there.
pub(crate) async fn read_file(handle: &Handle, path: &Path) -> Result<Option<Bytes>, DiskError> {
    let file = match handle.disk.open(path, OpenOptions::default()).await {
        Ok(file) => file,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    // INV-7: the file's own length, not one that it claims in its header.
    let size = usize::try_from(file.size().await?).unwrap_or(usize::MAX);
    if size == 0 {
        return Ok(Some(Bytes::new()));
    }
    let (read, buffer) = file
        .read_at(0, AlignedBuf::zeroed(size.next_multiple_of(PAGE)))
        .await;
    let read = read?;
    Ok(Some(buffer.freeze().slice(..read.min(size))))
}

/// Replaces a file as a whole: after a crash there is the old one or the new one, durable once this returns.
pub(crate) async fn replace_file(handle: &Handle, path: &Path, content: Vec<u8>) -> Result<(), DiskError> {
    let mut temporary = PathBuf::from(path);
    temporary.set_extension("tmp");
    let file = create(handle, &temporary, content).await?;
    file.sync().await?;
    drop(file);
    handle.disk.rename(&temporary, path).await?;
    let parent = path.parent().unwrap_or(Path::new("."));
    handle.disk.sync_dir(parent).await
}

/// Writes a file whose loss in a crash does not matter, because what it holds can be made anew.
pub(crate) async fn write_file(handle: &Handle, path: &Path, content: Vec<u8>) -> Result<(), DiskError> {
    create(handle, path, content).await.map(|_| ())
}

async fn create(handle: &Handle, path: &Path, content: Vec<u8>) -> Result<Rc<dyn File>, DiskError> {
    let options = OpenOptions {
        write: true,
        create: true,
        truncate: true,
        ..OpenOptions::default()
    };
    let file = handle.disk.open(path, options).await?;
    file.write_at(0, Bytes::from(content)).await?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::v1::LayoutV1;

    #[test]
    fn every_flipped_bit_is_noticed() {
        let value = LayoutV1 {
            generation: 3,
            shard_count: 4,
        };
        let file = encode(LAYOUT, &value);
        assert_eq!(decode::<LayoutV1>(LAYOUT, &file), Ok(value.clone()));
        for bit in 0..file.len() * 8 {
            let mut bad = file.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            // The reserved bytes are not looked at: a later version may use them.
            let reserved = (10..12).contains(&(bit / 8)) || (24..32).contains(&(bit / 8));
            assert_eq!(decode::<LayoutV1>(LAYOUT, &bad).is_ok(), reserved, "bit {bit}");
        }
        for length in 0..file.len() {
            assert!(decode::<LayoutV1>(LAYOUT, &file[..length]).is_err());
        }
        assert_eq!(
            decode::<LayoutV1>(CHECKPOINT, &file),
            Err(FormatError::Magic {
                expected: "checkpoint"
            })
        );
    }
}
