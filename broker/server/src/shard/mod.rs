//! One shard: a thread that owns its partitions, its groups and its connections outright.
//!
//! Everything in here belongs to that thread (INV-1, INV-2); other shards reach it through [`Shard::submit_to`].

mod calls;
mod controller_seat;
mod fetch_watch;
mod identity;
mod long_work;
pub(crate) mod metrics;
mod owner;
mod producer_ids;
mod scatter;
#[cfg(test)]
pub(crate) mod test_image;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use corelog_config::{BrokerConfig, ConfigError, TopicConfig};
use corelog_metadata::{MetadataImage, TopicImage};
use corelog_model::{PartitionId, ShardId, TopicId};
use corelog_runtime::local::Semaphore;
use corelog_runtime::{Activity, Handle, Mailbox};
use corelog_storage::Storage;

use calls::Calls;
use fetch_watch::FetchWatches;
use long_work::LongWork;
use metrics::ShardMetrics;
use producer_ids::ProducerIds;

pub use calls::{ShardMessage, Work};
pub use controller_seat::ControllerSeat;
pub use fetch_watch::{Seen, Watch};
pub use identity::Identity;
pub use owner::{FIRST, owner_of};
pub(crate) use scatter::{Items, OwnerWork, Results};

pub(crate) use identity::{ClusterView, Node, ShardListeners};

use crate::clients::connections::Connections;
use crate::clients::fetch_session::FetchSessions;
use crate::error_codes::Failure;
use crate::groups::Coordinators;
use crate::memory::long_answer::LongAnswers;
use crate::partitions::{LogApi, Partition, Partitions};

/// What a shard is made of; see [`Shard`].
pub struct ShardParts {
    /// This shard.
    pub id: ShardId,
    /// How many shards there are.
    pub shard_count: u16,
    /// The seams.
    pub handle: Handle,
    /// The way to the other shards.
    pub mailbox: Rc<dyn Mailbox<ShardMessage>>,
    /// The partitions' logs.
    pub storage: Rc<Storage>,
    /// The configuration.
    pub config: Arc<BrokerConfig>,
    /// What clients are told of this broker.
    pub identity: Arc<Identity>,
    /// Memory for requests under way, in bytes.
    pub request_memory: usize,
    /// Memory for what fetches answer with, in bytes.
    pub fetch_memory: usize,
    /// Memory for long answers of other requests, in bytes.
    pub answer_memory: usize,
    /// How this shard spends its time.
    pub activity: Rc<Activity>,
}

/// One shard of a broker.
pub struct Shard {
    /// This shard.
    pub id: ShardId,
    /// How many shards there are.
    pub shard_count: u16,
    /// The seams.
    pub handle: Handle,
    /// The partitions' logs, and the metadata's own.
    pub storage: Rc<Storage>,
    /// The partitions.
    pub partitions: Partitions,
    /// What is counted.
    pub metrics: ShardMetrics,
    /// Memory for requests under way.
    pub request_memory: Semaphore,
    /// Memory for what fetches answer with.
    pub fetch_memory: Semaphore,
    /// Long answers of other requests than Fetch.
    pub long_answers: LongAnswers,
    /// How this shard spends its time.
    pub activity: Rc<Activity>,
    /// What clients are told of this broker.
    pub identity: Arc<Identity>,
    /// The fetch sessions of this shard's connections.
    pub fetch_sessions: RefCell<FetchSessions<Watch>>,
    /// The clients' connections that this shard serves.
    pub connections: Rc<Connections>,
    /// What fetches wait to hear of, of this shard's connections and of others' here.
    pub fetch_watches: FetchWatches,
    /// The groups whose offsets partition is on this shard.
    pub(crate) coordinators: Coordinators,
    /// Produced records that take long work.
    pub long_work: Rc<LongWork>,
    /// The producer ids that this shard gives out.
    pub(crate) producer_ids: ProducerIds,
    pub mailbox: Rc<dyn Mailbox<ShardMessage>>,
    pub(crate) calls: Calls,
    controller: RefCell<Option<Rc<ControllerSeat>>>,
    config: RefCell<Arc<BrokerConfig>>,
    image: RefCell<Arc<MetadataImage>>,
    topic_configs: RefCell<HashMap<TopicId, Rc<TopicConfig>, foldhash::fast::RandomState>>,
    is_open: Cell<bool>,
    connection_number_next: Cell<u64>,
}

