//! A table: each small file of a data directory, missing, emptied, cut and with each byte changed, after a clean stop and
//! after a kill. The start opens with everything that was acknowledged, or refuses and names the file, and then begins
//! once the file is back. What is damaged within a segment is the readers' to find, and not asked here.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use common::{DIR, Fields, SHARD, append, id, offset, simulation, small_config, small_options, spec};
use corelog_model::Offset;
use corelog_runtime::buffer::AlignedBuf;
use corelog_runtime::{Handle, OpenOptions};
use corelog_sim::{Machine, Simulation};
use corelog_storage::{OpenError, ReadIsolation, Storage, prepare_layout};

/// How the life before ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Closed,
    Killed,
}

/// What is done to a file.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Harm {
    Missing,
    Emptied,
    Halved,
    Changed { at: u64, mask: u8 },
}

/// What the start says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Says {
    /// It opens, and all is there.
    Opens,
    /// It opens, and the partition says that it is damaged.
    Fences,
    /// It names the file.
    Names,
    /// It names the file that the missing frame should be in, which may be the one before.
    Frame,
}

const ACKNOWLEDGED: i64 = 12;
const CHECKPOINTED: i64 = 7;

async fn try_open(machine: &Machine) -> Result<Rc<Storage>, OpenError> {
    let handle = machine.handle_for(SHARD);
    let layout = prepare_layout(handle.clone(), Path::new(DIR), true, 1, |_| SHARD, |_| ()).await?;
    Storage::open(handle, small_options(layout, SHARD), |_| ())
        .await
        .map(common::alone)
}

/// A machine whose broker has acknowledged records, some before its last checkpoint and some after it, large ones among
/// them, and has ended.
fn machine(end: End) -> (Simulation, Machine) {
    let sim = simulation(11);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = try_open(&machine).await.unwrap();
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        for nth in 0..ACKNOWLEDGED {
            let size = if nth % 3 == 2 { 50_000 } else { 500 };
            append(
                &log,
                Fields {
                    size,
                    ..Fields::default()
                },
            )
            .await;
            if nth + 1 == CHECKPOINTED {
                storage.checkpoint().await.unwrap();
            }
        }
        // Until the newest frame is marked as acknowledged, and the closed segment has its index.
        let clock = Rc::clone(&machine.handle_for(SHARD).clock);
        clock.sleep_until(clock.now() + Duration::from_secs(1)).await;
        if end == End::Closed {
            storage.close().await.unwrap();
        }
    });
    machine.kill();
    (sim, machine)
}

async fn read(handle: &Handle, path: &Path) -> Vec<u8> {
    let file = handle.disk.open(path, OpenOptions::default()).await.unwrap();
    let size = usize::try_from(file.size().await.unwrap()).unwrap();
    let (read, buffer) = file
        .read_at(0, AlignedBuf::zeroed(size.next_multiple_of(4096)))
        .await;
    assert_eq!(read.unwrap(), size);
    buffer[..size].to_vec()
}

async fn write(handle: &Handle, path: &Path, content: &[u8]) {
    let options = OpenOptions {
        write: true,
        create: true,
        truncate: true,
        ..OpenOptions::default()
    };
    let file = handle.disk.open(path, options).await.unwrap();
    if !content.is_empty() {
        file.write_at(0, Bytes::copy_from_slice(content)).await.unwrap();
    }
    file.sync().await.unwrap();
}

fn named(error: &OpenError) -> Option<&Path> {
    match error {
        OpenError::CheckpointMissing { path }
        | OpenError::Damaged { path, .. }
        | OpenError::JournalDamaged { path, .. }
        | OpenError::JournalFileMissing { path }
        | OpenError::SegmentMissing { path, .. }
        | OpenError::Shortened { path, .. }
        | OpenError::CheckpointStale { path, .. }
        | OpenError::CheckpointOutrun { path, .. }
        | OpenError::LayoutStale { path, .. }
        | OpenError::LayoutMissing { path } => Some(path),
        OpenError::Option { .. }
        | OpenError::ShardCount { .. }
        | OpenError::DiskFull(_)
        | OpenError::Io(_) => None,
    }
}

/// Opens, and reads what was acknowledged.
async fn says(machine: &Machine, path: &Path) -> Says {
    let storage = match try_open(machine).await {
        Ok(storage) => storage,
        Err(error) => {
            let named = named(&error).unwrap_or_else(|| panic!("{error} names no file"));
            let is_frame = matches!(error, OpenError::JournalDamaged { .. });
            let is_named = named == path || is_frame && named.parent() == path.parent();
            assert!(
                is_named,
                "{} was harmed, and the start says: {error}",
                path.display()
            );
            return if is_frame { Says::Frame } else { Says::Names };
        }
    };
    let log = storage.partition(&id(0)).expect("the partition");
    if log.corruption().is_some() {
        assert!(storage.stats().damaged_partitions > 0);
        return Says::Fences;
    }
    log.set_config(small_config());
    let end = log.offsets().high_watermark;
    assert_eq!(end, offset(ACKNOWLEDGED), "{} was harmed", path.display());
    let mut at = Offset::ZERO;
    while at < end {
        let slice = log.read(at, 1 << 20, ReadIsolation::HighWatermark).await.unwrap();
        assert!(slice.bytes > 0);
        let header = corelog_model::batch::parse_header(&slice.pieces.concat()).unwrap();
        at = header.next_offset();
    }
    // Looked for by time, so that an index is needed.
    let found = log
        .offset_for_timestamp(corelog_model::TimestampMs::new(1000))
        .await;
    assert!(found.unwrap().is_some());
    Says::Opens
}

