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
    /// The topic, partition or group does not exist.
    NotFound,
    /// `doctor` found something that has to be changed.
    Unfit,
    /// `serve`: the configuration is wrong.
    Configuration,
    /// `serve`: an address is in use.
    AddressInUse,
    /// `serve`: the data directory belongs to a running broker.
    DataLocked,
    /// `serve`: the data directory was written by a newer version.
    DataFormat,
    /// `serve`: the data directory cannot be written.
    DataNotWritable,
    /// `serve`: the memory that was asked for is not there.
    Memory,
    /// `serve`: more shards than cores.
    Shards,
    /// `serve`: the kernel forbids io_uring.
    IoUring,
    /// `serve`: the file system refuses direct I/O, and buffered I/O is not allowed.
    DirectIo,
}

impl Exit {
    /// Every code with its meaning, for the help text and the documentation.
    pub const ALL: &[(Exit, &str)] = &[
        (Exit::Success, "it did what was asked"),
        (Exit::Failure, "the broker refused, or something else failed"),
        (Exit::Usage, "the command line or its input is wrong"),
        (Exit::Connection, "no broker answered"),
        (Exit::NotFound, "the topic, partition or group does not exist"),
        (Exit::Unfit, "doctor found something that has to be changed"),
        (Exit::Configuration, "serve: the configuration is wrong"),
        (Exit::AddressInUse, "serve: an address is in use"),
        (
            Exit::DataLocked,
            "serve: the data directory belongs to a running broker",
        ),
        (
            Exit::DataFormat,
            "serve: the data directory was written by a newer version",
        ),
        (
            Exit::DataNotWritable,
            "serve: the data directory cannot be written",
        ),
        (Exit::Memory, "serve: the memory that was asked for is not there"),
        (Exit::Shards, "serve: more shards than cores"),
        (Exit::IoUring, "serve: the kernel forbids io_uring"),
        (Exit::DirectIo, "serve: the file system refuses direct I/O"),
    ];

    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::Connection => 3,
            Exit::NotFound => 4,
            Exit::Unfit => 5,
            Exit::Configuration => 10,
            Exit::AddressInUse => 11,
            Exit::DataLocked => 12,
            Exit::DataFormat => 13,
            Exit::DataNotWritable => 14,
            Exit::Memory => 15,
            Exit::Shards => 16,
            Exit::IoUring => 17,
            Exit::DirectIo => 18,
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
    }
}
