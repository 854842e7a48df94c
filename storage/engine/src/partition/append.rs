//! Appending: checks, admission in the order of the calls, and the wait for the acknowledgement.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use corelog_model::batch;
use corelog_model::{Offset, TimestampMs, ValidatedBatch};
use corelog_records::end_marker;
use corelog_runtime::buffer::PAGE;
use corelog_runtime::local::oneshot;
use corelog_runtime::{DiskError, IoOperation, WorkClass};
use smallvec::SmallVec;

use super::{PartitionLog, State, Status};
use crate::errors::{AppendError, TruncateError};
use crate::fence::Life;
use crate::files::read_page;
use crate::journal::core::Run;
use crate::log::core::Check;
use crate::options::Durability;
use crate::types::{AppendOptions, AppendOrigin, Appended};

type Answer = Result<Appended, AppendError>;

/// The batches of one append; most often there is one.
pub type Batches = SmallVec<[ValidatedBatch; 1]>;

/// An append under way: see [`PartitionLog::append`].
pub struct Appending(Progress);

enum Progress {
    Answered(Ready<Answer>),
    Waits(oneshot::Receiver<Answer>),
}

impl Future for Appending {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        match &mut self.0 {
            Progress::Answered(answer) => Pin::new(answer).poll(cx),
            Progress::Waits(receiver) => {
                let answer = Pin::new(receiver).poll(cx);
                answer.map(|answer| answer.unwrap_or(Err(AppendError::Closed)))
            }
        }
    }
}

/// Someone who waits for an acknowledgement.
pub(super) struct Waiter {
    pub(super) end: Offset,
    appended: Appended,
    sender: oneshot::Sender<Answer>,
}

impl Waiter {
    /// Whoever asked may have gone meanwhile; the append stands all the same.
    pub(super) fn succeed(self) {
        let _ = self.sender.send(Ok(self.appended));
    }

    pub(super) fn fail(self, error: AppendError) {
        let _ = self.sender.send(Err(error));
    }
}

/// What waits for its turn to change the log's end.
pub(super) enum Admission {
    /// An append that could not be admitted in its call.
    Append {
        batches: Batches,
        options: AppendOptions,
        sender: oneshot::Sender<Answer>,
    },
    /// See [`PartitionLog::truncate_to`].
    Truncation {
        offset: Offset,
        sender: oneshot::Sender<Result<Offset, TruncateError>>,
    },
}

impl Admission {
    /// Whoever asked may have gone meanwhile.
    pub(super) fn fail(self, error: &AppendError) {
        match self {
            Admission::Append { sender, .. } => drop(sender.send(Err(error.clone()))),
            Admission::Truncation { sender, .. } => drop(sender.send(Err(match error {
                AppendError::Fenced(fenced) => TruncateError::Fenced(fenced.clone()),
                AppendError::Deleted => TruncateError::Deleted,
                _ => TruncateError::Closed,
            }))),
        }
    }
}

/// What keeps an append from being admitted now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Blocked {
    /// A new segment is due.
    Roll { bytes: u64 },
    /// The segment's file must grow to so many bytes.
    Reserve { upto: u64 },
    /// The page that the log ends in must be read back.
    Page,
    /// Too much waits to be flushed.
    Dirty { bytes: u64 },
}

/// The result of one attempt to admit an append.
enum Admitted {
    Answered(Answer),
    Waits(Appended, Offset),
    Blocked(Blocked),
}

impl PartitionLog {
    /// Appends whole batches at the end of the log, all or none of them, in the order of the calls. Resolves when
    /// they are acknowledged as the log's [`Durability`] says; dropping the future does not take the append back.
    ///
    /// # Errors
    /// See [`AppendError`]. After `Fenced` it is not known whether the batches are stored; after any other error
    /// they are not.
    ///
    /// # Panics
    /// If `batches` is empty.
    pub fn append(self: &Rc<Self>, batches: impl Into<Batches>, options: AppendOptions) -> Appending {
        let batches = batches.into();
        assert!(!batches.is_empty(), "an append has a batch at least");
        // INV-3: while one append waits to be admitted, the later ones queue behind it.
        let is_queued = self.state.borrow().is_admitting;
        let admitted = if is_queued {
            None
        } else {
            match self.try_admit(&batches, options) {
                Admitted::Blocked(_) => None,
                Admitted::Answered(answer) => return Appending(Progress::Answered(ready(answer))),
                Admitted::Waits(appended, end) => Some((appended, end)),
            }
        };
        let (sender, receiver) = oneshot::channel();
        match admitted {
            Some((appended, end)) => self.wait_for(Waiter {
                end,
                appended,
                sender,
            }),
            None => self.enqueue(Admission::Append {
                batches,
                options,
                sender,
            }),
        }
        Appending(Progress::Waits(receiver))
    }

