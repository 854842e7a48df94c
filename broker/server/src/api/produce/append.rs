//! On the owner of partitions: the batches of one request are appended, and waited for.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use corelog_model::{Offset, PartitionId, ValidatedBatch};
use corelog_partition::Acks;
use corelog_protocol::ErrorCode;
use corelog_runtime::Monotonic;
use corelog_runtime::local::timeout;
use corelog_storage::Appended;

use crate::error_codes::Failure;
use crate::partitions::{Appending, LogApi, Partition, Partitions};
use crate::shard::{Items, OwnerWork, Results};

/// A batch to be appended, or why it is not; then the owner says where the log starts.
pub(super) type Checked = Result<ValidatedBatch, Failure>;

/// What holds for all batches of a request: who must have them, and when their acknowledgement is too late.
#[derive(Clone, Copy)]
pub(super) struct Append {
    /// Who must have them.
    pub acks: Acks,
    /// What is not acknowledged by then is answered so, and may be stored all the same.
    pub deadline: Option<Monotonic>,
}

/// Why a batch is not stored, and where its log starts if that is known.
pub(super) struct Refused {
    /// Why.
    pub failure: Failure,
    /// The start of its log.
    pub log_start: Option<Offset>,
}

impl OwnerWork for Append {
    type Item = Checked;
    type Done = Result<Appended, Refused>;

    /// All are admitted before this returns.
    ///
    /// The deadline is one entry in the shard's map of deadlines for all of a request's batches here, made when the first
    /// look found something pending: well below the cost of the acknowledgement's own write.
    fn run(
        self,
        partitions: Rc<Partitions>,
        items: Items<Checked>,
    ) -> impl Future<Output = Results<Self::Done>> + 'static {
        let begin = |(id, checked)| Slot::begin(&partitions, &id, checked, self.acks);
        let mut slots: Results<Slot> = items.into_iter().map(begin).collect();
        async move {
            let all = poll_fn(|cx| {
                let mut is_done = true;
                for slot in &mut slots {
                    is_done &= slot.poll(cx).is_ready();
                }
                if is_done { Poll::Ready(()) } else { Poll::Pending }
            });
            match self.deadline {
                // Late or not, each batch has its outcome or none.
                Some(deadline) => drop(timeout(partitions.clock(), deadline, all).await),
                None => all.await,
            }
            slots.into_iter().map(Slot::outcome).collect()
        }
    }
}

/// One batch on its owner.
struct Slot {
    partition: Option<Rc<Partition>>,
    state: State,
}

enum State {
    Pending(Appending),
    Done(Result<Appended, Failure>),
}

impl Slot {
    fn begin(partitions: &Partitions, id: &PartitionId, checked: Checked, acks: Acks) -> Slot {
        let found = partitions.find(LogApi::Produce, id);
        let partition = found.as_ref().ok().map(Rc::clone);
        Slot {
            partition,
            state: match (checked, found) {
                (Ok(batch), Ok(partition)) => State::Pending(partition.append(batch, acks)),
                (Err(failure), _) | (Ok(_), Err(failure)) => State::Done(Err(failure)),
            },
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Pending(append) = &mut self.state {
            match Pin::new(append).poll(cx) {
                Poll::Ready(outcome) => self.state = State::Done(outcome),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    fn outcome(self) -> Result<Appended, Refused> {
        let outcome = match self.state {
            State::Done(outcome) => outcome,
            State::Pending(_) => Err(timed_out()),
        };
        outcome.map_err(|failure| Refused {
            failure,
            log_start: self
                .partition
                .map(|partition| partition.log().offsets().log_start),
        })
    }
}

fn timed_out() -> Failure {
    let text = "the acknowledgement took longer than the request's timeout; the records may be stored yet";
    Failure::new(ErrorCode::RequestTimedOut, text.to_owned())
}
