//! `/debug/*` of the admin port: what the shards do with their time, and a profile of the process.
//!
//! They show names of functions and cost time: `admin.debug` says who is served. See `perf/TUNING.md` for their use.

mod activity;
mod c_library;
mod profile;

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use corelog_config::{AdminDebug, BrokerConfig};

use crate::admin::reply::Reply;
use crate::shard::Shard;

/// What begins the paths of this module.
pub(super) const PREFIX: &str = "/debug/";

/// How much longer than other answers the one to this request may take.
pub(super) fn patience(target: &str) -> Duration {
    match profile::Asked::parse(target) {
        // Resolving the addresses to names takes seconds the first time.
        Some(Ok(asked)) => asked.duration() + Duration::from_secs(60),
        Some(Err(_)) | None => Duration::ZERO,
    }
}

/// Answers a request for a path that begins with [`PREFIX`].
pub(super) async fn respond(shard: &Rc<Shard>, target: &str) -> Reply {
    if !is_enabled(&shard.config()) {
        return Reply::new(403, "switched off; see the key admin.debug\n");
    }
    match (profile::Asked::parse(target), target.split('?').next()) {
        (Some(Ok(asked)), _) => profile::take(shard, asked).await,
        (Some(Err(error)), _) => Reply::new(400, &format!("{error}\n")),
        (None, Some("/debug/shards")) => Reply::new(200, &activity::page(shard).await),
        (None, _) => Reply::new(404, "try /debug/shards or /debug/profile?seconds=5\n"),
    }
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
