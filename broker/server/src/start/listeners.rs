//! The addresses that a broker listens on.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_config::{BrokerConfig, Listener as ListenerConfig};
use corelog_model::ShardId;
use corelog_runtime::{Handle, ListenOptions, Listener, WorkClass};

use super::cluster_id;
use super::serve_error::ServeError;
use crate::admin;
use crate::cluster::ShardListeners;
use crate::connection::accept::{self, Door};
use crate::shard::Shard;

/// How long an address in use is waited for, and how often it is tried.
const FREE_WAITS: u32 = 100;
const FREE_WAIT: Duration = Duration::from_millis(20);

const CLIENTS: &str = "--listen (listeners)";
const SHARDS: &str = "shard.listeners.port";
const ADMIN: &str = "--admin-listen (admin.listener)";

/// What `listener`'s clients are told of it, if that was configured.
fn told<'a>(config: &'a BrokerConfig, listener: &ListenerConfig) -> Option<&'a ListenerConfig> {
    let told = config.network.advertised_listeners.as_ref()?;
    told.iter().find(|told| told.name == listener.name)
}

/// The host that `listener`'s clients are told: never one that means every interface.
fn advertised_host(config: &BrokerConfig, listener: &ListenerConfig) -> String {
    let listener = told(config, listener).unwrap_or(listener);
    if listener.is_any_host() {
        cluster_id::host_name()
    } else {
        listener.host.clone()
    }
}

/// Warns if a host that clients are told cannot be looked up from here, in a thread of its own: a resolver that does
/// not answer takes many seconds. The name may well be known where the clients are, so the broker starts all the same.
pub(super) fn warn_if_unknown(config: &BrokerConfig) {
    let listeners = config.network.listeners.iter();
    let hosts: BTreeSet<_> = listeners
        .map(|listener| advertised_host(config, listener))
        .collect();
    let looked_up = std::thread::Builder::new()
        .name("look-up".to_owned())
        .spawn(move || {
            for warning in hosts.iter().filter_map(|host| unknown_host(host)) {
                tracing::warn!("{warning}");
            }
        });
    if let Err(error) = looked_up {
        tracing::warn!(%error, "the host that clients are told is not looked up");
    }
}

/// What is wrong with the host that clients are told, if it cannot be looked up from here.
fn unknown_host(host: &str) -> Option<String> {
    let error = look_up(host, 0).err()?;
    Some(format!(
        "clients are told to connect to {host:?}, which cannot be looked up from here ({error}): clients that do not \
         know the name either cannot use this broker. Set advertised.listeners (--advertise) to one that they know"
    ))
}

/// Sees whether all addresses are free, before a recovery that may take long. Blocking. They are bound for good by
/// [`Listeners::bind`], which tells the same errors of one that is taken meanwhile.
///
/// # Errors
/// `ServeError::{Host, PortTaken, Listen}`.
pub(super) fn check_free(config: &BrokerConfig) -> Result<(), ServeError> {
    let clients = config.network.listeners.iter();
    let clients = clients.map(|listener| (listener.host.as_str(), listener.port, CLIENTS));
    let (host, port) = &config.network.admin_listener;
    for (host, port, setting) in clients.chain([(host.as_str(), *port, ADMIN)]) {
        let address = look_up(host, port)?;
        wait_until_free(address).map_err(|source| refusal(address, source, setting))?;
    }
    Ok(())
}

/// Binds once, to see. A broker that was killed a moment ago may still be listening: the kernel closes the sockets of an
/// io_uring after the process is gone.
#[expect(
    clippy::disallowed_methods,
    reason = "blocking, before there are shards; the kernel tells nobody when"
)]
fn wait_until_free(address: SocketAddr) -> io::Result<()> {
    let mut waits = 0;
    loop {
        match TcpListener::bind(address) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && waits < FREE_WAITS => {
                waits += 1;
                std::thread::sleep(FREE_WAIT);
            }
            Err(error) => return Err(error),
        }
    }
}

/// The sockets that the first shard listens on.
pub(super) struct Listeners {
    clients: Vec<(ListenerConfig, Rc<dyn Listener>)>,
    /// Those of single shards, which go by the first listener's name.
    of_shards: Vec<(ShardId, Rc<dyn Listener>)>,
    admin: Rc<dyn Listener>,
}

