//! From a configuration to a running broker, and down again.
//!
//! ```text
//! here        preflight, data directory (lock, version), cluster id, layout for the number of shards
//! each shard  recover its storage, then serve calls of the others
//! shard 0     replay the metadata, register this broker, have all shards open their partitions, then accept
//! each shard  on a stop: checkpoint, so that the next start has nothing to recover
//! ```

use std::collections::HashSet;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_config::{BrokerConfig, JournalSync, Listener, ShardCount};
use corelog_controller::BrokerRegistration;
use corelog_metadata::{
    Endpoint, FeatureRange, Incarnation, METADATA_VERSION, METADATA_VERSION_LEVEL, MetadataImage,
};
use corelog_model::{DirectoryId, PartitionId, ShardId};
use corelog_runtime::descriptors::DescriptorPlan;
use corelog_runtime::{
    Activity, Clock, Handle, Mailbox, ShardsOptions, StartError, Stopper, WorkClass, run_shard_here,
    start_shards,
};
use corelog_storage::{
    COMMITS_IN_FLIGHT_MAX, DataDir, DataDirError, DeviceAnswer, Layout, Overwrites, Storage, StorageOptions,
    SyncMethod, prepare_layout,
};
use futures_util::future::{Either, join_all, select};

use super::Progress;
use super::banner::Banner;
use super::cluster_id;
use super::listeners::{self, Listeners};
use super::reload::{self, Configs, Wanted};
use super::serve_error::ServeError;
use super::service::ServiceManager;
use crate::clients::connections::{self, Connections};
use crate::cluster::{FIRST, Identity, MetadataCache, ShardListeners, owner_of};
use crate::memory::{MemoryChoice, MemoryPlan};
use crate::metadata;
use crate::metadata::topics;
use crate::partitions::{Partitions, partition_dirs};
use crate::shard::{Shard, ShardMessage, ShardParts, Shards};

/// Kafka's `SecurityProtocol.PLAINTEXT`.
const PLAINTEXT: i16 = 0;

/// What each shard needs to begin. Nothing in it is looked up on the machine any more.
pub struct Plan {
    /// The configuration.
    pub config: Arc<BrokerConfig>,
    /// How the data directory is divided.
    pub layout: Layout,
    /// The cluster's id, in Kafka's form.
    pub cluster_id: String,
    /// The data directory's identity, if it has one.
    pub directory_id: Option<DirectoryId>,
    /// The memory of each shard.
    pub memory: MemoryPlan,
    /// How the journal commits.
    pub commits: CommitPlan,
    /// What the process's descriptors are for.
    pub descriptors: DescriptorPlan,
    /// A number that no other start of this broker has had.
    pub incarnation: u128,
    /// Who is told how far the start is.
    pub service: ServiceManager,
}

/// What can be asked of a broker whose shards run.
pub struct Running {
    /// To stop it.
    pub stopper: Stopper,
    /// To have it go by another configuration.
    pub configs: Configs,
}

/// A shard's place in the process: its number, its seams, its end of the queues.
pub struct ShardSeat {
    /// Its number.
    pub id: ShardId,
    /// Its seams.
    pub handle: Handle,
    /// Its end of the queues between shards.
    pub mailbox: Rc<dyn Mailbox<ShardMessage>>,
    /// How it spends its time.
    pub activity: Rc<Activity>,
}

/// Runs a broker until its stopper is called, or it fails. `begun` is called when the shards run; `service` is told of
/// the start.
///
/// # Errors
/// See [`ServeError`].
pub fn serve(
    config: BrokerConfig,
    service: &ServiceManager,
    begun: impl FnOnce(Running),
) -> Result<(), ServeError> {
    corelog_runtime::preflight::raise_open_files();
    let mut options = shards_options(&config)?;
    let journal_files = u64::from(config.storage.journal_files);
    let descriptors = DescriptorPlan::new(options.shards, journal_files)?;
    preflight()?;
    let memory = MemoryPlan::new(
        MemoryChoice {
            shard_bytes: config.memory_bytes,
            machine_percent: config.memory_percent,
            cache_percent: config.memory_cache_percent,
            request_bytes: config.network.queued_request_bytes_max,
        },
        options.shards,
    )?;
    let data_dir = DataDir::open(&config.storage.data_dir)?;
    options.held_until_idle = Some(data_dir.lock());
    check_direct_io(&config)?;
    warn_of_copies(&config.storage.data_dir);
    listeners::check_free(&config)?;
    listeners::warn_if_unknown(&config);
    let identity = cluster_id::load_or_make(&data_dir, &config)?;
    let layout = lay_out(&config, &options, service)?;
    let commits = CommitPlan::new(&config);
    let config = Arc::new(config);
    let plan = Arc::new(Plan {
        incarnation: incarnation(),
        config: Arc::clone(&config),
        layout,
        cluster_id: identity.cluster_id,
        directory_id: identity.directory_id,
        memory,
        commits,
        descriptors,
        service: service.clone(),
    });
    let wanted = Wanted::new(config);
    let (shown, wanted) = (wanted.clone(), wanted);
    let shards = start_shards(&options, move |shard| {
        shard_main(shard, Arc::clone(&plan), shown.clone())
    })
    .map_err(ServeError::Start)?;
    service.watch(shards.liveness());
    begun(Running {
        stopper: shards.stopper(),
        configs: Configs::new(wanted, shards.herald()),
    });
    let results = shards.join();
    drop(data_dir);
    results.into_iter().collect()
}

