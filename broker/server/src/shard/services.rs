//! The services of a shard, put together. Whoever works with some of them takes those by name.

use std::rc::Rc;
use std::sync::Arc;

use corelog_config::BrokerConfig;
use corelog_model::{ShardId, TimestampMs};
use corelog_runtime::{Activity, Handle, Mailbox};
use corelog_storage::Storage;

use super::controller_channel::ControllerChannel;
use super::fetch_watch::Fetches;
use super::long_work::LongWork;
use super::shards::{ShardMessage, Shards};
use crate::clients::connections::Connections;
use crate::cluster::{Identity, MetadataCache};
use crate::groups::Coordinators;
use crate::memory::{Memory, MemoryBudgets};
use crate::metrics::ShardMetrics;
use crate::partitions::Partitions;
use crate::transactions::TransactionCoordinators;

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
    /// The seams.
    pub handle: Handle,
    /// The metadata and the settings in force.
    pub metadata: Rc<MetadataCache>,
    /// The way to all shards, this one included.
    pub shards: Rc<Shards>,
    /// The partitions, with their logs.
    pub partitions: Rc<Partitions>,
    /// The groups whose offsets partition is on this shard.
    pub(crate) coordinators: Rc<Coordinators>,
    /// The transactional ids whose state partition is on this shard.
    pub(crate) transactions: Rc<TransactionCoordinators>,
    /// The way to the controller.
    pub controller: Rc<ControllerChannel>,
    /// The clients' connections that this shard serves.
    pub connections: Rc<Connections>,
    /// Memory for requests and answers.
    pub memory: Memory,
    /// The fetches' sessions, and what they wait to hear of.
    pub fetches: Rc<Fetches>,
    /// Produced records that take long work.
    pub long_work: Rc<LongWork>,
    /// What is counted.
    pub metrics: Rc<ShardMetrics>,
    /// When it was made, by the wall clock.
    pub(crate) started: TimestampMs,
}

impl Shard {
    /// A shard with an empty image; [`crate::metadata::topics::apply_image`] gives it its partitions.
    pub fn new(parts: ShardParts) -> Rc<Shard> {
        let handle = parts.handle;
        let sessions_max = usize::try_from(parts.config.network.fetch_sessions_max).unwrap_or(usize::MAX);
        let budgets = MemoryBudgets {
            requests: parts.request_memory,
            fetches: parts.fetch_memory,
            answers: parts.answer_memory,
        };
        let metadata = MetadataCache::new(parts.identity, parts.config);
        let metrics = Rc::new(ShardMetrics::new(parts.activity));
        let connections = Rc::<Connections>::default();
        let partitions = Rc::new(Partitions::new(
            Rc::clone(&metadata),
            parts.storage,
            Rc::clone(&handle.clock),
            Rc::clone(&metrics),
        ));
        let started = handle.clock.wall();
        Rc::new_cyclic(|shard| {
            let shards = Shards::new(parts.id, parts.shard_count, parts.mailbox, shard.clone());
            let shards = Rc::new(shards);
            Shard {
                coordinators: Rc::default(),
                transactions: Rc::default(),
                controller: Rc::new(ControllerChannel::new(handle.clone(), Rc::clone(&shards))),
                memory: Memory::new(budgets, Rc::clone(&handle.clock), Rc::clone(&connections)),
                fetches: Rc::new(Fetches::new(
                    handle.clone(),
                    Rc::clone(&shards),
                    Rc::clone(&partitions),
                    sessions_max,
                )),
                long_work: Rc::new(LongWork::new(handle.clone())),
                handle,
                metadata,
                shards,
                partitions,
                connections,
                metrics,
                started,
            }
        })
    }

    /// Whether this shard serves clients: it has tried to open all partitions, and its journal is not fenced.
    pub fn is_ready(&self) -> bool {
        self.connections.are_served() && !self.partitions.storage().is_fenced()
    }
}

/// What another shard can have this one work with: see [`Shards::submit_to`].
pub(crate) trait Service {
    /// That of `shard`.
    fn of(shard: &Rc<Shard>) -> Rc<Self>;
}

macro_rules! services {
    ($($field:ident: $service:ty,)+) => {
        $(impl Service for $service {
            fn of(shard: &Rc<Shard>) -> Rc<$service> {
                Rc::clone(&shard.$field)
            }
        })+
    };
}

services! {
    partitions: Partitions,
    coordinators: Coordinators,
    transactions: TransactionCoordinators,
    controller: ControllerChannel,
    connections: Connections,
    fetches: Fetches,
    metrics: ShardMetrics,
}

/// For what is done with most of them.
impl Service for Shard {
    fn of(shard: &Rc<Shard>) -> Rc<Shard> {
        Rc::clone(shard)
    }
}
