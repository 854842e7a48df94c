//! One partition on this broker: its log, and the state machine that says what this broker is to it
//! (`corelog_partition`). What the log and the metadata report goes into the machine, and what comes out is done here.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use corelog_metadata::PartitionImage;
use corelog_model::{BrokerId, LeaderEpoch, Offset, ValidatedBatch};
use corelog_partition::{
    AckError, AckToken, Acks, Action, Assignment, EpochError, Event, LogEnds, Partition as Machine,
    PartitionConfig, Role,
};
use corelog_runtime::Clock;
use corelog_runtime::local::oneshot;
use corelog_storage::{AppendOptions, AppendOrigin, Appended, LogOffsets, LogOwner, PartitionLog};

use crate::error_codes::{Failure, ack_failure, append_failure, replicas_failure};
use crate::metrics::ShardMetrics;

/// See the module.
pub struct Partition {
    log: Rc<PartitionLog>,
    clock: Rc<dyn Clock>,
    metrics: Rc<ShardMetrics>,
    machine: RefCell<Machine>,
    /// Kept so that an append needs no memory for it.
    actions: RefCell<Vec<Action>>,
    acks_awaited: RefCell<BTreeMap<AckToken, oneshot::Sender<Result<(), AckError>>>>,
    next_token: Cell<u64>,
}

fn ends(log: &PartitionLog, offsets: &LogOffsets) -> LogEnds {
    LogEnds {
        log_start: offsets.log_start,
        log_end: offsets.log_end,
        durable_end: offsets.durable_end,
        first_unstable: log.first_unstable(),
    }
}

impl Partition {
    /// The partition of `log` on this broker, which follows nobody until it is told who leads.
    pub(super) fn new(
        log: Rc<PartitionLog>,
        broker: BrokerId,
        config: PartitionConfig,
        clock: Rc<dyn Clock>,
        metrics: Rc<ShardMetrics>,
    ) -> Rc<Partition> {
        let offsets = log.offsets();
        let machine = Machine::new(broker, config, ends(&log, &offsets), offsets.high_watermark);
        let partition = Rc::new(Partition {
            log,
            clock,
            metrics,
            machine: RefCell::new(machine),
            actions: RefCell::default(),
            acks_awaited: RefCell::default(),
            next_token: Cell::new(0),
        });
        let owner: Weak<dyn LogOwner> = Rc::downgrade(&partition) as Weak<dyn LogOwner>;
        partition.log.set_owner(owner);
        partition
    }

    /// Its log.
    pub fn log(&self) -> &Rc<PartitionLog> {
        &self.log
    }

    /// Whether this broker takes its writes.
    pub(crate) fn is_leader(&self) -> bool {
        self.machine.borrow().role() == Role::Leader
    }

    /// Whether a request made under `asked` is for the leader epoch that this broker knows; -1 is a client that does not
    /// care (KIP-320).
    ///
    /// # Errors
    /// See [`EpochError`].
    pub(crate) fn check_epoch(&self, asked: i32) -> Result<(), EpochError> {
        let asked = (asked != -1).then_some(LeaderEpoch::new(asked));
        self.machine.borrow().check_epoch(asked)
    }

    /// Where the logs of all its replicas begin at the least: what DeleteRecords answers.
    pub(crate) fn low_watermark(&self) -> Offset {
        let known = self.machine.borrow().low_watermark();
        known.unwrap_or_else(|| self.log.offsets().log_start)
    }

    /// The metadata say who leads, who follows and who is in sync.
    pub(crate) fn assign(&self, image: &PartitionImage) {
        self.handle(Event::Assigned(Assignment {
            leader: Some(image.leader),
            leader_epoch: image.leader_epoch,
            partition_epoch: image.partition_epoch,
            replicas: image.replicas.to_vec(),
            in_sync_replicas: image.in_sync_replicas.to_vec(),
        }));
    }

    /// Puts other settings in force.
    pub(crate) fn configure(&self, config: PartitionConfig) {
        self.handle(Event::Configured(config));
    }

    /// The partition is going away: who waits is answered.
    pub(super) fn remove(&self) {
        self.handle(Event::Removed);
    }

    /// Appends a client's batch, in the order of the calls, and resolves when it is acknowledged as `acks` asks. What is
    /// acknowledged is counted, once.
    pub(crate) fn append(self: &Rc<Self>, batch: ValidatedBatch, acks: Acks) -> Appending {
        let options = AppendOptions {
            origin: AppendOrigin::Client,
        };
        let checked = self.machine.borrow().check_append(acks);
        let header = batch.header();
        Appending {
            partition: Rc::clone(self),
            acks,
            records: u64::try_from(header.record_count).unwrap_or_default(),
            bytes: header.size,
            step: match checked {
                Ok(()) => Step::Append(self.log.append([batch], options)),
                Err(error) => Step::Refused(ready(replicas_failure(&error))),
            },
        }
    }

