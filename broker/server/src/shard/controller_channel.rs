//! A shard's way to the controller, which the first shard reaches.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use corelog_runtime::Handle;
use corelog_runtime::local::Semaphore;

use super::producer_ids::ProducerIds;
use super::shards::Shards;
use crate::cluster::FIRST;
use crate::controller::ControllerLink;

/// How a shard asks the controller: by way of the first shard, whose link leads there. On that one, too, whose turn it is
/// to publish what the controller decides.
pub struct ControllerChannel {
    /// The seams.
    pub(crate) handle: Handle,
    /// The way to the first shard.
    pub(crate) shards: Rc<Shards>,
    /// What is left of this shard's block of producer ids.
    pub(crate) producer_ids: ProducerIds,
    /// Taken while the shards act on the metadata.
    pub(crate) publishing: Semaphore,
    /// Whether a task has the shards try again what they could not do.
    pub(crate) is_mending: Cell<bool>,
    link: RefCell<Option<Rc<dyn ControllerLink>>>,
}

impl ControllerChannel {
    /// A channel without a link yet.
    pub(super) fn new(handle: Handle, shards: Rc<Shards>) -> ControllerChannel {
        ControllerChannel {
            handle,
            shards,
            producer_ids: ProducerIds::default(),
            publishing: Semaphore::new(1),
            is_mending: Cell::new(false),
            link: RefCell::default(),
        }
    }

    /// The controller; on the first shard alone, once it has been loaded.
    pub(crate) fn link(&self) -> Option<Rc<dyn ControllerLink>> {
        self.link.borrow().clone()
    }

    /// On the first shard: where the controller is.
    pub(crate) fn set_link(&self, link: Rc<dyn ControllerLink>) {
        assert_eq!(self.shards.here, FIRST, "the controller is on the first shard");
        *self.link.borrow_mut() = Some(link);
    }
}
