//! Operations: a submission entry together with all the memory that it points to.
//!
//! Invariant, on which the safety of [`super::Ring`] rests: each pointer in `entry` is null or points into heap memory
//! that `held` owns, and moving `held` does not move that memory. The fields are private to this module, so the
//! constructors below are all there is to check.

use std::ffi::CString;
use std::net::SocketAddr;
use std::ptr;
use std::rc::Rc;

use bytes::{Buf, Bytes};
use io_uring::{opcode, squeue, types};

use super::Descriptor;
use super::provided::GROUP;
use crate::buffer::{AlignedBuf, FillBuf};

/// Most bytes one read, write, send or receive asks for; the caller goes on from there. A multiple of the page.
const LENGTH_MAX: usize = 1 << 30;
/// Most iovecs of one sendmsg (IOV_MAX of Linux).
const IOVECS_MAX: usize = 1024;
/// Do not try at once, wait for readiness first (io_uring's `IORING_RECVSEND_POLL_FIRST`).
const POLL_FIRST: u16 = 1;

/// What the result of an operation is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Yields {
    /// A count of bytes, or zero.
    Count,
    /// A new descriptor.
    Descriptor,
    /// Bytes in a provided buffer.
    Provided,
}

/// Which limit of operations in flight an operation counts against. Files have one of their own, since a peer can hold
/// up a network operation for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    /// Bounded by the device.
    Disk,
    /// Bounded by nobody.
    Network,
}

/// What happens to an operation under way whose future is dropped. Its memory is kept until it ends in any case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnDrop {
    /// It runs to its end.
    Finish,
    /// The kernel is asked to cancel it.
    Cancel,
}

/// The memory of an operation, given back with its outcome.
pub(crate) enum Held {
    /// None.
    Nothing,
    /// Of a file read.
    Buffer(AlignedBuf),
    /// Of a file write or a small send.
    Data(Bytes),
    /// Of a receive into spare capacity.
    Growing(FillBuf),
    /// Of a sendmsg.
    Message(Box<Message>),
    /// Of a path operation; only held.
    Paths(#[expect(dead_code, reason = "owned for the kernel")] [Option<CString>; 2]),
    /// Of statx, with its path.
    Status(Box<Status>),
    /// Of a connect; only held.
    Address(#[expect(dead_code, reason = "owned for the kernel")] Box<Address>),
}

/// What statx fills in.
pub(crate) struct Status {
    statx: libc::statx,
    path: CString,
}

impl Status {
    /// The file's length in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.statx.stx_size
    }
}

/// The arguments of a sendmsg.
pub(crate) struct Message {
    data: Vec<Bytes>,
    iovecs: Vec<libc::iovec>,
    header: libc::msghdr,
}

impl Message {
    /// What is left of the data after `count` sent bytes, skipping what is empty.
    pub(crate) fn rest_after(self, count: usize) -> Vec<Bytes> {
        advance(self.data, count)
    }
}

/// `data` without its first `count` bytes and without empty pieces.
pub(crate) fn advance(mut data: Vec<Bytes>, mut count: usize) -> Vec<Bytes> {
    data.retain_mut(|piece| {
        let step = count.min(piece.len());
        piece.advance(step);
        count -= step;
        !piece.is_empty()
    });
    data
}

/// A socket address as connect takes it.
pub(crate) enum Address {
    V4(libc::sockaddr_in),
    V6(libc::sockaddr_in6),
}

impl Address {
    fn new(address: SocketAddr) -> Address {
        match address {
            SocketAddr::V4(v4) => Address::V4(libc::sockaddr_in {
                sin_family: family(libc::AF_INET),
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(v4.ip().octets()),
                },
                sin_zero: [0; 8],
            }),
            SocketAddr::V6(v6) => Address::V6(libc::sockaddr_in6 {
                sin6_family: family(libc::AF_INET6),
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: v6.flowinfo(),
                sin6_addr: libc::in6_addr {
                    s6_addr: v6.ip().octets(),
                },
                sin6_scope_id: v6.scope_id(),
            }),
        }
    }

    fn as_raw(&self) -> (*const libc::sockaddr, libc::socklen_t) {
        match self {
            Address::V4(v4) => (ptr::from_ref(v4).cast(), socklen::<libc::sockaddr_in>()),
            Address::V6(v6) => (ptr::from_ref(v6).cast(), socklen::<libc::sockaddr_in6>()),
        }
    }
}

fn family(number: i32) -> libc::sa_family_t {
    libc::sa_family_t::try_from(number).expect("address families are small")
}

fn socklen<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).expect("a socket address is small")
}

