//! The admin port: `/metrics` for Prometheus, `/health/live`, `/health/ready`.
//!
//! A GET responder on the network seam, on shard 0 in the Normal class: it asks the other shards as any request does,
//! so counters need no atomics, and an answer to `/health/live` proves that the shard's loop turns. One request a
//! connection.

use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use corelog_runtime::local::Budget;
use corelog_runtime::{Connection, Listener, WorkClass, local};

use crate::metrics::Exposition;
use crate::shard::Shard;

/// Admin connections at a time; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 64;
/// The most bytes of a request's head.
const HEAD_BYTES_MAX: usize = 8192;
/// The most headers of a request.
const HEADERS_MAX: usize = 64;
/// A connection is given up when its request has not come in this time.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Accepts admin connections until the process ends.
pub async fn serve(shard: Rc<Shard>, listener: Rc<dyn Listener>) {
    let slots = Budget::new(CONNECTIONS_MAX);
    loop {
        let slot = slots.acquire(1).await;
        let accepted = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "the admin port cannot accept");
                let pause = shard.handle.clock.now() + Duration::from_millis(100);
                shard.handle.clock.sleep_until(pause).await;
                continue;
            }
        };
        let Ok(connection) = shard.handle.net.adopt(accepted) else {
            continue;
        };
        let task_shard = Rc::clone(&shard);
        shard
            .handle
            .spawn(WorkClass::Normal, "admin request", async move {
                let deadline = task_shard.handle.clock.now() + REQUEST_TIMEOUT;
                let exchange = answer(Rc::clone(&task_shard), Rc::clone(&connection));
                let clock = Rc::clone(&task_shard.handle.clock);
                // Whether it was answered or too slow, the connection ends here.
                let _ = local::timeout(&*clock, deadline, exchange).await;
                connection.shutdown();
                drop(slot);
            });
    }
}

async fn answer(shard: Rc<Shard>, connection: Rc<dyn Connection>) {
    let mut head = BytesMut::new();
    let reply = loop {
        match connection.receive().await {
            Ok(piece) if !piece.is_empty() => head.extend_from_slice(&piece),
            Ok(_) | Err(_) => return,
        }
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&head) {
            Ok(httparse::Status::Complete(_)) => {
                let method = request.method.unwrap_or_default();
                break respond(&shard, method, request.path.unwrap_or_default()).await;
            }
            Ok(httparse::Status::Partial) if head.len() < HEAD_BYTES_MAX => {}
            Ok(httparse::Status::Partial) => break reply(431, "the request's head is too large\n"),
            Err(error) => break reply(400, &format!("{error}\n")),
        }
    };
    // A client that has gone needs no answer.
    let _ = connection.send(vec![reply]).await;
}

async fn respond(shard: &Rc<Shard>, method: &str, path: &str) -> Bytes {
    if method != "GET" && method != "HEAD" {
        return reply(405, "only GET is answered here\n");
    }
    match path.split('?').next().unwrap_or_default() {
        "/metrics" => reply(200, &metrics(shard).await),
        "/health/live" => reply(200, "live\n"),
        "/health/ready" if shard.is_ready() => reply(200, "ready\n"),
        "/health/ready" => reply(
            503,
            "not ready: the broker is starting, stopping, or its journal is fenced\n",
        ),
        _ => reply(404, "try /metrics, /health/live or /health/ready\n"),
    }
}

fn reply(status: u16, body: &str) -> Bytes {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        431 => "Request Header Fields Too Large",
        _ => "Service Unavailable",
    };
    Bytes::from(format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    ))
}

async fn metrics(shard: &Rc<Shard>) -> String {
    let mut out = Exposition::default();
    let report = crate::report::collect(shard).await;
    report.print(&mut out);
    out.into_text()
}
