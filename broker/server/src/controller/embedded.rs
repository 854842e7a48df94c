//! A controller within this broker, alone: what is durable in its log is committed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use corelog_config::BrokerConfig;
use corelog_controller::{
    BrokerHeartbeat, BrokerRegistration, Controller, ControllerRequest, ControllerResponse, ProducerIdBlock,
    RequestSize,
};
use corelog_metadata::MetadataImage;
use corelog_model::{BrokerEpoch, BrokerId};
use corelog_runtime::local::Semaphore;
use corelog_runtime::{Handle, LocalFuture, WorkClass};
use corelog_storage::PartitionLog;

use super::error::{ChangeError, LoadError};
use super::log::MetadataLog;
use super::rules::Rules;
use super::seam::{ControllerLink, MetadataListener, MetadataSource};

/// The controller, its log, and what the log comes to.
pub struct Embedded {
    log: MetadataLog,
    controller: Controller<Rules>,
    handle: Handle,
    broker: BrokerId,
    /// Taken while the metadata are changed.
    turn: Semaphore,
    /// What is committed.
    image: RefCell<Arc<MetadataImage>>,
    listener: RefCell<Option<Rc<dyn MetadataListener>>>,
    /// A task is about to shorten the log.
    is_shortening: Cell<bool>,
}

type Decisions = Vec<Result<ControllerResponse, ChangeError>>;

impl Embedded {
    /// The controller of the cluster `cluster_id` in the broker `broker`, whose decisions are in `log`.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub(crate) async fn load(
        log: Rc<PartitionLog>,
        handle: Handle,
        cluster_id: &str,
        broker: BrokerId,
        config: Arc<BrokerConfig>,
    ) -> Result<Rc<Embedded>, LoadError> {
        let (log, image) = MetadataLog::replay(log, handle.clone(), cluster_id).await?;
        Ok(Rc::new(Embedded {
            log,
            controller: Controller {
                default_partition_count: i32::try_from(config.topics.partitions).unwrap_or(i32::MAX),
                default_replication_factor: i16::try_from(config.topics.replication_factor)
                    .unwrap_or(i16::MAX),
                rules: Rules::new(config),
            },
            handle,
            broker,
            turn: Semaphore::new(1),
            image: RefCell::new(Arc::new(image)),
            listener: RefCell::new(None),
            is_shortening: Cell::new(false),
        }))
    }

    /// The log.
    pub fn log(&self) -> &MetadataLog {
        &self.log
    }

    /// What is committed.
    pub fn image(&self) -> Arc<MetadataImage> {
        Arc::clone(&self.image.borrow())
    }

    /// Decides about each of `requests`, and puts what was decided in force before it returns.
    async fn decide(self: &Rc<Self>, requests: Vec<ControllerRequest>, validate_only: bool) -> Decisions {
        let _turn = self.turn.acquire(1).await;
        let mut image = (*self.image()).clone();
        let mut decisions = Vec::with_capacity(requests.len());
        let mut records = Vec::new();
        let mut size = RequestSize::default();
        let mut is_change = Vec::with_capacity(requests.len());
        for request in &requests {
            let mut random = || self.handle.rng.next_u64();
            let next_offset = self.log.offset_of(records.len());
            let decided = self.controller.handle(request, &image, next_offset, &mut random);
            if let Ok(decision) = &decided {
                if let Err(error) = size.add(decision) {
                    return requests.iter().map(|_| Err(error.clone().into())).collect();
                }
                image
                    .apply_in_place(&decision.records)
                    .expect("the controller decides what fits its image");
            }
            is_change.push(
                decided
                    .as_ref()
                    .is_ok_and(|decision| !decision.records.is_empty()),
            );
            decisions.push(match decided {
                Ok(mut decision) => {
                    records.append(&mut decision.records);
                    Ok(decision.response)
                }
                Err(error) => Err(error.into()),
            });
        }
        if validate_only || records.is_empty() {
            return decisions;
        }
        if let Err(error) = self.log.append(&records).await {
            let changes = decisions
                .iter_mut()
                .zip(is_change)
                .filter(|(_, is_change)| *is_change);
            for (decision, _) in changes {
                *decision = Err(error.clone());
            }
        } else {
            self.commit(Arc::new(image)).await;
        }
        if self.log.is_snapshot_due() && !self.is_shortening.replace(true) {
            let here = Rc::clone(self);
            // Nobody who asked waits for it; the next change does.
            self.handle
                .spawn(WorkClass::Normal, "shorten metadata", async move {
                    here.shorten().await
                });
        }
        decisions
    }

    /// Has the log begin with a snapshot of what is committed.
    async fn shorten(&self) {
        let _turn = self.turn.acquire(1).await;
        if let Err(error) = self.log.shorten(&self.image()).await {
            tracing::warn!(%error, "the metadata log is not shortened");
        }
        self.is_shortening.set(false);
    }

    /// `image` is durable: it is in force, and its listener acts on it.
    async fn commit(&self, image: Arc<MetadataImage>) {
        *self.image.borrow_mut() = Arc::clone(&image);
        let listener = self.listener.borrow().clone();
        if let Some(listener) = listener {
            listener.committed(image).await;
        }
    }

    async fn ask(self: &Rc<Self>, request: ControllerRequest) -> Result<ControllerResponse, ChangeError> {
        let mut decisions = self.decide(vec![request], false).await;
        decisions.pop().expect("one decision a request")
    }
}

impl MetadataSource for Embedded {
    fn follow(self: Rc<Self>, listener: Rc<dyn MetadataListener>) -> Arc<MetadataImage> {
        *self.listener.borrow_mut() = Some(listener);
        self.image()
    }
}

impl ControllerLink for Embedded {
    fn register(
        self: Rc<Self>,
        registration: BrokerRegistration,
    ) -> LocalFuture<Result<BrokerEpoch, ChangeError>> {
        Box::pin(async move {
            match self.ask(ControllerRequest::RegisterBroker(registration)).await? {
                ControllerResponse::Registered(epoch) => Ok(epoch),
                response => unreachable!("a registration is answered by {response:?}"),
            }
        })
    }

    fn heartbeat(self: Rc<Self>, heartbeat: BrokerHeartbeat) -> LocalFuture<Result<(), ChangeError>> {
        Box::pin(async move {
            self.ask(ControllerRequest::BrokerHeartbeat(heartbeat))
                .await
                .map(drop)
        })
    }

    fn allocate_producer_ids(self: Rc<Self>) -> LocalFuture<Result<ProducerIdBlock, ChangeError>> {
        Box::pin(async move {
            let broker = self.broker;
            match self
                .ask(ControllerRequest::AllocateProducerIds { broker })
                .await?
            {
                ControllerResponse::ProducerIds(block) => Ok(block),
                response => unreachable!("producer ids are answered by {response:?}"),
            }
        })
    }

    fn change(
        self: Rc<Self>,
        requests: Vec<ControllerRequest>,
        validate_only: bool,
    ) -> LocalFuture<Decisions> {
        Box::pin(async move { self.decide(requests, validate_only).await })
    }
}