    /// Has `admission` wait for its turn.
    pub(super) fn enqueue(self: &Rc<Self>, admission: Admission) {
        let is_first = {
            let mut state = self.state.borrow_mut();
            state.admissions.push_back(admission);
            !std::mem::replace(&mut state.is_admitting, true)
        };
        if is_first {
            self.spawn_admission();
        }
    }

    /// Starts the task that admits what queued up. `is_admitting` is set and stays so until it ends.
    pub(super) fn spawn_admission(self: &Rc<Self>) {
        let log = Rc::clone(self);
        self.services
            .handle
            .spawn(WorkClass::Latency, "append admission", async move {
                log.admit_queued().await;
            });
    }

    fn wait_for(&self, waiter: Waiter) {
        let mut state = self.state.borrow_mut();
        // A duplicate waits for its original, which is older than the last one in the queue.
        let at = state.waiters.partition_point(|other| other.end <= waiter.end);
        state.waiters.insert(at, waiter);
    }

    /// Admits what queued up, oldest first, doing what each of them waits for.
    async fn admit_queued(self: Rc<Self>) {
        loop {
            let next = self.state.borrow_mut().admissions.pop_front();
            let Some(admission) = next else {
                // No await between the look at the queue and this: nobody can be overlooked.
                self.state.borrow_mut().is_admitting = false;
                return;
            };
            match admission {
                Admission::Append {
                    batches,
                    options,
                    sender,
                } => self.admit_in_turn(&batches, options, sender).await,
                // Whoever asked may have gone; the cut stands all the same.
                Admission::Truncation { offset, sender } => {
                    let truncated = self.truncate_in_turn(offset).await;
                    self.give_up_truncation();
                    drop(sender.send(truncated));
                }
            }
        }
    }

    async fn admit_in_turn(
        self: &Rc<Self>,
        batches: &[ValidatedBatch],
        options: AppendOptions,
        sender: oneshot::Sender<Answer>,
    ) {
        let admitted = loop {
            match self.try_admit(batches, options) {
                Admitted::Blocked(blocked) => {
                    if let Err(error) = self.unblock(blocked).await {
                        break Admitted::Answered(Err(error));
                    }
                }
                admitted @ (Admitted::Answered(_) | Admitted::Waits(..)) => break admitted,
            }
        };
        match admitted {
            // Whoever asked may have gone; the append stands all the same.
            Admitted::Answered(answer) => drop(sender.send(answer)),
            Admitted::Waits(appended, end) => self.wait_for(Waiter {
                end,
                appended,
                sender,
            }),
            Admitted::Blocked(blocked) => unreachable!("the loop does what {blocked:?} asks for"),
        }
    }

    async fn unblock(self: &Rc<Self>, blocked: Blocked) -> Result<(), AppendError> {
        let result = match blocked {
            Blocked::Roll { bytes } => self.roll_for(bytes).await,
            Blocked::Reserve { upto } => self.reserve(upto).await,
            Blocked::Page => self.load_page().await,
            Blocked::Dirty { bytes } => {
                loop {
                    let changed = self.services.dirty.changed();
                    if self.services.dirty.has_room(bytes)
                        || self.services.fence.fenced().is_some()
                        || self.services.stuck().is_some()
                        || self.services.fence.life() != Life::Open
                    {
                        break;
                    }
                    self.want_flush();
                    changed.await;
                }
                Ok(())
            }
        };
        result.map_err(|error| {
            // The directory goes with the log, and what was under way in it fails.
            if self.is_deleted() {
                AppendError::Deleted
            } else {
                refused(Arc::new(error))
            }
        })
    }

