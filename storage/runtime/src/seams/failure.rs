//! What a failed system call means: one table of operations and causes.
//!
//! The question is always the same: what does the failure leave behind? An open that fails for want of a descriptor has
//! done nothing, and is right a moment later. A sync that fails has left bytes of which nobody can say whether they are
//! on the device, and is never tried again.

use std::fmt;
use std::io;

/// An operation on files or sockets, as the kernel knows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum IoOperation {
    /// Opening a file or a directory that is there.
    Open,
    /// Opening a file that is made if it is missing.
    Create,
    /// Making a directory.
    MakeDirectory,
    /// Reading the names in a directory.
    List,
    /// Renaming.
    Rename,
    /// Unlinking a file or a directory.
    Remove,
    /// Reserving room (fallocate).
    Allocate,
    /// Setting a length.
    Truncate,
    /// Asking for a length.
    Status,
    /// Reading.
    Read,
    /// Writing. Returning says nothing of durability.
    Write,
    /// Writing past the page cache, durable when it returns.
    WriteDurably,
    /// Making a file durable; also a durable write through the page cache, which ends in a sync.
    Sync,
    /// Making a directory's entries durable.
    SyncDirectory,
    /// Making a file system durable.
    SyncFilesystem,
    /// Taking a connection.
    Accept,
    /// Sending.
    Send,
    /// Receiving.
    Receive,
}

impl IoOperation {
    /// All of them.
    pub const ALL: [IoOperation; 18] = [
        IoOperation::Open,
        IoOperation::Create,
        IoOperation::MakeDirectory,
        IoOperation::List,
        IoOperation::Rename,
        IoOperation::Remove,
        IoOperation::Allocate,
        IoOperation::Truncate,
        IoOperation::Status,
        IoOperation::Read,
        IoOperation::Write,
        IoOperation::WriteDurably,
        IoOperation::Sync,
        IoOperation::SyncDirectory,
        IoOperation::SyncFilesystem,
        IoOperation::Accept,
        IoOperation::Send,
        IoOperation::Receive,
    ];

    /// What it does, as a verb.
    pub const fn verb(self) -> &'static str {
        match self {
            IoOperation::Open => "open",
            IoOperation::Create => "create",
            IoOperation::MakeDirectory => "create directory",
            IoOperation::List => "list",
            IoOperation::Rename => "rename",
            IoOperation::Remove => "remove",
            IoOperation::Allocate => "allocate",
            IoOperation::Truncate => "truncate",
            IoOperation::Status => "stat",
            IoOperation::Read => "read",
            IoOperation::Write => "write",
            IoOperation::WriteDurably => "write durably",
            IoOperation::Sync => "sync",
            IoOperation::SyncDirectory => "sync directory",
            IoOperation::SyncFilesystem => "sync file system of",
            IoOperation::Accept => "accept",
            IoOperation::Send => "send",
            IoOperation::Receive => "receive",
        }
    }
}

impl fmt::Display for IoOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.verb())
    }
}

/// Why the kernel refused: its error numbers, by what can be done about them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum IoCause {
    /// The process or the system has no descriptor left (EMFILE, ENFILE).
    Descriptors,
    /// No memory (ENOMEM).
    Memory,
    /// No buffer (ENOBUFS); of a receive, none of those that the ring was given.
    Buffers,
    /// The file system or a quota is full (ENOSPC, EDQUOT).
    Room,
    /// A signal came first (EINTR).
    Interrupted,
    /// Not at this moment (EAGAIN, EBUSY).
    Busy,
    /// The device, or what the file system reads from it, is at fault or gone (EIO, ENODEV, ENXIO, EUCLEAN, ESTALE).
    Device,
    /// The file system takes no writes (EROFS).
    ReadOnly,
    /// The process may not (EACCES, EPERM).
    Permission,
    /// There is no such file or directory (ENOENT, ENOTDIR).
    Missing,
    /// The file would be too large (EFBIG).
    TooLarge,
    /// The kernel or the file system cannot (EINVAL, EOPNOTSUPP, ENOSYS).
    Unsupported,
    /// The peer of a connection, or the way to it, is gone (ECONNABORTED, ECONNRESET, EPIPE, ETIMEDOUT, and what
    /// accept(2) lists as errors of the network).
    Peer,
    /// Anything else.
    Other,
}

