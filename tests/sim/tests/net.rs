//! What the simulated network delivers, and how it cuts.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use corelog_model::ShardId;
use corelog_runtime::buffer::FillBuf;
use corelog_runtime::{Connection, Handle, ListenOptions, WorkClass};
use corelog_sim::{Machine, Options, Simulation};

const PORT: u16 = 9092;

struct Pair {
    sim: Simulation,
    client: Machine,
    server: Machine,
}

impl Pair {
    fn new(seed: u64) -> Pair {
        let sim = Simulation::new(seed, Options::default());
        let (client, server) = (sim.machine(0), sim.machine(1));
        Pair { sim, client, server }
    }

    fn handles(&self) -> (Handle, Handle) {
        let shard = ShardId::new(0);
        (self.client.handle_for(shard), self.server.handle_for(shard))
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::new(self.server.address(), PORT)
    }

    /// A server that sends everything back, adopting on shard 1 what shard 0 accepts.
    async fn echo(&self) {
        let (_, handle) = self.handles();
        let other = self.server.handle_for(ShardId::new(1));
        let listener = handle
            .net
            .listen(self.address(), ListenOptions::default())
            .await
            .unwrap();
        let spawner = handle.clone();
        handle.spawn(WorkClass::Latency, "acceptor", async move {
            loop {
                let accepted = listener.accept().await.unwrap();
                let connection = other.net.adopt(accepted).unwrap();
                spawner.spawn(WorkClass::Latency, "echo", async move {
                    while let Ok(data) = connection.receive().await {
                        if data.is_empty() || connection.send(vec![data]).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
    }
}

fn pattern(length: usize) -> Bytes {
    (0..length)
        .map(|index| u8::try_from(index % 251).unwrap())
        .collect::<Vec<u8>>()
        .into()
}

#[test]
fn bytes_arrive_in_order_in_pieces_of_any_size() {
    let mut sizes = std::collections::BTreeSet::new();
    for seed in 0..8 {
        let pair = Pair::new(seed);
        pair.sim.block_on(async {
            pair.echo().await;
            let (client, _) = pair.handles();
            let connection = client.net.connect(pair.address()).await.unwrap();
            let sent = pattern(100_000);
            connection
                .send(vec![sent.slice(..40_000), sent.slice(40_000..)])
                .await
                .unwrap();
            let mut back = FillBuf::with_capacity(100_000);
            while back.len() < 50_000 {
                let piece = connection.receive().await.unwrap();
                assert!((1..=16 * 1024).contains(&piece.len()));
                sizes.insert(piece.len());
                back.extend_from_slice(&piece);
            }
            let back = connection.receive_exact(back, 100_000).await.unwrap().freeze();
            assert_eq!(back, sent);
        });
        // The echo notices that the client has gone and goes too.
        pair.sim.run_for(Duration::from_secs(1));
        assert_eq!(pair.sim.connection_count(), 0);
    }
    assert!(sizes.len() > 20, "pieces had only {sizes:?} bytes");
}

#[test]
fn nobody_listening_is_refused_and_a_partition_times_out() {
    let pair = Pair::new(1);
    pair.sim.block_on(async {
        let (client, _) = pair.handles();
        let kind = |result: std::io::Result<Rc<dyn Connection>>| result.err().map(|error| error.kind());
        assert_eq!(
            kind(client.net.connect(pair.address()).await),
            Some(ErrorKind::ConnectionRefused)
        );
        pair.echo().await;
        pair.client.part_from(&pair.server);
        assert_eq!(
            kind(client.net.connect(pair.address()).await),
            Some(ErrorKind::TimedOut)
        );
        pair.sim.heal_network();
        assert_eq!(kind(client.net.connect(pair.address()).await), None);
    });
}

#[test]
fn a_short_partition_holds_bytes_up_and_a_long_one_cuts() {
    let check = |seconds: u64| {
        let pair = Pair::new(2);
        pair.sim.block_on(async {
            pair.echo().await;
            let (client, _) = pair.handles();
            let connection = client.net.connect(pair.address()).await.unwrap();
            pair.client.part_from(&pair.server);
            connection.send(vec![Bytes::from_static(b"ping")]).await.unwrap();
            pair.sim.sleep(Duration::from_secs(seconds)).await;
            pair.sim.heal_network();
            connection
                .receive_exact(FillBuf::with_capacity(4), 4)
                .await
                .map(FillBuf::freeze)
                .map_err(|error| error.kind())
        })
    };
    assert_eq!(check(3).unwrap(), "ping");
    assert_eq!(check(30).unwrap_err(), ErrorKind::ConnectionReset);
}

#[test]
fn a_cut_delivers_a_prefix_and_then_a_reset() {
    let mut partial = 0;
    for seed in 0..32 {
        let pair = Pair::new(seed);
        let got = Rc::new(RefCell::new(BytesMut::new()));
        let ended = Rc::new(Cell::new(None));
        let sent = pattern(20_000);
        pair.sim.block_on(async {
            let (client, server) = pair.handles();
            let listener = server
                .net
                .listen(pair.address(), ListenOptions::default())
                .await
                .unwrap();
            let (adopter, into, end) = (server.clone(), Rc::clone(&got), Rc::clone(&ended));
            server.spawn(WorkClass::Latency, "reader", async move {
                let connection = adopter.net.adopt(listener.accept().await.unwrap()).unwrap();
                loop {
                    match connection.receive().await {
                        Ok(data) if data.is_empty() => return,
                        Ok(data) => into.borrow_mut().extend_from_slice(&data),
                        Err(error) => return end.set(Some(error.kind())),
                    }
                }
            });
            let connection = client.net.connect(pair.address()).await.unwrap();
            pair.sim.edit_network(|net| net.cut = 1_000_000);
            // The sender may learn of it, or not yet.
            drop(connection.send(vec![sent.clone()]).await);
            pair.sim.sleep(Duration::from_secs(1)).await;
        });
        let got = got.borrow();
        assert_eq!(sent[..got.len()], got[..]);
        assert_eq!(ended.get(), Some(ErrorKind::ConnectionReset));
        partial += u32::from(!got.is_empty() && got.len() < sent.len());
    }
    assert!(partial > 16, "{partial} of 32 were cut in the middle");
}

#[test]
fn a_killed_server_resets_its_peers_and_frees_its_port() {
    let pair = Pair::new(3);
    pair.sim.block_on(async {
        pair.echo().await;
        let (client, _) = pair.handles();
        let connection = client.net.connect(pair.address()).await.unwrap();
        pair.server.kill();
        assert_eq!(
            connection.receive().await.unwrap_err().kind(),
            ErrorKind::ConnectionReset
        );
        pair.echo().await;
        let connection = client.net.connect(pair.address()).await.unwrap();
        connection.send(vec![Bytes::from_static(b"again")]).await.unwrap();
        assert_eq!(
            connection
                .receive_exact(FillBuf::with_capacity(5), 5)
                .await
                .unwrap()
                .freeze(),
            "again"
        );
    });
}

#[test]
fn a_send_waits_for_room_and_a_shutdown_ends_it() {
    let pair = Pair::new(4);
    pair.sim.block_on(async {
        let (client, server) = pair.handles();
        let listener = server
            .net
            .listen(pair.address(), ListenOptions::default())
            .await
            .unwrap();
        let connection = client.net.connect(pair.address()).await.unwrap();
        let silent = server.net.adopt(listener.accept().await.unwrap()).unwrap();
        let done = Rc::new(Cell::new(None));
        let (sender, result) = (Rc::clone(&connection), Rc::clone(&done));
        client.spawn(WorkClass::Normal, "sender", async move {
            result.set(Some(sender.send(vec![pattern(1 << 20)]).await.is_ok()));
        });
        pair.sim.sleep(Duration::from_secs(5)).await;
        assert_eq!(done.get(), None);
        connection.shutdown();
        pair.sim.sleep(Duration::from_secs(1)).await;
        assert_eq!(done.get(), Some(false));
        assert!(connection.receive().await.unwrap().is_empty());
        drop(silent);
    });
}
