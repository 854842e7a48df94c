//! What a broker needs of a controller, wherever that is.

use std::rc::Rc;
use std::sync::Arc;

use corelog_controller::{
    BrokerHeartbeat, BrokerRegistration, ControllerRequest, ControllerResponse, ProducerIdBlock,
};
use corelog_metadata::MetadataImage;
use corelog_model::BrokerEpoch;
use corelog_runtime::LocalFuture;

use super::error::ChangeError;

/// Where the metadata come from.
pub trait MetadataSource {
    /// Returns the image of all that is committed. `listener` is told of whatever is committed from now on.
    fn follow(self: Rc<Self>, listener: Rc<dyn MetadataListener>) -> Arc<MetadataImage>;
}

/// Who acts on the metadata.
pub trait MetadataListener {
    /// `image` is committed. The next one comes when this one has been acted upon.
    fn committed(&self, image: Arc<MetadataImage>) -> LocalFuture<()>;
}

/// How a broker asks the controller. What a call changes has been told to the [`MetadataListener`] before it ends.
pub trait ControllerLink {
    /// Registers this start of a broker, which is fenced until it is ready. Returns what the registration is known by.
    fn register(
        self: Rc<Self>,
        registration: BrokerRegistration,
    ) -> LocalFuture<Result<BrokerEpoch, ChangeError>>;

    /// Says that a registered broker is ready to serve: it leads from then on.
    fn heartbeat(self: Rc<Self>, heartbeat: BrokerHeartbeat) -> LocalFuture<Result<(), ChangeError>>;

    /// Asks for producer ids that nobody else gets.
    fn allocate_producer_ids(self: Rc<Self>) -> LocalFuture<Result<ProducerIdBlock, ChangeError>>;

    /// Asks on behalf of clients: about each of `requests` on the image that those before it led to. More than one
    /// request may ask for is refused as a whole. With `validate_only` nothing is changed.
    fn change(
        self: Rc<Self>,
        requests: Vec<ControllerRequest>,
        validate_only: bool,
    ) -> LocalFuture<Vec<Result<ControllerResponse, ChangeError>>>;
}