    fn refusal(&self, state: &State) -> Option<AppendError> {
        match &state.status {
            Status::Open => {}
            Status::Deleted => return Some(AppendError::Deleted),
            Status::Corrupt(reason) => return Some(AppendError::Corrupt(Arc::clone(reason))),
        }
        if let Some(fenced) = self.services.fence.fenced() {
            return Some(AppendError::Fenced(fenced));
        }
        if self.services.fence.life() != Life::Open {
            return Some(AppendError::Closed);
        }
        self.services.stuck().map(refused)
    }

    /// Admits batches if nothing is in the way. There is no await in here: the log does not change under it.
    fn try_admit(&self, batches: &[ValidatedBatch], asked: AppendOptions) -> Admitted {
        let now = self.services.handle.clock.wall();
        let mut state = self.state.borrow_mut();
        if let Some(error) = self.refusal(&state) {
            return Admitted::Answered(Err(error));
        }
        let (bytes, needs_roll) = match state.core.check(batches, asked.origin, now) {
            Err(error) => return Admitted::Answered(Err(error)),
            Ok(Check::Duplicate(original)) => {
                let appended = Appended {
                    base_offset: original.first_offset,
                    last_offset: original.last_offset,
                    log_append_time: Some(original.timestamp),
                    log_start: state.core.offsets().log_start,
                    is_duplicate: true,
                };
                let end = original.last_offset.next();
                return if end <= state.core.offsets().durable_end {
                    Admitted::Answered(Ok(appended))
                } else {
                    Admitted::Waits(appended, end)
                };
            }
            Ok(Check::New { bytes, needs_roll }) => (bytes, needs_roll),
        };
        if needs_roll {
            return Admitted::Blocked(Blocked::Roll { bytes });
        }
        let position = state.core.active().size;
        let upto = (position + bytes).next_multiple_of(u64::try_from(PAGE).expect("4096"));
        if upto > state.reserved.bytes {
            return Admitted::Blocked(Blocked::Reserve { upto });
        }
        if !state.tail.can_append_at(position) {
            return Admitted::Blocked(Blocked::Page);
        }
        if !self.services.dirty.has_room(bytes) {
            return Admitted::Blocked(Blocked::Dirty { bytes });
        }
        let appended = self.place(&mut state, batches, asked.origin, bytes, now);
        // A transaction is all or nothing after a crash, too, whatever its logs promise.
        if batches.iter().any(|batch| batch.header().is_transactional) {
            state.transactional_end = appended.last_offset.next();
        }
        let is_memory = state.acknowledges_early(Durability::Memory);
        let options = &self.services.options;
        let reaches = |bytes: u64, limit: usize| bytes >= u64::try_from(limit).unwrap_or(u64::MAX);
        // What will go straight to the segment is on its way while the commit before is synced.
        let wants_flush = !state.is_flush_queued
            && (reaches(state.tail.dirty(), options.flush_bytes_min)
                || reaches(bytes, options.bypass_bytes_min)
                || self.services.dirty.is_high());
        drop(state);
        self.tell_owner();
        if wants_flush {
            self.want_flush();
        }
        self.services.evict();
        let end = appended.last_offset.next();
        if is_memory {
            self.acknowledge(end);
            return Admitted::Answered(Ok(appended));
        }
        Admitted::Waits(appended, end)
    }

