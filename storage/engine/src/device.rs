//! The file `device` of a data directory: what `corelog tune --probe` measured of its disk, which decides how the
//! journal commits.
//!
//! It is advice: where it is missing, damaged or of another file system, the journal commits in the usual way. Reading
//! and writing it blocks; a broker reads it once, before the shards start.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::errors::FormatError;
use crate::format::v1::{DeviceCellV1, DeviceV1};
use crate::format::{envelope, names};
use crate::options::SyncMethod;

/// What a probe found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceAnswer {
    /// The file system that was probed, as [`file_system_id`] names it.
    pub file_system: u64,
    /// When, in milliseconds since 1970.
    pub probed_at: i64,
    /// The commits in flight beyond which the device gains little; at least one.
    pub commits_in_flight: u16,
    /// What was measured.
    pub cells: Vec<DeviceCell>,
}

/// One measurement: durable writes of one size, so many at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeviceCell {
    /// How each was made durable.
    pub sync_method: SyncMethod,
    /// Whether the blocks had been written before.
    pub is_rewrite: bool,
    /// Bytes of each.
    pub block_bytes: u32,
    /// In flight at a time.
    pub depth: u16,
    /// Bytes a second.
    pub bytes_per_s: u64,
    /// The median time of one, in microseconds.
    pub p50_us: u32,
    /// The 99th percentile of it.
    pub p99_us: u32,
}

/// Why there is no answer though there is a file.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// It cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file, or the directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It is damaged.
    #[error("{} is damaged: {source}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: FormatError,
    },
    /// It was found on another file system: the directory was copied or the disk replaced.
    #[error("{} was found on another file system", path.display())]
    Elsewhere {
        /// The file.
        path: PathBuf,
    },
}

const fn is_dsync(method: SyncMethod) -> bool {
    match method {
        SyncMethod::Dsync => true,
        SyncMethod::WriteThenSync => false,
    }
}

const fn method(is_dsync: bool) -> SyncMethod {
    if is_dsync {
        SyncMethod::Dsync
    } else {
        SyncMethod::WriteThenSync
    }
}

/// fdatasync has to take less than this many percent of the usual way's time to be chosen: probes are noisy.
const FDATASYNC_PERCENT_MAX: f64 = 90.0;

impl DeviceAnswer {
    /// How a commit is durable soonest with so many in flight: by the geometric mean, over the block sizes, of the
    /// medians' ratio, at the least depth measured that is not below. Only rewritten blocks count, for the journal
    /// writes no others.
    pub fn sync_method_at(&self, in_flight: u16) -> SyncMethod {
        let depths = self.cells.iter().map(|cell| cell.depth);
        let Some(depth) = depths
            .clone()
            .filter(|depth| *depth >= in_flight)
            .min()
            .or(depths.max())
        else {
            return SyncMethod::default();
        };
        let measured = |method| {
            self.cells
                .iter()
                .filter(move |cell| cell.is_rewrite && cell.depth == depth && cell.sync_method == method)
        };
        let ratios: Vec<f64> = measured(SyncMethod::WriteThenSync)
            .filter_map(|synced| {
                let mut usual = measured(SyncMethod::Dsync);
                let usual = usual.find(|cell| cell.block_bytes == synced.block_bytes)?;
                Some((f64::from(synced.p50_us.max(1)) / f64::from(usual.p50_us.max(1))).ln())
            })
            .collect();
        let count = f64::from(u32::try_from(ratios.len()).unwrap_or(u32::MAX));
        // No measurement is no number, which is not less, and chooses the usual way.
        if (ratios.iter().sum::<f64>() / count).exp() * 100.0 < FDATASYNC_PERCENT_MAX {
            SyncMethod::WriteThenSync
        } else {
            SyncMethod::Dsync
        }
    }