fn preflight() -> Result<(), ServeError> {
    for finding in corelog_runtime::preflight::preflight() {
        match finding.severity() {
            corelog_runtime::preflight::Severity::Fatal => {
                let (problem, remedy) = (finding.to_string(), finding.remedy());
                return Err(ServeError::Preflight { problem, remedy });
            }
            // `corelog doctor` tells it.
            corelog_runtime::preflight::Severity::Advice => {}
            corelog_runtime::preflight::Severity::Warning => {
                tracing::warn!("{finding}. {}", finding.remedy());
            }
        }
    }
    Ok(())
}

/// Says what a file system without direct I/O means, once and before anything is written to it.
fn check_direct_io(config: &BrokerConfig) -> Result<(), ServeError> {
    let path = &config.storage.data_dir;
    if has_direct_io(path).map_err(|source| DataDirError::Io {
        path: path.clone(),
        source,
    })? {
        return Ok(());
    }
    if !config.storage.is_buffered_io_allowed {
        return Err(ServeError::DirectIo { path: path.clone() });
    }
    tracing::warn!(
        "the file system of {} refuses direct I/O: going on with buffered I/O, as allow.buffered.io says",
        path.display()
    );
    Ok(())
}

/// Says what a file system that copies on write means for a full disk.
fn warn_of_copies(data_dir: &Path) {
    match Overwrites::of(data_dir) {
        Ok(Overwrites::InPlace | Overwrites::CopiedAndOptional(_)) => {}
        Ok(Overwrites::Copied(system)) => tracing::warn!(
            "{} copies the journal's files when they are overwritten: on a full disk commits wait until there is room, and \
             retention and deletions with them. Use ext4 or xfs (perf/TUNING.md, Copy on write)",
            system.name()
        ),
        Err(error) => tracing::debug!(%error, "whether the file system copies on write is not known"),
    }
}

/// How the journal commits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommitPlan {
    /// How a commit is made durable.
    pub sync_method: SyncMethod,
    /// How many are under way at once; at least one.
    pub in_flight_max: u16,
}

impl CommitPlan {
    /// What the configuration says, and where it leaves that to the device, what a probe of it has found.
    fn new(config: &BrokerConfig) -> CommitPlan {
        let storage = &config.storage;
        let probed = match DeviceAnswer::read(&storage.data_dir) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!("{error}: commits go the usual way. Run corelog tune --probe again");
                None
            }
        };
        let in_flight_max = storage
            .journal_commits_in_flight
            .and_then(|count| u16::try_from(count).ok())
            .or_else(|| Some(probed.as_ref()?.commits_in_flight))
            .unwrap_or(u16::try_from(COMMITS_IN_FLIGHT_MAX).unwrap_or(u16::MAX));
        CommitPlan {
            sync_method: match (storage.journal_sync, probed) {
                (JournalSync::Fdatasync, _) => SyncMethod::WriteThenSync,
                (JournalSync::Dsync, _) => SyncMethod::Dsync,
                (JournalSync::Auto, Some(probed)) => probed.sync_method_at(in_flight_max),
                (JournalSync::Auto, None) => SyncMethod::default(),
            },
            in_flight_max,
        }
    }
}

