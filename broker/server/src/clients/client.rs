//! The client at the other end of a connection.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;

use corelog_runtime::local::Permit;

use super::in_transaction::InTransaction;

/// What a connection knows of its client.
pub struct Client {
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// The name of the listener that it came to: it is told of the addresses that go by that name.
    pub(crate) listener: Arc<str>,
    /// A number of its own within the shard, for logs.
    pub(crate) number: u64,
    /// Held while a long answer of this connection is put together: see [`crate::memory::long_answer`].
    pub(crate) long_answer: RefCell<Option<Permit>>,
    /// What its producer's transaction is known to have.
    pub(crate) in_transaction: RefCell<InTransaction>,
}

impl Client {
    /// A client at the other end, `peer`, that came to `listener`.
    pub fn new(peer: SocketAddr, listener: Arc<str>, number: u64) -> Client {
        Client {
            peer,
            listener,
            number,
            long_answer: RefCell::default(),
            in_transaction: RefCell::default(),
        }
    }
}
