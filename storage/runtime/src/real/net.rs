//! TCP over the shard's ring.
//!
//! Sockets are in blocking mode: the ring waits for readiness and tries again by itself. A receive whose future was
//! dropped goes on, and its bytes are given to the next one, so that a caller may give up waiting and lose nothing.

use std::cell::RefCell;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use bytes::Bytes;

use crate::buffer::FillBuf;
use crate::ring::{
    Descriptor, Held, InFlight, Operation, Product, Ring, advance, keep_alive, set_sizes, shut_down,
    tcp_socket,
};
use crate::seams::{
    Accepted, AcceptedSocket, Connection, IoCause, IoOperation, ListenOptions, Listener, LocalFuture, Net,
    Remedy, remedy,
};

/// See [`Net`].
pub(crate) struct RealNet {
    ring: Rc<Ring>,
}

impl RealNet {
    pub(crate) fn new(ring: Rc<Ring>) -> RealNet {
        RealNet { ring }
    }
}

impl Net for RealNet {
    fn listen(
        &self,
        address: SocketAddr,
        options: ListenOptions,
    ) -> LocalFuture<io::Result<Rc<dyn Listener>>> {
        let ring = Rc::clone(&self.ring);
        Box::pin(async move {
            // None of these waits: the standard library sets SO_REUSEADDR and the longest backlog there is.
            let listener = TcpListener::bind(address)?;
            set_sizes(&listener, options)?;
            let local_address = listener.local_addr()?;
            let descriptor = Descriptor::socket(OwnedFd::from(listener));
            Ok(Rc::new(RealListener(Rc::new(ListenerInner {
                ring,
                descriptor,
                local_address,
                pending: RefCell::new(None),
            }))) as Rc<dyn Listener>)
        })
    }

    fn adopt(&self, accepted: Accepted) -> io::Result<Rc<dyn Connection>> {
        match accepted.socket {
            AcceptedSocket::Descriptor(fd) => connection(&self.ring, fd, accepted.peer),
            AcceptedSocket::Simulated(number) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("connection {number} is the simulator's"),
            )),
        }
    }

    fn connect(&self, address: SocketAddr) -> LocalFuture<io::Result<Rc<dyn Connection>>> {
        let ring = Rc::clone(&self.ring);
        Box::pin(async move {
            let fd = tcp_socket(address.is_ipv6())?;
            let descriptor = Descriptor::socket(fd);
            ring.start(Operation::connect(&descriptor, address))
                .await
                .result?;
            // The operation has ended, so this duplicate's original closes here and now.
            let fd = descriptor.as_fd().try_clone_to_owned()?;
            connection(&ring, fd, address)
        })
    }
}

fn connection(ring: &Rc<Ring>, fd: OwnedFd, peer: SocketAddr) -> io::Result<Rc<dyn Connection>> {
    let stream = TcpStream::from(fd);
    stream.set_nodelay(true)?;
    keep_alive(&stream)?;
    // A socket accepted elsewhere may come non-blocking, and then the ring would not wait for it.
    stream.set_nonblocking(false)?;
    let descriptor = Descriptor::socket(OwnedFd::from(stream));
    Ok(Rc::new(RealConnection(Rc::new(ConnectionInner {
        ring: Rc::clone(ring),
        descriptor,
        peer,
        receiving: RefCell::new(Receiving::default()),
    }))))
}

fn is_again(operation: IoOperation, error: &io::Error) -> bool {
    remedy(operation, IoCause::of(error)) == Remedy::Again
}

struct RealListener(Rc<ListenerInner>);

struct ListenerInner {
    ring: Rc<Ring>,
    descriptor: Rc<Descriptor>,
    local_address: SocketAddr,
    /// An accept whose future was dropped: its socket is the next one's.
    pending: RefCell<Option<InFlight>>,
}

impl Listener for RealListener {
    fn accept(&self) -> LocalFuture<io::Result<Accepted>> {
        let inner = Rc::clone(&self.0);
        Box::pin(async move {
            loop {
                let pending = inner.pending.borrow_mut().take();
                let operation =
                    pending.unwrap_or_else(|| inner.ring.start(Operation::accept(&inner.descriptor)));
                let mut kept = Kept::new(operation, |operation| {
                    *inner.pending.borrow_mut() = Some(operation);
                });
                let outcome = kept.wait().await;
                let fd = match outcome.result {
                    Ok(Product::Descriptor(fd)) => fd,
                    Ok(Product::Count(_) | Product::Received(..)) => {
                        unreachable!("an accept yields a descriptor")
                    }
                    Err(error) if is_again(IoOperation::Accept, &error) => continue,
                    Err(error) => return Err(error),
                };
                let stream = TcpStream::from(fd);
                // Fails when the peer has reset the connection already: nothing to serve.
                let Ok(peer) = stream.peer_addr() else { continue };
                return Ok(Accepted {
                    socket: AcceptedSocket::Descriptor(OwnedFd::from(stream)),
                    peer,
                });
            }
        })
    }

    fn local_address(&self) -> SocketAddr {
        self.0.local_address
    }
}

/// An operation that survives the future that waits for it: when that one is dropped, the operation is handed back for
/// the next one.
struct Kept<F: FnMut(InFlight)> {
    operation: Option<InFlight>,
    keep: F,
}

impl<F: FnMut(InFlight)> Kept<F> {
    fn new(operation: InFlight, keep: F) -> Kept<F> {
        Kept {
            operation: Some(operation),
            keep,
        }
    }

