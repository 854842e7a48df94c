//! `corelog log inspect`: what the files of a data directory hold, and whether their checksums hold.
//!
//! Invariants:
//! - Files are read, never written, and no lock is taken: a broker may run, or not start any more.
//! - Damage is what a start could not mend: bytes that the checkpoint or an acknowledged journal frame vouches for, and
//!   files that one of them knows of and that are not there. A torn end that was never acknowledged is a note, as after
//!   every kill, and so is an index, which is made again.

mod deep;
mod expected;
pub(crate) mod failure;
mod files;
mod journal;
mod rebuild;
mod report;
mod segment;
mod show;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use corelog_storage::inspect::{self, FileKind, InspectError};

use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;

use expected::DataRoot;
use failure::InspectFailure;
use files::Found;
use journal::Journal;
use report::{Detail, FileReport};

/// `corelog log ...`.
#[derive(Clone, PartialEq, Eq, Debug, Subcommand)]
pub enum LogCommand {
    /// Show what a journal, checkpoint, layout, segment or index holds, and whether its checksums hold.
    Inspect(InspectArgs),
    /// Write a missing or damaged layout again, from the journals and partitions that are there.
    RebuildLayout(RebuildArgs),
}

/// The arguments of `log rebuild-layout`.
#[derive(Clone, PartialEq, Eq, Debug, Args)]
#[command(after_help = "\
Examples:
  corelog log rebuild-layout data
The broker must not run. Nothing but the file layout is written, and that only if it is missing or damaged, every shard's
checkpoint is there, and one of them knows each partition.")]
pub struct RebuildArgs {
    /// A data directory.
    #[arg(value_name = "DIR")]
    path: PathBuf,
}

/// The arguments of `log inspect`.
#[derive(Clone, PartialEq, Eq, Debug, Args)]
#[command(after_help = "\
Examples:
  corelog log inspect data
  corelog log inspect data --deep
  corelog log inspect data/orders-0.* --records
  corelog log inspect data/journal/1/0/00000000.journal --output json
A directory is listed, a file a line; a single file is shown whole. A file that
should be there and is not is listed as missing. Nothing is written and a broker may run meanwhile.
The exit code is 6 if something is damaged.")]
pub struct InspectArgs {
    /// A data directory, a partition's directory, or a file of either.
    #[arg(value_name = "DIR|FILE")]
    path: PathBuf,

    /// Unpack the records of all batches too, beside the checksums.
    #[arg(long)]
    deep: bool,

    /// Print the records of segments too.
    #[arg(long)]
    records: bool,
}

pub(crate) fn run(command: &LogCommand, output: &mut Output<'_>) -> Result<Exit, CliError> {
    match command {
        LogCommand::Inspect(args) => inspect(args, output),
        LogCommand::RebuildLayout(args) => rebuild::run(&args.path, output),
    }
}

fn inspect(args: &InspectArgs, output: &mut Output<'_>) -> Result<Exit, CliError> {
    let found = files::find(&args.path)?;
    let root = DataRoot::of(&args.path);
    let mut journals = BTreeMap::new();
    let mut reports = Vec::new();
    for file in &found {
        match look(file, &root, &mut journals) {
            Ok(report) => reports.push(report),
            // A running broker removes what has expired, between the listing and the look.
            Err(InspectError::Io { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound && found.len() > 1 => {}
            Err(error) => return Err(InspectFailure::from(error).into()),
        }
    }
    let is_single = args.path.is_file();
    if !is_single {
        root.report(&args.path, &mut reports);
        segment::check_rows(&root, &mut reports);
    }
    if args.deep {
        deep::look(&mut reports)?;
    }
    show::reports(&reports, is_single, args.records, output)?;
    let is_damaged = reports.iter().any(|report| !report.faults.is_empty());
    Ok(if is_damaged { Exit::Damaged } else { Exit::Success })
}

fn look(
    file: &Found,
    root: &DataRoot,
    journals: &mut BTreeMap<PathBuf, Journal>,
) -> Result<FileReport, InspectError> {
    match file.kind {
        FileKind::Journal => {
            let dir = file.path.parent().unwrap_or(Path::new("")).to_owned();
            let journal = journals.entry(dir).or_insert_with(|| Journal::of(&file.path));
            journal.look(&file.path)
        }
        FileKind::Segment => segment::look(&file.path, root.vouched(&file.path), root.bypassed(&file.path)),
        FileKind::Checkpoint => enveloped(file, inspect::checkpoint, |found| {
            let content = format!(
                "shard {}, incarnation {}, {} partitions, {}",
                found.shard,
                found.incarnation,
                found.partitions.len(),
                if found.is_clean {
                    "closed cleanly".to_owned()
                } else {
                    format!("journal from frame {} on", found.first_sequence)
                }
            );
            (content, Detail::Checkpoint(found))
        }),
        FileKind::Layout => enveloped(file, inspect::layout, |found| {
            let content = format!("{} shards, generation {}", found.shard_count, found.generation);
            (content, Detail::Layout(found))
        }),
        FileKind::JournalFiles => enveloped(file, inspect::journal_files, |found| {
            let content = format!("start {}, {} files", found.incarnation, found.numbers.len());
            (content, Detail::JournalFiles(found))
        }),
        FileKind::Version => enveloped(file, inspect::version, |found| {
            (format!("format {found}"), Detail::None)
        }),
        FileKind::Meta => meta(file),
        FileKind::SegmentIndex => index(file),
    }
}

/// An index is made again from its segment: whatever is wrong with it is no damage.
fn index(file: &Found) -> Result<FileReport, InspectError> {
    let mut report = enveloped(file, inspect::segment_index, |found| {
        let content = format!(
            "{} entries for a segment of {} bytes",
            found.entries.len(),
            found.segment_size
        );
        (content, Detail::SegmentIndex(found))
    })?;
    for fault in std::mem::take(&mut report.faults) {
        report
            .notes
            .push(format!("{fault}: it is made again when it is needed"));
    }
    Ok(report)
}

fn meta(file: &Found) -> Result<FileReport, InspectError> {
    let (content, fault) = match inspect::meta_properties(&file.path)? {
        Ok(found) => (
            format!("node {}, cluster {}", found.node_id, found.cluster_id),
            None,
        ),
        Err(fault) => ("unreadable".to_owned(), Some(fault.to_string())),
    };
    let mut report = FileReport::new(&file.path, file.kind, content, Detail::None);
    report.faults.extend(fault);
    Ok(report)
}

fn enveloped<T>(
    file: &Found,
    read: impl Fn(&Path) -> Result<T, InspectError>,
    describe: impl Fn(T) -> (String, Detail),
) -> Result<FileReport, InspectError> {
    match read(&file.path) {
        Ok(found) => {
            let (content, detail) = describe(found);
            Ok(FileReport::new(&file.path, file.kind, content, detail))
        }
        Err(InspectError::Format { source, .. }) => {
            let mut report = FileReport::new(&file.path, file.kind, "unreadable".into(), Detail::None);
            report.faults.push(source.to_string());
            Ok(report)
        }
        Err(error @ InspectError::Io { .. }) => Err(error),
    }
}
