//! Producer ids for whoever asks a shard for one.

use std::rc::Rc;

use corelog_metadata::{Command, ControllerRequest};
use corelog_model::ProducerId;

use super::change::change;
use crate::controller::ChangeError;
use crate::shard::Shard;

/// An id that nobody has had, after a restart neither.
///
/// # Errors
/// When the controller grants no further block.
pub(crate) async fn next_producer_id(shard: &Rc<Shard>) -> Result<ProducerId, ChangeError> {
    shard.producer_ids.take(async || block(shard).await).await
}

/// A block that the controller grants: the first id, and how many there are.
async fn block(shard: &Rc<Shard>) -> Result<(ProducerId, u32), ChangeError> {
    let granted = change(shard, vec![ControllerRequest::AllocateProducerIds], false).await;
    let commands = granted
        .into_iter()
        .next()
        .unwrap_or(Err(ChangeError::NotLoaded))?;
    let mut granted = None;
    for command in commands {
        if let Command::AllocateProducerIds { block_start, count } = command {
            granted = Some((block_start, count));
        }
    }
    Ok(granted.expect("the controller grants a block or refuses"))
}
