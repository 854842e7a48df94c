//! What the admin port serves: `/metrics`, `/health/live`, `/health/ready`, `/debug/*`; GET and HEAD alone, since nothing
//! here changes anything.

use std::rc::Rc;
use std::time::Duration;

use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};

use super::reply::{self, Page, Reply};
use super::{debug, health, report};
use crate::shard::Shard;
use crate::shard::metrics::Exposition;

/// How long an answer may take, from its request to its last byte.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// How long the answer to a request may take.
pub(super) fn patience(head: &Parts) -> Duration {
    ANSWER_MAX + debug::patience(target(head))
}

fn target(head: &Parts) -> &str {
    head.uri.path_and_query().map_or("/", |target| target.as_str())
}

/// Answers a request.
pub(super) async fn respond(shard: &Rc<Shard>, head: &Parts) -> Response<Page> {
    let path = head.uri.path();
    if !is_known(path) {
        let hint = "try /metrics, /health/live, /health/ready, /debug/shards or /debug/profile?seconds=5\n";
        return Reply::new(StatusCode::NOT_FOUND, hint).into_response();
    }
    if head.method != Method::GET && head.method != Method::HEAD {
        let refusal = "only GET and HEAD are answered here\n";
        return Reply::new(StatusCode::METHOD_NOT_ALLOWED, refusal).into_response();
    }
    let is_head = head.method == Method::HEAD;
    match path {
        "/metrics" if is_head => reply::headers_alone(PROMETHEUS_TEXT),
        "/metrics" => reply::response(PROMETHEUS_TEXT, Page::whole(metrics(shard).await)),
        "/health/live" => Reply::new(StatusCode::OK, "live\n").into_response(),
        "/health/ready" => health::ready(shard).await.into_response(),
        _ => debug::respond(shard, target(head), is_head).await,
    }
}

fn is_known(path: &str) -> bool {
    matches!(path, "/metrics" | "/health/live" | "/health/ready") || debug::is_known(path)
}

const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What `/metrics` says, in Prometheus' text form.
pub async fn metrics(shard: &Rc<Shard>) -> String {
    let mut out = Exposition::default();
    let report = report::collect(shard).await;
    report.print(&mut out);
    out.into_text()
}
