//! Sockets over the real kernel's loopback.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;

use crate::common::{all, on_one_shard, with_options};
use bytes::Bytes;
use corelog_runtime::buffer::FillBuf;
use corelog_runtime::{
    AcceptedSocket, Connection, Handle, ListenOptions, Listener, ShardsOptions, WorkClass,
};
use futures_util::FutureExt;
use futures_util::future::{join, join3};
use rustix::net::sockopt;

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

async fn pair(handle: &Handle, address: SocketAddr) -> (Rc<dyn Connection>, Rc<dyn Connection>) {
    let listener = handle
        .net
        .listen(address, ListenOptions::default())
        .await
        .unwrap();
    let client = handle.net.connect(listener.local_address()).await.unwrap();
    let accepted = listener.accept().await.unwrap();
    (client, handle.net.adopt(accepted).unwrap())
}

/// A peer that goes without a word, its power cut say, is missed by the kernel alone.
#[test]
fn the_kernel_asks_whether_silent_peers_are_there() {
    on_one_shard(async |handle: Handle| {
        let (client, served) = pair(&handle, loopback()).await;
        // proc_net_tcp(5): local and remote address and port, state, queues, then the timer that is active; 2 is the
        // keepalive's.
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let port = format!(":{:04X}", served.peer_address().port());
        let row = table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .find(|row| row.get(2).is_some_and(|remote| remote.ends_with(&port)));
        let timer = row.expect("the served socket is there")[5];
        assert!(timer.starts_with("02:"), "{timer}");
        drop(client);
    });
}

#[test]
fn what_listens_has_the_sizes_that_were_asked_for() {
    on_one_shard(async |handle: Handle| {
        let sizes = ListenOptions {
            backlog: Some(2),
            send_buffer_bytes: Some(20_000),
            receive_buffer_bytes: Some(30_000),
        };
        let listener = handle.net.listen(loopback(), sizes).await.unwrap();
        let address = listener.local_address();
        let _client = handle.net.connect(address).await.unwrap();
        let accepted = listener.accept().await.unwrap();
        let AcceptedSocket::Descriptor(socket) = &accepted.socket else {
            unreachable!("a socket of the kernel's")
        };
        // The kernel takes as much again for its own books (socket(7)).
        assert_eq!(sockopt::socket_send_buffer_size(socket).unwrap(), 40_000);
        assert_eq!(sockopt::socket_recv_buffer_size(socket).unwrap(), 60_000);
        let mut waiting = Vec::new();
        for _ in 0..3 {
            waiting.push(handle.net.connect(address).await.unwrap());
        }
        // Two wait and one more; the kernel takes no fourth before one is accepted.
        let mut fourth = handle.net.connect(address);
        assert!(futures_util::poll!(&mut fourth).is_pending());
        for _ in 0..3 {
            drop(listener.accept().await.unwrap());
        }
        // Its handshake is tried again.
        drop(fourth.await.unwrap());
    });
}

/// Echoes on each connection until its end.
fn serve_echo(handle: &Handle, listener: Rc<dyn Listener>) {
    let serve = handle.clone();
    handle.spawn(WorkClass::Normal, "accept", async move {
        loop {
            let connection = serve.net.adopt(listener.accept().await.unwrap()).unwrap();
            serve.spawn(WorkClass::Latency, "echo", async move {
                loop {
                    match connection.receive().await {
                        Ok(bytes) if !bytes.is_empty() => connection.send(vec![bytes]).await.unwrap(),
                        _ => return,
                    }
                }
            });
        }
    });
}

#[test]
fn echo_of_64_connections() {
    on_one_shard(async |handle: Handle| {
        let listener = handle
            .net
            .listen(loopback(), ListenOptions::default())
            .await
            .unwrap();
        let address = listener.local_address();
        serve_echo(&handle, listener);
        let clients = (0..64usize).map(|client| {
            let handle = handle.clone();
            async move {
                let connection = handle.net.connect(address).await.unwrap();
                for round in 0..50usize {
                    let message =
                        crate::common::pattern(client * 50 + round, 4096).slice(..1 + (round * 61) % 4096);
                    connection.send(vec![message.clone()]).await.unwrap();
                    let echoed = connection
                        .receive_exact(FillBuf::with_capacity(message.len()), message.len())
                        .await;
                    assert_eq!(echoed.unwrap()[..], message[..]);
                }
            }
        });
        all(clients.collect()).await;
    });
}

/// More sockets with bytes at once than there are buffers.
#[test]
fn few_buffers_serve_many_connections() {
    let options = ShardsOptions {
        receive_buffers: 2,
        ..crate::common::options(1)
    };
    with_options(&options, async |handle: Handle| {
        let pairs = all((0..40).map(|_| pair(&handle, loopback())).collect()).await;
        for round in 0..20usize {
            let receives: Vec<_> = pairs.iter().map(|(_, server)| server.receive()).collect();
            for (index, (client, _)) in pairs.iter().enumerate() {
                let message = crate::common::pattern(index + round, 4096).slice(..100);
                client.send(vec![message]).await.unwrap();
            }
            for (index, received) in all(receives).await.into_iter().enumerate() {
                assert_eq!(
                    received.unwrap(),
                    crate::common::pattern(index + round, 4096).slice(..100)
                );
            }
        }
    });
}

