//! A machine without a network.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use corelog_runtime::{Accepted, Connection, Listener, LocalFuture, Net};

/// Every attempt finds the network down.
pub(crate) struct Unplugged;

impl Net for Unplugged {
    fn listen(&self, _address: SocketAddr) -> LocalFuture<io::Result<Rc<dyn Listener>>> {
        Box::pin(std::future::ready(Err(io::ErrorKind::NetworkDown.into())))
    }

    fn adopt(&self, _accepted: Accepted) -> io::Result<Rc<dyn Connection>> {
        Err(io::ErrorKind::NetworkDown.into())
    }

    fn connect(&self, _address: SocketAddr) -> LocalFuture<io::Result<Rc<dyn Connection>>> {
        Box::pin(std::future::ready(Err(io::ErrorKind::NetworkDown.into())))
    }
}