    /// Reads what is kept in the data directory `dir`; `None` if it was never probed.
    ///
    /// # Errors
    /// See [`DeviceError`].
    pub fn read(dir: &Path) -> Result<Option<DeviceAnswer>, DeviceError> {
        let path = dir.join(names::DEVICE);
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(DeviceError::Io { path, source }),
        };
        let stored: DeviceV1 = match envelope::decode(envelope::DEVICE, &content) {
            Ok(stored) => stored,
            Err(source) => return Err(DeviceError::Damaged { path, source }),
        };
        if stored.file_system != file_system_id(dir)? {
            return Err(DeviceError::Elsewhere { path });
        }
        Ok(Some(DeviceAnswer {
            file_system: stored.file_system,
            probed_at: stored.probed_at,
            commits_in_flight: stored.commits_in_flight.max(1),
            cells: stored
                .cells
                .iter()
                .map(|cell| DeviceCell {
                    sync_method: method(cell.is_dsync),
                    is_rewrite: cell.is_rewrite,
                    block_bytes: cell.block_bytes,
                    depth: cell.depth,
                    bytes_per_s: cell.bytes_per_s,
                    p50_us: cell.p50_us,
                    p99_us: cell.p99_us,
                })
                .collect(),
        }))
    }

    /// Keeps it in the data directory `dir`, in place of an older one; after a crash there is one or the other.
    ///
    /// # Errors
    /// `Io`.
    pub fn keep(&self, dir: &Path) -> Result<(), DeviceError> {
        let stored = DeviceV1 {
            file_system: self.file_system,
            probed_at: self.probed_at,
            commits_in_flight: self.commits_in_flight,
            cells: self
                .cells
                .iter()
                .map(|cell| DeviceCellV1 {
                    is_dsync: is_dsync(cell.sync_method),
                    is_rewrite: cell.is_rewrite,
                    block_bytes: cell.block_bytes,
                    depth: cell.depth,
                    bytes_per_s: cell.bytes_per_s,
                    p50_us: cell.p50_us,
                    p99_us: cell.p99_us,
                })
                .collect(),
        };
        let path = dir.join(names::DEVICE);
        let content = envelope::encode(envelope::DEVICE, &stored);
        replace(&path, &content).map_err(|source| DeviceError::Io { path, source })
    }
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// The id of the file system that holds `dir` (statvfs(3), f_fsid): ext4 and xfs keep theirs over a restart.
///
/// # Errors
/// `Io`.
pub fn file_system_id(dir: &Path) -> Result<u64, DeviceError> {
    rustix::fs::statvfs(dir)
        .map(|stat| stat.f_fsid)
        .map_err(|error| DeviceError::Io {
            path: dir.to_owned(),
            source: error.into(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(dir: &Path) -> DeviceAnswer {
        DeviceAnswer {
            file_system: file_system_id(dir).unwrap(),
            probed_at: 5,
            commits_in_flight: 4,
            cells: vec![DeviceCell {
                sync_method: SyncMethod::WriteThenSync,
                is_rewrite: true,
                block_bytes: 4096,
                depth: 1,
                bytes_per_s: 10,
                p50_us: 20,
                p99_us: 30,
            }],
        }
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(DeviceAnswer::read(dir.path()).unwrap(), None);
        let answer = answer(dir.path());
        answer.keep(dir.path()).unwrap();
        answer.keep(dir.path()).unwrap();
        assert_eq!(DeviceAnswer::read(dir.path()).unwrap(), Some(answer));
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "nothing is left over"
        );
    }

    #[test]
    fn damage_and_another_file_system_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let mut elsewhere = answer(dir.path());
        elsewhere.file_system ^= 1;
        elsewhere.keep(dir.path()).unwrap();
        let error = DeviceAnswer::read(dir.path()).unwrap_err();
        assert!(matches!(error, DeviceError::Elsewhere { .. }), "{error}");
        let path = dir.path().join("device");
        let mut content = fs::read(&path).unwrap();
        *content.last_mut().unwrap() ^= 1;
        fs::write(&path, content).unwrap();
        let error = DeviceAnswer::read(dir.path()).unwrap_err();
        assert!(matches!(error, DeviceError::Damaged { .. }), "{error}");
    }

    #[test]
    fn the_faster_method_is_chosen_if_it_is_clearly_faster() {
        use SyncMethod::{Dsync, WriteThenSync};
        let cell = |sync_method, is_rewrite, depth, p50_us| DeviceCell {
            sync_method,
            is_rewrite,
            block_bytes: 4096,
            depth,
            bytes_per_s: 1,
            p50_us,
            p99_us: 2 * p50_us,
        };
        let check = |cells: &[DeviceCell], in_flight, expected| {
            let answer = DeviceAnswer {
                file_system: 0,
                probed_at: 0,
                commits_in_flight: 1,
                cells: cells.to_vec(),
            };
            assert_eq!(
                answer.sync_method_at(in_flight),
                expected,
                "{in_flight} {cells:?}"
            );
        };
        let pair = |usual, dsync| {
            [
                cell(WriteThenSync, true, 1, usual),
                cell(Dsync, true, 1, dsync),
                // Blocks that were never written do not count.
                cell(Dsync, false, 1, 1),
            ]
        };
        check(&pair(1000, 500), 1, Dsync);
        check(&pair(950, 1000), 1, Dsync);
        check(&pair(1000, 2000), 1, WriteThenSync);
        check(&[], 1, Dsync);
        let mut deep = pair(1000, 2000).to_vec();
        deep.extend([cell(WriteThenSync, true, 4, 1000), cell(Dsync, true, 4, 300)]);
        check(&deep, 1, WriteThenSync);
        check(&deep, 2, Dsync);
        check(&deep, 9, Dsync);
    }
}