impl IoCause {
    /// All of them.
    pub const ALL: [IoCause; 14] = [
        IoCause::Descriptors,
        IoCause::Memory,
        IoCause::Buffers,
        IoCause::Room,
        IoCause::Interrupted,
        IoCause::Busy,
        IoCause::Device,
        IoCause::ReadOnly,
        IoCause::Permission,
        IoCause::Missing,
        IoCause::TooLarge,
        IoCause::Unsupported,
        IoCause::Peer,
        IoCause::Other,
    ];

    /// The cause of an error.
    pub fn of(error: &io::Error) -> IoCause {
        match error.raw_os_error() {
            Some(number) => IoCause::of_number(number),
            None => IoCause::of_kind(error.kind()),
        }
    }

    fn of_number(number: i32) -> IoCause {
        match number {
            libc::EMFILE | libc::ENFILE => IoCause::Descriptors,
            libc::ENOMEM => IoCause::Memory,
            libc::ENOBUFS => IoCause::Buffers,
            libc::ENOSPC | libc::EDQUOT => IoCause::Room,
            libc::EINTR => IoCause::Interrupted,
            libc::EAGAIN | libc::EBUSY => IoCause::Busy,
            libc::EIO | libc::ENODEV | libc::ENXIO | libc::EUCLEAN | libc::ESTALE => IoCause::Device,
            libc::EROFS => IoCause::ReadOnly,
            libc::EACCES | libc::EPERM => IoCause::Permission,
            libc::ENOENT | libc::ENOTDIR => IoCause::Missing,
            libc::EFBIG => IoCause::TooLarge,
            libc::EINVAL | libc::EOPNOTSUPP | libc::ENOSYS => IoCause::Unsupported,
            libc::ECONNABORTED
            | libc::ECONNRESET
            | libc::EPIPE
            | libc::ETIMEDOUT
            | libc::EPROTO
            | libc::ENOPROTOOPT
            | libc::ENETDOWN
            | libc::ENETUNREACH
            | libc::ENONET
            | libc::EHOSTDOWN
            | libc::EHOSTUNREACH => IoCause::Peer,
            _ => IoCause::Other,
        }
    }

    /// Of an error that did not come from the kernel as a number.
    fn of_kind(kind: io::ErrorKind) -> IoCause {
        match kind {
            io::ErrorKind::OutOfMemory => IoCause::Memory,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => IoCause::Room,
            io::ErrorKind::Interrupted => IoCause::Interrupted,
            io::ErrorKind::WouldBlock | io::ErrorKind::ResourceBusy => IoCause::Busy,
            io::ErrorKind::ReadOnlyFilesystem => IoCause::ReadOnly,
            io::ErrorKind::PermissionDenied => IoCause::Permission,
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => IoCause::Missing,
            io::ErrorKind::FileTooLarge => IoCause::TooLarge,
            io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput => IoCause::Unsupported,
            io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::TimedOut
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable => IoCause::Peer,
            _ => IoCause::Other,
        }
    }
}

/// What to do about a failed operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Remedy {
    /// Do it again at once: nothing was wrong.
    Again,
    /// Do it again after a pause. It lacked something that comes back, and once it succeeds all is as if it had
    /// succeeded the first time. A caller that can do without it is refused instead.
    Later,
    /// Refuse what asked for it: nothing has happened, and it will not come right by itself. If it cannot be refused any
    /// more, as a write of what was acknowledged, the journal is fenced.
    Refuse,
    /// Fence the journal: what is on the device is not known until a restart has read it.
    Fence,
    /// Close the connection.
    Close,
}

