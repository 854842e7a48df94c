//! The exit codes of `corelog`, all of them.

use std::process::ExitCode;

/// Why the process ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Exit {
    /// It did what was asked.
    Success,
    /// The broker refused, or something failed that has no code of its own.
    Failure,
    /// The command line, or its input, is wrong (also clap's code).
    Usage,
    /// No broker answered.
    Connection,
    /// The topic, partition, group or transaction does not exist.
    NotFound,
    /// `doctor` found something that has to be changed, or `tune` could not change it.
    Unfit,
    /// `log inspect` found damage.
    Damaged,
    /// `serve`: the kernel or a limit forbids io_uring.
    IoUring,
    /// `serve`: an address cannot be listened on.
    Address,
    /// `serve`: the data directory belongs to a running broker.
    DataLocked,
    /// `serve`: the data directory was written by a newer release.
    DataFormat,
    /// `serve`: the data directory cannot be used.
    DataDirectory,
    /// `serve`: too little memory for the budget.
    Memory,
    /// `serve`: more shards than cores.
    Shards,
    /// `serve`: the data cannot be opened.
    Data,
    /// The configuration is wrong.
    Configuration,
    /// `serve`: the data directory belongs to another node or cluster.
    Identity,
    /// `serve`: the file system refuses direct I/O.
    DirectIo,
}

impl Exit {
    /// Every code with its meaning, for the help text and the documentation.
    pub const ALL: &[(Exit, &str)] = &[
        (Exit::Success, "it did what was asked"),
        (Exit::Failure, "the broker refused, or something else failed"),
        (Exit::Usage, "the command line or its input is wrong"),
        (Exit::Connection, "no broker answered"),
        (
            Exit::NotFound,
            "the topic, partition, group or transaction does not exist",
        ),
        (
            Exit::Unfit,
            "doctor found something that has to be changed, or tune could not set it",
        ),
        (Exit::Damaged, "log inspect found damage"),
        (Exit::IoUring, "serve: the kernel or a limit forbids io_uring"),
        (Exit::Address, "serve: an address cannot be listened on"),
        (
            Exit::DataLocked,
            "serve: the data directory belongs to a running broker",
        ),
        (
            Exit::DataFormat,
            "serve: the data directory was written by a newer release",
        ),
        (Exit::DataDirectory, "serve: the data directory cannot be used"),
        (Exit::Memory, "serve: too little memory for the budget"),
        (Exit::Shards, "serve: more shards than cores"),
        (Exit::Data, "serve: the data cannot be opened"),
        (Exit::Configuration, "the configuration is wrong"),
        (
            Exit::Identity,
            "serve: the data directory belongs to another node or cluster",
        ),
        (Exit::DirectIo, "serve: the file system refuses direct I/O"),
    ];

    /// All codes with their meanings, a line each, for a help text.
    pub fn help() -> String {
        let line = |(exit, meaning): &(Exit, &str)| format!("  {:>2}  {meaning}", exit.code());
        format!(
            "Exit codes:\n{}",
            Exit::ALL.iter().map(line).collect::<Vec<_>>().join("\n")
        )
    }

    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::Connection => 3,
            Exit::NotFound => 4,
            Exit::Unfit => 5,
            Exit::Damaged => 6,
            Exit::IoUring => 10,
            Exit::Address => 11,
            Exit::DataLocked => 12,
            Exit::DataFormat => 13,
            Exit::DataDirectory => 14,
            Exit::Memory => 15,
            Exit::Shards => 16,
            Exit::Data => 17,
            Exit::Configuration => 18,
            Exit::Identity => 19,
            Exit::DirectIo => 20,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_its_own_and_documented() {
        let codes: Vec<_> = Exit::ALL.iter().map(|(exit, _)| exit.code()).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        assert!(Exit::help().contains("\n   3  no broker answered\n"));
    }
}
