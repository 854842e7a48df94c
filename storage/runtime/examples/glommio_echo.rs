//! Prints round trips a second of a loopback echo over glommio's own sockets, as `ring_echo` does over ours:
//! `cargo run --release -p corelog-runtime --example glommio_echo`.

#![expect(
    clippy::disallowed_methods,
    reason = "what is measured here is what the seams stand in for"
)]

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use glommio::net::{TcpListener, TcpStream};
use glommio::{LocalExecutorBuilder, Placement};

const MEASURED: Duration = Duration::from_secs(2);

fn main() {
    let (sender, receiver) = mpsc::channel::<SocketAddr>();
    // It serves until the process ends.
    let _server = LocalExecutorBuilder::new(Placement::Fixed(0))
        .spawn(move || async move {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = listener.local_addr().expect("its address");
            sender.send(address).expect("the client waits");
            while let Ok(stream) = listener.accept().await {
                glommio::spawn_local(echo(stream)).detach();
            }
        })
        .expect("a machine that runs io_uring");
    let address = receiver.recv().expect("the server's address");
    let client = LocalExecutorBuilder::new(Placement::Fixed(1))
        .spawn(move || async move {
            println!(
                "{:>11} {:>8} {:>14} {:>9}",
                "connections", "bytes", "round trips/s", "mean µs"
            );
            for size in [64, 16 * 1024] {
                for connections in [1, 64] {
                    measure(address, connections, size).await;
                }
            }
        })
        .expect("a machine that runs io_uring");
    client.join().expect("nobody panics");
}

async fn echo(mut stream: TcpStream) {
    let _kept = stream.set_nodelay(true);
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count) = stream.read(&mut buffer).await {
        if count == 0 || stream.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

async fn measure(address: SocketAddr, connections: u32, size: usize) {
    let total = Rc::new(Cell::new(0u64));
    let start = Instant::now();
    let clients = (0..connections).map(|_| {
        let total = Rc::clone(&total);
        async move {
            let mut stream = TcpStream::connect(address).await.expect("the server listens");
            let _kept = stream.set_nodelay(true);
            let message = vec![7; size];
            let mut echoed = vec![0; size];
            while start.elapsed() < MEASURED {
                stream.write_all(&message).await.expect("sent");
                stream.read_exact(&mut echoed).await.expect("received");
                total.set(total.get() + 1);
            }
        }
    });
    futures_util::future::join_all(clients).await;
    #[expect(clippy::cast_precision_loss, reason = "a count for people")]
    let per_second = total.get() as f64 / start.elapsed().as_secs_f64();
    let mean_micros = f64::from(connections) * 1e6 / per_second;
    println!("{connections:>11} {size:>8} {per_second:>14.0} {mean_micros:>9.1}");
}