/// The table. At the start of a broker everything but [`Remedy::Again`] ends the start.
pub const fn remedy(operation: IoOperation, cause: IoCause) -> Remedy {
    match operation {
        // Of these a failure leaves no byte in doubt that was written before.
        IoOperation::Open
        | IoOperation::Create
        | IoOperation::MakeDirectory
        | IoOperation::List
        | IoOperation::Rename
        | IoOperation::Remove
        | IoOperation::Allocate
        | IoOperation::Truncate
        | IoOperation::Status
        | IoOperation::Read => passing_or(cause, Remedy::Refuse),
        // Done again it is given the same bytes for the same place, so that it does not matter which of them had landed.
        IoOperation::Write | IoOperation::WriteDurably => passing_or(cause, Remedy::Fence),
        // The kernel takes what it could not write for clean: a second sync would succeed without having written it.
        IoOperation::Sync | IoOperation::SyncDirectory | IoOperation::SyncFilesystem => Remedy::Fence,
        IoOperation::Accept => match cause {
            // This connection has gone: the next one is meant (accept(2)).
            IoCause::Interrupted | IoCause::Peer => Remedy::Again,
            // Without a pause a listener that is refused every time would take a whole core.
            IoCause::Descriptors
            | IoCause::Memory
            | IoCause::Buffers
            | IoCause::Room
            | IoCause::Busy
            | IoCause::Device
            | IoCause::ReadOnly
            | IoCause::Permission
            | IoCause::Missing
            | IoCause::TooLarge
            | IoCause::Unsupported
            | IoCause::Other => Remedy::Later,
        },
        IoOperation::Send => connection(cause, Remedy::Close),
        // More sockets had bytes than there were buffers; they are given back before anybody hears of it.
        IoOperation::Receive => connection(cause, Remedy::Again),
    }
}

/// What lacks something for a moment is done again; else it is `lasting`.
const fn passing_or(cause: IoCause, lasting: Remedy) -> Remedy {
    match cause {
        IoCause::Interrupted => Remedy::Again,
        IoCause::Descriptors | IoCause::Memory | IoCause::Buffers | IoCause::Room | IoCause::Busy => {
            Remedy::Later
        }
        IoCause::Device
        | IoCause::ReadOnly
        | IoCause::Permission
        | IoCause::Missing
        | IoCause::TooLarge
        | IoCause::Unsupported
        | IoCause::Peer
        | IoCause::Other => lasting,
    }
}

