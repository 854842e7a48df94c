//! All partitions of one shard.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use corelog_metadata::PartitionImage;
use corelog_model::PartitionId;
use corelog_partition::PartitionConfig;
use corelog_runtime::Clock;
use corelog_storage::{CreateError, DeleteError, PartitionLog, PartitionSpec, Storage};

use super::log_state::{LogApi, LogState, refusal};
use super::partition::Partition;
use crate::cluster::MetadataCache;
use crate::error_codes::Failure;
use crate::metrics::ShardMetrics;

/// See the module. A partition is in here while its log is in the storage.
pub struct Partitions {
    metadata: Rc<MetadataCache>,
    storage: Rc<Storage>,
    clock: Rc<dyn Clock>,
    metrics: Rc<ShardMetrics>,
    all: RefCell<HashMap<PartitionId, Rc<Partition>, foldhash::fast::RandomState>>,
}

impl Partitions {
    /// None yet, of the logs of `storage`.
    pub(crate) fn new(
        metadata: Rc<MetadataCache>,
        storage: Rc<Storage>,
        clock: Rc<dyn Clock>,
        metrics: Rc<ShardMetrics>,
    ) -> Partitions {
        Partitions {
            metadata,
            storage,
            clock,
            metrics,
            all: RefCell::default(),
        }
    }

    /// The partitions' logs, and the metadata's own.
    pub fn storage(&self) -> &Rc<Storage> {
        &self.storage
    }

    /// The clock that goes for them.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// A partition of this shard.
    pub fn get(&self, id: &PartitionId) -> Option<Rc<Partition>> {
        self.all.borrow().get(id).map(Rc::clone)
    }

    /// Makes a partition and its log; it is durable when this returns.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub(crate) async fn create(
        &self,
        spec: PartitionSpec,
        config: PartitionConfig,
        image: &PartitionImage,
    ) -> Result<(), CreateError> {
        let log = self.storage.create_partition(spec).await?;
        self.adopt(log, config, image);
        Ok(())
    }

    /// Takes the partition of a log that the storage has opened, if it has not been taken before, and says who leads it.
    pub(crate) fn adopt(&self, log: Rc<PartitionLog>, config: PartitionConfig, image: &PartitionImage) {
        let id = log.id();
        let partition = self.get(&id).unwrap_or_else(|| {
            let broker = self.metadata.identity.broker;
            let (clock, metrics) = (Rc::clone(&self.clock), Rc::clone(&self.metrics));
            let partition = Partition::new(log, broker, config, clock, metrics);
            self.all.borrow_mut().insert(id, Rc::clone(&partition));
            partition
        });
        partition.configure(config);
        partition.assign(image);
    }

    /// Removes a partition and its log. It is gone for good when this returns.
    ///
    /// # Errors
    /// See [`DeleteError`].
    pub(crate) async fn delete(&self, id: PartitionId) -> Result<(), DeleteError> {
        let deleted = self.storage.delete_partition(id).await;
        if self.storage.partition(&id).is_none() {
            let gone = self.all.borrow_mut().remove(&id);
            if let Some(partition) = gone {
                partition.remove();
            }
        }
        deleted
    }

    /// The partition of this shard that a request of `api` names, which this broker must lead.
    ///
    /// # Errors
    /// What [`refusal`] says of its state.
    pub fn find(&self, api: LogApi, id: &PartitionId) -> Result<Rc<Partition>, Failure> {
        let Some(partition) = self.get(id) else {
            let state = match self.metadata.image().partition(*id) {
                Some(_) => LogState::Missing,
                None => LogState::Unknown,
            };
            return Err(refusal(api, &state).expect("what is not there is refused"));
        };
        match refusal(api, &self.state_of(&partition)) {
            Some(failure) => Err(failure),
            None => Ok(partition),
        }
    }

    fn state_of(&self, partition: &Partition) -> LogState {
        let log = partition.log();
        if log.is_deleted() {
            LogState::Deleted
        } else if let Some(reason) = log.corruption() {
            LogState::Damaged(reason)
        } else if !partition.is_leader() {
            LogState::Led
        } else if self.storage.is_fenced() {
            LogState::Fenced
        } else {
            LogState::Open
        }
    }
}