    /// Appends the marker that ends a transaction, and resolves when it is committed.
    pub(crate) fn append_marker(self: &Rc<Self>, batch: ValidatedBatch, raises_epoch: bool) -> Appending {
        let options = AppendOptions {
            origin: AppendOrigin::Marker { raises_epoch },
        };
        Appending {
            partition: Rc::clone(self),
            acks: Acks::All,
            // Markers are no records of clients.
            records: 0,
            bytes: 0,
            step: Step::Append(self.log.append([batch], options)),
        }
    }

    /// Whether everything before `end` is committed; so it is at once where no other replica has to have it.
    fn is_committed(&self, end: Offset) -> bool {
        self.machine.borrow().high_watermark() >= end && self.is_leader()
    }

    /// Tells when everything before `end` is committed.
    fn await_commit(&self, end: Offset) -> oneshot::Receiver<Result<(), AckError>> {
        let token = AckToken(self.next_token.get());
        self.next_token.set(token.0 + 1);
        let (sender, receiver) = oneshot::channel();
        self.acks_awaited.borrow_mut().insert(token, sender);
        self.handle(Event::AcksAwaited {
            token,
            end,
            acks: Acks::All,
        });
        receiver
    }

    /// Gives the machine an event and does what it asks for.
    fn handle(&self, event: Event) {
        let now = if self.machine.borrow().needs_time(&event) {
            Duration::from_nanos(self.clock.now().as_nanos())
        } else {
            Duration::ZERO
        };
        let mut actions = self.actions.take();
        self.machine.borrow_mut().handle(event, now, &mut actions);
        for action in &actions {
            self.perform(action);
        }
        actions.clear();
        *self.actions.borrow_mut() = actions;
    }

    fn perform(&self, action: &Action) {
        match action {
            Action::StartEpoch { epoch, .. } => self.log.set_leader_epoch(*epoch),
            Action::Committed {
                high_watermark,
                last_stable,
            } => self.log.commit(*high_watermark, *last_stable),
            Action::Acknowledge { token, result } => {
                let sender = self.acks_awaited.borrow_mut().remove(token);
                if let Some(sender) = sender {
                    // Whoever asked may have gone.
                    let _ = sender.send(*result);
                }
            }
            // The in-sync set of a lone replica never changes, and there is nobody to copy from.
            Action::ProposeIsr(_) | Action::Follow { .. } => {}
        }
    }
}

/// An append under way: see [`Partition::append`].
pub(crate) struct Appending {
    partition: Rc<Partition>,
    acks: Acks,
    records: u64,
    bytes: usize,
    step: Step,
}

enum Step {
    /// It did not come to the log.
    Refused(Ready<Failure>),
    /// The log is to have it as durable as its settings say.
    Append(corelog_storage::Appending),
    /// The other replicas are to have it.
    Commit(Appended, oneshot::Receiver<Result<(), AckError>>),
}

impl Future for Appending {
    type Output = Result<Appended, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(self.poll_acknowledged(cx));
        if let Ok(appended) = &outcome
            && !appended.is_duplicate
        {
            self.partition.metrics.produced(self.records, self.bytes);
        }
        Poll::Ready(outcome)
    }
}

impl Appending {
    fn poll_acknowledged(&mut self, cx: &mut Context<'_>) -> Poll<Result<Appended, Failure>> {
        loop {
            match &mut self.step {
                Step::Refused(failure) => return Pin::new(failure).poll(cx).map(Err),
                Step::Append(append) => {
                    let appended = ready!(Pin::new(append).poll(cx));
                    let appended = appended.map_err(|error| append_failure(&error))?;
                    let end = appended.last_offset.next();
                    if self.acks != Acks::All || self.partition.is_committed(end) {
                        return Poll::Ready(Ok(appended));
                    }
                    self.step = Step::Commit(appended, self.partition.await_commit(end));
                }
                Step::Commit(appended, committed) => {
                    let committed = ready!(Pin::new(committed).poll(cx));
                    let committed = committed.unwrap_or(Err(AckError::NotLeader));
                    return Poll::Ready(committed.map(|()| *appended).map_err(|error| ack_failure(&error)));
                }
            }
        }
    }
}

impl LogOwner for Partition {
    fn ends_moved(&self, log: &PartitionLog) {
        self.handle(Event::LogMoved(ends(log, &log.offsets())));
    }
}
