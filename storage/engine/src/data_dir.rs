//! The data directory as a process holds it: one broker at a time, of a format that it knows.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::errors::DataDirError;
use crate::format::names;

/// The format that this release writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// A locked data directory. Dropping it gives the lock back.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    // The lock lives as long as the descriptor.
    _lock: File,
}

impl DataDir {
    /// Creates the directory if it is missing, takes its lock, and checks that it is writable and of a known format.
    /// Blocking: to be called once, before the shards start.
    ///
    /// # Errors
    /// See [`DataDirError`].
    pub fn open(path: &Path) -> Result<DataDir, DataDirError> {
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                DataDirError::NotWritable {
                    path: path.to_owned(),
                    source,
                }
            }
            _ => DataDirError::Io {
                path: path.to_owned(),
                source,
            },
        };
        if path.exists() && !path.is_dir() {
            // Else create_dir_all says that the file exists.
            return Err(refused(io::ErrorKind::NotADirectory.into()));
        }
        fs::create_dir_all(path).map_err(refused)?;
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(names::LOCK))
            .map_err(refused)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(DataDirError::Locked {
                    path: path.to_owned(),
                });
            }
            Err(fs::TryLockError::Error(source)) => return Err(refused(source)),
        }
        match fs::read_to_string(path.join(names::VERSION)) {
            Ok(text) => check_version(path, &text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => write_version(path).map_err(refused)?,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(DataDirError::BadVersion {
                    path: path.join(names::VERSION),
                });
            }
            Err(error) => return Err(refused(error)),
        }
        Ok(DataDir {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn check_version(path: &Path, text: &str) -> Result<(), DataDirError> {
    let found: u32 = text.trim().parse().map_err(|_| DataDirError::BadVersion {
        path: path.join(names::VERSION),
    })?;
    if found > FORMAT {
        return Err(DataDirError::NewerFormat {
            path: path.to_owned(),
            found,
            supported: FORMAT,
        });
    }
    Ok(())
}

fn write_version(path: &Path) -> io::Result<()> {
    // Whole or not at all: a torn version file would lock its owner out.
    let temporary = path.join("corelog.version.tmp");
    let mut file = File::create(&temporary)?;
    writeln!(file, "{FORMAT}")?;
    file.sync_all()?;
    fs::rename(temporary, path.join(names::VERSION))?;
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broker_at_a_time_and_no_newer_format() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let held = DataDir::open(&path).unwrap();
        assert!(matches!(DataDir::open(&path), Err(DataDirError::Locked { .. })));
        drop(held);
        drop(DataDir::open(&path).unwrap());
        fs::write(path.join(names::VERSION), "2\n").unwrap();
        let error = DataDir::open(&path).unwrap_err();
        assert!(
            matches!(
                error,
                DataDirError::NewerFormat {
                    found: 2,
                    supported: 1,
                    ..
                }
            ),
            "{error}"
        );
        fs::write(path.join(names::VERSION), "?").unwrap();
        assert!(matches!(
            DataDir::open(&path),
            Err(DataDirError::BadVersion { .. })
        ));
    }
}
