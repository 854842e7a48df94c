//! What the coordinators of transactions need of this broker.

use std::rc::Rc;

use corelog_model::ProducerId;
use corelog_runtime::LocalFuture;
use corelog_transactions::{MarkerOutcome, NoProducerId, TopicPartition, WriteMarkers};

use super::producer_ids::next_producer_id;
use crate::cluster::MetadataCache;
use crate::markers;
use crate::shard::{ControllerChannel, Shard, Shards};
use crate::transactions::Outside;

/// See the module.
pub(super) struct Broker {
    metadata: Rc<MetadataCache>,
    shards: Rc<Shards>,
    controller: Rc<ControllerChannel>,
}

impl Broker {
    pub(super) fn of(shard: &Shard) -> Broker {
        Broker {
            metadata: Rc::clone(&shard.metadata),
            shards: Rc::clone(&shard.shards),
            controller: Rc::clone(&shard.controller),
        }
    }
}

impl Outside for Broker {
    fn producer_id(&self) -> LocalFuture<Result<ProducerId, NoProducerId>> {
        let controller = Rc::clone(&self.controller);
        Box::pin(async move {
            next_producer_id(&controller).await.map_err(|error| {
                tracing::warn!(%error, "there is no producer id for a transaction");
                NoProducerId
            })
        })
    }

    fn write_markers(&self, markers: WriteMarkers) -> LocalFuture<Vec<(TopicPartition, MarkerOutcome)>> {
        let (metadata, shards) = (Rc::clone(&self.metadata), Rc::clone(&self.shards));
        Box::pin(async move { markers::write(&metadata, &shards, markers).await })
    }
}
