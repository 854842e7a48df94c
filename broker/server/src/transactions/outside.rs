//! What a coordinator needs of the broker around it.

use corelog_model::ProducerId;
use corelog_runtime::LocalFuture;
use corelog_transactions::{MarkerOutcome, NoProducerId, TopicPartition, WriteMarkers};

/// See the module.
pub(crate) trait Outside {
    /// A producer id that nobody has had.
    fn producer_id(&self) -> LocalFuture<Result<ProducerId, NoProducerId>>;

    /// Ends a transaction in its partitions; one outcome each.
    fn write_markers(&self, markers: WriteMarkers) -> LocalFuture<Vec<(TopicPartition, MarkerOutcome)>>;
}