fn has_direct_io(dir: &Path) -> std::io::Result<bool> {
    let probe = dir.join("direct-io-probe.tmp");
    let opened = std::fs::File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .custom_flags(libc::O_DIRECT)
        .open(&probe);
    // A file system that refuses the flag may have made the file all the same.
    match std::fs::remove_file(&probe) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    match opened {
        Ok(_) => Ok(true),
        // openat(2): this is how a file system says that it has no O_DIRECT.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(false),
        Err(error) => Err(error),
    }
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
        mailbox_spin: Duration::from_micros(u64::from(config.shard.spin_us)),
        io_spin: Duration::from_micros(u64::from(config.shard.io_spin_us)),
        receive_buffers: config.shard.receive_buffers,
        ..ShardsOptions::default()
    })
}

fn incarnation() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    u128::from_ne_bytes(bytes)
}

/// Divides the data directory for the number of shards; after a change of it this recovers and divides anew.
fn lay_out(
    config: &BrokerConfig,
    options: &ShardsOptions,
    service: &ServiceManager,
) -> Result<Layout, ServeError> {
    let count = options.shards;
    let service = service.clone();
    let dir = config.storage.data_dir.clone();
    run_shard_here::<(), _, _>(options, move |shard| async move {
        let clock = Rc::clone(&shard.handle.clock);
        let progress = Progress::new(clock, "dividing the data directory".to_owned(), service);
        let owner = move |id: &PartitionId| owner_of(*id, count);
        prepare_layout(shard.handle, &dir, true, count, owner, move |done| {
            progress.report(done)
        })
        .await
    })
    .map_err(ServeError::Start)?
    .map_err(ServeError::Layout)
}

fn storage_options(plan: &Plan, shard: ShardId) -> StorageOptions {
    let Plan { config, memory, .. } = plan;
    StorageOptions {
        journal_file_bytes: config.storage.journal_file_bytes,
        journal_files_max: usize::try_from(config.storage.journal_files).unwrap_or(usize::MAX),
        frame_bytes_max: usize::try_from(config.storage.journal_frame_bytes_max).unwrap_or(usize::MAX),
        flush_bytes_min: usize::try_from(config.storage.segment_write_bytes).unwrap_or(usize::MAX),
        read_ahead_bytes: usize::try_from(config.storage.segment_read_ahead_bytes).unwrap_or(usize::MAX),
        checkpoint_bytes: config.storage.checkpoint_bytes,
        dirty_bytes_max: memory.dirty_bytes,
        cache_bytes_max: memory.cache_bytes,
        sync_method: plan.commits.sync_method,
        commits_in_flight_max: usize::from(plan.commits.in_flight_max),
        open_files_max: plan.descriptors.segment_files,
        clean_bytes_max: usize::try_from(config.storage.clean_bytes_max).unwrap_or(usize::MAX),
        clean_interval_ms: config.storage.clean_interval_ms,
        ..StorageOptions::new(config.storage.data_dir.clone(), shard, plan.layout)
    }
}

/// The life of one shard.
async fn shard_main(
    parts: corelog_runtime::Shard<ShardMessage>,
    plan: Arc<Plan>,
    wanted: Wanted,
) -> Result<(), ServeError> {
    let stopper = parts.shutdown.stopper().clone();
    let seat = ShardSeat {
        id: parts.id,
        handle: parts.handle,
        mailbox: parts.mailbox,
        activity: parts.activity,
    };
    let (shutdown, news) = (parts.shutdown, parts.news);
    let stop = async move { shutdown.requested().await };
    let begun = |shard: &Rc<Shard>| {
        let follow = reload::follow(Rc::clone(shard), news, wanted);
        shard.handle.spawn(WorkClass::Normal, "reload", follow);
    };
    let result = live(seat, plan, stop, begun).await;
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
    let options = storage_options(&plan, id);
    let what = format!("recovering shard {id}");
    let progress = Progress::new(Rc::clone(&parts.handle.clock), what, plan.service.clone());
    let storage = Storage::open(parts.handle.clone(), options, move |done| progress.report(done))
        .await
        .map_err(|source| ServeError::Open { shard: id, source })?;
    let count = plan.layout.shard_count;
    let own_port = plan.config.shard.listeners_port;
    let shard_listeners = own_port.map(|port| ShardListeners { port, count });
    let listeners = if id == FIRST {
        Some(Listeners::bind(&parts.handle, &plan.config, shard_listeners).await?)
    } else {
        None
    };
    let identity = Identity {
        cluster_id: plan.cluster_id.clone(),
        broker: plan.config.node_id,
        listener: plan.config.network.listeners[0].name.as_str().into(),
        shard_listeners,
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
        fetch_memory: plan.memory.fetch_bytes,
        answer_memory: plan.memory.answer_bytes,
        activity: parts.activity,
    });
    parts
        .handle
        .spawn(WorkClass::Latency, "mailbox", Rc::clone(&shard).serve_mailbox());
    keep_up(&shard, &storage);
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
    shard.connections.set_served(false);
    if let Err(error) = storage.close().await {
        tracing::error!(shard = %id, %error, "the shard closes without a checkpoint; the next start recovers");
    }
    Ok(())
}

