//! From a configuration to a running broker, and down again.
//!
//! ```text
//! here        preflight, data directory (lock, version), cluster id, layout for the number of shards
//! each shard  recover its storage, then serve calls of the others
//! shard 0     replay the metadata, register this broker, have all shards open their partitions, then accept
//! each shard  on a stop: checkpoint, so that the next start has nothing to recover
//! ```

use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_config::{BrokerConfig, Listener as ListenerConfig, ShardCount};
use corelog_metadata::{ControllerRequest, Incarnation, MetadataImage};
use corelog_model::{PartitionId, ShardId};
use corelog_runtime::{
    Handle, Listener, Mailbox, ShardsOptions, StartError, Stopper, WorkClass, run_shard_here, start_shards,
};
use corelog_storage::{DataDir, DataDirError, Layout, OpenError, Storage, StorageOptions, prepare_layout};
use futures_util::future::{Either, join_all, select};

use crate::cluster_id::{self, ClusterIdError};
use crate::controller::{self, ChangeError, ControllerShell};
use crate::memory::{MemoryError, MemoryPlan};
use crate::progress::Progress;
use crate::shard::{FIRST, Identity, Shard, ShardMessage, ShardParts, owner_of};
use crate::{accept, admin, topics};

/// Why the broker does not run, or ended. [`ServeError::exit_code`] tells scripts which.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The machine forbids what the broker needs.
    #[error("{problem}. {remedy}")]
    Preflight {
        /// What.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The cluster's id.
    #[error(transparent)]
    ClusterId(#[from] ClusterIdError),
    /// The memory budget.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The shards.
    #[error("{0}. Set shards to the number of cores or fewer, or list the cores")]
    Shards(#[source] StartError),
    /// A shard cannot be set up.
    #[error("the shards do not start: {0}")]
    Start(#[source] StartError),
    /// A shard's storage.
    #[error("shard {shard}: {source}")]
    Open {
        /// The shard.
        shard: ShardId,
        /// Why.
        source: OpenError,
    },
    /// The layout of the data directory.
    #[error("the data directory cannot be laid out: {0}")]
    Layout(#[source] OpenError),
    /// The metadata.
    #[error("the metadata cannot be loaded: {0}")]
    Metadata(#[from] controller::LoadError),
    /// This broker cannot register.
    #[error("the broker cannot register: {0}")]
    Register(#[from] ChangeError),
    /// Partitions cannot be opened or removed.
    #[error(transparent)]
    Partitions(#[from] topics::ApplyError),
    /// A listener's host is none.
    #[error("the host {host:?} of the listener cannot be looked up: {source}")]
    Host {
        /// The host.
        host: String,
        /// Why.
        source: std::io::Error,
    },
    /// A port is in use.
    #[error(
        "{address} is in use: another program listens there. Stop it, or choose another address with {setting}"
    )]
    PortTaken {
        /// The address.
        address: SocketAddr,
        /// The setting to change.
        setting: &'static str,
    },
    /// A listener cannot be made for another reason.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

impl ServeError {
    /// The exit code; the list is in `corelog serve --help`.
    pub fn exit_code(&self) -> u8 {
        match self {
            ServeError::Preflight { .. } => 10,
            ServeError::PortTaken { .. } | ServeError::Listen { .. } | ServeError::Host { .. } => 11,
            ServeError::DataDir(DataDirError::Locked { .. }) => 12,
            ServeError::DataDir(DataDirError::NewerFormat { .. }) => 13,
            ServeError::DataDir(
                DataDirError::BadVersion { .. } | DataDirError::NotWritable { .. } | DataDirError::Io { .. },
            )
            | ServeError::ClusterId(_) => 14,
            ServeError::Memory(_) => 15,
            ServeError::Shards(_) => 16,
            ServeError::Start(_)
            | ServeError::Open { .. }
            | ServeError::Layout(_)
            | ServeError::Metadata(_)
            | ServeError::Register(_)
            | ServeError::Partitions(_) => 17,
        }
    }
}

/// What each shard needs to begin. Nothing in it is looked up on the machine any more.
pub struct Plan {
    /// The configuration.
    pub config: Arc<BrokerConfig>,
    /// How the data directory is divided.
    pub layout: Layout,
    /// The cluster's id, in Kafka's form.
    pub cluster_id: String,
    /// The memory of each shard.
    pub memory: MemoryPlan,
    /// A number that no other start of this broker has had.
    pub incarnation: u128,
}

/// A shard's place in the process: its number, its seams, its end of the queues.
pub struct ShardSeat {
    /// Its number.
    pub id: ShardId,
    /// Its seams.
    pub handle: Handle,
    /// Its end of the queues between shards.
    pub mailbox: Rc<dyn Mailbox<ShardMessage>>,
}

/// Runs a broker until `stop_on` has its stopper called, or it fails. `stop_on` gets the stopper when the shards run.
///
/// # Errors
/// See [`ServeError`].
pub fn serve(config: BrokerConfig, stop_on: impl FnOnce(Stopper)) -> Result<(), ServeError> {
    preflight()?;
    let options = shards_options(&config)?;
    let memory = MemoryPlan::new(config.memory_bytes, options.shards)?;
    let data_dir = DataDir::open(&config.storage.data_dir)?;
    let cluster_id = cluster_id::load_or_make(&config.storage.data_dir, &config)?;
    let layout = lay_out(&config, &options)?;
    let plan = Arc::new(Plan {
        incarnation: incarnation(),
        config: Arc::new(config),
        layout,
        cluster_id,
        memory,
    });
    let shards = start_shards(&options, move |shard| shard_main(shard, Arc::clone(&plan)))
        .map_err(ServeError::Start)?;
    stop_on(shards.stopper());
    let results = shards.join();
    drop(data_dir);
    results.into_iter().collect()
}

fn preflight() -> Result<(), ServeError> {
    corelog_runtime::preflight::raise_open_files();
    for finding in corelog_runtime::preflight::preflight() {
        match finding.severity() {
            corelog_runtime::preflight::Severity::Fatal => {
                let (problem, remedy) = (finding.to_string(), finding.remedy());
                return Err(ServeError::Preflight { problem, remedy });
            }
            corelog_runtime::preflight::Severity::Warning => {
                tracing::warn!("{finding}. {}", finding.remedy());
            }
        }
    }
    Ok(())
}

fn shards_options(config: &BrokerConfig) -> Result<ShardsOptions, ServeError> {
    let usable: Vec<usize> = core_affinity::get_core_ids()
        .unwrap_or_default()
        .iter()
        .map(|core| core.id)
        .collect();
    let (shards, cores) = match &config.shards {
        ShardCount::Auto => (usable.len().max(1), usable.clone()),
        ShardCount::Count(count) => (usize::from(*count), usable.clone()),
        ShardCount::Cores(cores) => (cores.len(), cores.clone()),
    };
    let shards = u16::try_from(shards).unwrap_or(u16::MAX);
    if usize::from(shards) > usable.len() && !config.storage.is_oversubscription_allowed {
        let cores = usable.len();
        return Err(ServeError::Shards(StartError::TooFewCores { shards, cores }));
    }
    Ok(ShardsOptions {
        shards,
        cores,
        allow_more_shards_than_cores: config.storage.is_oversubscription_allowed,
        allow_buffered: config.storage.is_buffered_io_allowed,
        ..ShardsOptions::default()
    })
}

fn incarnation() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    u128::from_ne_bytes(bytes)
}

/// Divides the data directory for the number of shards; after a change of it this recovers and divides anew.
fn lay_out(config: &BrokerConfig, options: &ShardsOptions) -> Result<Layout, ServeError> {
    let count = options.shards;
    let dir = config.storage.data_dir.clone();
    run_shard_here::<(), _, _>(options, move |shard| async move {
        let progress = Progress::new("dividing the data directory");
        let owner = move |id: &PartitionId| owner_of(*id, count);
        prepare_layout(shard.handle, &dir, true, count, owner, move |done| {
            progress.report(done)
        })
        .await
    })
    .map_err(ServeError::Start)?
    .map_err(ServeError::Layout)
}

fn storage_options(
    config: &BrokerConfig,
    memory: &MemoryPlan,
    shard: ShardId,
    layout: Layout,
) -> StorageOptions {
    StorageOptions {
        journal_file_bytes: config.storage.journal_file_bytes,
        journal_files_max: usize::try_from(config.storage.journal_files).unwrap_or(usize::MAX),
        checkpoint_bytes: config.storage.checkpoint_bytes,
        dirty_bytes_max: memory.dirty_bytes,
        cache_bytes_max: memory.cache_bytes,
        ..StorageOptions::new(config.storage.data_dir.clone(), shard, layout)
    }
}

/// The life of one shard.
async fn shard_main(parts: corelog_runtime::Shard<ShardMessage>, plan: Arc<Plan>) -> Result<(), ServeError> {
    let stopper = parts.shutdown.stopper().clone();
    let seat = ShardSeat {
        id: parts.id,
        handle: parts.handle,
        mailbox: parts.mailbox,
    };
    let shutdown = parts.shutdown;
    let stop = async move { shutdown.requested().await };
    let result = live(seat, plan, stop, |_| {}).await;
    if result.is_err() {
        // The others would wait for this one.
        stopper.stop();
    }
    result
}

/// The life of one shard by its seams alone, until `stop` resolves: recovers, serves, closes. `begun` is given the
/// shard when its storage is open, before clients are served.
///
/// # Errors
/// See [`ServeError`].
pub async fn live(
    parts: ShardSeat,
    plan: Arc<Plan>,
    stop: impl Future<Output = ()>,
    begun: impl FnOnce(&Rc<Shard>),
) -> Result<(), ServeError> {
    let id = parts.id;
    let options = storage_options(&plan.config, &plan.memory, id, plan.layout);
    let progress = Progress::new("recovering");
    let storage = Storage::open(parts.handle.clone(), options, move |done| progress.report(done))
        .await
        .map_err(|source| ServeError::Open { shard: id, source })?;
    let listeners = if id == FIRST {
        Some(Listeners::bind(&parts.handle, &plan.config).await?)
    } else {
        None
    };
    let (host, port) = listeners
        .as_ref()
        .map_or_else(Default::default, |bound| bound.advertised(&plan.config));
    let identity = Identity {
        cluster_id: plan.cluster_id.clone(),
        broker: plan.config.node_id,
        host,
        port,
        rack: plan.config.rack.clone(),
    };
    let shard = Shard::new(ShardParts {
        id,
        shard_count: plan.layout.shard_count,
        handle: parts.handle.clone(),
        mailbox: Rc::clone(&parts.mailbox),
        storage: Rc::clone(&storage),
        config: Arc::clone(&plan.config),
        identity: Arc::new(identity),
        request_memory: plan.memory.request_bytes,
    });
    parts
        .handle
        .spawn(WorkClass::Latency, "mailbox", Rc::clone(&shard).serve_mailbox());
    parts.handle.spawn(
        WorkClass::Background,
        "retention",
        apply_retention(Rc::clone(&shard)),
    );
    parts.handle.spawn(
        WorkClass::Background,
        "checkpoints",
        take_checkpoints(Rc::clone(&shard)),
    );
    begun(&shard);
    let stop = pin!(stop);
    if let Some(listeners) = listeners {
        match select(Box::pin(open(&shard, &plan, listeners)), stop).await {
            Either::Left((opened, stop)) => {
                opened?;
                stop.await;
            }
            Either::Right(((), _)) => {}
        }
    } else {
        stop.await;
    }
    shard.set_open(false);
    if let Err(error) = storage.close().await {
        tracing::error!(shard = %id, %error, "the shard closes without a checkpoint; the next start recovers");
    }
    Ok(())
}

/// On the first shard: brings the metadata into force on all shards, then opens the doors.
async fn open(shard: &Rc<Shard>, plan: &Plan, listeners: Listeners) -> Result<(), ServeError> {
    let (shell, image) = ControllerShell::load(shard).await?;
    shard.set_controller(shell);
    let image = Arc::new(image);
    controller::publish(shard, Arc::clone(&image)).await?;
    remove_orphans(shard, &image).await?;
    let register = ControllerRequest::RegisterBroker {
        id: shard.identity.broker,
        host: shard.identity.host.clone(),
        port: shard.identity.port,
        rack: shard.identity.rack.clone(),
        incarnation: Incarnation::new(plan.incarnation),
    };
    for result in controller::change(shard, vec![register], false).await {
        result?;
    }
    let opened: Vec<_> = shard
        .all()
        .map(|to| shard.submit_to(to, |shard| async move { shard.set_open(true) }))
        .collect();
    join_all(opened).await;
    listeners.serve(shard);
    announce(shard, plan);
    Ok(())
}

async fn remove_orphans(shard: &Rc<Shard>, image: &Arc<MetadataImage>) -> Result<(), topics::ApplyError> {
    let removed: Vec<_> = shard
        .all()
        .map(|to| {
            let image = Arc::clone(image);
            shard.submit_to(to, move |shard| async move {
                topics::remove_orphans(&shard, &image).await
            })
        })
        .collect();
    join_all(removed).await.into_iter().collect()
}

fn announce(shard: &Shard, plan: &Plan) {
    let Identity { host, port, .. } = &*shard.identity;
    tracing::info!(
        address = %format!("{host}:{port}"),
        data = %plan.config.storage.data_dir.display(),
        shards = plan.layout.shard_count,
        topics = shard.image().topic_count(),
        partitions = shard.image().partition_count(),
        "ready; try: kcat -b {host}:{port} -L"
    );
}

async fn apply_retention(shard: Rc<Shard>) {
    loop {
        let interval = Duration::from_millis(shard.config().storage.retention_check_interval_ms);
        let next = shard.handle.clock.now() + interval;
        shard.handle.clock.sleep_until(next).await;
        shard.storage.apply_retention(shard.handle.clock.wall()).await;
    }
}

/// A checkpoint now and then though the journal is far from full, so that the next start has little to recover.
async fn take_checkpoints(shard: Rc<Shard>) {
    let mut appended = shard.storage.stats().appended_batches;
    loop {
        let interval = Duration::from_millis(shard.config().storage.checkpoint_interval_ms);
        let next = shard.handle.clock.now() + interval;
        shard.handle.clock.sleep_until(next).await;
        let now = shard.storage.stats().appended_batches;
        if now != appended {
            appended = now;
            if let Err(error) = shard.storage.checkpoint().await {
                tracing::warn!(shard = %shard.id, %error, "no checkpoint now");
            }
        }
    }
}

/// The sockets that the first shard listens on.
struct Listeners {
    clients: Vec<(ListenerConfig, Rc<dyn Listener>)>,
    admin: Rc<dyn Listener>,
}

impl Listeners {
    async fn bind(handle: &Handle, config: &BrokerConfig) -> Result<Listeners, ServeError> {
        let mut clients = Vec::new();
        for listener in &config.network.listeners {
            let bound = bind(handle, &listener.host, listener.port, "listeners").await?;
            clients.push((listener.clone(), bound));
        }
        let (host, port) = &config.network.admin_listener;
        let admin = bind(handle, host, *port, "admin.listener").await?;
        Ok(Listeners { clients, admin })
    }

    /// Where clients are told to connect.
    fn advertised(&self, config: &BrokerConfig) -> (String, u16) {
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

    fn serve(self, shard: &Rc<Shard>) {
        for (_, listener) in self.clients {
            let acceptor = accept::serve(Rc::clone(shard), listener);
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
    let name = if host.is_empty() { "0.0.0.0" } else { host };
    let looked_up = (name, port).to_socket_addrs().and_then(|mut found| {
        found
            .next()
            .ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))
    });
    let address = looked_up.map_err(|source| ServeError::Host {
        host: host.to_owned(),
        source,
    })?;
    handle
        .net
        .listen(address)
        .await
        .map_err(|source| match source.kind() {
            std::io::ErrorKind::AddrInUse => ServeError::PortTaken { address, setting },
            _ => ServeError::Listen { address, source },
        })
}
