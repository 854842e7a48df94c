//! The client: connections to the brokers of a cluster, metadata, retries.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use corelog_protocol::messages::find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse};
use corelog_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use corelog_protocol::{ApiKey, ErrorCode, Request};

use crate::address::Address;
use crate::api_error::ApiError;
use crate::cluster::{Cluster, TopicInfo};
use crate::connection::{Connection, ConnectionOptions};
use crate::error::{ClientError, ConnectionError};
use crate::retry::Retry;

/// From this version FindCoordinator takes many keys.
const COORDINATOR_BATCHES: i16 = 4;

/// How the client finds and talks to a cluster.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Where to ask first; any that answers will do.
    pub bootstrap: Vec<Address>,
    /// How connections are made.
    pub connection: ConnectionOptions,
    /// How long an operation is tried again after errors that pass by themselves.
    pub retry_time_max: Duration,
}

impl ClientOptions {
    /// The defaults, for a cluster found through `bootstrap`.
    pub fn new(bootstrap: Vec<Address>) -> ClientOptions {
        ClientOptions {
            bootstrap,
            connection: ConnectionOptions::default(),
            retry_time_max: Duration::from_secs(15),
        }
    }
}

/// Who takes a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    /// Any broker.
    Any,
    /// The controller.
    Controller,
    /// The broker of that node id.
    Broker(i32),
    /// The coordinator of that group.
    Coordinator(String),
    /// The coordinator of that transactional id.
    TransactionCoordinator(String),
}

/// What has a coordinator; the numbers are FindCoordinator's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(i8)]
enum KeyType {
    Group = 0,
    Transaction = 1,
}

impl KeyType {
    fn subject(self, key: &str) -> String {
        match self {
            KeyType::Group => format!("the coordinator of group {key}"),
            KeyType::Transaction => format!("the coordinator of transactional id {key}"),
        }
    }
}

/// A client of one cluster. Blocking, for one thread.
#[derive(Debug)]
pub struct Client {
    options: ClientOptions,
    connections: BTreeMap<Address, Connection>,
    coordinators: BTreeMap<(KeyType, String), (i32, Address)>,
    cluster: Cluster,
}

impl Client {
    /// Connects to the first bootstrap server that answers, and learns the brokers.
    ///
    /// # Errors
    /// `Bootstrap` with each server's failure; else see [`ClientError`].
    pub fn connect(options: ClientOptions) -> Result<Client, ClientError> {
        let mut client = Client {
            options,
            connections: BTreeMap::new(),
            coordinators: BTreeMap::new(),
            cluster: Cluster::default(),
        };
        client.load_metadata(Some(&[]), false)?;
        Ok(client)
    }