/// Harms a file, starts, puts it back and starts again.
fn check(end: End, path: &Path, harm: &Harm) -> Says {
    let (sim, machine) = machine(end);
    let whole = sim.block_on(async {
        let handle = machine.handle_for(SHARD);
        let whole = read(&handle, path).await;
        match harm {
            Harm::Missing => handle.disk.remove_file(path).await.unwrap(),
            Harm::Emptied => write(&handle, path, &[]).await,
            Harm::Halved => write(&handle, path, &whole[..whole.len() / 2]).await,
            Harm::Changed { at, mask } => {
                let mut changed = whole.clone();
                changed[usize::try_from(*at).unwrap()] ^= mask;
                write(&handle, path, &changed).await;
            }
        }
        whole
    });
    let said = sim.block_on(says(&machine, path));
    machine.kill();
    if said == Says::Names || said == Says::Frame {
        sim.block_on(async {
            write(&machine.handle_for(SHARD), path, &whole).await;
            assert_eq!(
                says(&machine, path).await,
                Says::Opens,
                "{} is back",
                path.display()
            );
        });
    }
    said
}

fn small_files() -> Vec<PathBuf> {
    [
        "layout",
        "journal/1/0/checkpoint",
        "journal/1/0/checkpoint.spare",
        "journal/1/0/files",
        "journal/1/0/00000000.journal",
        "journal/1/0/00000001.journal",
        "orders-0/00000000000000000000.log",
        "orders-0/00000000000000000000.cindex",
        "orders-0/00000000000000000006.log",
    ]
    .into_iter()
    .map(|name| Path::new(DIR).join(name))
    .collect()
}

#[test]
fn a_file_that_is_missing_empty_or_cut_is_named_or_not_needed() {
    use End::{Closed, Killed};
    use Says::{Names, Opens};
    let rows = [
        ("layout", [Names; 3], [Names; 3]),
        // Its second half is room for a longer one.
        ("checkpoint", [Names, Names, Opens], [Names, Names, Opens]),
        ("checkpoint.spare", [Opens; 3], [Opens; 3]),
        // Without the list a missing journal file is not missed, but none is. After a clean stop it is read all the
        // same, lest the checkpoint be an old one.
        ("files", [Opens, Names, Names], [Opens, Names, Names]),
        ("00000000.journal", [Opens; 3], [Names; 3]),
        ("00000001.journal", [Opens; 3], [Names; 3]),
        ("00000000000000000000.log", [Names; 3], [Names; 3]),
        ("00000000000000000000.cindex", [Opens; 3], [Opens; 3]),
        ("00000000000000000006.log", [Names; 3], [Names; 3]),
    ];
    let mut checked = BTreeSet::new();
    for path in small_files() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (_, closed, killed) = rows.iter().find(|(row, ..)| *row == name).unwrap();
        for (end, expected) in [(Closed, closed), (Killed, killed)] {
            for (harm, expected) in [Harm::Missing, Harm::Emptied, Harm::Halved].iter().zip(expected) {
                assert_eq!(check(end, &path, harm), *expected, "{name} {harm:?} {end:?}");
            }
        }
        checked.insert(name.to_owned());
    }
    assert_eq!(checked.len(), rows.len());
}

#[test]
fn a_changed_byte_is_named_or_changes_nothing() {
    for path in small_files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".log") {
            continue;
        }
        for end in [End::Closed, End::Killed] {
            let (sim, machine) = machine(end);
            let size = sim.block_on(async { read(&machine.handle_for(SHARD), &path).await.len() });
            // Every byte where the beginnings lie, and a sample of the rest.
            let step = if name.ends_with(".journal") { 997 } else { 7 };
            let count = if name.ends_with(".journal") { 60_000 } else { 600 };
            for at in (0..size.min(count)).step_by(step) {
                let harm = Harm::Changed {
                    at: u64::try_from(at).unwrap(),
                    mask: 1 << (at % 8),
                };
                // That all of it is there is asked within.
                let said = check(end, &path, &harm);
                let is_needed = end == End::Killed && name.ends_with(".journal");
                assert!(
                    said != Says::Frame || is_needed,
                    "{name} {harm:?} {end:?}: {said:?}"
                );
                assert!(
                    said != Says::Fences || is_needed,
                    "{name} {harm:?} {end:?}: {said:?}"
                );
            }
        }
    }
}

