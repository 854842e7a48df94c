//! The admin port's connections: HTTP/1.1 by hyper over the network seam, on shard 0 in the Normal class. It asks the other
//! shards as any request does, so that an answer to `/health/live` proves that the shard's loop turns.
//!
//! Everything has a limit: connections ([`ADMIN_CONNECTIONS_MAX`]), a request's head and body, and the time of each step
//! ([`Pace`]). A connection is kept for further requests; one that is idle makes room when all places are taken.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use corelog_runtime::descriptors::ADMIN_CONNECTIONS_MAX;
use corelog_runtime::local::{Notify, Permit, Semaphore, select};
use corelog_runtime::{Connection, Listener, WorkClass};
use hyper::body::{Body as _, Incoming};
use hyper::header::{DATE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};

use super::metrics::Scrapes;
use super::pace::Pace;
use super::reply::{Page, Reply};
use super::routes;
use super::stream::Stream;
use crate::shard::Shard;

/// The most bytes of a request's head.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// The most headers of a request.
const HEADERS_MAX: usize = 64;
/// The most bytes of a request's body, which is read and not looked at.
const BODY_BYTES_MAX: usize = 64 << 10;
/// The most bytes that hyper keeps of what comes, and, beside one piece of a page, of what goes out.
const BUFFER_BYTES_MAX: usize = 64 << 10;

/// Accepts admin connections until the process ends.
pub async fn serve(shard: Rc<Shard>, listener: Rc<dyn Listener>) {
    let slots = Semaphore::new(ADMIN_CONNECTIONS_MAX);
    let (crowded, scrapes) = (Notify::new(), Scrapes::new());
    loop {
        let slot = slot(&slots, &crowded).await;
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
        let (task_shard, crowded, scrapes) = (Rc::clone(&shard), crowded.clone(), scrapes.clone());
        shard
            .handle
            .spawn(WorkClass::Normal, "admin request", async move {
                converse(&task_shard, &scrapes, connection, crowded).await;
                drop(slot);
            });
    }
}

/// A place for one more connection; further ones wait to be accepted.
async fn slot(slots: &Semaphore, crowded: &Notify) -> Permit {
    if let Some(slot) = slots.try_acquire(1) {
        return slot;
    }
    crowded.notify_all();
    slots.acquire(1).await
}

/// Answers what a connection asks until either side ends it.
async fn converse(shard: &Rc<Shard>, scrapes: &Scrapes, connection: Rc<dyn Connection>, crowded: Notify) {
    let pace = Rc::new(Pace::new(Rc::clone(&shard.handle.clock), crowded));
    let stream = Stream::new(Rc::clone(&connection), Rc::clone(&pace));
    let service = service_fn(|request| answer(shard, scrapes, &pace, request));
    let http = http1::Builder::new()
        .max_headers(HEADERS_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        // Both would read the machine's clock past the seams.
        .header_read_timeout(None)
        .auto_date_header(false)
        .serve_connection(stream, service);
    // A client that has gone, sends what is no HTTP or takes too long is no fault of ours; hyper has answered what it can.
    let _ = select(http, pace.is_over()).await;
    connection.shutdown();
}

async fn answer(
    shard: &Rc<Shard>,
    scrapes: &Scrapes,
    pace: &Rc<Pace>,
    request: Request<Incoming>,
) -> Result<Response<Page>, Infallible> {
    let (head, body) = request.into_parts();
    let answering = pace.answers(routes::patience(&head));
    let mut response = if is_drained(body).await {
        routes::respond(shard, scrapes, &head).await
    } else {
        let refusal = "no request here has a body of more than 64 KiB\n";
        Reply::new(StatusCode::PAYLOAD_TOO_LARGE, refusal).into_response()
    };
    if let Some(date) = date(shard) {
        response.headers_mut().insert(DATE, date);
    }
    response.body_mut().hold(answering);
    Ok(response)
}

/// Reads a request's body, so that the next request of the connection can be found; false if it is too long.
async fn is_drained(mut body: Incoming) -> bool {
    let mut left = BODY_BYTES_MAX;
    loop {
        match poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            None => return true,
            Some(Ok(frame)) => match left.checked_sub(frame.data_ref().map_or(0, bytes::Bytes::len)) {
                Some(rest) => left = rest,
                None => return false,
            },
            // The client has gone; nobody takes the answer.
            Some(Err(_)) => return true,
        }
    }
}

/// The wall clock, as HTTP writes it.
fn date(shard: &Shard) -> Option<HeaderValue> {
    let since_epoch = u64::try_from(shard.handle.clock.wall().get()).ok()?;
    let time = UNIX_EPOCH.checked_add(Duration::from_millis(since_epoch))?;
    // Four digits is what the format has for a year.
    const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);
    (Duration::from_millis(since_epoch) < YEAR_10000)
        .then(|| HeaderValue::try_from(httpdate::fmt_http_date(time)).ok())
        .flatten()
}