/// On the first shard: brings the metadata into force on all shards, then opens the doors.
async fn open(shard: &Rc<Shard>, plan: &Plan, listeners: Listeners) -> Result<(), ServeError> {
    let image = metadata::load(shard).await?;
    remove_orphans(&shard.shards, &image).await?;
    remove_strays(&shard.shards, shard.partitions.storage(), &image).await?;
    // What could not be opened is said in the log, and answered as a storage error; the rest is served.
    let _ = metadata::publish(shard, Arc::clone(&image)).await;
    let advertised = listeners.advertised(&plan.config);
    metadata::register(&shard.controller, registration(plan, &advertised)).await?;
    serve_clients(&shard.shards).await;
    let admin = listeners.admin_address();
    listeners.serve(shard, plan.descriptors.connections);
    let image = shard.metadata.image();
    let banner = Banner {
        advertised,
        admin,
        data: plan.config.storage.data_dir.clone(),
        shards: plan.layout.shard_count,
        topics: image.topic_count(),
        partitions: image.partition_count(),
        creates_topics: shard.metadata.config().topics.is_auto_creation_enabled,
    };
    banner.say();
    plan.service.ready(&banner.line());
    plan.memory.say(plan.layout.shard_count);
    say_descriptors(&plan.descriptors);
    Ok(())
}

/// What the controller is told of this start, and of the addresses that clients are told.
fn registration(plan: &Plan, advertised: &[Listener]) -> BrokerRegistration {
    let endpoints = advertised.iter().map(|listener| Endpoint {
        name: listener.name.clone(),
        host: listener.host.clone(),
        port: listener.port,
        security_protocol: PLAINTEXT,
    });
    let level = FeatureRange {
        min: METADATA_VERSION_LEVEL,
        max: METADATA_VERSION_LEVEL,
    };
    BrokerRegistration {
        id: plan.config.node_id,
        incarnation: Incarnation::new(plan.incarnation),
        endpoints: endpoints.collect(),
        features: [(METADATA_VERSION.to_owned(), level)].into(),
        rack: plan.config.rack.clone(),
        log_dirs: plan.directory_id.into_iter().collect(),
    }
}

/// Says in the log what the process's descriptors are for.
fn say_descriptors(plan: &DescriptorPlan) {
    tracing::info!(
        limit = plan.limit,
        connections = plan.connections,
        segment_files = plan.segment_files,
        "descriptors: at most {} connections and {} segment files a shard at once (ulimit -n {})",
        plan.connections,
        plan.segment_files,
        plan.limit,
    );
}

async fn remove_orphans(shards: &Shards, image: &Arc<MetadataImage>) -> Result<(), topics::ApplyError> {
    let removed: Vec<_> = shards
        .all()
        .map(|to| {
            let image = Arc::clone(image);
            shards.submit_to(to, move |partitions: Rc<Partitions>| async move {
                topics::remove_orphans(&partitions, &image).await
            })
        })
        .collect();
    join_all(removed).await.into_iter().collect()
}

/// Removes the directories that no shard knows: of a log whose creation, or deletion, a crash interrupted. Nothing is
/// created meanwhile. A crash leaves no records in the directory of a partition that the metadata knows: where there are
/// some, what knew of them has been lost, and they are not removed for that.
async fn remove_strays(shards: &Shards, storage: &Storage, image: &MetadataImage) -> Result<(), ServeError> {
    let directories = async |partitions: Rc<Partitions>| partitions.storage().directories();
    let known: Vec<_> = shards.all().map(|to| shards.submit_to(to, directories)).collect();
    let known: HashSet<String> = join_all(known).await.into_iter().flatten().collect();
    let is_stray = |name: &str| partition_dirs::is_name(name) && !known.contains(name);
    let wanted: HashSet<String> = image
        .topics()
        .flat_map(|topic| {
            let name = topic.name.as_str();
            topic
                .partition_ids()
                .map(move |id| partition_dirs::name(name, id))
        })
        .filter(|name| is_stray(name))
        .collect();
    for directory in wanted {
        // INV-11: the metadata knows this one, so a directory that no shard knows is no reason to remove it.
        if storage.holds_records(&directory).await? {
            let path = storage.path().join(directory);
            return Err(ServeError::UnknownPartition { path });
        }
    }
    storage.remove_strays(is_stray).await;
    Ok(())
}

