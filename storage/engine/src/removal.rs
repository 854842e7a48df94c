//! Removing a partition's directory: renamed at once, so that its name is free, and emptied in the background.

use std::path::Path;

use corelog_runtime::{DiskError, Handle};

use crate::format::names;

/// How often a rename is tried: nobody looks for the directory again once the next checkpoint has passed the deletion.
const ATTEMPTS: u32 = 3;

/// Renames a directory of a deleted partition to a name that says so; does nothing if it is not there.
pub(crate) async fn retire_directory(handle: &Handle, parent: &Path, dir: &Path) -> Result<(), DiskError> {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let retired = parent.join(names::retired(&name, handle.rng.next_u64()));
    let mut attempt = 1;
    loop {
        match handle.disk.rename(dir, &retired).await {
            Ok(()) => return handle.disk.sync_dir(parent).await,
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) if attempt == ATTEMPTS => return Err(error),
            Err(_) => attempt += 1,
        }
    }
}

/// Removes the directories of deleted partitions. What cannot be removed stays until the next start.
pub(crate) async fn remove_retired(handle: &Handle, parent: &Path) {
    let names = match handle.disk.list_dir(parent).await {
        Ok(names) => names,
        Err(error) => return tracing::warn!(%error, "deleted partitions stay behind"),
    };
    for name in names.iter().filter(|name| names::is_retired(name)) {
        if let Err(error) = remove_tree(handle, &parent.join(name)).await
            && !error.is_not_found()
        {
            tracing::warn!(%error, "a deleted partition stays behind");
        }
    }
}

/// Removes a directory and the files in it. Another shard may be at the same: what is gone already is no error.
pub(crate) async fn remove_tree(handle: &Handle, dir: &Path) -> Result<(), DiskError> {
    for name in handle.disk.list_dir(dir).await? {
        match handle.disk.remove_file(&dir.join(name)).await {
            Ok(()) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    handle.disk.remove_dir(dir).await
}
