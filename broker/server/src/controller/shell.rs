//! The controller's shell, on the first shard: decides with `corelog_metadata`, makes the decision durable in the log
//! of `__cluster_metadata`, then has every shard act on the new image. One change at a time.
//!
//! When the log has grown, the image is appended to it as a snapshot, and the log then begins there. The image is what a
//! replay gives, since no change is under way meanwhile; behind it, the snapshot changes nothing. A crash before the
//! log's start has moved leaves commands, the snapshot, and the commands behind it, which replay to the same image.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_config::{BrokerConfig, registry, validate_topic_configs};
use corelog_metadata::controller::{ConfigFault, ConfigRules, ConfigScope, RequestSize};
use corelog_metadata::{
    Command, Configs, Controller, ControllerError, ControllerRequest, MetadataImage, names,
};
use corelog_model::batch::ValidatedBatch;
use corelog_model::{LeaderEpoch, Offset, PartitionId, PartitionIndex, TopicId};
use corelog_records::{BatchOptions, BuildError, NewRecord, RecordBatchBuilder};
use corelog_runtime::local::Budget;
use corelog_runtime::{DiskError, LocalFuture, WorkClass};
use corelog_storage::{
    AppendError, AppendOptions, AppendOrigin, CreateError, DeleteRecordsError, LogConfig, PartitionLog,
    PartitionSpec, ReadIsolation,
};
use futures_util::future::join_all;

use crate::metadata::uncompacted;
use crate::own_log::{self, LogReadError};
use crate::partitions::partition_dirs;
use crate::partitions::topics;
use crate::shard::{FIRST, Shard};