#[test]
fn large_frames_of_many_pieces() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        on_one_shard(async move |handle: Handle| {
            let (client, server) = pair(&handle, address.parse().unwrap()).await;
            let frame = crate::common::pattern(5, 32 << 20);
            // More pieces than IOV_MAX, some of them empty.
            let pieces: Vec<Bytes> = (0..frame.len())
                .step_by(8 * 1024)
                .flat_map(|at| [Bytes::new(), frame.slice(at..at + 8 * 1024)])
                .collect();
            let mut head = FillBuf::with_capacity(4 + frame.len());
            head.extend_from_slice(b"head");
            let (sent, received) =
                join(client.send(pieces), server.receive_exact(head, 4 + frame.len())).await;
            sent.unwrap();
            let received = received.unwrap();
            assert_eq!(received[..4], *b"head");
            assert!(received[4..] == frame[..], "the frame arrived damaged");
        });
    }
}

#[test]
fn the_end_of_a_stream() {
    on_one_shard(async |handle: Handle| {
        let (client, server) = pair(&handle, loopback()).await;
        client.send(vec![Bytes::from_static(b"bye")]).await.unwrap();
        drop(client);
        assert_eq!(server.receive().await.unwrap(), "bye");
        assert_eq!(server.receive().await.unwrap(), "");

        let (client, server) = pair(&handle, loopback()).await;
        client.send(vec![Bytes::from_static(b"ab")]).await.unwrap();
        drop(client);
        let error = server
            .receive_exact(FillBuf::with_capacity(3), 3)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    });
}

#[test]
fn a_peer_that_resets() {
    on_one_shard(async |handle: Handle| {
        let (client, server) = pair(&handle, loopback()).await;
        // Closing with bytes unread makes the kernel reset the connection.
        client.send(vec![Bytes::from_static(b"unread")]).await.unwrap();
        assert!(server.receive().now_or_never().is_none());
        server.shutdown();
        drop(server);
        let mut outcome = Ok(());
        while outcome.is_ok() {
            outcome = client.send(vec![Bytes::from(vec![0; 1 << 16])]).await;
        }
        let kind = outcome.unwrap_err().kind();
        assert!(
            matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset),
            "{kind:?}"
        );
    });
}

#[test]
fn shutdown_ends_what_is_under_way() {
    on_one_shard(async |handle: Handle| {
        let (client, server) = pair(&handle, loopback()).await;
        let receive = server.receive();
        let send = server.send(vec![Bytes::from(vec![0; 64 << 20])]);
        let stop = async {
            // The client's side sees that the send is under way.
            assert!(!client.receive().await.unwrap().is_empty());
            server.shutdown();
        };
        let (received, sent, ()) = join3(receive, send, stop).await;
        assert_eq!(received.unwrap(), "");
        assert!(sent.is_err());
    });
}

#[test]
fn a_dropped_receive_loses_nothing() {
    on_one_shard(async |handle: Handle| {
        let (client, server) = pair(&handle, loopback()).await;
        assert!(server.receive().now_or_never().is_none());
        client.send(vec![Bytes::from_static(b"abcdef")]).await.unwrap();
        let received = server.receive_exact(FillBuf::with_capacity(4), 4).await.unwrap();
        assert_eq!(&received[..], b"abcd");
        assert_eq!(server.receive().await.unwrap(), "ef");
    });
}

#[test]
fn a_connect_that_is_refused() {
    on_one_shard(async |handle: Handle| {
        let free = handle
            .net
            .listen(loopback(), ListenOptions::default())
            .await
            .unwrap()
            .local_address();
        let error = handle.net.connect(free).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let taken = handle
            .net
            .listen(loopback(), ListenOptions::default())
            .await
            .unwrap();
        let error = handle
            .net
            .listen(taken.local_address(), ListenOptions::default())
            .await
            .err()
            .unwrap();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    });
}

#[test]
fn dropped_connections_close() {
    on_one_shard(async |handle: Handle| {
        let (client, server) = pair(&handle, loopback()).await;
        // A receive and a send that a peer who does not read holds up.
        assert!(server.receive().now_or_never().is_none());
        assert!(
            server
                .send(vec![Bytes::from(vec![1; 64 << 20])])
                .now_or_never()
                .is_none()
        );
        drop(server);
        // The peer comes to an end, although neither operation had completed.
        let mut total = 0;
        loop {
            match client.receive().await {
                Ok(bytes) if bytes.is_empty() => break,
                Ok(bytes) => total += bytes.len(),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(total < 64 << 20);
    });
}
