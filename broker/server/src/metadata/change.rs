//! A change of the metadata, asked of the controller by way of the first shard.

use std::rc::Rc;

use corelog_controller::{BrokerHeartbeat, BrokerRegistration, ControllerRequest, ControllerResponse};
use corelog_runtime::LocalFuture;

use crate::cluster::FIRST;
use crate::controller::ChangeError;
use crate::shard::ControllerChannel;

/// From any shard: has the controller decide about each of `requests` on the image that those before it led to; what was
/// decided is in force on every shard when this returns. More than one request may ask for is refused as a whole.
pub fn change(
    controller: &ControllerChannel,
    requests: Vec<ControllerRequest>,
    validate_only: bool,
) -> LocalFuture<Vec<Result<ControllerResponse, ChangeError>>> {
    let shards = &controller.shards;
    shards.submit_to(FIRST, move |controller: Rc<ControllerChannel>| async move {
        match controller.link() {
            Some(link) => link.change(requests, validate_only).await,
            None => requests.iter().map(|_| Err(ChangeError::NotLoaded)).collect(),
        }
    })
}

/// On the first shard: registers this start of the broker, and has it lead what it leads.
///
/// # Errors
/// When the controller refuses it, or cannot make it durable.
pub async fn register(
    controller: &ControllerChannel,
    registration: BrokerRegistration,
) -> Result<(), ChangeError> {
    let link = controller.link().ok_or(ChangeError::NotLoaded)?;
    let id = registration.id;
    let epoch = Rc::clone(&link).register(registration).await?;
    link.heartbeat(BrokerHeartbeat { id, epoch }).await
}
