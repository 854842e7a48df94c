//! The addresses that a broker listens on.

use std::cell::RefCell;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::rc::Rc;
use std::time::Duration;

use corelog_config::{BrokerConfig, Listener as ListenerConfig};
use corelog_model::ShardId;
use corelog_runtime::{Handle, Listener, WorkClass};

use crate::identity::ShardListeners;
use crate::serve_error::ServeError;
use crate::shard::Shard;
use crate::{accept, admin, cluster_id};

/// How long an address in use is waited for, and how often it is tried.
const FREE_WAITS: u32 = 100;
const FREE_WAIT: Duration = Duration::from_millis(20);

const CLIENTS: &str = "--listen (listeners)";
const SHARDS: &str = "shard.listeners.port";
const ADMIN: &str = "--admin-listen (admin.listener)";

/// Sees whether all addresses are free, before a recovery that may take long. Blocking. They are bound for good by
/// [`Listeners::bind`], which tells the same errors of one that is taken meanwhile.
///
/// # Errors
/// `ServeError::{Host, PortTaken, Listen}`.
pub fn check_free(config: &BrokerConfig) -> Result<(), ServeError> {
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
pub struct Listeners {
    clients: Vec<(ListenerConfig, Rc<dyn Listener>)>,
    /// Those of single shards.
    of_shards: Vec<(ShardId, Rc<dyn Listener>)>,
    admin: Rc<dyn Listener>,
}

impl Listeners {
    /// Binds them all.
    ///
    /// # Errors
    /// `ServeError::{Host, PortTaken, Listen}`.
    pub async fn bind(
        handle: &Handle,
        config: &BrokerConfig,
        shard_listeners: Option<ShardListeners>,
    ) -> Result<Listeners, ServeError> {
        let mut clients = Vec::new();
        for listener in &config.network.listeners {
            let bound = bind(handle, &listener.host, listener.port, CLIENTS).await?;
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
            of_shards.push((shard, bind(handle, host, port, SHARDS).await?));
        }
        let (host, port) = &config.network.admin_listener;
        let admin = bind(handle, host, *port, ADMIN).await?;
        Ok(Listeners {
            clients,
            of_shards,
            admin,
        })
    }

    /// Where clients are told to connect.
    pub fn advertised(&self, config: &BrokerConfig) -> (String, u16) {
        let (listener, bound) = &self.clients[0];
        let told = config.network.advertised_listeners.as_ref();
        if let Some(told) = told.and_then(|told| told.iter().find(|told| told.name == listener.name)) {
            let port = if told.port == 0 {
                bound.local_address().port()
            } else {
                told.port
            };
            return (told.host.clone(), port);
        }
        let is_any = listener.host.is_empty() || bound.local_address().ip().is_unspecified();
        let host = if is_any {
            cluster_id::host_name()
        } else {
            listener.host.clone()
        };
        (host, bound.local_address().port())
    }

    /// Where /metrics and /health are.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin.local_address()
    }

    /// Opens the doors to at most so many clients at a time.
    pub fn serve(self, shard: &Rc<Shard>, connections_max: u32) {
        let spread = accept::Spread::new(shard.shard_count, connections_max);
        let spread = Rc::new(RefCell::new(spread));
        let for_all = self.clients.into_iter().map(|(_, listener)| (None, listener));
        let for_one = self.of_shards.into_iter();
        let for_one = for_one.map(|(shard, listener)| (Some(shard), listener));
        for (only, listener) in for_all.chain(for_one) {
            let acceptor = accept::serve(Rc::clone(shard), listener, Rc::clone(&spread), only);
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
    setting: &'static str,
) -> Result<Rc<dyn Listener>, ServeError> {
    let address = look_up(host, port)?;
    let bound = handle.net.listen(address).await;
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