    /// Gives each batch its place, copies it into the tail, and hands the run to the journal; `bytes` of all of them.
    fn place(
        &self,
        state: &mut State,
        batches: &[ValidatedBatch],
        origin: AppendOrigin,
        bytes: u64,
        now: TimestampMs,
    ) -> Appended {
        let stamps = state.core.stamps(origin);
        let chunk_bytes_max = self.services.cache.chunk_bytes_max(bytes);
        let mut first = None;
        let mut last_offset = state.core.offsets().log_end;
        let mut total = 0;
        if state.tail.is_empty() {
            self.services.cache.count_tail(true);
        }
        let mut run: Option<Run> = None;
        for batch in batches {
            let before = state.core.offsets().log_end;
            let marker = end_marker(batch.header(), batch.bytes());
            let placed = state.core.place(batch.header(), marker, origin, now);
            first.get_or_insert(placed.base_offset);
            last_offset = placed.last_offset;
            let size = u64::try_from(batch.bytes().len()).expect("a size within u64");
            total += size;
            let mut head = [0u8; batch::HEADER_SIZE];
            head.copy_from_slice(&batch.bytes()[..batch::HEADER_SIZE]);
            let body = &batch.bytes()[batch::HEADER_SIZE..];
            batch::patch(&mut head, placed.base_offset, placed.leader_epoch);
            if stamps {
                stamp(&mut head, body, now);
            }
            // The batch answers for the offsets before it that are missing, too.
            state.tail.mark(before);
            let opened = |opened: crate::tail::Opened| {
                self.services
                    .cache
                    .add_chunk(self.key, opened.ordinal, opened.capacity);
            };
            state.tail.append(
                placed.segment_base,
                placed.position,
                &head,
                chunk_bytes_max,
                opened,
            );
            let body_at = placed.position + u64::try_from(head.len()).expect("61");
            state
                .tail
                .append(placed.segment_base, body_at, body, chunk_bytes_max, opened);
            // A run is of one epoch.
            if let Some(done) = run.take_if(|run| run.leader_epoch != placed.leader_epoch) {
                self.services.journal.push_run(done);
            }
            let run = run.get_or_insert(Run {
                key: self.key,
                id: self.id,
                leader_epoch: placed.leader_epoch,
                segment_base: placed.segment_base,
                base_offset: placed.base_offset,
                end_offset: placed.base_offset,
                start: placed.position,
                end: placed.position,
                has_gaps: false,
            });
            run.end_offset = placed.last_offset.next();
            run.end = placed.position + size;
            run.has_gaps |= placed.base_offset > before;
        }
        state.is_touched = true;
        self.services.dirty.add(total);
        {
            let mut stats = self.services.stats.borrow_mut();
            stats.appended_bytes += total;
            stats.appended_batches += u64::try_from(batches.len()).unwrap_or(u64::MAX);
        }
        self.services
            .journal
            .push_run(run.expect("there is a batch at least"));
        Appended {
            base_offset: first.expect("there is a batch at least"),
            last_offset,
            log_append_time: stamps.then_some(now),
            log_start: state.core.offsets().log_start,
            is_duplicate: false,
        }
    }

    /// Reads the page that the log ends in back into the tail, so that it can be filled up.
    async fn load_page(&self) -> Result<(), DiskError> {
        let _writing = self.write_mutex.acquire(1).await;
        let page = u64::try_from(PAGE).expect("4096");
        let (name, size) = {
            let state = self.state.borrow();
            (state.core.active().name(), state.core.active().size)
        };
        let start = size & !(page - 1);
        let path = self.segment_path(name);
        let file = self.services.files.get(self.key, name, &path, false).await?;
        let (read, buffer) = read_page(&file, &path, start).await?;
        let held = usize::try_from(size - start).expect("less than a page");
        if read < held {
            return Err(DiskError {
                operation: IoOperation::Read,
                path,
                source: std::io::ErrorKind::UnexpectedEof.into(),
            });
        }
        let mut state = self.state.borrow_mut();
        if state.tail.is_empty() {
            self.services.cache.count_tail(true);
            let opened = state.tail.begin(name.base, start, &buffer[..held]);
            self.services
                .cache
                .add_chunk(self.key, opened.ordinal, opened.capacity);
        }
        Ok(())
    }
}

/// An append that the disk refused before anything of it was written.
fn refused(error: Arc<DiskError>) -> AppendError {
    if error.is_full() {
        AppendError::DiskFull(error)
    } else {
        AppendError::Io(error)
    }
}

/// Sets LogAppendTime in a batch that lies in two parts.
fn stamp(head: &mut [u8; batch::HEADER_SIZE], body: &[u8], now: TimestampMs) {
    batch::set_log_append_time(head, now);
    // The checksum that was just computed covers the header alone; it goes on over the records.
    let stored = crc32c::crc32c(&head[21..]);
    let crc = crc32c::crc32c_append(stored, body);
    head[17..21].copy_from_slice(&crc.to_be_bytes());
}