/// Kafka's `Uuid.METADATA_TOPIC_ID`.
const METADATA_TOPIC: TopicId = TopicId::new([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/// The partition of the metadata's own log.
pub const METADATA_PARTITION: PartitionId = PartitionId {
    topic: METADATA_TOPIC,
    index: PartitionIndex::new(0),
};

/// How this broker appends to its own log.
const OPTIONS: AppendOptions = AppendOptions {
    origin: AppendOrigin::Internal,
};
/// A log that has grown by less since its last snapshot is left alone, in bytes.
const GROWTH_MIN: usize = 1 << 20;
/// How many times the snapshot the log grows by until the next one.
const GROWTH_FACTOR: usize = 4;
/// What a command takes in the log beside itself, about.
const BATCH_BYTES: usize = 80;
/// What is before the log's start is freed by the segment.
const SEGMENT_BYTES: u64 = 16 << 20;
/// The time between two attempts to have the shards do what they could not.
const MEND_INTERVAL: Duration = Duration::from_secs(5);

/// Whether this is the metadata's own log, which no image names.
pub fn is_metadata_partition(id: PartitionId) -> bool {
    id == METADATA_PARTITION
}

/// The metadata's log cannot be used at the start.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be made.
    #[error("the metadata log cannot be created: {0}")]
    Create(#[from] CreateError),
    /// It is gone, and partitions are there: without it all of them would be taken for a deleted topic's.
    #[error(
        "there is no metadata log, and the partition {directory} is there. `corelog log inspect DIR` shows what is \
         missing; restore the directory from a copy"
    )]
    Missing {
        /// One of the partitions' directories.
        directory: String,
    },
    /// The directory cannot be looked into.
    #[error("the data directory cannot be read: {0}")]
    Look(#[from] DiskError),
    /// It cannot be read.
    #[error("the metadata log cannot be read: {0}")]
    Read(#[from] LogReadError),
    /// An entry is no command and no snapshot.
    #[error("the metadata log holds neither command nor snapshot at offset {offset}: {source}")]
    Decode {
        /// Where.
        offset: Offset,
        /// Why.
        source: corelog_metadata::DecodeError,
    },
    /// A command does not fit those before it.
    #[error("the metadata log's command at offset {offset} does not fit: {source}")]
    Apply {
        /// Where.
        offset: Offset,
        /// Why.
        source: corelog_metadata::ApplyError,
    },
}

/// The metadata's log was not shortened; it still says it all.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The image does not fit into a batch.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// It could not be made durable.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// What came before it stays.
    #[error("the former commands cannot be removed: {0}")]
    Delete(#[from] DeleteRecordsError),
}

/// A change was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChangeError {
    /// The controller refuses it.
    #[error(transparent)]
    Refused(#[from] ControllerError),
    /// The decision could not be made durable.
    #[error("the metadata log takes no change: {0}")]
    Append(#[from] AppendError),
    /// The commands do not fit into a batch.
    #[error("the change cannot be written: {0}")]
    Build(Arc<BuildError>),
    /// The broker is still starting.
    #[error("the controller is not loaded yet")]
    NotLoaded,
}

/// What configuration keys and values may be, from their one table.
#[derive(Clone, Debug)]
pub struct Rules(Arc<BrokerConfig>);

impl ConfigRules for Rules {
    fn check(&self, scope: ConfigScope, configs: &Configs) -> Result<(), ConfigFault> {
        let empty = Configs::new();
        let checked = match scope {
            ConfigScope::Topic => validate_topic_configs(configs).map(drop),
            ConfigScope::Broker(None) => self.0.with_dynamic(configs, &empty).map(drop),
            ConfigScope::Broker(Some(_)) => self.0.with_dynamic(&empty, configs).map(drop),
        };
        checked.map_err(|error| ConfigFault {
            reason: error.to_string(),
        })
    }

    fn list_default(&self, scope: ConfigScope, key: &str) -> Option<String> {
        let key = match scope {
            ConfigScope::Topic => registry().topic_key(key),
            ConfigScope::Broker(_) => registry().broker_key(key),
        };
        let key = key.ok().filter(|key| key.kind == corelog_config::Kind::List)?;
        Some(key.default.unwrap_or_default().to_owned())
    }
}

/// Checks that no partition was ever made here: the metadata's log is older than all others.
async fn check_first_start(shard: &Rc<Shard>) -> Result<(), LoadError> {
    let own = metadata_spec().directory;
    let known = shard.handle.disk.list_dir(shard.storage.path()).await?;
    let other = known
        .into_iter()
        .find(|name| partition_dirs::is_name(name) && *name != own);
    match other {
        Some(directory) => Err(LoadError::Missing { directory }),
        None => Ok(()),
    }
}

/// The controller and its log.
pub struct ControllerShell {
    log: Rc<PartitionLog>,
    controller: Controller<Rules>,
    turn: Budget,
    /// Bytes in the log behind the last snapshot, about.
    grown: Cell<usize>,
    /// The length of the last snapshot.
    snapshot_bytes: Cell<usize>,
    is_mending: Cell<bool>,
}

impl ControllerShell {
    /// Opens the metadata's log and replays it.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn load(shard: &Rc<Shard>) -> Result<(ControllerShell, MetadataImage), LoadError> {
        let log = match shard.partition(&METADATA_PARTITION) {
            Some(log) => log,
            None => {
                check_first_start(shard).await?;
                shard.storage.create_partition(metadata_spec()).await?
            }
        };
        log.set_config(metadata_spec().config);
        let mut image = MetadataImage::new(&shard.identity.cluster_id);
        let end = log.offsets().log_end;
        let (mut grown, mut snapshot_bytes) = (0, 0);
        own_log::for_each_record(&log, end, ReadIsolation::LogEnd, |offset, _, value| {
            let value = value.unwrap_or_default();
            let decode = |source| LoadError::Decode { offset, source };
            if corelog_metadata::is_snapshot(value) {
                image =
                    corelog_metadata::decode_snapshot(value, &shard.identity.cluster_id).map_err(decode)?;
                (grown, snapshot_bytes) = (0, value.len());
                return Ok(());
            }
            let command = corelog_metadata::decode(value).map_err(decode)?;
            grown += BATCH_BYTES + value.len();
            image
                .apply_in_place(&command)
                .map_err(|source| LoadError::Apply { offset, source })
        })
        .await?;
        let config = shard.config();
        let controller = Controller {
            rules: Rules(Arc::clone(&config)),
            default_partition_count: i32::try_from(config.topics.partitions).unwrap_or(i32::MAX),
            default_replication_factor: i16::try_from(config.topics.replication_factor).unwrap_or(i16::MAX),
        };
        Ok((
            ControllerShell {
                log,
                controller,
                turn: Budget::new(1),
                grown: Cell::new(grown),
                snapshot_bytes: Cell::new(snapshot_bytes),
                is_mending: Cell::new(false),
            },
            image,
        ))
    }

    /// Decides about each request on the image that those before it led to, and puts what was decided in force on
    /// every shard before it returns. More than one request may ask for is refused as a whole.
    async fn change(
        &self,
        shard: &Rc<Shard>,
        requests: Vec<ControllerRequest>,
        validate_only: bool,
    ) -> Vec<Result<Vec<Command>, ChangeError>> {
        let _turn = self.turn.acquire(1).await;
        let mut image = (*shard.image()).clone();
        let mut decisions = Vec::with_capacity(requests.len());
        let mut commands = Vec::new();
        let mut size = RequestSize::default();
        for request in &requests {
            let mut random = || shard.handle.rng.next_u64();
            let decided = self.controller.handle(request, &image, &mut random);
            for command in decided.iter().flatten() {
                if let Err(error) = size.add(command) {
                    return requests.iter().map(|_| Err(error.clone().into())).collect();
                }
                image
                    .apply_in_place(command)
                    .expect("the controller decides what fits its image");
                commands.push(command.clone());
            }
            decisions.push(decided.map_err(ChangeError::from));
        }
        if validate_only || commands.is_empty() {
            return decisions;
        }
        if let Err(error) = self.put_in_force(shard, &commands, image).await {
            for decision in decisions
                .iter_mut()
                .filter(|decision| decision.as_ref().is_ok_and(|c| !c.is_empty()))
            {
                *decision = Err(error.clone());
            }
        } else {
            uncompacted::warn(&shard.config(), &shard.image(), &commands);
        }
        if is_snapshot_due(self.grown.get(), self.snapshot_bytes.get())
            && let Err(error) = self.shorten(shard).await
        {
            // The next attempt is due when the log has grown as much again.
            self.grown.set(0);
            tracing::warn!(%error, "the metadata log is not shortened");
        }
        decisions
    }

    /// Appends a snapshot of the metadata in force and has the log begin there. No change may be under way.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn shorten(&self, shard: &Rc<Shard>) -> Result<(), SnapshotError> {
        let first = self.append_snapshot(shard).await?;
        let start = self.log.delete_records(Some(first)).await?;
        tracing::debug!(%start, "the metadata log is shortened");
        Ok(())
    }

    /// Appends a snapshot durably and returns where it is. No change may be under way.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn append_snapshot(&self, shard: &Rc<Shard>) -> Result<Offset, SnapshotError> {
        let value = corelog_metadata::encode_snapshot(&shard.image());
        let first = self.log.offsets().log_end;
        let batch = batch_of(shard, [&value[..]])?;
        self.log.append(vec![batch], OPTIONS).await?;
        self.grown.set(0);
        self.snapshot_bytes.set(value.len());
        Ok(first)
    }

    async fn put_in_force(
        &self,
        shard: &Rc<Shard>,
        commands: &[Command],
        image: MetadataImage,
    ) -> Result<(), ChangeError> {
        let values: Vec<_> = commands.iter().map(corelog_metadata::encode).collect();
        let batch = batch_of(shard, values.iter().map(Vec::as_slice));
        let batch = batch.map_err(|error| ChangeError::Build(Arc::new(error)))?;
        let size = batch.header().size;
        self.log.append(vec![batch], OPTIONS).await?;
        self.grown.set(self.grown.get().saturating_add(size));
        // The change is durable: it is in force, and that is the answer. What a shard could not do of it is said in the
        // log and mended; until then whoever uses the partition hears of its disk (as of a log directory of Kafka's
        // that fails).
        let _ = publish(shard, Arc::new(image)).await;
        Ok(())
    }
}

