//! Why a broker does not start, or ended: one line for a person, one exit code for a script.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use corelog_cli::Exit;
use corelog_model::ShardId;
use corelog_runtime::descriptors::TooFewDescriptors;
use corelog_runtime::{DirectIoRefused, DiskError, StartError};
use corelog_storage::{DataDirError, OpenError};

use super::cluster_id::ClusterIdError;
use crate::controller::{self, ChangeError};
use crate::memory::MemoryError;
use crate::metadata::topics;

/// Why the broker does not run, or ended. [`ServeError::exit`] tells scripts which.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The machine forbids what the broker needs.
    #[error("{problem}. {remedy}")]
    Preflight {
        /// What.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// The data directory.
    #[error("{what}. {remedy}", what = .0, remedy = data_dir_remedy(.0))]
    DataDir(#[from] DataDirError),
    /// The file system has no direct I/O.
    #[error(
        "the file system of {} refuses direct I/O (O_DIRECT). Choose a data directory on a disk (ext4, XFS), or go on \
         without it by --allow-buffered-io", path.display()
    )]
    DirectIo {
        /// The data directory.
        path: PathBuf,
    },
    /// The cluster's id.
    #[error(transparent)]
    ClusterId(#[from] ClusterIdError),
    /// The memory budget.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The limit of descriptors.
    #[error("{0}. Raise LimitNOFILE in the systemd unit or `ulimit -n`, or lower shards or journal.files")]
    Descriptors(#[from] TooFewDescriptors),
    /// The shards.
    #[error(
        "{0}. Set shards to the number of cores or fewer, or allow.shard.oversubscription=true to try it all the same"
    )]
    Shards(#[source] StartError),
    /// A shard cannot be set up.
    #[error("the shards do not start: {0}")]
    Start(#[source] StartError),
    /// A shard's storage.
    #[error("shard {shard}: {source}{}", open_remedy(source))]
    Open {
        /// The shard.
        shard: ShardId,
        /// Why.
        source: OpenError,
    },
    /// The layout of the data directory.
    #[error("the data directory cannot be laid out: {why}{remedy}", why = .0, remedy = open_remedy(.0))]
    Layout(#[source] OpenError),
    /// A partition that the metadata knows has records, and no checkpoint knows of it.
    #[error(
        "no checkpoint knows the partition {}, and it holds records. `corelog log inspect DIR` shows what is missing; \
         restore the directory from a copy", path.display()
    )]
    UnknownPartition {
        /// The partition's directory.
        path: PathBuf,
    },
    /// The directory of a partition that no shard knows cannot be read.
    #[error("a directory of no partition cannot be read: {0}")]
    Stray(#[from] DiskError),
    /// The metadata.
    #[error("the metadata cannot be loaded: {0}")]
    Metadata(#[from] controller::LoadError),
    /// This broker cannot register.
    #[error("the broker cannot register: {0}")]
    Register(#[from] ChangeError),
    /// Partitions cannot be opened or removed.
    #[error(transparent)]
    Partitions(#[from] topics::ApplyError),
    /// A listener's host is none.
    #[error("the host {host:?} of the listener cannot be looked up: {source}")]
    Host {
        /// The host.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// A port is in use.
    #[error(
        "{address} is in use: another program listens there. Stop it, or choose another address with {setting}"
    )]
    PortTaken {
        /// The address.
        address: SocketAddr,
        /// The setting to change.
        setting: &'static str,
    },
    /// A listener cannot be made for another reason.
    #[error("cannot listen on {address}: {source}. Choose another address with {setting}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
        /// The setting to change.
        setting: &'static str,
    },
}

impl ServeError {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            ServeError::Preflight { .. } | ServeError::Descriptors(_) => Exit::IoUring,
            ServeError::PortTaken { .. } | ServeError::Listen { .. } | ServeError::Host { .. } => {
                Exit::Address
            }
            ServeError::DataDir(DataDirError::Locked { .. }) => Exit::DataLocked,
            ServeError::DataDir(DataDirError::NewerFormat { .. }) => Exit::DataFormat,
            ServeError::DataDir(
                DataDirError::BadVersion { .. }
                | DataDirError::VersionMissing { .. }
                | DataDirError::NotOurs { .. }
                | DataDirError::NotWritable { .. }
                | DataDirError::Io { .. },
            )
            | ServeError::ClusterId(
                ClusterIdError::Io { .. } | ClusterIdError::Damaged { .. } | ClusterIdError::Missing { .. },
            ) => Exit::DataDirectory,
            ServeError::ClusterId(ClusterIdError::Node { .. } | ClusterIdError::Cluster { .. }) => {
                Exit::Identity
            }
            ServeError::DirectIo { .. } => Exit::DirectIo,
            ServeError::Memory(_) => Exit::Memory,
            ServeError::Shards(_) => Exit::Shards,
            ServeError::Open { source, .. } | ServeError::Layout(source) => exit_of_open(source),
            ServeError::Start(_)
            | ServeError::UnknownPartition { .. }
            | ServeError::Stray(_)
            | ServeError::Metadata(_)
            | ServeError::Register(_)
            | ServeError::Partitions(_) => Exit::Data,
        }
    }
}

