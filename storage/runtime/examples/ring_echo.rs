//! Prints round trips a second of a loopback echo over the real seams, between two shards on cores of their own, for
//! one connection and for 64, at 64 bytes and 16 KiB: `cargo run --release -p corelog-runtime --example ring_echo`.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use corelog_runtime::buffer::FillBuf;
use corelog_runtime::{Connection, Handle, ListenOptions, Shard, ShardsOptions, WorkClass, start_shards};

const MEASURED: Duration = Duration::from_secs(2);

fn main() {
    let options = ShardsOptions {
        shards: 2,
        allow_more_shards_than_cores: true,
        ..ShardsOptions::default()
    };
    let (sender, receiver) = mpsc::channel::<SocketAddr>();
    let receiver = Arc::new(Mutex::new(receiver));
    let shards = start_shards(&options, move |shard: Shard<()>| {
        let (sender, receiver) = (sender.clone(), Arc::clone(&receiver));
        async move {
            if shard.id.get() == 0 {
                let listener = shard
                    .handle
                    .net
                    .listen(
                        "127.0.0.1:0".parse().expect("an address"),
                        ListenOptions::default(),
                    )
                    .await;
                let listener = listener.expect("a free port");
                sender
                    .send(listener.local_address())
                    .expect("the other shard waits");
                let serve = shard.handle.clone();
                shard.handle.spawn(WorkClass::Normal, "accept", async move {
                    while let Ok(accepted) = listener.accept().await {
                        let connection = serve.net.adopt(accepted).expect("a socket");
                        serve.spawn(WorkClass::Latency, "echo", echo(connection));
                    }
                });
                shard.shutdown.requested().await;
            } else {
                let address = receiver
                    .lock()
                    .expect("nobody panics")
                    .recv()
                    .expect("the server's address");
                println!(
                    "{:>11} {:>8} {:>14} {:>9}",
                    "connections", "bytes", "round trips/s", "mean µs"
                );
                for size in [64, 16 * 1024] {
                    for connections in [1, 64] {
                        measure(&shard.handle, address, connections, size).await;
                    }
                }
                shard.shutdown.stopper().stop();
            }
        }
    });
    shards.expect("a machine that runs io_uring").join();
}

async fn echo(connection: Rc<dyn Connection>) {
    while let Ok(bytes) = connection.receive().await {
        if bytes.is_empty() || connection.send(vec![bytes]).await.is_err() {
            return;
        }
    }
}

async fn measure(handle: &Handle, address: SocketAddr, connections: u32, size: usize) {
    let total = Rc::new(Cell::new(0u64));
    let start = handle.clock.now();
    let clients = (0..connections).map(|_| {
        let (handle, total) = (handle.clone(), Rc::clone(&total));
        async move {
            let connection = handle.net.connect(address).await.expect("the server listens");
            let message = Bytes::from(vec![7; size]);
            while handle.clock.now().since(start) < MEASURED {
                connection.send(vec![message.clone()]).await.expect("sent");
                let echoed = connection.receive_exact(FillBuf::with_capacity(size), size).await;
                assert_eq!(echoed.expect("received").len(), size);
                total.set(total.get() + 1);
            }
        }
    });
    futures_util::future::join_all(clients).await;
    let seconds = handle.clock.now().since(start).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a count for people")]
    let per_second = total.get() as f64 / seconds;
    let mean_micros = f64::from(connections) * 1e6 / per_second;
    println!("{connections:>11} {size:>8} {per_second:>14.0} {mean_micros:>9.1}");
}