/// Has every shard serve clients from now on.
async fn serve_clients(shards: &Shards) {
    let served: Vec<_> = shards
        .all()
        .map(|to| {
            shards.submit_to(to, |connections: Rc<Connections>| async move {
                connections.set_served(true);
            })
        })
        .collect();
    join_all(served).await;
}

/// Begins what goes on for as long as the shard lives, whoever asks it for something.
fn keep_up(shard: &Shard, storage: &Rc<Storage>) {
    let Shard {
        handle,
        metadata,
        connections,
        ..
    } = shard;
    let clock = || Rc::clone(&handle.clock);
    let (metadata, storage) = (|| Rc::clone(metadata), || Rc::clone(storage));
    let retention = apply_retention(storage(), metadata(), clock());
    handle.spawn(WorkClass::Background, "retention", retention);
    let checkpoints = take_checkpoints(shard.shards.here, storage(), metadata(), clock());
    handle.spawn(WorkClass::Background, "checkpoints", checkpoints);
    let watched = metadata();
    let idle_max = move || {
        let idle_max_ms = watched.config().network.connection_idle_max_ms;
        idle_max_ms.map(Duration::from_millis)
    };
    let connections = connections::watch(Rc::clone(connections), clock(), idle_max);
    handle.spawn(WorkClass::Background, "connections", connections);
}

async fn apply_retention(storage: Rc<Storage>, metadata: Rc<MetadataCache>, clock: Rc<dyn Clock>) {
    loop {
        let interval = Duration::from_millis(metadata.config().storage.retention_check_interval_ms);
        clock.sleep_until(clock.now() + interval).await;
        storage.apply_retention(clock.wall()).await;
    }
}

/// A checkpoint now and then though the journal is far from full, so that the next start has little to recover.
async fn take_checkpoints(
    shard: ShardId,
    storage: Rc<Storage>,
    metadata: Rc<MetadataCache>,
    clock: Rc<dyn Clock>,
) {
    let mut appended = storage.stats().appended_batches;
    loop {
        let interval = Duration::from_millis(metadata.config().storage.checkpoint_interval_ms);
        clock.sleep_until(clock.now() + interval).await;
        let now = storage.stats().appended_batches;
        if now != appended {
            appended = now;
            if let Err(error) = storage.checkpoint().await {
                tracing::warn!(%shard, %error, "no checkpoint now");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use corelog_storage::DeviceCell;

    use super::*;

    #[test]
    fn the_probes_answer_counts_where_the_configuration_leaves_it_open() {
        let dir = tempfile::tempdir().unwrap();
        let log_dirs = dir.path().display().to_string();
        let check = |pairs: &[(&str, &str)], sync_method, in_flight_max| {
            let pairs = [&[("log.dirs", log_dirs.as_str())], pairs].concat();
            let plan = CommitPlan::new(&BrokerConfig::from_pairs(&pairs).unwrap());
            let expected = CommitPlan {
                sync_method,
                in_flight_max,
            };
            assert_eq!(plan, expected, "{pairs:?}");
        };
        check(&[("journal.commits.in.flight", "0")], SyncMethod::Dsync, 4);
        let cell = |sync_method, p50_us| DeviceCell {
            sync_method,
            is_rewrite: true,
            block_bytes: 4096,
            depth: 4,
            bytes_per_s: 1,
            p50_us,
            p99_us: p50_us,
        };
        let answer = DeviceAnswer {
            file_system: corelog_storage::file_system_id(dir.path()).unwrap(),
            probed_at: 0,
            commits_in_flight: 16,
            cells: vec![
                cell(SyncMethod::WriteThenSync, 100),
                cell(SyncMethod::Dsync, 1000),
            ],
        };
        answer.keep(dir.path()).unwrap();
        check(&[], SyncMethod::WriteThenSync, 4);
        check(
            &[("journal.commits.in.flight", "0")],
            SyncMethod::WriteThenSync,
            16,
        );
        check(
            &[
                ("journal.commits.in.flight", "2"),
                ("journal.sync.method", "dsync"),
            ],
            SyncMethod::Dsync,
            2,
        );
        std::fs::write(dir.path().join("device"), "rubbish").unwrap();
        check(&[("journal.commits.in.flight", "0")], SyncMethod::Dsync, 4);
    }
}
