//! The client at the other end of a connection.

use std::cell::RefCell;
use std::net::SocketAddr;

use corelog_runtime::local::Permit;

/// What a connection knows of its client.
pub struct Client {
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// A number of its own within the shard, for logs.
    pub(crate) number: u64,
    /// Held while a long answer of this connection is put together: see [`crate::memory::long_answer`].
    pub(crate) long_answer: RefCell<Option<Permit>>,
}

impl Client {
    /// A client at the other end, `peer`.
    pub fn new(peer: SocketAddr, number: u64) -> Client {
        Client {
            peer,
            number,
            long_answer: RefCell::default(),
        }
    }
}
