//! System calls that neither the ring nor the standard library offers, each behind a safe function but the one that takes a number for a descriptor.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use crate::seams::ListenOptions;

/// Takes a descriptor out of a completion.
///
/// # Safety
/// `fd` is the result of an operation that makes a descriptor (openat, accept), and nothing else owns it.
pub(super) unsafe fn own_descriptor(fd: RawFd) -> OwnedFd {
    // SAFETY: the caller's promise.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn new_descriptor(result: RawFd) -> io::Result<OwnedFd> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `result` is what a call that makes a descriptor has just returned; nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(result) })
}

/// Makes an eventfd (eventfd(2)), non-blocking, close-on-exec, counting from zero.
pub(crate) fn eventfd() -> io::Result<File> {
    // SAFETY: eventfd takes no pointers.
    new_descriptor(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) }).map(File::from)
}

/// Whether `file` can be read without waiting (poll(2)). An error of the call counts as no.
pub(crate) fn is_readable(file: &File) -> bool {
    let mut asked = libc::pollfd {
        fd: file.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: the pointer is to one `pollfd`, borrowed mutably for the call, and one is the count given.
    let ready = unsafe { libc::poll(&raw mut asked, 1, 0) };
    ready == 1 && asked.revents & libc::POLLIN != 0
}

/// Makes a blocking TCP socket, close-on-exec; the ring turns waiting into completions.
pub(crate) fn tcp_socket(ipv6: bool) -> io::Result<OwnedFd> {
    let domain = if ipv6 { libc::AF_INET6 } else { libc::AF_INET };
    // SAFETY: socket takes no pointers.
    new_descriptor(unsafe { libc::socket(domain, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) })
}

/// Seconds of silence after which the kernel asks a TCP peer whether it is there.
const KEEPALIVE_IDLE_SECONDS: libc::c_int = 120;
/// Seconds between two such questions.
const KEEPALIVE_INTERVAL_SECONDS: libc::c_int = 15;
/// Questions without an answer until the connection counts as broken.
const KEEPALIVE_QUESTIONS: libc::c_int = 4;

/// Has the kernel find out when the peer of a TCP socket is gone without a word (socket(7), tcp(7)).
pub(crate) fn keep_alive(socket: &impl AsRawFd) -> io::Result<()> {
    for (level, name, value) in [
        (libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1),
        (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS),
        (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SECONDS),
        (libc::IPPROTO_TCP, libc::TCP_KEEPCNT, KEEPALIVE_QUESTIONS),
    ] {
        set_option(socket, level, name, value)?;
    }
    Ok(())
}

/// Sets an option of a socket that is a number (setsockopt(2)).
fn set_option(
    socket: &impl AsRawFd,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    let size = libc::socklen_t::try_from(size_of_val(&value)).expect("four bytes");
    // SAFETY: the pointer and the size describe `value`, which outlives the call; the borrow of `socket` keeps its
    // descriptor open.
    match unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), size) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Sets the sizes of a socket that listens. What it accepts from now on has its buffers (socket(7)), and listening again
/// changes its backlog alone.
pub(crate) fn set_sizes(listener: &impl AsRawFd, options: ListenOptions) -> io::Result<()> {
    let number = |value: u32| libc::c_int::try_from(value).unwrap_or(libc::c_int::MAX);
    if let Some(bytes) = options.send_buffer_bytes {
        set_option(listener, libc::SOL_SOCKET, libc::SO_SNDBUF, number(bytes))?;
    }
    if let Some(bytes) = options.receive_buffer_bytes {
        set_option(listener, libc::SOL_SOCKET, libc::SO_RCVBUF, number(bytes))?;
    }
    let Some(backlog) = options.backlog else {
        return Ok(());
    };
    // SAFETY: listen takes a descriptor, which `listener` keeps open for the call, and no pointers.
    match unsafe { libc::listen(listener.as_raw_fd(), number(backlog)) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Ends a connection in both directions (shutdown(2)). It takes no descriptor of its own: a broker that has run out of
/// them must be able to close what is idle.
pub(crate) fn shut_down(socket: &impl AsFd) -> io::Result<()> {
    // SAFETY: shutdown takes a descriptor, which `socket` keeps open for the call, and no pointers.
    match unsafe { libc::shutdown(socket.as_fd().as_raw_fd(), libc::SHUT_RDWR) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Makes everything on the file system that holds `file` durable (syncfs(2)). Blocks.
pub(crate) fn sync_filesystem(file: &File) -> io::Result<()> {
    // SAFETY: syncfs takes a descriptor, which `file` keeps open for the call, and no pointers.
    match unsafe { libc::syncfs(file.as_raw_fd()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Random bytes from the kernel (getrandom(2)).
pub(crate) fn random_bytes() -> io::Result<[u8; 32]> {
    let mut bytes = [0u8; 32];
    // SAFETY: the pointer and the length describe `bytes`, borrowed mutably for the call.
    let count = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    // Up to 256 bytes come whole (man page), so a short count is an error of its own.
    match usize::try_from(count) {
        Ok(count) if count == bytes.len() => Ok(bytes),
        Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// A resource limit of this process: soft and hard (getrlimit(2)); `u64::MAX` is "unlimited".
pub(crate) fn resource_limit(resource: ResourceLimit) -> io::Result<(u64, u64)> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    let number = match resource {
        ResourceLimit::OpenFiles => libc::RLIMIT_NOFILE,
        ResourceLimit::LockedMemory => libc::RLIMIT_MEMLOCK,
    };
    // SAFETY: the pointer is to a local of the type the call fills in.
    match unsafe { libc::getrlimit(number, &raw mut limit) } {
        0 => Ok((limit.rlim_cur, limit.rlim_max)),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Raises the soft limit of open files to the hard one (setrlimit(2)).
///
/// # Errors
/// When the kernel refuses; the limit is then as it was.
pub(crate) fn raise_open_files() -> io::Result<()> {
    let (_, rlim_max) = resource_limit(ResourceLimit::OpenFiles)?;
    let limit = libc::rlimit {
        rlim_cur: rlim_max,
        rlim_max,
    };
    // SAFETY: the pointer is to a local of the type the call reads.
    match unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// See [`resource_limit`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ResourceLimit {
    /// RLIMIT_NOFILE, in descriptors.
    OpenFiles,
    /// RLIMIT_MEMLOCK, in bytes.
    LockedMemory,
}

/// The calling thread's id, as `/proc/self/task` names it (gettid(2)).
pub(crate) fn thread_id() -> i32 {
    // SAFETY: gettid takes nothing and cannot fail.
    unsafe { libc::gettid() }
}
