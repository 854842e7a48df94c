//! The way to a coordinator, of a group or of a transactional id.

use std::net::SocketAddr;

use corelog_protocol::messages::find_coordinator::{Coordinator, FindCoordinatorRequest};
use corelog_protocol::{ApiKey, ErrorCode};
use corelog_runtime::Handle;

use super::{
    BrokerConnection, ClientError, Cluster, SETUP_INTERVAL, SETUP_WAIT, is_retriable, refuse, resolve,
};

/// Whose coordinator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CoordinatorOf<'a> {
    /// A group.
    Group(&'a str),
    /// A transactional id.
    Transaction(&'a str),
}

impl CoordinatorOf<'_> {
    fn key(&self) -> &str {
        match self {
            CoordinatorOf::Group(key) | CoordinatorOf::Transaction(key) => key,
        }
    }

    /// Kafka's `CoordinatorType`.
    fn key_type(self) -> i8 {
        match self {
            CoordinatorOf::Group(_) => 0,
            CoordinatorOf::Transaction(_) => 1,
        }
    }
}

/// From this version on FindCoordinator asks for several at once.
const MANY_KEYS: i16 = 4;

/// Connects to the coordinator of `wanted`; asks again while it is not known, as it is before the first one.
///
/// # Errors
/// `Refused` after a minute, or at once if asking again is no use; `Missing` and those of a connection.
pub async fn open_coordinator(
    handle: &Handle,
    cluster: &Cluster,
    wanted: CoordinatorOf<'_>,
) -> Result<BrokerConnection, ClientError> {
    let any = cluster.brokers.iter().next();
    let (node_id, address) = any.ok_or_else(|| missing(ApiKey::Metadata, "any broker"))?;
    let mut broker = BrokerConnection::open(handle, *address).await?;
    let deadline = handle.clock.now() + SETUP_WAIT;
    let found = loop {
        let found = find(&mut broker, wanted).await?;
        let now = handle.clock.now();
        if found.error_code == ErrorCode::None.code() {
            break found;
        }
        if now >= deadline || !is_retriable(found.error_code) {
            refuse(&format!("the coordinator of {}", wanted.key()), found.error_code)?;
        }
        handle.clock.sleep_until(now + SETUP_INTERVAL).await;
    };
    if found.node_id == *node_id {
        return Ok(broker);
    }
    BrokerConnection::open(handle, address_of(cluster, &found)?).await
}

async fn find(broker: &mut BrokerConnection, wanted: CoordinatorOf<'_>) -> Result<Coordinator, ClientError> {
    let version = broker.versions().pick(ApiKey::FindCoordinator)?;
    let request = request(wanted, version);
    let response = broker.call_as(&request, version).await?;
    if version < MANY_KEYS {
        return Ok(Coordinator {
            key: wanted.key().to_owned(),
            node_id: response.node_id,
            host: response.host,
            port: response.port,
            error_code: response.error_code,
            error_message: response.error_message,
        });
    }
    let mut found = response.coordinators.into_iter();
    found
        .find(|coordinator| coordinator.key == wanted.key())
        .ok_or_else(|| missing(ApiKey::FindCoordinator, wanted.key()))
}

fn request(wanted: CoordinatorOf<'_>, version: i16) -> FindCoordinatorRequest {
    if version < MANY_KEYS {
        return FindCoordinatorRequest {
            key: wanted.key().to_owned(),
            key_type: wanted.key_type(),
            ..FindCoordinatorRequest::default()
        };
    }
    FindCoordinatorRequest {
        key_type: wanted.key_type(),
        coordinator_keys: vec![wanted.key().to_owned()],
        ..FindCoordinatorRequest::default()
    }
}

fn address_of(cluster: &Cluster, found: &Coordinator) -> Result<SocketAddr, ClientError> {
    match cluster.brokers.get(&found.node_id) {
        Some(address) => Ok(*address),
        None if found.host.contains(':') => resolve(&format!("[{}]:{}", found.host, found.port)),
        None => resolve(&format!("{}:{}", found.host, found.port)),
    }
}

fn missing(api: ApiKey, what: &str) -> ClientError {
    ClientError::Missing {
        api,
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use corelog_protocol::{Message, Writer};

    use super::*;

    #[test]
    fn each_version_can_be_written() {
        for version in ApiKey::FindCoordinator.versions() {
            let mut writer = Writer::new();
            request(CoordinatorOf::Group("a"), version)
                .encode(&mut writer, version)
                .unwrap();
            let read = FindCoordinatorRequest::from_bytes(writer.into_bytes(), version).unwrap();
            let keys = [vec![read.key], read.coordinator_keys].concat();
            assert!(keys.contains(&String::from("a")), "version {version}: {keys:?}");
        }
    }
}