/// Whether the log is to be shortened: bounds what a start replays, and what snapshots add to the writes.
fn is_snapshot_due(grown: usize, snapshot_bytes: usize) -> bool {
    grown > GROWTH_MIN.max(snapshot_bytes.saturating_mul(GROWTH_FACTOR))
}

fn batch_of<'a>(
    shard: &Shard,
    values: impl IntoIterator<Item = &'a [u8]>,
) -> Result<ValidatedBatch, BuildError> {
    let mut builder = RecordBatchBuilder::new(BatchOptions::default());
    let timestamp = shard.handle.clock.wall();
    for value in values {
        builder.append(&NewRecord {
            timestamp,
            key: None,
            value: Some(value),
            headers: &[],
        })?;
    }
    builder.build()
}

/// Has every shard act on `image`. What one of them cannot do is said in the log, and tried again until it can.
///
/// # Errors
/// The first thing that could not be done; the image is in force all the same.
pub async fn publish(shard: &Rc<Shard>, image: Arc<MetadataImage>) -> Result<(), topics::ApplyError> {
    // Two steps, so that no shard tells clients of a partition that another one has no log of yet.
    let prepared = on_all(shard, &image, topics::prepare_image).await;
    let applied = on_all(shard, &image, topics::apply_image).await;
    let done = prepared.and(applied);
    if let Err(error) = &done {
        tracing::error!(%error, "a shard could not follow the metadata; it is tried again");
        begin_mending(shard);
    }
    done
}

