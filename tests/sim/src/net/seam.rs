//! [`Net`], [`Listener`] and [`Connection`] over the simulated network, for one life of a process.

use std::cell::RefCell;
use std::future;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use corelog_runtime::buffer::FillBuf;
use corelog_runtime::local::oneshot;
use corelog_runtime::{Accepted, AcceptedSocket, Connection, ListenOptions, Listener, LocalFuture, Net};

use crate::exec::Process;

use super::network::{Backlog, Link, Network, RECEIVE_MAX};
use super::pipe::Ended;

/// One process's way to the network.
pub(crate) struct SimNet {
    pub(crate) network: Rc<Network>,
    pub(crate) process: Rc<Process>,
}

impl SimNet {
    fn connection(&self, link: Rc<RefCell<Link>>, side: usize) -> Rc<dyn Connection> {
        let peer = link.borrow().ends[1 - side].address;
        Rc::new(SimConnection {
            network: Rc::clone(&self.network),
            link,
            side,
            peer,
        })
    }
}

impl Net for SimNet {
    fn listen(
        &self,
        address: SocketAddr,
        _sizes: ListenOptions,
    ) -> LocalFuture<io::Result<Rc<dyn Listener>>> {
        if !self.process.is_alive() {
            return Box::pin(future::pending());
        }
        let listener = self
            .network
            .listen(&self.process, address)
            .map(|(address, backlog)| {
                Rc::new(SimListener {
                    network: Rc::clone(&self.network),
                    process: Rc::clone(&self.process),
                    address,
                    backlog,
                }) as Rc<dyn Listener>
            });
        Box::pin(future::ready(listener))
    }

    fn adopt(&self, accepted: Accepted) -> io::Result<Rc<dyn Connection>> {
        let link = self.network.adopt(&self.process, &accepted)?;
        Ok(self.connection(link, 1))
    }

    fn connect(&self, address: SocketAddr) -> LocalFuture<io::Result<Rc<dyn Connection>>> {
        if !self.process.is_alive() {
            return Box::pin(future::pending());
        }
        let (sender, receiver) = oneshot::channel();
        self.network.connect(&self.process, address, sender);
        let net = SimNet {
            network: Rc::clone(&self.network),
            process: Rc::clone(&self.process),
        };
        Box::pin(async move {
            match receiver.await {
                Ok(result) => result.map(|link| net.connection(link, 0)),
                Err(oneshot::Canceled) => future::pending().await,
            }
        })
    }
}

struct SimListener {
    network: Rc<Network>,
    process: Rc<Process>,
    address: SocketAddr,
    backlog: Rc<RefCell<Backlog>>,
}

impl Listener for SimListener {
    fn accept(&self) -> LocalFuture<io::Result<Accepted>> {
        let backlog = Rc::clone(&self.backlog);
        Box::pin(future::poll_fn(move |cx| {
            let mut backlog = backlog.borrow_mut();
            match backlog.waiting.pop_front() {
                Some((number, peer)) => Poll::Ready(Ok(Accepted {
                    socket: AcceptedSocket::Simulated(number),
                    peer,
                })),
                None => {
                    backlog.acceptors.push(cx.waker().clone());
                    Poll::Pending
                }
            }
        }))
    }

    fn local_address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        self.network
            .unlisten(self.process.machine(), self.address.port(), &self.backlog);
    }
}

struct SimConnection {
    network: Rc<Network>,
    link: Rc<RefCell<Link>>,
    side: usize,
    peer: SocketAddr,
}

/// What has come, up to `limit` bytes; empty at the end of the stream.
fn poll_receive(
    link: &RefCell<Link>,
    side: usize,
    limit: usize,
    cx: &mut std::task::Context<'_>,
) -> Poll<io::Result<Bytes>> {
    let mut link = link.borrow_mut();
    let end = &mut link.ends[side];
    if end.shut {
        return Poll::Ready(Ok(Bytes::new()));
    }
    if let Some(data) = end.inbox.take(limit) {
        return Poll::Ready(Ok(data));
    }
    match end.inbox.ended() {
        Some(Ended::Finished) => Poll::Ready(Ok(Bytes::new())),
        Some(Ended::Reset) => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        None => {
            end.inbox.wait_to_read(cx.waker());
            Poll::Pending
        }
    }
}

impl Connection for SimConnection {
    fn receive(&self) -> LocalFuture<io::Result<Bytes>> {
        let (link, side) = (Rc::clone(&self.link), self.side);
        Box::pin(future::poll_fn(move |cx| {
            poll_receive(&link, side, RECEIVE_MAX, cx)
        }))
    }

    fn receive_exact(&self, mut buffer: FillBuf, length: usize) -> LocalFuture<io::Result<FillBuf>> {
        let (link, side) = (Rc::clone(&self.link), self.side);
        Box::pin(async move {
            while buffer.len() < length {
                let limit = length - buffer.len();
                let data = future::poll_fn(|cx| poll_receive(&link, side, limit, cx)).await?;
                if data.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                buffer.extend_from_slice(&data);
            }
            Ok(buffer)
        })
    }

    fn send(&self, data: Vec<Bytes>) -> LocalFuture<io::Result<()>> {
        if let Err(error) = self.network.send(&self.link, self.side, data) {
            return Box::pin(future::ready(Err(error)));
        }
        let (link, side, window) = (Rc::clone(&self.link), self.side, self.network.window());
        Box::pin(future::poll_fn(move |cx| {
            let mut link = link.borrow_mut();
            if link.ends[side].shut {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            let peer = &mut link.ends[1 - side];
            if peer.inbox.ended() == Some(Ended::Reset) || peer.shut {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            if peer.inbox.buffered() <= window {
                return Poll::Ready(Ok(()));
            }
            peer.inbox.wait_to_write(cx.waker());
            Poll::Pending
        }))
    }

    fn shutdown(&self) {
        self.network.close(&self.link, self.side);
    }

    fn peer_address(&self) -> SocketAddr {
        self.peer
    }
}

impl Drop for SimConnection {
    fn drop(&mut self) {
        self.network.close(&self.link, self.side);
    }
}