impl Shard {
    /// A shard with an empty image; [`crate::metadata::topics::apply_image`] gives it its partitions.
    pub fn new(parts: ShardParts) -> Rc<Shard> {
        let sessions = usize::try_from(parts.config.network.fetch_sessions_max).unwrap_or(usize::MAX);
        let image = MetadataImage::new(&parts.identity.cluster_id);
        Rc::new(Shard {
            id: parts.id,
            shard_count: parts.shard_count,
            partitions: Partitions::new(
                parts.identity.broker,
                Rc::clone(&parts.storage),
                Rc::clone(&parts.handle.clock),
            ),
            handle: parts.handle,
            storage: parts.storage,
            metrics: ShardMetrics::default(),
            request_memory: Semaphore::new(parts.request_memory),
            fetch_memory: Semaphore::new(parts.fetch_memory),
            long_answers: LongAnswers::new(parts.answer_memory),
            activity: parts.activity,
            identity: parts.identity,
            fetch_sessions: RefCell::new(FetchSessions::new(sessions)),
            connections: Rc::default(),
            fetch_watches: FetchWatches::default(),
            coordinators: Coordinators::default(),
            long_work: Rc::default(),
            producer_ids: ProducerIds::default(),
            mailbox: parts.mailbox,
            calls: Calls::default(),
            controller: RefCell::new(None),
            config: RefCell::new(parts.config),
            image: RefCell::new(Arc::new(image)),
            topic_configs: RefCell::default(),
            is_open: Cell::new(false),
            connection_number_next: Cell::new(0),
        })
    }

    /// The metadata as this shard knows it.
    pub fn image(&self) -> Arc<MetadataImage> {
        Arc::clone(&self.image.borrow())
    }

    /// Replaces the metadata; [`crate::metadata::topics::apply_image`] acts on the difference.
    pub(crate) fn set_image(&self, image: Arc<MetadataImage>) {
        self.topic_configs.borrow_mut().clear();
        *self.image.borrow_mut() = image;
    }

    /// The configuration in force, dynamic values included.
    pub fn config(&self) -> Arc<BrokerConfig> {
        Arc::clone(&self.config.borrow())
    }

    /// Puts another configuration in force.
    pub(crate) fn set_config(&self, config: Arc<BrokerConfig>) {
        self.topic_configs.borrow_mut().clear();
        *self.config.borrow_mut() = config;
    }

    /// A topic's settings in force.
    ///
    /// # Errors
    /// When one of them does not go with the broker's.
    pub(crate) fn topic_config(&self, topic: &TopicImage) -> Result<Rc<TopicConfig>, ConfigError> {
        if let Some(known) = self.topic_configs.borrow().get(&topic.id) {
            return Ok(Rc::clone(known));
        }
        let config = Rc::new(TopicConfig::effective(&self.config(), &topic.configs)?);
        self.topic_configs
            .borrow_mut()
            .insert(topic.id, Rc::clone(&config));
        Ok(config)
    }

    /// The shard that owns a partition, whether or not there is one.
    pub(crate) fn owner_of(&self, partition: PartitionId) -> ShardId {
        owner_of(partition, self.shard_count)
    }

    /// The partition of this shard that a request of `api` names.
    ///
    /// # Errors
    /// When this broker does not lead it, or its log is not served: see [`Partitions::find`].
    pub fn partition(&self, api: LogApi, id: &PartitionId) -> Result<Rc<Partition>, Failure> {
        self.partitions
            .find(api, id, || self.image().partition(*id).is_some())
    }

    /// All shards of this broker.
    pub(crate) fn all(&self) -> impl Iterator<Item = ShardId> + use<> {
        (0..self.shard_count).map(ShardId::new)
    }

    /// The controller; on the first shard alone, once it has been loaded.
    pub fn controller(&self) -> Option<Rc<ControllerSeat>> {
        self.controller.borrow().clone()
    }

    /// Calls to other shards that wait for their replies. Each connection that another shard serves for this one is
    /// such a call for as long as it lasts.
    pub fn calls_waiting(&self) -> usize {
        self.calls.waiting()
    }

    /// Puts the controller in its place.
    pub(crate) fn set_controller(&self, controller: ControllerSeat) {
        assert_eq!(self.id, FIRST, "the controller is on the first shard");
        *self.controller.borrow_mut() = Some(Rc::new(controller));
    }

    /// Whether this shard serves clients: it has tried to open all partitions, and its journal is not fenced.
    pub fn is_ready(&self) -> bool {
        self.is_open.get() && !self.storage.is_fenced()
    }

    /// Clients are served from now on, or no more.
    pub(crate) fn set_open(&self, is_open: bool) {
        self.is_open.set(is_open);
    }

    /// A number for a new connection of this shard.
    pub(crate) fn next_connection_number(&self) -> u64 {
        let number = self.connection_number_next.get();
        self.connection_number_next.set(number + 1);
        number
    }
}
