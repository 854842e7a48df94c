//! Measures durable writes on the file system of the data directory, through the broker's own rings.
//!
//! Every combination of block size, depth, sync method and kind of block is run for a slice of time, in several rounds
//! over all of them, so that a device's slow moment falls on all alike.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_runtime::buffer::AlignedBuf;
use corelog_runtime::{DiskError, File, Handle, Monotonic, OpenOptions, ShardsOptions, run_shard_here};
use corelog_storage::{DeviceAnswer, DeviceCell, SyncMethod, file_system_id};
use futures_util::future::try_join_all;

use super::advice;
use super::failure::ProbeError;

const BLOCKS: [u32; 3] = [4 << 10, 128 << 10, 1 << 20];
const DEPTHS: [u16; 3] = [1, 4, 16];
const METHODS: [SyncMethod; 2] = [SyncMethod::WriteThenSync, SyncMethod::Dsync];
const ROUNDS: usize = 3;
/// How long a combination runs in a round.
const SLICE: Duration = Duration::from_millis(50);
/// Each of the two files.
const FILE_BYTES: u64 = 64 << 20;
const NAME: &str = ".corelog-tune-probe";

/// Probes the device under `dir`, which is made if it is missing, and keeps the answer there.
pub(crate) fn run(dir: &Path, is_buffered_allowed: bool) -> Result<DeviceAnswer, ProbeError> {
    fs::create_dir_all(dir).map_err(|source| ProbeError::Directory {
        path: dir.to_owned(),
        source,
    })?;
    if is_in_use(dir) {
        eprintln!("a broker runs on this directory: the figures are those under its load, and disturb it");
    }
    let file_system = file_system_id(dir)?;
    let options = ShardsOptions {
        allow_buffered: is_buffered_allowed,
        ..ShardsOptions::default()
    };
    let files = Files(dir.to_owned());
    let (cells, probed_at) = run_shard_here::<(), _, _>(&options, |shard| async move {
        let cells = measure(&shard.handle, &files).await;
        drop(files);
        cells.map(|cells| (cells, shard.handle.clock.wall().get()))
    })??;
    let answer = advice::of(file_system, probed_at, cells);
    answer.keep(dir)?;
    Ok(answer)
}

/// Whether a broker holds the directory's lock.
fn is_in_use(dir: &Path) -> bool {
    let Ok(lock) = fs::File::open(dir.join("corelog.lock")) else {
        return false;
    };
    matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock))
}

/// The probe's files, removed when it ends.
struct Files(PathBuf);

impl Files {
    fn path(&self, is_rewrite: bool) -> PathBuf {
        self.0.join(format!("{NAME}-{}", u8::from(is_rewrite)))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for is_rewrite in [false, true] {
            // They may not have been made at all.
            let _ = fs::remove_file(self.path(is_rewrite));
        }
    }
}

/// One combination, and what it came to so far.
struct Running {
    method: SyncMethod,
    is_rewrite: bool,
    block: u32,
    depth: u16,
    times_us: Vec<u32>,
    elapsed: Duration,
}

impl Running {
    fn cell(mut self) -> DeviceCell {
        self.times_us.sort_unstable();
        let at = |percent: usize| {
            let index = self.times_us.len() * percent / 100;
            self.times_us
                .get(index.min(self.times_us.len().saturating_sub(1)))
                .copied()
        };
        let written = u128::from(self.block) * self.times_us.len() as u128 * 1_000_000_000;
        let bytes_per_s = written / self.elapsed.as_nanos().max(1);
        DeviceCell {
            sync_method: self.method,
            is_rewrite: self.is_rewrite,
            block_bytes: self.block,
            depth: self.depth,
            bytes_per_s: u64::try_from(bytes_per_s).unwrap_or(u64::MAX),
            p50_us: at(50).unwrap_or(u32::MAX),
            p99_us: at(99).unwrap_or(u32::MAX),
        }
    }
}

fn combinations() -> Vec<Running> {
    let mut all = Vec::new();
    for is_rewrite in [true, false] {
        for block in BLOCKS {
            for depth in DEPTHS {
                all.extend(METHODS.map(|method| Running {
                    method,
                    is_rewrite,
                    block,
                    depth,
                    times_us: Vec::new(),
                    elapsed: Duration::ZERO,
                }));
            }
        }
    }
    all
}

