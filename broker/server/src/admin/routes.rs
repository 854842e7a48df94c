//! What the admin port serves: `/metrics`, `/health/live`, `/health/ready`, `/debug/*`; GET and HEAD alone, since nothing
//! here changes anything.

use std::rc::Rc;
use std::time::Duration;

use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};

use super::metrics::{Format, Scrapes};
use super::reply::{self, Page, Reply};
use super::{debug, health};
use crate::shard::Shard;

const METRICS: &str = "/metrics";
/// How long an answer may take, from its request to its last byte.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// And that much longer where it may tell of very many partitions.
const METRICS_MORE: Duration = Duration::from_secs(50);

/// How long the answer to a request may take.
pub(super) fn patience(head: &Parts) -> Duration {
    match head.uri.path() {
        METRICS => ANSWER_MAX + METRICS_MORE,
        _ => ANSWER_MAX + debug::patience(target(head)),
    }
}

fn target(head: &Parts) -> &str {
    head.uri.path_and_query().map_or("/", |target| target.as_str())
}

/// Answers a request.
pub(super) async fn respond(shard: &Rc<Shard>, scrapes: &Scrapes, head: &Parts) -> Response<Page> {
    let path = head.uri.path();
    if !is_known(path) {
        let hint = "try /metrics, /health/live, /health/ready, /debug/shards, /debug/connections or /debug/profile?seconds=5\n";
        return Reply::new(StatusCode::NOT_FOUND, hint).into_response();
    }
    if head.method != Method::GET && head.method != Method::HEAD {
        let refusal = "only GET and HEAD are answered here\n";
        return Reply::new(StatusCode::METHOD_NOT_ALLOWED, refusal).into_response();
    }
    let is_head = head.method == Method::HEAD;
    match path {
        METRICS => {
            let format = Format::of_headers(&head.headers);
            if is_head {
                return reply::headers_alone(format.content_type());
            }
            let pieces = scrapes.scrape(shard, format).await;
            reply::response(format.content_type(), Page::pieces(pieces))
        }
        "/health/live" => Reply::new(StatusCode::OK, "live\n").into_response(),
        "/health/ready" => health::ready(&shard.shards).await.into_response(),
        _ => debug::respond(shard, target(head), is_head).await,
    }
}

fn is_known(path: &str) -> bool {
    matches!(path, METRICS | "/health/live" | "/health/ready") || debug::is_known(path)
}
