//! Work on produced records that takes long, off the path of everyone else: recompression, and the check of large compressed
//! batches.
//!
//! One task a shard does it, a batch at a time, in the normal class, and lets the other tasks run between batches, and
//! between the pieces of a batch that is checked.
//! Invariant: a connection that has work here has all its later requests wait behind it, so that its appends keep the
//! order of its requests (INV-3). One batch is decompressed at a time, which bounds the memory; what waits is bounded
//! by the memory for requests.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use corelog_model::{PartitionId, ValidatedBatch};
use corelog_runtime::local::{oneshot, yield_now};
use corelog_runtime::{LocalFuture, WorkClass};

use crate::api::produce::check::RecordsWork;
use crate::error_codes::Failure;
use crate::shard::Shard;

/// A batch, its partition, and what is to be done to it.
pub type Item = (PartitionId, ValidatedBatch, Option<RecordsWork>);
/// One result a batch.
pub type Results<T> = LocalFuture<Vec<Result<T, Failure>>>;

type Batches = Vec<(PartitionId, ValidatedBatch)>;
/// A batch that may be appended, or why it may not.
type Worked = Result<(PartitionId, ValidatedBatch), Failure>;

struct Job {
    client: u64,
    run: Box<dyn FnOnce(Vec<Worked>)>,
    items: Vec<Item>,
}

/// The lane of one shard.
#[derive(Default)]
pub struct ProduceLane {
    jobs: RefCell<VecDeque<Job>>,
    /// The requests of each connection that are here.
    clients: RefCell<HashMap<u64, usize, foldhash::fast::RandomState>>,
    is_running: Cell<bool>,
}

impl ProduceLane {
    /// The requests that wait here.
    pub fn len(&self) -> usize {
        self.jobs.borrow().len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a request of `client` with these batches has to go through the lane.
    pub fn is_needed(&self, client: u64, items: &[Item]) -> bool {
        items.iter().any(|(_, _, work)| work.is_some()) || self.clients.borrow().contains_key(&client)
    }
}

/// Does the work on the batches of a request of `client`, after that of its earlier ones, and hands those that pass to
/// `append`, which admits them before it returns. Resolves to one result a batch.
pub fn enter<T: 'static>(
    shard: &Rc<Shard>,
    client: u64,
    items: Vec<Item>,
    append: impl FnOnce(Batches) -> Results<T> + 'static,
) -> Results<T> {
    let (sender, receiver) = oneshot::channel();
    let run = move |worked: Vec<Worked>| {
        let mut refused = Vec::with_capacity(worked.len());
        let mut passed = Vec::with_capacity(worked.len());
        for result in worked {
            match result {
                Ok(item) => {
                    passed.push(item);
                    refused.push(None);
                }
                Err(failure) => refused.push(Some(failure)),
            }
        }
        // The connection may have gone; its batches are appended all the same.
        let _ = sender.send((refused, append(passed)));
    };
    let lane = &shard.produce_lane;
    *lane.clients.borrow_mut().entry(client).or_default() += 1;
    lane.jobs.borrow_mut().push_back(Job {
        client,
        run: Box::new(run),
        items,
    });
    if !lane.is_running.replace(true) {
        let worker = Rc::clone(shard);
        shard
            .handle
            .spawn(WorkClass::Normal, "produce lane", work(worker));
    }
    Box::pin(async move {
        let (refused, appended) = receiver.await.expect("the lane ends a job before it forgets it");
        let mut appended = appended.await.into_iter();
        refused
            .into_iter()
            .map(|refused| match refused {
                Some(failure) => Err(failure),
                None => appended.next().expect("one result a batch that was handed over"),
            })
            .collect()
    })
}

async fn work(shard: Rc<Shard>) {
    let lane = &shard.produce_lane;
    loop {
        let next = lane.jobs.borrow_mut().pop_front();
        let Some(job) = next else {
            // No await between the look at the queue and this: nobody can be overlooked.
            lane.is_running.set(false);
            return;
        };
        let mut worked = Vec::with_capacity(job.items.len());
        for (id, batch, work) in job.items {
            let result = match work {
                Some(work) => {
                    yield_now().await;
                    work.run(batch).await
                }
                None => Ok(batch),
            };
            worked.push(result.map(|batch| (id, batch)));
        }
        (job.run)(worked);
        let mut clients = lane.clients.borrow_mut();
        if let Some(count) = clients.get_mut(&job.client) {
            *count -= 1;
            if *count == 0 {
                clients.remove(&job.client);
            }
        }
    }
}
