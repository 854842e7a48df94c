//! What was found in one file.

use std::path::{Path, PathBuf};

use corelog_storage::inspect::{
    CheckpointV4, FileKind, FrameReport, JournalFilesV1, LayoutV1, SegmentIndexV3, SegmentReport,
};
use serde::Serialize;

/// One file, looked at.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FileReport {
    pub(crate) path: PathBuf,
    pub(crate) kind: FileKind,
    /// What it holds, in some words.
    pub(crate) content: String,
    /// What is damaged: sentences.
    pub(crate) faults: Vec<String>,
    /// What is remarkable and no damage.
    pub(crate) notes: Vec<String>,
    pub(crate) detail: Detail,
}

impl FileReport {
    pub(crate) fn new(path: &Path, kind: FileKind, content: String, detail: Detail) -> FileReport {
        FileReport {
            path: path.to_owned(),
            kind,
            content,
            faults: Vec::new(),
            notes: Vec::new(),
            detail,
        }
    }
}

/// All that a file holds, but for the records themselves.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Detail {
    /// It is not there, cannot be read, or holds no more than its content says.
    None,
    Layout(LayoutV1),
    JournalFiles(JournalFilesV1),
    Checkpoint(CheckpointV4),
    SegmentIndex(SegmentIndexV3),
    Segment(SegmentReport),
    Journal(Vec<FrameReport>),
}