const fn connection(cause: IoCause, without_buffers: Remedy) -> Remedy {
    match cause {
        IoCause::Interrupted => Remedy::Again,
        IoCause::Buffers => without_buffers,
        IoCause::Descriptors
        | IoCause::Memory
        | IoCause::Room
        | IoCause::Busy
        | IoCause::Device
        | IoCause::ReadOnly
        | IoCause::Permission
        | IoCause::Missing
        | IoCause::TooLarge
        | IoCause::Unsupported
        | IoCause::Peer
        | IoCause::Other => Remedy::Close,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERRNO_MAX: i32 = 133;

    fn of(operation: IoOperation, number: i32) -> Remedy {
        remedy(operation, IoCause::of(&io::Error::from_raw_os_error(number)))
    }

    /// Every operation with every error number: what holds of all of them.
    #[test]
    fn the_table_holds_for_every_operation_and_number() {
        use IoOperation as Op;
        for operation in IoOperation::ALL {
            for number in 1..=ERRNO_MAX {
                let found = of(operation, number);
                let at = format!("{operation} with errno {number}: {found:?}");
                let is_sync = matches!(operation, Op::Sync | Op::SyncDirectory | Op::SyncFilesystem);
                assert_eq!(is_sync, is_sync && found == Remedy::Fence, "{at}");
                if matches!(found, Remedy::Fence) {
                    let may_fence = is_sync || matches!(operation, Op::Write | Op::WriteDurably);
                    assert!(may_fence, "only what was written can be in doubt: {at}");
                }
                let is_socket = matches!(operation, Op::Accept | Op::Send | Op::Receive);
                assert!(is_socket || found != Remedy::Close, "{at}");
                assert!(
                    operation != Op::Accept || found != Remedy::Close,
                    "a listener stays: {at}"
                );
                if found == Remedy::Again {
                    let is_known = number == libc::EINTR || is_socket;
                    assert!(is_known, "only what cannot spin is done again at once: {at}");
                }
            }
        }
    }

    /// The rows, each cause in the order of [`IoCause::ALL`]: Again, Later, Refuse, Fence, Close by their letters, an
    /// accept's, a send's and a receive's last.
    #[test]
    fn each_row_is_as_it_is_written() {
        let row = |operation: IoOperation| -> String {
            let letter = |cause: IoCause| match remedy(operation, cause) {
                Remedy::Again => 'A',
                Remedy::Later => 'L',
                Remedy::Refuse => 'R',
                Remedy::Fence => 'F',
                Remedy::Close => 'C',
            };
            IoCause::ALL.map(letter).iter().collect()
        };
        let found: Vec<(&str, String)> = IoOperation::ALL
            .iter()
            .map(|operation| (operation.verb(), row(*operation)))
            .collect();
        let expected = [
            ("open", "LLLLALRRRRRRRR"),
            ("create", "LLLLALRRRRRRRR"),
            ("create directory", "LLLLALRRRRRRRR"),
            ("list", "LLLLALRRRRRRRR"),
            ("rename", "LLLLALRRRRRRRR"),
            ("remove", "LLLLALRRRRRRRR"),
            ("allocate", "LLLLALRRRRRRRR"),
            ("truncate", "LLLLALRRRRRRRR"),
            ("stat", "LLLLALRRRRRRRR"),
            ("read", "LLLLALRRRRRRRR"),
            ("write", "LLLLALFFFFFFFF"),
            ("write durably", "LLLLALFFFFFFFF"),
            ("sync", "FFFFFFFFFFFFFF"),
            ("sync directory", "FFFFFFFFFFFFFF"),
            ("sync file system of", "FFFFFFFFFFFFFF"),
            ("accept", "LLLLALLLLLLLAL"),
            ("send", "CCCCACCCCCCCCC"),
            ("receive", "CCACACCCCCCCCC"),
        ]
        .map(|(verb, row)| (verb, row.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn numbers_have_the_causes_that_their_manual_pages_give() {
        for (number, cause) in [
            (libc::EMFILE, IoCause::Descriptors),
            (libc::ENFILE, IoCause::Descriptors),
            (libc::ENOMEM, IoCause::Memory),
            (libc::ENOBUFS, IoCause::Buffers),
            (libc::ENOSPC, IoCause::Room),
            (libc::EDQUOT, IoCause::Room),
            (libc::EINTR, IoCause::Interrupted),
            (libc::EAGAIN, IoCause::Busy),
            (libc::EIO, IoCause::Device),
            (libc::ENODEV, IoCause::Device),
            (libc::EROFS, IoCause::ReadOnly),
            (libc::EACCES, IoCause::Permission),
            (libc::EPERM, IoCause::Permission),
            (libc::ENOENT, IoCause::Missing),
            (libc::EFBIG, IoCause::TooLarge),
            (libc::EOPNOTSUPP, IoCause::Unsupported),
            (libc::ECONNABORTED, IoCause::Peer),
            (libc::ECANCELED, IoCause::Other),
        ] {
            assert_eq!(
                IoCause::of(&io::Error::from_raw_os_error(number)),
                cause,
                "{number}"
            );
        }
        assert_eq!(IoCause::of(&io::ErrorKind::StorageFull.into()), IoCause::Room);
        assert_eq!(IoCause::of(&io::Error::other("told")), IoCause::Other);
    }
}