async fn measure(handle: &Handle, files: &Files) -> Result<Vec<DeviceCell>, DiskError> {
    let written = open(handle, &files.path(true)).await?;
    fill(&written).await?;
    let mut combinations = combinations();
    let steps = ROUNDS * combinations.len();
    for round in 0..ROUNDS {
        let count = combinations.len();
        for (index, running) in combinations.iter_mut().enumerate() {
            show(round * count + index, steps);
            let file = if running.is_rewrite {
                Rc::clone(&written)
            } else {
                // Blocks that were reserved and never written: a file of its own for each.
                let fresh = open(handle, &files.path(false)).await?;
                fresh.allocate(FILE_BYTES).await?;
                fresh.sync().await?;
                fresh
            };
            slice(handle, &file, running).await?;
        }
    }
    show(steps, steps);
    Ok(combinations.into_iter().map(Running::cell).collect())
}

async fn open(handle: &Handle, path: &Path) -> Result<Rc<dyn File>, DiskError> {
    let options = OpenOptions {
        write: true,
        create: true,
        truncate: true,
        direct: true,
        ..OpenOptions::default()
    };
    handle.disk.open(path, options).await
}

/// Bytes that no device takes for zeros.
fn block(bytes: u32) -> Bytes {
    let mut block = AlignedBuf::zeroed(usize::try_from(bytes).expect("32 bits"));
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for word in block.chunks_exact_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        word.copy_from_slice(&state.to_le_bytes());
    }
    block.freeze()
}

async fn fill(file: &Rc<dyn File>) -> Result<(), DiskError> {
    let piece = block(1 << 20);
    for position in (0..FILE_BYTES).step_by(piece.len()) {
        file.write_at(position, piece.clone()).await?;
    }
    file.sync().await
}

/// Runs one combination for a slice of time, or until a file of fresh blocks is written.
async fn slice(handle: &Handle, file: &Rc<dyn File>, running: &mut Running) -> Result<(), DiskError> {
    let began = handle.clock.now();
    let lanes = Lanes {
        handle,
        file: Rc::clone(file),
        data: block(running.block),
        method: running.method,
        wraps: running.is_rewrite,
        next: Cell::new(0),
        end: began + SLICE,
        times_us: RefCell::new(std::mem::take(&mut running.times_us)),
    };
    try_join_all((0..running.depth).map(|_| lanes.run())).await?;
    running.elapsed += handle.clock.now().since(began);
    running.times_us = lanes.times_us.into_inner();
    Ok(())
}

struct Lanes<'a> {
    handle: &'a Handle,
    file: Rc<dyn File>,
    data: Bytes,
    method: SyncMethod,
    wraps: bool,
    next: Cell<u64>,
    end: Monotonic,
    times_us: RefCell<Vec<u32>>,
}

impl Lanes<'_> {
    fn position(&self) -> Option<u64> {
        let length = u64::try_from(self.data.len()).expect("a block's length");
        let mut position = self.next.get();
        if position + length > FILE_BYTES {
            if !self.wraps {
                return None;
            }
            position = 0;
        }
        self.next.set(position + length);
        Some(position)
    }

    /// One durable write after the other.
    async fn run(&self) -> Result<(), DiskError> {
        loop {
            let began = self.handle.clock.now();
            if began >= self.end {
                return Ok(());
            }
            let Some(position) = self.position() else {
                return Ok(());
            };
            match self.method {
                SyncMethod::WriteThenSync => {
                    self.file.write_at(position, self.data.clone()).await?;
                    self.file.sync().await?;
                }
                SyncMethod::Dsync => self.file.write_durably_at(position, self.data.clone()).await?,
            }
            let took = self.handle.clock.now().since(began).as_micros();
            self.times_us
                .borrow_mut()
                .push(u32::try_from(took).unwrap_or(u32::MAX));
        }
    }
}

/// Progress, for who watches.
fn show(done: usize, all: usize) {
    if !io::stderr().is_terminal() {
        return;
    }
    if done == all {
        eprint!("\r\x1b[K");
    } else {
        eprint!("\rprobing: {} %", done * 100 / all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_the_percentiles_and_the_rate() {
        let cell = Running {
            method: SyncMethod::Dsync,
            is_rewrite: true,
            block: 4096,
            depth: 4,
            times_us: (1..=100).rev().collect(),
            elapsed: Duration::from_millis(100),
        }
        .cell();
        assert_eq!((cell.p50_us, cell.p99_us), (51, 100));
        assert_eq!(cell.bytes_per_s, 4_096_000);
    }

    #[test]
    fn a_real_directory_is_probed_and_left_with_the_answer_alone() {
        let dir = tempfile::tempdir_in(".").unwrap();
        let answer = run(dir.path(), true).unwrap();
        assert_eq!(answer.cells.len(), combinations().len());
        assert!(answer.cells.iter().all(|cell| cell.bytes_per_s > 0), "{answer:?}");
        assert_eq!(DeviceAnswer::read(dir.path()).unwrap(), Some(answer));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