    /// The cluster as it was last seen.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The versions of the broker that answers first, by API: ours and its, for reports.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn broker_versions(&mut self) -> Result<corelog_protocol::BrokerVersions, ClientError> {
        let address = self.address(&Target::Any)?;
        Ok(self.connection(&address)?.versions().clone())
    }

    /// Loads the metadata of all topics.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn topics(&mut self) -> Result<Vec<TopicInfo>, ClientError> {
        self.cluster.topics.clear();
        self.retrying(|client| client.load_metadata(None, false).map(|_| ()))?;
        Ok(self.cluster.topics.values().cloned().collect())
    }

    /// Loads the metadata of one topic. Its creation is asked for if `create` and the broker allow it.
    ///
    /// # Errors
    /// `NoTopic`; else see [`ClientError`].
    pub fn topic(&mut self, name: &str, create: bool) -> Result<TopicInfo, ClientError> {
        let result = self.retrying(|client| {
            let refused = client.load_metadata(Some(&[name]), create)?;
            match refused.get(name) {
                None => client.cluster.topic(name).cloned(),
                // A topic that is being created is unknown for a moment; else unknown is final.
                Some(error) if error.code() == Some(ErrorCode::UnknownTopicOrPartition) && !create => {
                    Err(ClientError::NoTopic(name.to_owned()))
                }
                Some(error) => Err(ClientError::refused(format!("topic {name}"), error.clone())),
            }
        });
        match result {
            Err(error) if error.code() == Some(ErrorCode::UnknownTopicOrPartition) => {
                Err(ClientError::NoTopic(name.to_owned()))
            }
            other => other,
        }
    }

    /// Loads the metadata of all topics, once.
    pub(crate) fn refresh_all_topics(&mut self) -> Result<(), ClientError> {
        self.load_metadata(None, false).map(|_| ())
    }

    /// Loads metadata: of all topics (`None`), or of these. Returns what the broker refused.
    fn load_metadata(
        &mut self,
        topics: Option<&[&str]>,
        create: bool,
    ) -> Result<BTreeMap<String, ApiError>, ClientError> {
        let request = |version: i16| {
            let named = topics.map(|names| {
                names
                    .iter()
                    .map(|name| MetadataRequestTopic {
                        name: Some((*name).to_owned()),
                        ..MetadataRequestTopic::default()
                    })
                    .collect()
            });
            MetadataRequest {
                // In version 0 an empty list is all topics, and there is no null.
                topics: if version == 0 {
                    Some(named.unwrap_or_default())
                } else {
                    named
                },
                allow_auto_topic_creation: create || version < 4,
                ..MetadataRequest::default()
            }
        };
        let response = self.call(&Target::Any, Duration::ZERO, request)?;
        ApiError::check(response.error_code, None)
            .map_err(|error| ClientError::refused("metadata", error))?;
        Ok(self.cluster.update(&response))
    }

    /// Sends one request, once.
    pub(crate) fn call<R: Request>(
        &mut self,
        target: &Target,
        broker_wait: Duration,
        build: impl FnOnce(i16) -> R,
    ) -> Result<R::Response, ClientError> {
        let address = self.address(target)?;
        let result = self.connection(&address)?.call(broker_wait, build);
        if result.is_err() {
            self.connections.remove(&address);
        }
        Ok(result?)
    }

    /// Sends one request that has no answer.
    pub(crate) fn send_only<R: Request>(
        &mut self,
        target: &Target,
        build: impl FnOnce(i16) -> R,
    ) -> Result<(), ClientError> {
        let address = self.address(target)?;
        let result = self.connection(&address)?.send_only(build);
        if result.is_err() {
            self.connections.remove(&address);
        }
        Ok(result?)
    }

    /// Retries `attempt`, with pauses, as long as it fails with an error that may pass. Cached metadata and
    /// coordinators are dropped before each retry.
    #[expect(
        clippy::disallowed_methods,
        reason = "a blocking client of one thread: real time, and pauses between tries"
    )]
    pub(crate) fn retrying<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Client) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let start = Instant::now();
        let mut retry = Retry::new(self.options.retry_time_max);
        loop {
            let error = match attempt(self) {
                Ok(value) => return Ok(value),
                Err(error) if error.is_retriable() => error,
                Err(error) => return Err(error),
            };
            let Some(pause) = retry.next_pause(start.elapsed()) else {
                return Err(error);
            };
            std::thread::sleep(pause);
            self.coordinators.clear();
            let known: Vec<String> = self.cluster.topics.keys().cloned().collect();
            let names: Vec<&str> = known.iter().map(String::as_str).collect();
            // If this fails too, so will the next attempt, and that error names the operation.
            let _ = self.load_metadata(Some(&names), false);
        }
    }

    fn address(&mut self, target: &Target) -> Result<Address, ClientError> {
        match target {
            Target::Any => self.any_address(),
            Target::Controller => match self.cluster.controller {
                Some(id) => self.cluster.address(id).cloned(),
                None => self.any_address(),
            },
            Target::Broker(id) => self.cluster.address(*id).cloned(),
            Target::Coordinator(group) => Ok(self.coordinator(KeyType::Group, group)?.1),
            Target::TransactionCoordinator(id) => Ok(self.coordinator(KeyType::Transaction, id)?.1),
        }
    }

    /// A broker with an open connection, else the first that can be connected to.
    fn any_address(&mut self) -> Result<Address, ClientError> {
        if let Some(address) = self.connections.keys().next() {
            return Ok(address.clone());
        }
        let known = self.cluster.brokers.values().map(|broker| broker.address.clone());
        let candidates: Vec<Address> = self.options.bootstrap.iter().cloned().chain(known).collect();
        let mut failures: Vec<ConnectionError> = Vec::new();
        for address in candidates {
            match Connection::open(&address, &self.options.connection) {
                Ok(connection) => {
                    self.connections.insert(address.clone(), connection);
                    return Ok(address);
                }
                Err(error) => failures.push(error),
            }
        }
        failures.truncate(self.options.bootstrap.len());
        Err(ClientError::Bootstrap { failures })
    }

    fn connection(&mut self, address: &Address) -> Result<&mut Connection, ClientError> {
        if !self.connections.contains_key(address) {
            let connection = Connection::open(address, &self.options.connection)?;
            self.connections.insert(address.clone(), connection);
        }
        Ok(self.connections.get_mut(address).expect("inserted above"))
    }

    /// The node that coordinates a transactional id.
    pub(crate) fn transaction_coordinator(&mut self, transactional_id: &str) -> Result<i32, ClientError> {
        Ok(self.coordinator(KeyType::Transaction, transactional_id)?.0)
    }

    fn coordinator(&mut self, key_type: KeyType, key: &str) -> Result<(i32, Address), ClientError> {
        let known = (key_type, key.to_owned());
        if let Some(found) = self.coordinators.get(&known) {
            return Ok(found.clone());
        }
        let response = self.call(&Target::Any, Duration::ZERO, |version| {
            if version >= COORDINATOR_BATCHES {
                FindCoordinatorRequest {
                    key_type: key_type as i8,
                    coordinator_keys: vec![key.to_owned()],
                    ..FindCoordinatorRequest::default()
                }
            } else {
                FindCoordinatorRequest {
                    key_type: key_type as i8,
                    key: key.to_owned(),
                    ..FindCoordinatorRequest::default()
                }
            }
        })?;
        let found = coordinator_of(&key_type.subject(key), &response)?;
        self.coordinators.insert(known, found.clone());
        Ok(found)
    }
}

fn coordinator_of(subject: &str, response: &FindCoordinatorResponse) -> Result<(i32, Address), ClientError> {
    let refused = |error| ClientError::refused(subject, error);
    ApiError::check(response.error_code, response.error_message.as_ref()).map_err(refused)?;
    let (id, host, port) = match response.coordinators.as_slice() {
        [] if response.host.is_empty() => {
            return Err(ClientError::Missing {
                api: ApiKey::FindCoordinator,
                subject: subject.to_owned(),
            });
        }
        [] => (response.node_id, &response.host, response.port),
        [first, ..] => {
            ApiError::check(first.error_code, first.error_message.as_ref()).map_err(refused)?;
            (first.node_id, &first.host, first.port)
        }
    };
    let address = Address {
        host: host.clone(),
        port: u16::try_from(port).unwrap_or(0),
    };
    Ok((id, address))
}
