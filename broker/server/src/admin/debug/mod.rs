//! `/debug/*` of the admin port: what the shards do with their time, who is connected, and a profile of the process.
//!
//! They show names of functions and addresses of clients and cost time: `admin.debug` says who is served. See `perf/TUNING.md` for their use.

mod activity;
mod c_library;
mod connections;
mod profile;

use std::net::IpAddr;
use std::time::Duration;

use corelog_config::{AdminDebug, BrokerConfig};
use hyper::{Response, StatusCode};

use crate::admin::reply::{self, Page, Reply};
use crate::shard::Shard;

const SHARDS: &str = "/debug/shards";
const CONNECTIONS: &str = "/debug/connections";

/// Whether there is a page of this path here.
pub(super) fn is_known(path: &str) -> bool {
    matches!(path, SHARDS | CONNECTIONS | profile::PATH)
}

/// How much longer than other answers the one to this request may take.
pub(super) fn patience(target: &str) -> Duration {
    match profile::Asked::parse(target) {
        // Resolving the addresses to names takes seconds the first time.
        Some(Ok(asked)) => asked.duration() + Duration::from_secs(60),
        Some(Err(_)) | None => Duration::ZERO,
    }
}

/// Answers a request for a path that is known here; a HEAD takes no profile.
pub(super) async fn respond(shard: &Shard, target: &str, is_head: bool) -> Response<Page> {
    if !is_enabled(&shard.metadata.config()) {
        let refusal = "switched off; see the key admin.debug\n";
        return Reply::new(StatusCode::FORBIDDEN, refusal).into_response();
    }
    let reply = match profile::Asked::parse(target) {
        Some(Ok(_)) if is_head => return reply::text_headers_alone(),
        Some(Ok(asked)) => profile::take(&*shard.handle.clock, asked).await,
        Some(Err(error)) => Reply::new(StatusCode::BAD_REQUEST, &format!("{error}\n")),
        None if target.split('?').next() == Some(CONNECTIONS) => {
            return reply::response(reply::JSON, Page::whole(connections::page(shard).await));
        }
        None => Reply::new(StatusCode::OK, &activity::page(&shard.shards).await),
    };
    reply.into_response()
}

/// Whether the configuration lets these be served: `auto` where only this machine reaches the admin port.
fn is_enabled(config: &BrokerConfig) -> bool {
    match config.network.admin_debug {
        AdminDebug::Always => true,
        AdminDebug::Never => false,
        AdminDebug::Auto => is_loopback(&config.network.admin_listener.0),
    }
}

fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        // The one name that needs nobody to be asked.
        Err(_) => host == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_served_by_default() {
        let check = |pairs: &[(&str, &str)], expected: bool| {
            let config = BrokerConfig::from_pairs(pairs).unwrap();
            assert_eq!(is_enabled(&config), expected, "{pairs:?}");
        };
        check(&[], true);
        check(&[("admin.listener", "[::1]:1")], true);
        check(&[("admin.listener", "localhost:1")], true);
        check(&[("admin.listener", ":1")], false);
        check(&[("admin.listener", "10.0.0.1:1")], false);
        check(&[("admin.listener", "10.0.0.1:1"), ("admin.debug", "true")], true);
        check(&[("admin.debug", "false")], false);
    }

    #[test]
    fn a_profile_is_waited_for() {
        assert_eq!(patience("/debug/profile?seconds=7"), Duration::from_secs(67));
        assert_eq!(patience("/debug/shards"), Duration::ZERO);
    }
}