/// Has the shards try again what they could not do, until they can: there may be room on the disk by then. Without it
/// a topic would lack a partition, or a name be taken by a topic that is gone, until a restart.
fn begin_mending(shard: &Rc<Shard>) {
    let Some(controller) = shard.controller() else {
        return;
    };
    if controller.is_mending.replace(true) {
        return;
    }
    let shard = Rc::clone(shard);
    let handle = shard.handle.clone();
    handle.spawn(WorkClass::Background, "mend partitions", async move {
        loop {
            let clock = &shard.handle.clock;
            clock.sleep_until(clock.now() + MEND_INTERVAL).await;
            let _turn = controller.turn.acquire(1).await;
            let image = shard.image();
            if on_all(&shard, &image, topics::mend).await.is_ok() {
                tracing::info!("every shard follows the metadata again");
                controller.is_mending.set(false);
                return;
            }
        }
    });
}

async fn on_all<F>(
    shard: &Rc<Shard>,
    image: &Arc<MetadataImage>,
    step: fn(Rc<Shard>, Arc<MetadataImage>) -> F,
) -> Result<(), topics::ApplyError>
where
    F: Future<Output = Result<(), topics::ApplyError>> + 'static,
{
    let steps: Vec<_> = shard
        .all()
        .map(|to| {
            let image = Arc::clone(image);
            shard.submit_to(to, move |shard| step(shard, image))
        })
        .collect();
    join_all(steps).await.into_iter().collect()
}

/// From any shard: has the controller decide about `requests` in order. See [`ControllerShell::change`].
pub fn change(
    shard: &Rc<Shard>,
    requests: Vec<ControllerRequest>,
    validate_only: bool,
) -> LocalFuture<Vec<Result<Vec<Command>, ChangeError>>> {
    shard.submit_to(FIRST, move |shard| async move {
        match shard.controller() {
            Some(controller) => controller.change(&shard, requests, validate_only).await,
            None => requests.iter().map(|_| Err(ChangeError::NotLoaded)).collect(),
        }
    })
}

fn metadata_spec() -> PartitionSpec {
    PartitionSpec {
        id: METADATA_PARTITION,
        directory: format!("{}-0", names::CLUSTER_METADATA),
        leader_epoch: LeaderEpoch::new(0),
        // What is behind the log's start is needed for a replay: nothing is ever deleted by age or size.
        config: LogConfig {
            segment_bytes: SEGMENT_BYTES,
            retention_ms: None,
            retention_bytes: None,
            ..LogConfig::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_shortened_when_it_has_grown_by_four_times_its_snapshot() {
        assert!(!is_snapshot_due(GROWTH_MIN, 0));
        assert!(is_snapshot_due(GROWTH_MIN + 1, 0));
        assert!(!is_snapshot_due(GROWTH_MIN + 1, GROWTH_MIN));
        assert!(is_snapshot_due(4 * GROWTH_MIN + 1, GROWTH_MIN));
    }
}
