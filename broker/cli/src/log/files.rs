//! Finding the files of a data directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use corelog_storage::inspect::{self, FileKind, PartitionV1};

use super::InspectFailure;

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

/// What the checkpoints of the data directory around a path say.
#[derive(Default, Debug)]
pub(crate) struct DataRoot {
    /// By directory name; `None` if not all checkpoints can be read.
    pub(crate) partitions: Option<BTreeMap<String, PartitionV1>>,
}

impl DataRoot {
    /// The data directory that `path` is or lies in; nothing is known if there is none.
    pub(crate) fn of(path: &Path) -> DataRoot {
        let Ok(path) = fs::canonicalize(path) else {
            return DataRoot::default();
        };
        let Some(root) = path.ancestors().find(|dir| dir.join("layout").is_file()) else {
            return DataRoot::default();
        };
        let Ok(layout) = inspect::layout(&root.join("layout")) else {
            return DataRoot::default();
        };
        let generation = root.join("journal").join(layout.generation.to_string());
        let checkpoints = (0..layout.shard_count).map(|shard| {
            let path = generation.join(shard.to_string()).join("checkpoint");
            inspect::checkpoint(&path).ok()
        });
        let checkpoints: Option<Vec<_>> = checkpoints.collect();
        let partitions = checkpoints.map(|checkpoints| {
            checkpoints
                .into_iter()
                .flat_map(|checkpoint| checkpoint.partitions)
                .map(|partition| (partition.base.directory.clone(), partition.base))
                .collect()
        });
        DataRoot { partitions }
    }
}