impl Listeners {
    /// Binds them all.
    ///
    /// # Errors
    /// `ServeError::{Host, PortTaken, Listen}`.
    pub(super) async fn bind(
        handle: &Handle,
        config: &BrokerConfig,
        shard_listeners: Option<ShardListeners>,
    ) -> Result<Listeners, ServeError> {
        let sizes = ListenOptions {
            backlog: Some(config.network.listen_backlog),
            send_buffer_bytes: config.network.send_buffer_bytes,
            receive_buffer_bytes: config.network.receive_buffer_bytes,
        };
        let mut clients = Vec::new();
        for listener in &config.network.listeners {
            let bound = bind(handle, &listener.host, listener.port, sizes, CLIENTS).await?;
            clients.push((listener.clone(), bound));
        }
        let mut of_shards = Vec::new();
        let host = &config.network.listeners[0].host;
        if let Some(ShardListeners { port, count }) = shard_listeners
            && port.checked_add(count - 1).is_none()
        {
            let rule = format!("{count} shards from port {port} on need ports beyond 65535");
            let source = io::Error::new(io::ErrorKind::InvalidInput, rule);
            return Err(refusal(look_up(host, port)?, source, SHARDS));
        }
        for (shard, port) in shard_listeners.into_iter().flat_map(ShardListeners::ports) {
            of_shards.push((shard, bind(handle, host, port, sizes, SHARDS).await?));
        }
        let (host, port) = &config.network.admin_listener;
        let admin = bind(handle, host, *port, ListenOptions::default(), ADMIN).await?;
        Ok(Listeners {
            clients,
            of_shards,
            admin,
        })
    }

    /// Where the clients of each listener are told to connect.
    pub(super) fn advertised(&self, config: &BrokerConfig) -> Vec<ListenerConfig> {
        let clients = self.clients.iter();
        clients
            .map(|(listener, bound)| {
                let told = told(config, listener).map(|told| told.port);
                let port = told.filter(|port| *port != 0);
                ListenerConfig {
                    name: listener.name.clone(),
                    host: advertised_host(config, listener),
                    port: port.unwrap_or_else(|| bound.local_address().port()),
                }
            })
            .collect()
    }

    /// Where /metrics and /health are.
    pub(super) fn admin_address(&self) -> SocketAddr {
        self.admin.local_address()
    }

    /// Opens the doors to at most so many clients at a time.
    pub(super) fn serve(self, shard: &Rc<Shard>, connections_max: u32) {
        let spread = accept::Spread::new(shard.shards.count, connections_max);
        let spread = Rc::new(RefCell::new(spread));
        let first = Arc::<str>::from(self.clients[0].0.name.as_str());
        let for_all = self.clients.into_iter().map(|(config, listener)| Door {
            name: config.name.into(),
            listener,
            only: None,
        });
        let for_one = self.of_shards.into_iter().map(|(shard, listener)| Door {
            name: Arc::clone(&first),
            listener,
            only: Some(shard),
        });
        for door in for_all.chain(for_one) {
            let acceptor = accept::serve(Rc::clone(shard), door, Rc::clone(&spread));
            shard.handle.spawn(WorkClass::Normal, "acceptor", acceptor);
        }
        let admin = admin::serve(Rc::clone(shard), self.admin);
        shard.handle.spawn(WorkClass::Normal, "admin", admin);
    }
}

async fn bind(
    handle: &Handle,
    host: &str,
    port: u16,
    options: ListenOptions,
    setting: &'static str,
) -> Result<Rc<dyn Listener>, ServeError> {
    let address = look_up(host, port)?;
    let bound = handle.net.listen(address, options).await;
    bound.map_err(|source| refusal(address, source, setting))
}

fn look_up(host: &str, port: u16) -> Result<SocketAddr, ServeError> {
    let name = if host.is_empty() { "0.0.0.0" } else { host };
    let found = (name, port).to_socket_addrs().and_then(|mut found| {
        found
            .next()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    });
    found.map_err(|source| ServeError::Host {
        host: host.to_owned(),
        source,
    })
}

fn refusal(address: SocketAddr, source: io::Error, setting: &'static str) -> ServeError {
    match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::PortTaken { address, setting },
        _ => ServeError::Listen {
            address,
            source,
            setting,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(pairs: &[(&str, &str)]) -> String {
        let config = BrokerConfig::from_pairs(pairs).expect("a good configuration");
        advertised_host(&config, &config.network.listeners[0])
    }

    #[test]
    fn clients_are_never_told_every_interface() {
        for any in ["PLAINTEXT://:0", "PLAINTEXT://0.0.0.0:0", "PLAINTEXT://[::]:0"] {
            assert_eq!(host(&[("listeners", any)]), cluster_id::host_name(), "{any}");
        }
        assert_eq!(host(&[("listeners", "PLAINTEXT://127.0.0.1:0")]), "127.0.0.1");
        let told = [
            ("listeners", "PLAINTEXT://0.0.0.0:0"),
            ("advertised.listeners", "PLAINTEXT://broker.example:9092"),
        ];
        assert_eq!(host(&told), "broker.example");
    }

    #[test]
    fn a_host_that_nobody_knows_is_warned_of() {
        assert_eq!(unknown_host("127.0.0.1"), None);
        // Longer than a label may be, so that no name server is asked.
        let unknown = "a".repeat(64);
        let warning = unknown_host(&unknown).expect("no such name");
        assert!(
            warning.contains(&unknown) && warning.contains("advertised.listeners"),
            "{warning}"
        );
    }
}