fn exit_of_open(error: &OpenError) -> Exit {
    match error {
        OpenError::Io(DiskError { source, .. }) if is_direct_io_refused(source) => Exit::DirectIo,
        OpenError::CheckpointMissing { .. }
        | OpenError::Damaged { .. }
        | OpenError::CheckpointStale { .. }
        | OpenError::CheckpointOutrun { .. }
        | OpenError::JournalDamaged { .. }
        | OpenError::JournalFileMissing { .. }
        | OpenError::SegmentMissing { .. }
        | OpenError::Shortened { .. }
        | OpenError::Option { .. }
        | OpenError::LayoutMissing { .. }
        | OpenError::LayoutStale { .. }
        | OpenError::ShardCount { .. }
        | OpenError::DiskFull(_)
        | OpenError::Io(_) => Exit::Data,
    }
}

fn is_direct_io_refused(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|source| source.is::<DirectIoRefused>())
}

fn data_dir_remedy(error: &DataDirError) -> &'static str {
    match error {
        DataDirError::Locked { .. } => {
            "Stop that broker, or choose another directory with --data-dir (log.dirs)"
        }
        DataDirError::NewerFormat { .. } => {
            "Run the release that wrote it, or choose another directory with --data-dir (log.dirs)"
        }
        DataDirError::VersionMissing { .. } => {
            "Restore that file; the releases up to this one write the line 1 into it"
        }
        DataDirError::NotOurs { .. } => {
            "Choose an empty directory, or one that is not there yet, with --data-dir (log.dirs)"
        }
        DataDirError::BadVersion { .. } => {
            "Restore that file, or choose another directory with --data-dir (log.dirs)"
        }
        DataDirError::NotWritable { .. } => {
            "Give the broker's user the directory, or choose another one with --data-dir (log.dirs)"
        }
        DataDirError::Io { .. } => "Choose another directory with --data-dir (log.dirs)",
    }
}

fn open_remedy(error: &OpenError) -> &'static str {
    match error {
        OpenError::LayoutMissing { .. } => {
            ". Nothing was changed. Restore that file, or make it again with `corelog log rebuild-layout DIR`"
        }
        OpenError::LayoutStale { .. } => {
            ". Nothing was changed. Move that file away and make it again with `corelog log rebuild-layout DIR`"
        }
        OpenError::Damaged { path, .. } if path.file_name().is_some_and(|name| name == "layout") => {
            ". Nothing was changed. Restore that file, or make it again with `corelog log rebuild-layout DIR`"
        }
        OpenError::SegmentMissing { .. } | OpenError::Shortened { .. } => {
            ". Nothing was changed. Restore that file. To go on without its records make it that long (truncate -s): \
             whoever reads them is told that the log is corrupt"
        }
        OpenError::JournalFileMissing { .. }
        | OpenError::CheckpointStale { .. }
        | OpenError::CheckpointOutrun { .. } => {
            ". Nothing was changed. Restore that file, or the directory from a copy"
        }
        OpenError::CheckpointMissing { .. }
        | OpenError::Damaged { .. }
        | OpenError::JournalDamaged { .. } => {
            ". `corelog log inspect DIR` shows what is whole; restore the directory from a copy, or begin with an empty one"
        }
        OpenError::DiskFull(_) => ". Make room on that file system",
        OpenError::Option { .. } | OpenError::ShardCount { .. } | OpenError::Io(_) => "",
    }
}
