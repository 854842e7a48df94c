//! Sockets. One shard accepts, any shard may serve: an [`Accepted`] socket is moved to the shard that adopts it.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;

use super::LocalFuture;
use crate::buffer::FillBuf;

/// A connection between accept and adoption; the one thing of this module that crosses shards.
#[derive(Debug)]
pub struct Accepted {
    /// The socket: a descriptor, or the simulator's number of it.
    pub socket: AcceptedSocket,
    /// The other end.
    pub peer: SocketAddr,
}

/// What stands for the socket.
#[derive(Debug)]
pub enum AcceptedSocket {
    /// A descriptor of the kernel's; closed if it is dropped.
    Descriptor(std::os::fd::OwnedFd),
    /// A connection of the simulator's.
    Simulated(u64),
}

/// The sizes of a listening socket and of those that it accepts; `None` leaves them to the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ListenOptions {
    /// Connections that the kernel keeps until they are accepted (listen(2)); `net.core.somaxconn` bounds it.
    pub backlog: Option<u32>,
    /// SO_SNDBUF, in bytes; `net.core.wmem_max` bounds it (socket(7)).
    pub send_buffer_bytes: Option<u32>,
    /// SO_RCVBUF, in bytes; `net.core.rmem_max` bounds it (socket(7)).
    pub receive_buffer_bytes: Option<u32>,
}

/// One shard's way to the network.
pub trait Net {
    /// Binds and listens. Port 0 takes a free one.
    fn listen(
        &self,
        address: SocketAddr,
        options: ListenOptions,
    ) -> LocalFuture<io::Result<Rc<dyn Listener>>>;
    /// Takes an accepted socket over to this shard.
    fn adopt(&self, accepted: Accepted) -> io::Result<Rc<dyn Connection>>;
    /// Connects.
    fn connect(&self, address: SocketAddr) -> LocalFuture<io::Result<Rc<dyn Connection>>>;
}

/// A listening socket. Dropping the last clone closes it.
pub trait Listener {
    /// Waits for the next connection.
    fn accept(&self) -> LocalFuture<io::Result<Accepted>>;
    /// The address that it is bound to.
    fn local_address(&self) -> SocketAddr;
}

/// A byte stream. At most one receive and one send are under way at a time. Dropping the last clone closes it.
pub trait Connection {
    /// Waits for bytes and returns what has come, 1 to 16 KiB; empty at the end of the stream. An idle connection
    /// that waits here holds no buffer.
    fn receive(&self) -> LocalFuture<io::Result<Bytes>>;
    /// Receives until `buffer`, whose length is what it holds already, has grown to `length`. For the rest of a
    /// large frame. An end of the stream before that is `UnexpectedEof`.
    ///
    /// # Panics
    /// If the buffer has no room for that.
    fn receive_exact(&self, buffer: FillBuf, length: usize) -> LocalFuture<io::Result<FillBuf>>;
    /// Sends all of `data`, in order.
    fn send(&self, data: Vec<Bytes>) -> LocalFuture<io::Result<()>>;
    /// Ends both directions: a receive or send under way returns.
    fn shutdown(&self);
    /// The other end.
    fn peer_address(&self) -> SocketAddr;
}