    async fn wait(&mut self) -> crate::ring::Outcome {
        let operation = self.operation.as_mut().expect("waited for once");
        let outcome = operation.await;
        self.operation = None;
        outcome
    }
}

impl<F: FnMut(InFlight)> Drop for Kept<F> {
    fn drop(&mut self) {
        if let Some(operation) = self.operation.take() {
            (self.keep)(operation);
        }
    }
}

struct RealConnection(Rc<ConnectionInner>);

struct ConnectionInner {
    ring: Rc<Ring>,
    descriptor: Rc<Descriptor>,
    peer: SocketAddr,
    receiving: RefCell<Receiving>,
}

#[derive(Default)]
struct Receiving {
    /// A receive whose future was dropped.
    pending: Option<InFlight>,
    /// What such a receive brought beyond what `receive_exact` wanted.
    left: Bytes,
    /// The last receive did not empty the socket.
    more: bool,
}

impl Drop for ConnectionInner {
    fn drop(&mut self) {
        // The pending receive is canceled by its own drop.
        self.receiving.borrow_mut().pending = None;
        // A send that nobody waits for would hold the socket open for as long as the peer does not read.
        if Rc::strong_count(&self.descriptor) > 1 {
            let _already_down = shut_down(&self.descriptor);
        }
    }
}

impl ConnectionInner {
    async fn receive(&self) -> io::Result<Bytes> {
        loop {
            let operation = {
                let mut receiving = self.receiving.borrow_mut();
                if !receiving.left.is_empty() {
                    return Ok(std::mem::take(&mut receiving.left));
                }
                let more = std::mem::take(&mut receiving.more);
                receiving
                    .pending
                    .take()
                    .unwrap_or_else(|| self.ring.start(Operation::receive(&self.descriptor, !more)))
            };
            let mut kept = Kept::new(operation, |operation| {
                self.receiving.borrow_mut().pending = Some(operation);
            });
            match kept.wait().await.result {
                Ok(Product::Received(bytes, more)) => {
                    self.receiving.borrow_mut().more = more;
                    return Ok(bytes);
                }
                Ok(Product::Count(_) | Product::Descriptor(_)) => unreachable!("a receive yields bytes"),
                Err(error) if is_again(IoOperation::Receive, &error) => {
                    // More sockets had bytes than there are buffers. All buffers were given back in the reap that said
                    // so; take one in the next turn, at once, since bytes are there.
                    self.receiving.borrow_mut().more |= IoCause::of(&error) == IoCause::Buffers;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Moves what earlier receives have brought into `buffer`, up to `length`.
    async fn take_left(&self, buffer: &mut FillBuf, length: usize) -> io::Result<()> {
        loop {
            let pending = {
                let mut receiving = self.receiving.borrow_mut();
                let take = receiving.left.len().min(length - buffer.len());
                let left = receiving.left.split_to(take);
                buffer.extend_from_slice(&left);
                receiving.pending.is_some()
            };
            if !pending || buffer.len() == length {
                return Ok(());
            }
            let bytes = self.receive().await?;
            if bytes.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.receiving.borrow_mut().left = bytes;
        }
    }

    async fn receive_exact(&self, mut buffer: FillBuf, length: usize) -> io::Result<FillBuf> {
        assert!(length <= buffer.capacity(), "a buffer for {length} bytes");
        self.take_left(&mut buffer, length).await?;
        while buffer.len() < length {
            let (before, missing) = (buffer.len(), length - buffer.len());
            let operation = Operation::receive_into(&self.descriptor, buffer, missing);
            let outcome = self.ring.start(operation).await;
            let Held::Growing(back) = outcome.held else {
                unreachable!("a receive gives its buffer back")
            };
            buffer = back;
            match outcome.result {
                Ok(_) if buffer.len() == before => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if is_again(IoOperation::Receive, &error) => {}
                Err(error) => return Err(error),
            }
        }
        self.receiving.borrow_mut().more = false;
        Ok(buffer)
    }

    async fn send(&self, data: Vec<Bytes>) -> io::Result<()> {
        let mut data = advance(data, 0);
        while !data.is_empty() {
            let outcome = self.ring.start(Operation::send(&self.descriptor, data)).await;
            let sent = match outcome.result {
                Ok(Product::Count(sent)) => sent,
                Ok(Product::Descriptor(_) | Product::Received(..)) => unreachable!("a send yields a count"),
                Err(error) if is_again(IoOperation::Send, &error) => 0,
                Err(error) => return Err(error),
            };
            data = match outcome.held {
                Held::Data(piece) => advance(vec![piece], sent),
                Held::Message(message) => message.rest_after(sent),
                _ => unreachable!("a send gives its data back"),
            };
        }
        Ok(())
    }
}

impl Connection for RealConnection {
    fn receive(&self) -> LocalFuture<io::Result<Bytes>> {
        let inner = Rc::clone(&self.0);
        Box::pin(async move { inner.receive().await })
    }

    fn receive_exact(&self, buffer: FillBuf, length: usize) -> LocalFuture<io::Result<FillBuf>> {
        let inner = Rc::clone(&self.0);
        Box::pin(async move { inner.receive_exact(buffer, length).await })
    }

    fn send(&self, data: Vec<Bytes>) -> LocalFuture<io::Result<()>> {
        let inner = Rc::clone(&self.0);
        Box::pin(async move { inner.send(data).await })
    }

    fn shutdown(&self) {
        let _already_down = shut_down(&self.0.descriptor);
    }

    fn peer_address(&self) -> SocketAddr {
        self.0.peer
    }
}
