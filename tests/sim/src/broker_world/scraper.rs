//! Scrapes the admin port, as Prometheus does, over connections that it keeps.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_runtime::{Connection, local};

use super::clients::Clients;
use super::scenario::ADMIN_PORT;
use super::wire::Gone;

const INTERVAL: Duration = Duration::from_millis(50);
/// How long a scrape may take.
const PATIENCE: Duration = Duration::from_secs(15);
const REQUEST: &str = "GET /metrics HTTP/1.1\r\nHost: admin\r\nAccept: application/openmetrics-text\r\n\r\n";
/// A chunked body ends in this, and OpenMetrics in the line before.
const END: &[u8] = b"# EOF\n\r\n0\r\n\r\n";

/// Scrapes until the clients are told to close.
pub(super) async fn run(clients: Rc<Clients>) {
    let mut kept = None;
    while !clients.is_closing.get() && !clients.oracle.is_violated() {
        if scrape(&clients, &mut kept).await.is_err() {
            kept = None;
        }
        clients.sleep(INTERVAL).await;
    }
}

/// Scrapes twice over one connection, which nothing hinders now.
pub(super) async fn probe(clients: Rc<Clients>) {
    let mut kept = None;
    for _ in 0..2 {
        if scrape(&clients, &mut kept).await.is_err() {
            clients.oracle.violate("a scrape is not answered".to_owned());
        }
    }
}

async fn scrape(clients: &Clients, kept: &mut Option<Rc<dyn Connection>>) -> Result<(), Gone> {
    let clock = &*clients.handle.clock;
    let asked = ask(clients, kept);
    let answer = local::timeout(clock, clock.now() + PATIENCE, asked).await;
    let answer = answer.map_err(|_| Gone)??;
    let text = String::from_utf8_lossy(&answer);
    let is_good = text.starts_with("HTTP/1.1 200 OK\r\n")
        && text.contains("\ncorelog_partitions ")
        && text.matches("# EOF\n").count() == 1;
    if !is_good {
        let start: String = text.chars().take(200).collect();
        clients
            .oracle
            .violate(format!("a scrape is answered with {start:?}"));
    }
    Ok(())
}

async fn ask(clients: &Clients, kept: &mut Option<Rc<dyn Connection>>) -> Result<Vec<u8>, Gone> {
    let connection = match kept.take() {
        Some(connection) => connection,
        None => {
            let address = SocketAddr::new(clients.address.ip(), ADMIN_PORT);
            let connected = clients.handle.net.connect(address).await;
            connected.map_err(|_| Gone)?
        }
    };
    let request = Bytes::from_static(REQUEST.as_bytes());
    connection.send(vec![request]).await.map_err(|_| Gone)?;
    let mut answer = Vec::new();
    while !answer.ends_with(END) {
        let piece = connection.receive().await.map_err(|_| Gone)?;
        if piece.is_empty() {
            return Err(Gone);
        }
        answer.extend_from_slice(&piece);
    }
    *kept = Some(connection);
    Ok(answer)
}