/// An old copy of a small file in the place of a newer one.
#[test]
fn an_old_copy_is_noticed() {
    let sim = simulation(12);
    let machine = sim.machine(0);
    let journal = Path::new(DIR).join("journal/1/0");
    let (checkpoint, files) = (journal.join("checkpoint"), journal.join("files"));
    sim.block_on(async {
        let handle = machine.handle_for(SHARD);
        let storage = try_open(&machine).await.unwrap();
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        append(&log, Fields::default()).await;
        storage.close().await.unwrap();
        let old = (read(&handle, &checkpoint).await, read(&handle, &files).await);
        let storage = try_open(&machine).await.unwrap();
        append(&storage.partition(&id(0)).unwrap(), Fields::default()).await;
        storage.close().await.unwrap();
        let new = (read(&handle, &checkpoint).await, read(&handle, &files).await);
        write(&handle, &checkpoint, &old.0).await;
        let error = try_open(&machine).await.err().unwrap();
        assert!(matches!(error, OpenError::CheckpointStale { .. }), "{error}");
        // With an old list beside it, or none, as release 0.1.0 had it, the log itself tells.
        write(&handle, &files, &old.1).await;
        let error = try_open(&machine).await.err().unwrap();
        assert!(matches!(error, OpenError::CheckpointOutrun { .. }), "{error}");
        handle.disk.remove_file(&files).await.unwrap();
        let error = try_open(&machine).await.err().unwrap();
        assert_eq!(named(&error), Some(&*checkpoint), "{error}");
        write(&handle, &checkpoint, &new.0).await;
        write(&handle, &files, &new.1).await;
        let storage = try_open(&machine).await.unwrap();
        assert_eq!(storage.partition(&id(0)).unwrap().offsets().log_end, offset(2));
    });
}

/// The layout of a generation that another one has followed.
#[test]
fn an_old_layout_removes_no_later_generation() {
    let sim = simulation(13);
    let machine = sim.machine(0);
    let layout = Path::new(DIR).join("layout");
    sim.block_on(async {
        let handle = machine.handle_for(SHARD);
        let storage = try_open(&machine).await.unwrap();
        storage.create_partition(spec(0, small_config())).await.unwrap();
        storage.close().await.unwrap();
        let old = read(&handle, &layout).await;
        let shards = async |count| {
            let handle = machine.handle_for(SHARD);
            prepare_layout(handle, Path::new(DIR), true, count, |_| SHARD, |_| ()).await
        };
        let two = shards(2).await.unwrap();
        let new = read(&handle, &layout).await;
        let storage = Storage::open(handle.clone(), small_options(two, SHARD), |_| ())
            .await
            .unwrap();
        append(&storage.partition(&id(0)).unwrap(), Fields::default()).await;
        storage.close().await.unwrap();
        write(&handle, &layout, &old).await;
        for count in [1, 2] {
            let error = shards(count).await.unwrap_err();
            assert!(
                matches!(&error, OpenError::LayoutStale { path, generation: 1, newer: 2 } if *path == layout),
                "{error}"
            );
        }
        write(&handle, &layout, &new).await;
        assert_eq!(shards(2).await.unwrap(), two);
        let storage = Storage::open(handle, small_options(two, SHARD), |_| ())
            .await
            .unwrap();
        assert_eq!(storage.partition(&id(0)).unwrap().offsets().log_end, offset(1));
    });
}

/// All of a log was deleted, and the file that it ended in is gone with it: what is appended next must be found.
#[test]
fn a_log_without_records_goes_on_without_its_segment() {
    for (end, harm) in [End::Closed, End::Killed]
        .into_iter()
        .flat_map(|end| [Harm::Missing, Harm::Emptied].map(|harm| (end, harm)))
    {
        let sim = simulation(14);
        let machine = sim.machine(0);
        let segment = Path::new(DIR).join("orders-0/00000000000000000000.log");
        sim.block_on(async {
            let storage = try_open(&machine).await.unwrap();
            let log = storage.create_partition(spec(0, small_config())).await.unwrap();
            append(&log, Fields::default()).await;
            storage.checkpoint().await.unwrap();
            log.delete_records(Some(offset(1))).await.unwrap();
            if end == End::Closed {
                storage.close().await.unwrap();
            }
        });
        machine.kill();
        sim.block_on(async {
            let handle = machine.handle_for(SHARD);
            match harm {
                Harm::Missing => handle.disk.remove_file(&segment).await.unwrap(),
                Harm::Emptied | Harm::Halved | Harm::Changed { .. } => write(&handle, &segment, &[]).await,
            }
            for end in 2..4 {
                let storage = try_open(&machine).await.unwrap();
                let log = storage.partition(&id(0)).unwrap();
                log.set_config(small_config());
                assert_eq!(append(&log, Fields::default()).await.base_offset, offset(end - 1));
                let slice = log
                    .read(offset(1), 1 << 20, ReadIsolation::HighWatermark)
                    .await
                    .unwrap();
                assert!(slice.bytes > 0);
                storage.close().await.unwrap();
            }
            let storage = try_open(&machine).await.unwrap();
            let log = storage.partition(&id(0)).unwrap();
            assert_eq!(log.offsets().log_end, offset(3));
            assert_eq!(common::read_all(&log, 1 << 20).await.len(), 2);
        });
    }
}
