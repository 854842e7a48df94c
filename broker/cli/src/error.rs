//! Why a command fails, and the exit code of each reason.

use std::io;
use std::path::PathBuf;

use corelog_client::{AddressError, ClientError};
use corelog_config::LoadError;
use corelog_model::{Offset, PartitionIndex};
use corelog_protocol::ErrorCode;
use corelog_storage::{DataDirError, RebuildError};

use crate::admin::AdminError;
use crate::client_settings::SettingError;
use crate::debug::BundleError;
use crate::exit::Exit;
use crate::log::failure::InspectFailure;
use crate::parse::ParseError;
use crate::profile::ProfileError;
use crate::tune::failure::ProbeError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The cluster could not be talked to, or refused.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A bootstrap address is malformed.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The configuration is wrong.
    #[error(transparent)]
    Configuration(#[from] LoadError),
    /// An argument is malformed.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A setting of the client is refused.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Profiles cannot be had, or kept.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The admin port was not heard.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// There is no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Whoever was asked did not agree.
    #[error("not confirmed: {0}")]
    NotConfirmed(&'static str),
    /// Files cannot be inspected.
    #[error(transparent)]
    Inspect(#[from] InspectFailure),
    /// The layout cannot be made again.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    /// The device cannot be probed.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// Standard output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[source] io::Error),
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Standard input cannot be read.
    #[error("cannot read the input: {0}")]
    Input(#[source] io::Error),
    /// A line of the input is no record.
    #[error("line {line} of the input: {source}")]
    Line {
        /// Its number, from one.
        line: u64,
        /// Why.
        source: crate::json::RecordError,
    },
    /// The broker refused some of several things.
    #[error("{}", sentences.join("; "))]
    Some {
        /// One sentence each.
        sentences: Vec<String>,
        /// The code of all of them, if it is one.
        exit: Exit,
    },
    /// The group has members, so its offsets cannot be set from outside.
    #[error("group {group} is {state}: stop its consumers first, then its offsets can be changed")]
    GroupIsActive {
        /// The group.
        group: String,
        /// Its state.
        state: String,
    },
    /// The group committed nothing.
    #[error("group {0} has no committed offsets; name topics with --topic")]
    NoOffsets(String),
    /// The group is not there.
    #[error("there is no group {0}; `corelog group list` shows those that are")]
    NoGroup(String),
    /// The transactional id is not there.
    #[error("there is no transactional id {0}; `corelog transaction list` shows those that are")]
    NoTransactionalId(String),
    /// No transaction that is open in the partition begins there.
    #[error(
        "no transaction that is open in {topic}-{partition} begins at offset {start}; {}",
        open_at(open)
    )]
    NoTransactionAt {
        /// The topic.
        topic: String,
        /// The partition.
        partition: PartitionIndex,
        /// Where it was said to begin.
        start: Offset,
        /// Where those begin that are open.
        open: Vec<Offset>,
    },
    /// The transaction does not hang.
    #[error(
        "the coordinator of {transactional_id} knows the transaction as open here ({state}) and ends it when its producer \
         does or its timeout is over; `corelog transaction force-terminate {transactional_id}` aborts all of it now, \
         --force what is in this partition"
    )]
    TransactionIsOpen {
        /// Whose it is.
        transactional_id: String,
        /// The id's state.
        state: String,
    },
    /// The broker refused to end a transaction.
    #[error("{source}; {advice}")]
    AbortRefused {
        /// Its words.
        source: ClientError,
        /// What to do.
        advice: &'static str,
    },
    /// No marker can have the epoch of the producer.
    #[error(
        "the partition says that the producer has epoch {0}, which no epoch can be; is it a Kafka broker?"
    )]
    ProducerEpoch(i32),
}

fn open_at(open: &[Offset]) -> String {
    if open.is_empty() {
        return "none is open there".to_owned();
    }
    let offsets: Vec<_> = open.iter().map(ToString::to_string).collect();
    format!("those that are begin at {}", offsets.join(", "))
}

impl CliError {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            CliError::Client(error) if error.is_connection() => Exit::Connection,
            CliError::Client(ClientError::NoTopic(_) | ClientError::NoPartition { .. }) => Exit::NotFound,
            CliError::Client(error) => error.code().map_or(Exit::Failure, exit_of_code),
            CliError::Address(_)
            | CliError::Parse(_)
            | CliError::Line { .. }
            | CliError::Setting(_)
            | CliError::NotConfirmed(_)
            | CliError::Profile(ProfileError::Exists(_)) => Exit::Usage,
            CliError::Profile(ProfileError::Unknown { .. } | ProfileError::NoneInUse) => Exit::NotFound,
            CliError::Profile(ProfileError::Form { .. }) => Exit::Configuration,
            CliError::Admin(AdminError::NoAnswer { .. }) => Exit::Connection,
            CliError::Admin(AdminError::Refused { .. } | AdminError::Form { .. }) => Exit::Failure,
            CliError::Profile(ProfileError::NoHome | ProfileError::Io { .. }) => Exit::Failure,
            CliError::Configuration(_) => Exit::Configuration,
            CliError::Inspect(InspectFailure::Unknown(_) | InspectFailure::Empty(_)) => Exit::Usage,
            CliError::Inspect(InspectFailure::Records { .. }) => Exit::Damaged,
            CliError::Inspect(InspectFailure::Io { .. } | InspectFailure::Inspect(_)) => Exit::Failure,
            CliError::Rebuild(RebuildError::DataDir(DataDirError::Locked { .. })) => Exit::DataLocked,
            CliError::Rebuild(_)
            | CliError::Output(_)
            | CliError::Write { .. }
            | CliError::Bundle(_)
            | CliError::Input(_)
            | CliError::Probe(_)
            | CliError::GroupIsActive { .. }
            | CliError::TransactionIsOpen { .. }
            | CliError::AbortRefused { .. }
            | CliError::ProducerEpoch(_) => Exit::Failure,
            CliError::Some { exit, .. } => *exit,
            CliError::NoOffsets(_)
            | CliError::NoGroup(_)
            | CliError::NoTransactionalId(_)
            | CliError::NoTransactionAt { .. } => Exit::NotFound,
        }
    }

    /// Whether nobody reads the output any more.
    pub(crate) fn is_closed_output(&self) -> bool {
        matches!(self, CliError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// The exit code of a broker's refusal.
pub(crate) fn exit_of_code(code: ErrorCode) -> Exit {
    if code == ErrorCode::UnknownTopicOrPartition
        || code == ErrorCode::GroupIdNotFound
        || code == ErrorCode::UnknownTopicId
        || code == ErrorCode::TransactionalIdNotFound
    {
        Exit::NotFound
    } else if code == ErrorCode::InvalidRegularExpression {
        Exit::Usage
    } else {
        Exit::Failure
    }
}
