//! The machine's settings as files, below `/` or, in a test, below another directory.

use std::fs;
use std::path::{Path, PathBuf};

/// Where `/` is.
#[derive(Clone, Debug)]
pub(crate) struct Root(PathBuf);

impl Root {
    /// This machine's.
    pub(crate) fn machine() -> Root {
        Root(PathBuf::from("/"))
    }

    #[cfg(test)]
    pub(crate) fn at(path: &Path) -> Root {
        Root(path.to_owned())
    }

    /// The file that is `/path` on the machine.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// Its text without white space around it; `None` if it cannot be read.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        read(&self.path(path))
    }

    /// What is in a directory, sorted; nothing if it cannot be read.
    pub(crate) fn list(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(path)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}

/// A file's text without white space around it.
pub(crate) fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// The word in brackets of a file such as `always [madvise] never`.
pub(crate) fn chosen(text: &str) -> Option<&str> {
    let word = text.split_whitespace().find(|word| word.starts_with('['))?;
    Some(word.trim_matches(['[', ']']))
}

/// The directory, or the first of its parents that is there.
pub(crate) fn nearest_existing(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    absolute
        .ancestors()
        .find(|parent| parent.is_dir())
        .map(Path::to_owned)
}
