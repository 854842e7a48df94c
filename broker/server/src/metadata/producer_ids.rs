//! Producer ids for whoever asks a shard for one.

use std::rc::Rc;

use corelog_controller::ProducerIdBlock;
use corelog_model::ProducerId;

use crate::cluster::FIRST;
use crate::controller::ChangeError;
use crate::shard::ControllerChannel;

/// An id that nobody has had, after a restart neither.
///
/// # Errors
/// When the controller grants no further block.
pub(crate) async fn next_producer_id(controller: &ControllerChannel) -> Result<ProducerId, ChangeError> {
    let another = async || block(controller).await;
    controller.producer_ids.take(another).await
}

/// A block that the controller grants: the first id, and how many there are.
async fn block(controller: &ControllerChannel) -> Result<(ProducerId, u32), ChangeError> {
    let shards = &controller.shards;
    let granted = shards.submit_to(FIRST, |controller: Rc<ControllerChannel>| async move {
        let link = controller.link().ok_or(ChangeError::NotLoaded)?;
        link.allocate_producer_ids().await
    });
    let ProducerIdBlock { start, count } = granted.await?;
    Ok((start, count))
}
