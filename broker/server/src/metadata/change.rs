//! A change of the metadata, asked of the controller by way of the first shard.

use std::rc::Rc;

use corelog_controller::{BrokerHeartbeat, BrokerRegistration, ControllerRequest, ControllerResponse};
use corelog_runtime::LocalFuture;

use crate::controller::ChangeError;
use crate::shard::{FIRST, Shard};

/// From any shard: has the controller decide about each of `requests` on the image that those before it led to; what was
/// decided is in force on every shard when this returns. More than one request may ask for is refused as a whole.
pub fn change(
    shard: &Rc<Shard>,
    requests: Vec<ControllerRequest>,
    validate_only: bool,
) -> LocalFuture<Vec<Result<ControllerResponse, ChangeError>>> {
    shard.submit_to(FIRST, move |shard| async move {
        match shard.controller() {
            Some(controller) => controller.link().change(requests, validate_only).await,
            None => requests.iter().map(|_| Err(ChangeError::NotLoaded)).collect(),
        }
    })
}

/// On the first shard: registers this start of the broker, and has it lead what it leads.
///
/// # Errors
/// When the controller refuses it, or cannot make it durable.
pub async fn register(shard: &Rc<Shard>, registration: BrokerRegistration) -> Result<(), ChangeError> {
    let controller = shard.controller().ok_or(ChangeError::NotLoaded)?;
    let id = registration.id;
    let epoch = controller.link().register(registration).await?;
    controller.link().heartbeat(BrokerHeartbeat { id, epoch }).await
}
