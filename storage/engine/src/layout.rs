//! The file `layout`: how many shards the data is divided among.

use std::path::{Path, PathBuf};

use corelog_model::{PartitionId, ShardId};
use corelog_runtime::Handle;

use crate::checkpoint_file;
use crate::contents;
use crate::errors::OpenError;
use crate::format::v1::LayoutV1;
use crate::format::v4::{CheckpointV4, PartitionV4};
use crate::format::{envelope, names};
use crate::log::core::partition_id;
use crate::options::{CheckpointSync, StorageOptions};
use crate::recovery;
use crate::recovery::target::Target;
use crate::removal;
use crate::types::Layout;

/// Memory that the recovery of an earlier shard may take for its journal, in bytes.
const RESHARDING_BYTES: usize = 32 << 20;

/// Reads the layout; `None` in a new directory.
///
/// # Errors
/// `Damaged` or `Io`.
pub async fn read_layout(handle: &Handle, dir: &Path) -> Result<Option<Layout>, OpenError> {
    let path = dir.join(names::LAYOUT);
    let Some(content) = envelope::read_file(handle, &path).await? else {
        return Ok(None);
    };
    match envelope::decode::<LayoutV1>(envelope::LAYOUT, &content) {
        Ok(layout) => Ok(Some(Layout {
            generation: layout.generation,
            shard_count: layout.shard_count,
        })),
        Err(source) => Err(OpenError::Damaged { path, source }),
    }
}

/// Makes the data directory ready for `shard_count` shards. To be run once, by one shard, before any shard opens its
/// storage. A new directory is laid out; one that was laid out for another number of shards is re-divided: every
/// partition goes to the shard that `shard_of` says. A crash leaves the old layout or the new one.
///
/// # Errors
/// See [`OpenError`]; `LayoutMissing` if there is no layout and the directory is not new.
pub async fn prepare_layout(
    handle: Handle,
    dir: &Path,
    direct: bool,
    shard_count: u16,
    shard_of: impl Fn(&PartitionId) -> ShardId,
    progress: impl Fn(f64),
) -> Result<Layout, OpenError> {
    handle.disk.create_dir_all(dir).await?;
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        handle.disk.sync_dir(parent).await?;
    }
    let old = read_layout(&handle, dir).await?;
    match old {
        None => contents::check_new(&handle, dir).await?,
        // The layout that was read may be in memory alone: the start before may have been killed between its renaming
        // and this sync. What the shards do from here on relies on it.
        Some(_) => handle.disk.sync_dir(dir).await?,
    }
    // What an interrupted attempt left of a new generation is not to be built upon, and an old one is of no use.
    let useless = useless_generations(&handle, dir, old).await?;
    if let Some(layout) = old
        && !useless.is_empty()
    {
        // The sync above may have failed for a start before this one. So it is written again before what another
        // layout needs goes.
        write_layout(&handle, dir, layout).await?;
    }
    remove_generations(&handle, useless).await?;
    if let Some(layout) = old
        && layout.shard_count == shard_count
    {
        return Ok(layout);
    }
    let layout = Layout {
        generation: old.map_or(1, |layout| layout.generation + 1),
        shard_count,
    };
    let mut all_recovered = Vec::new();
    let mut images: Vec<Vec<PartitionV4>> = (0..shard_count).map(|_| Vec::new()).collect();
    if let Some(old) = old {
        tracing::info!(
            from = old.shard_count,
            to = shard_count,
            "the data is divided anew"
        );
        for shard in 0..old.shard_count {
            let target = target(dir, old.generation, ShardId::new(shard), direct);
            let share = |fraction: f64| (f64::from(shard) + fraction) / f64::from(old.shard_count);
            let recovered =
                recovery::recover(&handle, &target, &|fraction| progress(share(fraction))).await?;
            for image in &recovered.checkpoint.partitions {
                let shard = shard_of(&partition_id(image.base.topic, image.base.index));
                images[usize::from(shard.get())].push(image.clone());
            }
            all_recovered.push(recovered);
        }
    }
    for (shard, partitions) in (0..).zip(images) {
        write_first_checkpoint(&handle, dir, layout.generation, ShardId::new(shard), partitions).await?;
    }
    handle
        .disk
        .sync_dir(&names::generation_dir(dir, layout.generation))
        .await?;
    handle.disk.sync_dir(&dir.join(names::JOURNAL)).await?;
    // The layout must never be there without what it stands for.
    handle.disk.sync_dir(dir).await?;
    write_layout(&handle, dir, layout).await?;
    for recovered in &all_recovered {
        recovered.finish(&handle, dir).await?;
    }
    let useless = useless_generations(&handle, dir, Some(layout)).await?;
    remove_generations(&handle, useless).await?;
    Ok(layout)
}

