//! The way to the controller, on the first shard.

use std::cell::Cell;
use std::rc::Rc;

use corelog_runtime::local::Semaphore;

use crate::controller::ControllerLink;

/// The controller as the first shard reaches it, and whose turn it is to publish what it decides.
pub struct ControllerSeat {
    link: Rc<dyn ControllerLink>,
    /// Taken while the shards act on the metadata.
    pub(crate) publishing: Semaphore,
    /// Whether a task has the shards try again what they could not do.
    pub(crate) is_mending: Cell<bool>,
}

impl ControllerSeat {
    /// The controller that `link` leads to.
    pub(crate) fn new(link: Rc<dyn ControllerLink>) -> ControllerSeat {
        ControllerSeat {
            link,
            publishing: Semaphore::new(1),
            is_mending: Cell::new(false),
        }
    }

    /// How it is asked.
    pub(crate) fn link(&self) -> Rc<dyn ControllerLink> {
        Rc::clone(&self.link)
    }
}
