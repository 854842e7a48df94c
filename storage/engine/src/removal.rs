//! Removal of a partition's directory. It is renamed at once, so that its name is free, and removed in the background.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use corelog_runtime::{DiskError, Handle, Remedy};

use crate::format::names;

/// How often a rename is tried: nobody looks for the directory again once the next checkpoint has passed the deletion.
const ATTEMPTS: u32 = 3;

/// The most removals of a shard under way at a time.
const UNDER_WAY_MAX: usize = 1;

/// The removals of one shard. However many partitions are deleted at a time, [`UNDER_WAY_MAX`] tasks remove their files.
#[derive(Default)]
pub(crate) struct Removals {
    under_way: Cell<usize>,
    /// A directory may have been retired since the last listing.
    is_due: Cell<bool>,
}

impl Removals {
    /// A directory has been retired. Whether the caller is to begin a removal; otherwise one under way sees to it.
    pub(crate) fn begin(&self) -> bool {
        self.is_due.set(true);
        // INV-10: a removal under way finds what is retired meanwhile.
        let is_free = self.under_way.get() < UNDER_WAY_MAX;
        if is_free {
            self.under_way.set(self.under_way.get() + 1);
        }
        is_free
    }

    /// Before each listing: whether there may be anything to remove.
    pub(crate) fn go_on(&self) -> bool {
        self.is_due.replace(false)
    }

    /// A removal has found that there is nothing more. Nothing is awaited between that and this.
    pub(crate) fn end(&self) {
        self.under_way.set(self.under_way.get() - 1);
    }

    /// How many are under way.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.get()
    }
}
/// The first pause before a directory is opened once more to be synced, when there was no descriptor; each later one is
/// ten times as long.
const PAUSE: Duration = Duration::from_millis(1);
/// Where it ends.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Renames a directory of a deleted partition to a name that says so; does nothing if it is not there.
pub(crate) async fn retire_directory(handle: &Handle, parent: &Path, dir: &Path) -> Result<(), DiskError> {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let retired = parent.join(names::retired(&name, handle.rng.next_u64()));
    let mut attempt = 1;
    loop {
        match handle.disk.rename(dir, &retired).await {
            Ok(()) => break,
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) if attempt == ATTEMPTS => return Err(error),
            Err(_) => attempt += 1,
        }
    }
    let mut pause = PAUSE;
    loop {
        match handle.disk.sync_dir(parent).await {
            Err(error) if error.remedy() == Remedy::Later && pause < PAUSE_MAX => {}
            synced => return synced,
        }
        handle.clock.sleep_until(handle.clock.now() + pause).await;
        pause *= 10;
    }
}

/// Removes the directories of deleted partitions. What cannot be removed stays until the next deletion
/// or the next start.
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
