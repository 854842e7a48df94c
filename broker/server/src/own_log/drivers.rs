//! The machines of one shard: one a partition of a topic that a kind of coordinator keeps its state in.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use corelog_model::PartitionId;
use corelog_runtime::local::Semaphore;
use corelog_runtime::{LocalFuture, WorkClass};

use super::driver::{Driver, Machine};

/// Partitions that a shard replays at a time.
const LOADS_MAX: usize = 4;

/// See the module.
pub(crate) struct Drivers<M: Machine> {
    by_partition: RefCell<BTreeMap<PartitionId, Rc<Driver<M>>>>,
    loads: Semaphore,
}

impl<M: Machine> Default for Drivers<M> {
    fn default() -> Drivers<M> {
        Drivers {
            by_partition: RefCell::default(),
            loads: Semaphore::new(LOADS_MAX),
        }
    }
}

impl<M: Machine> Drivers<M> {
    /// Whether a partition has its machine.
    pub(crate) fn has(&self, id: PartitionId) -> bool {
        self.by_partition.borrow().contains_key(&id)
    }

    /// Begins to load the machine of a partition that this shard now owns. Requests are answered meanwhile, most of them with
    /// the error that it loads. `loaded` is called once it serves.
    pub(crate) fn begin(
        &self,
        id: PartitionId,
        driver: Rc<Driver<M>>,
        loaded: impl FnOnce(&Rc<Driver<M>>) + 'static,
    ) {
        self.by_partition.borrow_mut().insert(id, Rc::clone(&driver));
        let loads = self.loads.clone();
        let handle = driver.handle.clone();
        handle.spawn(WorkClass::Normal, M::TASKS.load, async move {
            let turn = loads.acquire(1).await;
            if driver.load().await {
                loaded(&driver);
                drop(turn);
                driver.keep_time().await;
            }
        });
    }

    /// Ends the machine of a partition that is going away; everybody who waits is told.
    pub(crate) fn unload(&self, id: PartitionId) {
        let driver = self.by_partition.borrow_mut().remove(&id);
        if let Some(driver) = driver {
            driver.unload();
        }
    }

    /// Hands a request to the machine of a partition before this returns; one that is not here has it refused by `refuse`.
    pub(crate) fn submit(
        &self,
        id: PartitionId,
        request: M::Request,
        refuse: impl FnOnce(M::Request) -> M::Response,
    ) -> LocalFuture<M::Response> {
        match self.get(id) {
            Some(driver) => driver.submit(request),
            None => {
                let response = refuse(request);
                Box::pin(async move { response })
            }
        }
    }

    /// The machine of a partition.
    pub(crate) fn get(&self, id: PartitionId) -> Option<Rc<Driver<M>>> {
        self.by_partition.borrow().get(&id).cloned()
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Rc<Driver<M>>> {
        self.by_partition.borrow().values().cloned().collect()
    }
}