async fn write_layout(handle: &Handle, dir: &Path, layout: Layout) -> Result<(), OpenError> {
    envelope::replace_file(handle, &dir.join(names::LAYOUT), encode_layout(layout)).await?;
    Ok(())
}

/// The content of the file `layout`.
pub(crate) fn encode_layout(layout: Layout) -> Vec<u8> {
    let layout = LayoutV1 {
        generation: layout.generation,
        shard_count: layout.shard_count,
    };
    envelope::encode(envelope::LAYOUT, &layout)
}

async fn write_first_checkpoint(
    handle: &Handle,
    dir: &Path,
    generation: u64,
    shard: ShardId,
    partitions: Vec<PartitionV4>,
) -> Result<(), OpenError> {
    let journal_dir = names::journal_dir(dir, generation, shard);
    handle.disk.create_dir_all(&journal_dir).await?;
    let checkpoint = CheckpointV4 {
        shard: shard.get(),
        incarnation: names::FIRST_INCARNATION,
        first_sequence: 0,
        is_clean: true,
        partitions,
    };
    let content = envelope::encode(envelope::CHECKPOINT, &checkpoint);
    checkpoint_file::replace(handle, &journal_dir.join(names::CHECKPOINT), content).await?;
    Ok(())
}

/// The directories of the generations that are of no use beside that of `layout`, which is complete: those before it, and
/// those after it that no shard has ever opened. What is no generation's directory is nobody's to remove.
///
/// # Errors
/// `LayoutStale` if a later generation has been in use; `CheckpointMissing` or `Damaged` if the layout's own is not
/// complete.
async fn useless_generations(
    handle: &Handle,
    dir: &Path,
    layout: Option<Layout>,
) -> Result<Vec<PathBuf>, OpenError> {
    let journal = dir.join(names::JOURNAL);
    let found = match handle.disk.list_dir(&journal).await {
        Ok(found) => found,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut useless = Vec::new();
    for name in found {
        let number = names::parse_number(&name);
        let Some(number) = number.filter(|number| layout.is_none_or(|kept| *number != kept.generation))
        else {
            continue;
        };
        let path = journal.join(name);
        // INV-11: a later generation goes only if no shard has ever opened it.
        if let Some(layout) = layout.filter(|layout| number > layout.generation)
            && !contents::is_unused(handle, &path, false).await?
        {
            return Err(OpenError::LayoutStale {
                path: dir.join(names::LAYOUT),
                generation: layout.generation,
                newer: number,
            });
        }
        useless.push(path);
    }
    // INV-11: and none goes unless every checkpoint of the layout's own is there and whole.
    if let Some(layout) = layout.filter(|_| !useless.is_empty()) {
        for shard in 0..layout.shard_count {
            let target = target(dir, layout.generation, ShardId::new(shard), false);
            recovery::read_checkpoint(handle, &target).await?;
        }
    }
    Ok(useless)
}

fn target(dir: &Path, generation: u64, shard: ShardId, direct: bool) -> Target {
    Target {
        dir: dir.to_owned(),
        generation,
        shard,
        direct,
        memory_bytes: RESHARDING_BYTES,
        // How long its frames may be is not known.
        proof_bytes: u64::MAX,
        checkpoint_sync: CheckpointSync::default(),
    }
}

/// Removes the journals of generations.
async fn remove_generations(handle: &Handle, generations: Vec<PathBuf>) -> Result<(), OpenError> {
    for generation in generations {
        for shard in handle.disk.list_dir(&generation).await? {
            removal::remove_tree(handle, &generation.join(shard)).await?;
        }
        handle.disk.remove_dir(&generation).await?;
    }
    Ok(())
}

/// The options of a shard must agree with the layout.
pub(crate) async fn check_layout(handle: &Handle, options: &StorageOptions) -> Result<(), OpenError> {
    let found = read_layout(handle, &options.dir).await?;
    match found {
        Some(layout)
            if layout.shard_count == options.shard_count && layout.generation == options.generation =>
        {
            Ok(())
        }
        Some(layout) => Err(OpenError::ShardCount {
            found: layout.shard_count,
            generation: layout.generation,
            wanted: options.shard_count,
        }),
        None => Err(OpenError::LayoutMissing {
            path: options.dir.join(names::LAYOUT),
        }),
    }
}
