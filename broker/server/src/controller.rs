//! The controller's shell, on the first shard: decides with `corelog_metadata`, makes the decision durable in the log
//! of `__cluster_metadata`, then has every shard act on the new image. One change at a time.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_config::{BrokerConfig, registry, validate_topic_configs};
use corelog_metadata::controller::{ConfigFault, ConfigRules, ConfigScope};
use corelog_metadata::{
    Command, Configs, Controller, ControllerError, ControllerRequest, MetadataImage, names,
};
use corelog_model::{LeaderEpoch, Offset, PartitionId, PartitionIndex, TopicId};
use corelog_records::{BatchOptions, BuildError, NewRecord, RecordBatchBuilder};
use corelog_runtime::local::Budget;
use corelog_runtime::{LocalFuture, WorkClass};
use corelog_storage::{
    AppendError, AppendOptions, AppendOrigin, CreateError, LogConfig, PartitionLog, PartitionSpec,
    ReadIsolation,
};
use futures_util::future::join_all;

use crate::log_reader::{self, LogReadError};
use crate::mutation::{Mutation, early, is_on};
use crate::shard::{FIRST, Shard};
use crate::topics;

/// Kafka's `Uuid.METADATA_TOPIC_ID`.
const METADATA_TOPIC: TopicId = TopicId::new([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/// The partition of the metadata's own log.
pub const METADATA_PARTITION: PartitionId = PartitionId {
    topic: METADATA_TOPIC,
    index: PartitionIndex::new(0),
};

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
    /// It cannot be read.
    #[error("the metadata log cannot be read: {0}")]
    Read(#[from] LogReadError),
    /// An entry is no command.
    #[error("the metadata log holds no command at offset {offset}: {source}")]
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
    /// It is in force, but this broker could not act on all of it.
    #[error("{0}")]
    Incomplete(Arc<str>),
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

/// The controller and its log.
pub struct ControllerShell {
    log: Rc<PartitionLog>,
    controller: Controller<Rules>,
    turn: Budget,
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
            None => shard.storage.create_partition(metadata_spec()).await?,
        };
        log.set_config(metadata_spec().config);
        let mut image = MetadataImage::new(&shard.identity.cluster_id);
        let end = log.offsets().log_end;
        log_reader::for_each_record(&log, end, ReadIsolation::LogEnd, |offset, _, value| {
            let command = corelog_metadata::decode(value.unwrap_or_default())
                .map_err(|source| LoadError::Decode { offset, source })?;
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
                is_mending: Cell::new(false),
            },
            image,
        ))
    }

    /// Decides about each request on the image that those before it led to, and puts what was decided in force on
    /// every shard before it returns.
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
        for request in &requests {
            let mut random = || shard.handle.rng.next_u64();
            let decided = self.controller.handle(request, &image, &mut random);
            for command in decided.iter().flatten() {
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
        }
        decisions
    }

    async fn put_in_force(
        &self,
        shard: &Rc<Shard>,
        commands: &[Command],
        image: MetadataImage,
    ) -> Result<(), ChangeError> {
        let build = |error| ChangeError::Build(Arc::new(error));
        let mut builder = RecordBatchBuilder::new(BatchOptions::default());
        let timestamp = shard.handle.clock.wall();
        for command in commands {
            let value = corelog_metadata::encode(command);
            let record = NewRecord {
                timestamp,
                key: None,
                value: Some(&value),
                headers: &[],
            };
            builder.append(&record).map_err(build)?;
        }
        let batch = builder.build().map_err(build)?;
        let options = AppendOptions {
            origin: AppendOrigin::Internal,
        };
        let appending = self.log.append(vec![batch], options);
        let appending = async move { appending.await.map(drop) };
        early(Mutation::MetadataEarly, &shard.handle, appending, || Ok(())).await?;
        let (here, image) = (Rc::clone(shard), Arc::new(image));
        let publishing = async move { publish(&here, image).await };
        early(Mutation::MetadataLate, &shard.handle, publishing, || Ok(())).await
    }
}

/// Has every shard act on `image`.
///
/// # Errors
/// `Incomplete` when one of them could not; the image is in force all the same.
pub async fn publish(shard: &Rc<Shard>, image: Arc<MetadataImage>) -> Result<(), ChangeError> {
    // Two steps, so that no shard tells clients of a partition that another one has no log of yet.
    let prepared = on_all(shard, &image, topics::prepare_image).await;
    let applied = on_all(shard, &image, topics::apply_image).await;
    let failed = prepared.and(applied).err();
    match failed {
        Some(error) => {
            tracing::error!(%error, "a shard could not follow the metadata");
            begin_mending(shard);
            Err(ChangeError::Incomplete(error.to_string().into()))
        }
        None => Ok(()),
    }
}

/// Has the shards try again what they could not do, until they can: there may be room on the disk by then. Without it
/// a topic would lack a partition, or a name be taken by a topic that is gone, until a restart.
fn begin_mending(shard: &Rc<Shard>) {
    let Some(controller) = shard.controller() else {
        return;
    };
    if is_on(Mutation::NothingMended) || controller.is_mending.replace(true) {
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
        // Every command is needed for a replay: nothing is ever deleted by age or size.
        config: LogConfig {
            retention_ms: None,
            retention_bytes: None,
            ..LogConfig::default()
        },
    }
}