/// One operation, ready to be started.
pub(crate) struct Operation {
    pub(super) entry: squeue::Entry,
    pub(super) class: Class,
    pub(super) yields: Yields,
    pub(super) on_drop: OnDrop,
    pub(super) held: Held,
    #[expect(dead_code, reason = "kept open for the kernel")]
    pub(super) descriptor: Option<Rc<Descriptor>>,
}

impl Operation {
    fn disk(entry: squeue::Entry, held: Held, descriptor: Option<&Rc<Descriptor>>) -> Operation {
        Operation {
            entry,
            class: Class::Disk,
            yields: Yields::Count,
            on_drop: OnDrop::Finish,
            held,
            descriptor: descriptor.cloned(),
        }
    }

    fn network(entry: squeue::Entry, held: Held, descriptor: &Rc<Descriptor>, on_drop: OnDrop) -> Operation {
        Operation {
            entry,
            class: Class::Network,
            yields: Yields::Count,
            on_drop,
            held,
            descriptor: Some(Rc::clone(descriptor)),
        }
    }

    /// openat(2), relative to the working directory. Yields a descriptor.
    pub(crate) fn open(path: CString, flags: i32) -> Operation {
        let entry = opcode::OpenAt::new(types::Fd(libc::AT_FDCWD), path.as_ptr())
            .flags(flags | libc::O_CLOEXEC)
            .mode(0o644)
            .build();
        let mut operation = Operation::disk(entry, Held::Paths([Some(path), None]), None);
        operation.yields = Yields::Descriptor;
        operation
    }

    /// pread into `buffer[done..]`.
    pub(crate) fn read(
        file: &Rc<Descriptor>,
        position: u64,
        mut buffer: AlignedBuf,
        done: usize,
    ) -> Operation {
        let part = &mut buffer[done..];
        let (start, length) = (part.as_mut_ptr(), length_of(part.len()));
        let entry = opcode::Read::new(types::Fd(file.number()), start, length)
            .offset(position)
            .build();
        Operation::disk(entry, Held::Buffer(buffer), Some(file))
    }

    /// pwrite of `data`, durable at its completion if `dsync` (RWF_DSYNC).
    pub(crate) fn write(file: &Rc<Descriptor>, position: u64, data: Bytes, dsync: bool) -> Operation {
        let entry = opcode::Write::new(types::Fd(file.number()), data.as_ptr(), length_of(data.len()))
            .offset(position)
            .rw_flags(if dsync { libc::RWF_DSYNC } else { 0 })
            .build();
        Operation::disk(entry, Held::Data(data), Some(file))
    }

    /// fdatasync(2), or fsync(2) when not `data_only`.
    pub(crate) fn sync(file: &Rc<Descriptor>, data_only: bool) -> Operation {
        let flags = if data_only {
            types::FsyncFlags::DATASYNC
        } else {
            types::FsyncFlags::empty()
        };
        let entry = opcode::Fsync::new(types::Fd(file.number())).flags(flags).build();
        Operation::disk(entry, Held::Nothing, Some(file))
    }

    /// fallocate(2) from the start, extending the file.
    pub(crate) fn allocate(file: &Rc<Descriptor>, length: u64) -> Operation {
        let entry = opcode::Fallocate::new(types::Fd(file.number()), length).build();
        Operation::disk(entry, Held::Nothing, Some(file))
    }

    /// ftruncate(2); Linux 6.9.
    pub(crate) fn truncate(file: &Rc<Descriptor>, length: u64) -> Operation {
        let entry = opcode::Ftruncate::new(types::Fd(file.number()), length).build();
        Operation::disk(entry, Held::Nothing, Some(file))
    }

    /// statx(2) of an open file, for its size.
    pub(crate) fn status(file: &Rc<Descriptor>) -> Operation {
        let mut status = Box::new(Status {
            statx: empty_statx(),
            path: CString::default(),
        });
        let entry = opcode::Statx::new(
            types::Fd(file.number()),
            status.path.as_ptr(),
            (&raw mut status.statx).cast(),
        )
        .flags(libc::AT_EMPTY_PATH)
        .mask(libc::STATX_SIZE)
        .build();
        Operation::disk(entry, Held::Status(status), Some(file))
    }

    /// renameat(2).
    pub(crate) fn rename(from: CString, to: CString) -> Operation {
        let here = types::Fd(libc::AT_FDCWD);
        let entry = opcode::RenameAt::new(here, from.as_ptr(), here, to.as_ptr()).build();
        Operation::disk(entry, Held::Paths([Some(from), Some(to)]), None)
    }

