//! Producer ids for whoever asks a shard for one.

use std::rc::Rc;

use corelog_controller::ProducerIdBlock;
use corelog_model::ProducerId;

use crate::controller::ChangeError;
use crate::shard::{FIRST, Shard};

/// An id that nobody has had, after a restart neither.
///
/// # Errors
/// When the controller grants no further block.
pub(crate) async fn next_producer_id(shard: &Rc<Shard>) -> Result<ProducerId, ChangeError> {
    shard.producer_ids.take(async || block(shard).await).await
}

/// A block that the controller grants: the first id, and how many there are.
async fn block(shard: &Rc<Shard>) -> Result<(ProducerId, u32), ChangeError> {
    let granted = shard.submit_to(FIRST, |shard| async move {
        let controller = shard.controller().ok_or(ChangeError::NotLoaded)?;
        controller.link().allocate_producer_ids().await
    });
    let ProducerIdBlock { start, count } = granted.await?;
    Ok((start, count))
}
