//! The admin port: `/metrics` for Prometheus, `/health/live`, `/health/ready`, `/debug/*`.
//!
//! A GET responder on the network seam, on shard 0 in the Normal class: it asks the other shards as any request does,
//! so counters need no atomics, and an answer to `/health/live` proves that the shard's loop turns. One request a
//! connection.

use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use corelog_runtime::descriptors::ADMIN_CONNECTIONS_MAX;
use corelog_runtime::local::Budget;
use corelog_runtime::{Connection, Listener, WorkClass, local};

use super::reply::Reply;
use super::{debug, health, report};
use crate::shard::Shard;
use crate::shard::metrics::Exposition;

/// The most bytes of a request's head.
const HEAD_BYTES_MAX: usize = 8192;
/// The most headers of a request.
const HEADERS_MAX: usize = 64;
/// A connection is given up when its request has not come, or its answer was not taken, in this time.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Accepts admin connections until the process ends.
pub(crate) async fn serve(shard: Rc<Shard>, listener: Rc<dyn Listener>) {
    // Further ones wait to be accepted.
    let slots = Budget::new(ADMIN_CONNECTIONS_MAX);
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
                answer(&task_shard, &connection).await;
                connection.shutdown();
                drop(slot);
            });
    }
}

/// A request, as far as it matters here.
struct Request {
    method: String,
    target: String,
}

/// Whether it was answered or too slow, the connection ends behind this.
async fn answer(shard: &Rc<Shard>, connection: &Rc<dyn Connection>) {
    let clock = Rc::clone(&shard.handle.clock);
    let soon = || clock.now() + REQUEST_TIMEOUT;
    let reply = match local::timeout(&*clock, soon(), receive(connection)).await {
        Ok(Some(Ok(request))) => {
            let patience = debug::patience(&request.target);
            let responded = respond(shard, &request.method, &request.target);
            match local::timeout(&*clock, soon() + patience, responded).await {
                Ok(reply) => reply,
                Err(_) => return,
            }
        }
        Ok(Some(Err(refusal))) => refusal,
        Ok(None) | Err(_) => return,
    };
    // A client that has gone, or does not take it, needs no answer.
    let _ = local::timeout(&*clock, soon(), connection.send(vec![reply.into_bytes()])).await;
}

/// The request, or how it is refused; `None` if the client went away.
async fn receive(connection: &Rc<dyn Connection>) -> Option<Result<Request, Reply>> {
    let mut head = BytesMut::new();
    loop {
        match connection.receive().await {
            Ok(piece) if !piece.is_empty() => head.extend_from_slice(&piece),
            Ok(_) | Err(_) => return None,
        }
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&head) {
            Ok(httparse::Status::Complete(_)) => {
                return Some(Ok(Request {
                    method: request.method.unwrap_or_default().to_owned(),
                    target: request.path.unwrap_or_default().to_owned(),
                }));
            }
            Ok(httparse::Status::Partial) if head.len() < HEAD_BYTES_MAX => {}
            Ok(httparse::Status::Partial) => {
                return Some(Err(Reply::new(431, "the request's head is too large\n")));
            }
            Err(error) => return Some(Err(Reply::new(400, &format!("{error}\n")))),
        }
    }
}

async fn respond(shard: &Rc<Shard>, method: &str, target: &str) -> Reply {
    if method != "GET" && method != "HEAD" {
        return Reply::new(405, "only GET is answered here\n");
    }
    if target.starts_with(debug::PREFIX) {
        return debug::respond(shard, target).await;
    }
    match target.split('?').next().unwrap_or_default() {
        "/metrics" => Reply::new(200, &metrics(shard).await),
        "/health/live" => Reply::new(200, "live\n"),
        "/health/ready" => health::ready(shard).await,
        _ => Reply::new(
            404,
            "try /metrics, /health/live, /health/ready or /debug/shards\n",
        ),
    }
}

/// What `/metrics` says, in Prometheus' text form.
pub async fn metrics(shard: &Rc<Shard>) -> String {
    let mut out = Exposition::default();
    let report = report::collect(shard).await;
    report.print(&mut out);
    out.into_text()
}
