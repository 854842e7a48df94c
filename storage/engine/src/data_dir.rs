//! The data directory, locked: one broker at a time uses it, and only if it knows the format.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::contents;
use crate::errors::DataDirError;
use crate::file_system;
use crate::format::names;

/// The format that this release writes, and the newest that it reads.
pub(crate) const FORMAT: u32 = 1;
/// How long a departed broker's last writes are waited for, and how often they are asked after.
const DEPARTED_WAITS: u32 = 1500;
const DEPARTED_WAIT: Duration = Duration::from_millis(20);

/// A locked data directory. Dropping it gives the lock back.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    is_new: bool,
    // The lock lives as long as the open file: this handle, its clones, and the rings that hold it.
    lock: Arc<File>,
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
        // Before anything is written: another program's directory is left as it was.
        let whose = whose(path).map_err(refused)?;
        if let Whose::Another(name) = whose {
            let path = path.to_owned();
            return Err(DataDirError::NotOurs { path, name });
        }
        let is_new = whose == Whose::Nobodys;
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(names::LOCK))
            .map_err(refused)?;
        if !take(&lock, path).map_err(refused)? {
            return Err(DataDirError::Locked {
                path: path.to_owned(),
            });
        }
        name_holder(&lock).map_err(refused)?;
        if let Err(error) = file_system::overwrite_in_place(path) {
            // It serves all the same; the start says what copying on write means.
            tracing::debug!(%error, "the data directory keeps its copying on write");
        }
        match fs::read_to_string(path.join(names::VERSION)) {
            Ok(text) => check_version(path, &text)?,
            // It is written before anything else is.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_new => {
                return Err(DataDirError::VersionMissing {
                    path: path.join(names::VERSION),
                });
            }
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
            is_new,
            lock: Arc::new(lock),
        })
    }

    /// Whether it held no layout, no journal and no partition when it was opened.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The locked file. Whoever writes to the directory holds it open until its last write has ended: a broker that was
    /// killed may have writes under way that the kernel finishes after the process is gone.
    pub fn lock(&self) -> Arc<File> {
        Arc::clone(&self.lock)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Whose a directory is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Whose {
    /// There is nothing in it that counts.
    Nobodys,
    /// A broker of ours has used it.
    Ours,
    /// This is in it, and nothing of ours.
    Another(String),
}

fn names_in(path: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(path)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

fn whose(path: &Path) -> io::Result<Whose> {
    let found = names_in(path)?;
    let has_version = found.iter().any(|name| name == names::VERSION);
    let contents = contents::sort(found);
    let has_partition = || {
        contents.unknown.iter().any(|name| {
            // Another program's file is no directory, and may not be readable.
            let within = names_in(&path.join(name)).unwrap_or_default();
            contents::holds_segments(within.iter().map(String::as_str))
        })
    };
    if contents.is_ours || has_partition() {
        return Ok(Whose::Ours);
    }
    // Where a broker has begun before, other files do no harm.
    let another = contents.unknown.into_iter().min().filter(|_| !has_version);
    Ok(another.map_or(Whose::Nobodys, Whose::Another))
}

/// Takes the lock; `false` if a running broker has it. One that was killed keeps it until its last write has ended.
#[expect(
    clippy::disallowed_methods,
    reason = "blocking, before there are shards; the kernel tells nobody when"
)]
fn take(lock: &File, path: &Path) -> io::Result<bool> {
    for _ in 0..DEPARTED_WAITS {
        match lock.try_lock() {
            Ok(()) => return Ok(true),
            Err(fs::TryLockError::WouldBlock) if is_holder_running(path) => return Ok(false),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(DEPARTED_WAIT),
            Err(fs::TryLockError::Error(source)) => return Err(source),
        }
    }
    Ok(false)
}

/// Writes this process's number into the lock file, for those who find it locked. Always of one width and in place, so
/// that it needs a block only once; on a full disk a broker starts without it.
fn name_holder(mut lock: &File) -> io::Result<()> {
    match writeln!(lock, "{:<10}", std::process::id()) {
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(()),
        written => written,
    }
}

/// Whether the process that the lock file names is there. An unreadable name is taken for a running one.
fn is_holder_running(path: &Path) -> bool {
    let holder = fs::read_to_string(path.join(names::LOCK)).unwrap_or_default();
    let Ok(process) = holder.trim().parse::<u32>() else {
        return true;
    };
    let state = fs::read_to_string(format!("/proc/{process}/stat"));
    // A zombie (proc(5)) has been killed and only not been waited for.
    state.is_ok_and(|text| {
        !text
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with('Z'))
    })
}

fn check_version(path: &Path, text: &str) -> Result<(), DataDirError> {
    let found: u32 = text.trim().parse().map_err(|_| DataDirError::BadVersion {
        path: path.join(names::VERSION),
    })?;
    if found < FORMAT {
        return Err(DataDirError::BadVersion {
            path: path.join(names::VERSION),
        });
    }
    if found > FORMAT {
        return Err(DataDirError::NewerFormat {
            path: path.join(names::VERSION),
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
        let holder = fs::read_to_string(path.join(names::LOCK)).unwrap();
        assert_eq!(holder.trim(), std::process::id().to_string());
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

    #[test]
    fn a_directory_is_new_ours_or_anothers() {
        let parent = tempfile::tempdir().unwrap();
        let check = |nth: usize, files: &[&str], expected: Result<bool, &str>| {
            let path = parent.path().join(nth.to_string());
            fs::create_dir(&path).unwrap();
            for file in files {
                let file = path.join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, "1\n").unwrap();
            }
            let found = DataDir::open(&path);
            match (&found, expected) {
                (Ok(dir), Ok(is_new)) => assert_eq!(dir.is_new(), is_new, "{files:?}"),
                (Err(DataDirError::NotOurs { name, .. }), Err(expected)) => {
                    assert_eq!(name, expected);
                    assert!(!path.join(names::LOCK).exists(), "nothing was written to it");
                }
                (Err(DataDirError::VersionMissing { path }), Err("version")) => {
                    assert!(path.ends_with(names::VERSION));
                }
                _ => panic!("{files:?}: {found:?}"),
            }
        };
        let segment = "orders-0/00000000000000000000.log";
        let rows: &[(&[&str], Result<bool, &str>)] = &[
            (&[], Ok(true)),
            (&["lost+found/x", "corelog.lock", ".hidden"], Ok(true)),
            (&["corelog.version", "notes.txt"], Ok(true)),
            (&["corelog.version", "layout"], Ok(false)),
            (&["corelog.version", "journal/1/0/checkpoint"], Ok(false)),
            (&["corelog.version", segment], Ok(false)),
            (&["notes.txt"], Err("notes.txt")),
            (&["log/server.log"], Err("log")),
            (&["layout"], Err("version")),
            (&[segment], Err("version")),
        ];
        for (nth, (files, expected)) in rows.iter().enumerate() {
            check(nth, files, *expected);
        }
    }

    #[test]
    fn every_changed_byte_of_the_version_is_noticed() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        drop(DataDir::open(&path).unwrap());
        let file = path.join(names::VERSION);
        let whole = fs::read(&file).unwrap();
        for at in 0..whole.len() {
            for byte in 0..=u8::MAX {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                fs::write(&file, &bytes).unwrap();
                let says_one =
                    str::from_utf8(&bytes).is_ok_and(|text| matches!(text.trim(), "1" | "+1" | "01"));
                match DataDir::open(&path) {
                    Ok(_) => assert!(says_one, "{bytes:?}"),
                    Err(error) => assert!(error.to_string().contains("corelog.version"), "{error}"),
                }
            }
        }
    }
}
