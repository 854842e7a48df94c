//! The file `files` of a shard's journal: which journal files there are.
//!
//! A journal file that is missing takes its frames along. If they were the newest, nothing in the other files says
//! that they were ever there, so this file lists the names.
//!
//! It is replaced when a journal file has been made, before a frame goes to that one. It counts only for the start
//! (incarnation) that it names, since each start writes its own before its first frame. Directories of release 0.1.0
//! have none.

use std::collections::BTreeMap;
use std::path::Path;

use corelog_runtime::{DiskError, Handle};

use crate::FormatError;
use crate::OpenError;
use crate::format::v1::JournalFilesV1;
use crate::format::v4::CheckpointV4;
use crate::format::{envelope, names};
use crate::recovery::target::Target;

/// Writes the file; durable once this returns.
pub(crate) async fn write(handle: &Handle, dir: &Path, files: &JournalFilesV1) -> Result<(), DiskError> {
    let content = envelope::encode(envelope::JOURNAL_FILES, files);
    envelope::replace_file(handle, &dir.join(names::JOURNAL_FILES), content).await
}

async fn read(handle: &Handle, target: &Target) -> Result<Option<JournalFilesV1>, OpenError> {
    let path = target.journal_dir().join(names::JOURNAL_FILES);
    let Some(content) = envelope::read_file(handle, &path).await? else {
        return Ok(None);
    };
    let decoded = envelope::decode::<JournalFilesV1>(envelope::JOURNAL_FILES, &content);
    let checked = decoded.and_then(|files| {
        if files.shard == target.shard.get() {
            Ok(files)
        } else {
            // Another shard's, whole as it may be, is not this one's.
            Err(FormatError::Field {
                field: "shard",
                value: i128::from(files.shard),
            })
        }
    });
    checked
        .map(Some)
        .map_err(|source| OpenError::Damaged { path, source })
}

/// Checks that the journal files that `checkpoint` goes on with are there, and whole as far as their length tells. Returns
/// how far to look in them for proof that a frame was acknowledged, by the settings that they were written with.
///
/// # Errors
/// `JournalFileMissing`, `Shortened`, `Damaged` for the file `files` itself, or `CheckpointStale` if that was written by a
/// later start than the checkpoint was.
pub(crate) async fn check(
    handle: &Handle,
    target: &Target,
    checkpoint: &CheckpointV4,
) -> Result<u64, OpenError> {
    let noted = read(handle, target).await?;
    if let Some(noted) = &noted
        && noted.incarnation > checkpoint.incarnation
    {
        return Err(OpenError::CheckpointStale {
            path: target.checkpoint_path(),
            incarnation: checkpoint.incarnation,
            newer: noted.incarnation,
        });
    }
    if checkpoint.is_clean {
        return Ok(0);
    }
    let sizes = sizes(handle, target).await?;
    let path = |number| target.journal_dir().join(names::journal_file(number));
    let noted = noted.filter(|noted| noted.incarnation == checkpoint.incarnation);
    let proof_bytes = noted.as_ref().map_or(0, |noted| noted.proof_bytes);
    let (needed, numbers) = match noted {
        Some(noted) => (noted.file_bytes, noted.numbers),
        // They all had one length, and each got its name when it had it.
        None => (
            sizes.values().copied().max().unwrap_or(0),
            sizes.keys().copied().collect(),
        ),
    };
    for number in numbers {
        match sizes.get(&number) {
            Some(&size) if size >= needed => {}
            Some(&size) => {
                let path = path(number);
                return Err(OpenError::Shortened { path, size, needed });
            }
            None => return Err(OpenError::JournalFileMissing { path: path(number) }),
        }
    }
    Ok(proof_bytes)
}

/// The journal files that there are, and their lengths.
async fn sizes(handle: &Handle, target: &Target) -> Result<BTreeMap<u32, u64>, OpenError> {
    let dir = target.journal_dir();
    let mut sizes = BTreeMap::new();
    for name in handle.disk.list_dir(&dir).await? {
        if let Some(number) = names::parse_journal_file(&name) {
            let file = handle
                .disk
                .open(&dir.join(name), corelog_runtime::OpenOptions::default())
                .await?;
            sizes.insert(number, file.size().await?);
        }
    }
    Ok(sizes)
}