    /// unlinkat(2) of a file, or of an empty directory.
    pub(crate) fn remove(path: CString, directory: bool) -> Operation {
        let entry = opcode::UnlinkAt::new(types::Fd(libc::AT_FDCWD), path.as_ptr())
            .flags(if directory { libc::AT_REMOVEDIR } else { 0 })
            .build();
        Operation::disk(entry, Held::Paths([Some(path), None]), None)
    }

    /// mkdirat(2).
    pub(crate) fn make_directory(path: CString) -> Operation {
        let entry = opcode::MkDirAt::new(types::Fd(libc::AT_FDCWD), path.as_ptr())
            .mode(0o755)
            .build();
        Operation::disk(entry, Held::Paths([Some(path), None]), None)
    }

    /// accept4(2). Yields a descriptor.
    pub(crate) fn accept(listener: &Rc<Descriptor>) -> Operation {
        let entry = opcode::Accept::new(types::Fd(listener.number()), ptr::null_mut(), ptr::null_mut())
            .flags(libc::SOCK_CLOEXEC)
            .build();
        let mut operation = Operation::network(entry, Held::Nothing, listener, OnDrop::Cancel);
        operation.yields = Yields::Descriptor;
        operation
    }

    /// connect(2).
    pub(crate) fn connect(socket: &Rc<Descriptor>, address: SocketAddr) -> Operation {
        let address = Box::new(Address::new(address));
        let (pointer, length) = address.as_raw();
        let entry = opcode::Connect::new(types::Fd(socket.number()), pointer, length).build();
        Operation::network(entry, Held::Address(address), socket, OnDrop::Cancel)
    }

    /// recv(2) into a provided buffer, taken when bytes are there. `poll_first` when none are expected yet.
    pub(crate) fn receive(socket: &Rc<Descriptor>, poll_first: bool) -> Operation {
        let entry = opcode::Recv::new(types::Fd(socket.number()), ptr::null_mut(), 0)
            .buf_group(GROUP)
            .ioprio(if poll_first { POLL_FIRST } else { 0 })
            .build()
            .flags(squeue::Flags::BUFFER_SELECT);
        let mut operation = Operation::network(entry, Held::Nothing, socket, OnDrop::Cancel);
        operation.yields = Yields::Provided;
        operation
    }

    /// recv(2) into the spare capacity of `buffer`, waiting for `missing` bytes of it (MSG_WAITALL).
    ///
    /// # Panics
    /// If the capacity is not there.
    pub(crate) fn receive_into(socket: &Rc<Descriptor>, mut buffer: FillBuf, missing: usize) -> Operation {
        let spare = &mut buffer.spare()[..missing];
        let (start, length) = (spare.as_mut_ptr(), length_of(missing));
        let entry = opcode::Recv::new(types::Fd(socket.number()), start, length)
            .flags(libc::MSG_WAITALL)
            .build();
        Operation::network(entry, Held::Growing(buffer), socket, OnDrop::Cancel)
    }

    /// send(2) of one piece, or sendmsg(2) of up to IOV_MAX.
    pub(crate) fn send(socket: &Rc<Descriptor>, mut data: Vec<Bytes>) -> Operation {
        let fd = types::Fd(socket.number());
        if data.len() == 1 {
            let piece = data.swap_remove(0);
            let entry = opcode::Send::new(fd, piece.as_ptr(), length_of(piece.len()))
                .flags(libc::MSG_NOSIGNAL | libc::MSG_WAITALL)
                .build();
            return Operation::network(entry, Held::Data(piece), socket, OnDrop::Finish);
        }
        let mut message = Box::new(Message {
            iovecs: data
                .iter()
                .take(IOVECS_MAX)
                .map(|piece| libc::iovec {
                    iov_base: piece.as_ptr().cast_mut().cast(),
                    iov_len: piece.len(),
                })
                .collect(),
            data,
            header: empty_message(),
        });
        message.header.msg_iov = message.iovecs.as_mut_ptr();
        message.header.msg_iovlen = message.iovecs.len();
        let entry = opcode::SendMsg::new(fd, &raw const message.header)
            .flags((libc::MSG_NOSIGNAL | libc::MSG_WAITALL).cast_unsigned())
            .build();
        Operation::network(entry, Held::Message(message), socket, OnDrop::Finish)
    }
}

/// A length of at most [`LENGTH_MAX`], as an entry holds it.
fn length_of(length: usize) -> u32 {
    u32::try_from(length.min(LENGTH_MAX)).expect("LENGTH_MAX fits")
}

fn empty_statx() -> libc::statx {
    // SAFETY: statx is made of integers alone, for which all zeros are a value.
    unsafe { std::mem::zeroed() }
}

fn empty_message() -> libc::msghdr {
    // SAFETY: msghdr is made of integers and raw pointers alone, for which all zeros are a value.
    unsafe { std::mem::zeroed() }
}
