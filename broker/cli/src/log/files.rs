//! Finding the files of a data directory.

use std::fs;
use std::path::{Path, PathBuf};

use corelog_storage::inspect::{self, FileKind};

use super::failure::InspectFailure;

/// `<data>/journal/<generation>/<shard>/<file>` is the deepest path there is.
const DEPTH_MAX: usize = 4;

/// A file of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) kind: FileKind,
}

/// The file `path`, or all files of ours below the directory `path`, sorted.
pub(crate) fn find(path: &Path) -> Result<Vec<Found>, InspectFailure> {
    let io = |source| InspectFailure::Io {
        path: path.to_owned(),
        source,
    };
    if !fs::metadata(path).map_err(io)?.is_dir() {
        let kind = inspect::kind_of(path).ok_or_else(|| InspectFailure::Unknown(path.to_owned()))?;
        let path = path.to_owned();
        return Ok(vec![Found { path, kind }]);
    }
    let mut found = Vec::new();
    walk(path, DEPTH_MAX, &mut found)?;
    if found.is_empty() {
        return Err(InspectFailure::Empty(path.to_owned()));
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn walk(dir: &Path, depth: usize, found: &mut Vec<Found>) -> Result<(), InspectFailure> {
    let io = |source| InspectFailure::Io {
        path: dir.to_owned(),
        source,
    };
    for entry in fs::read_dir(dir).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.is_dir() {
            match depth {
                0 => {}
                _ => walk(&path, depth - 1, found)?,
            }
        } else if let Some(kind) = inspect::kind_of(&path) {
            found.push(Found { path, kind });
        }
    }
    Ok(())
}
