//! The journal as a state machine: what goes into the next frame, and what a completed write acknowledges. No I/O, no
//! clock.
//!
//! Invariants: frames are numbered without gaps; acknowledgements come in the order of the frames; after a fence
//! nothing is planned and nothing acknowledged any more.

use std::collections::VecDeque;

use corelog_model::{LeaderEpoch, Offset, PartitionId};
use smallvec::SmallVec;

use crate::format::v2::{AppendV2, EntryV2};
use crate::hash::Map;
use crate::journal::frame::HEADER_SIZE;

/// A partition's number within its shard, for as long as the storage is open.
pub(crate) type PartitionKey = u64;

/// Bytes of one segment that were appended and are not journaled yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    pub(crate) key: PartitionKey,
    pub(crate) id: PartitionId,
    pub(crate) leader_epoch: LeaderEpoch,
    pub(crate) segment_base: Offset,
    pub(crate) base_offset: Offset,
    pub(crate) end_offset: Offset,
    /// The first byte in the segment.
    pub(crate) start: u64,
    /// The byte after the last one.
    pub(crate) end: u64,
    /// Offsets are missing in it, or before it.
    pub(crate) has_gaps: bool,
}

impl Run {
    fn length(&self) -> u64 {
        self.end - self.start
    }

    fn extends(&self, earlier: &Run) -> bool {
        self.segment_base == earlier.segment_base
            && self.start == earlier.end
            && self.base_offset == earlier.end_offset
            && self.leader_epoch == earlier.leader_epoch
            && self.has_gaps == earlier.has_gaps
    }
}

/// An entry that waits to be journaled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Item {
    /// Bytes of a log.
    Run(Run),
    /// A change of what partitions there are, and whom to tell when it is durable.
    Change { entry: EntryV2, ticket: u64 },
}

/// One item of a planned frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Planned {
    /// A run; its bytes before `payload_from` go to the segment directly.
    Run { run: Run, payload_from: u64 },
    /// A change.
    Change(EntryV2),
}

impl Planned {
    /// Whether some of it goes to the segment directly.
    fn is_bypass(&self) -> bool {
        match self {
            Planned::Run { run, payload_from } => *payload_from > run.start,
            Planned::Change(_) => false,
        }
    }

    /// The table's entry for it, given its payload's checksum.
    pub(crate) fn entry(&self, payload_crc: u32) -> EntryV2 {
        match self {
            Planned::Change(entry) => entry.clone(),
            Planned::Run { run, payload_from } => EntryV2::Append(AppendV2 {
                topic: run.id.topic.get(),
                index: run.id.index.get(),
                leader_epoch: run.leader_epoch.get(),
                base_offset: run.base_offset.get(),
                end_offset: run.end_offset.get(),
                segment_base_offset: run.segment_base.get(),
                run_position: run.start,
                position: *payload_from,
                length: u32::try_from(run.end - payload_from).expect("a payload fits a frame"),
                payload_crc,
                has_gaps: run.has_gaps,
            }),
        }
    }
}

/// What a commit lists of partitions: where little comes, there is one.
pub(crate) type List<T> = SmallVec<[T; 1]>;

/// A frame to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Plan {
    pub(crate) sequence: u64,
    pub(crate) acknowledged_end: u64,
    pub(crate) items: List<Planned>,
    pub(crate) payload_length: usize,
}

/// How far a commit has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum CommitState {
    /// Under way.
    InFlight,
    /// Its writes have completed.
    Written,
    /// It is on stable storage.
    Durable,
}

/// What a completion brought.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Progress {
    /// Partitions whose appends are written up to an offset, exclusive.
    pub(crate) written: List<(PartitionKey, Offset)>,
    /// Partitions whose appends are durable up to an offset, exclusive.
    pub(crate) durable: List<(PartitionKey, Offset)>,
    /// Changes that are durable.
    pub(crate) tickets: Vec<u64>,
}

struct Commit {
    sequence: u64,
    /// About the length of its frame.
    bytes: usize,
    /// Whether bytes go straight to a segment with it, which is synced then.
    has_bypass: bool,
    state: CommitState,
    is_written_reported: bool,
    ends: List<(PartitionKey, Offset)>,
    tickets: Vec<u64>,
}

/// The limits of a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) frame_bytes_max: usize,
    pub(crate) bypass_bytes_min: usize,
    pub(crate) commits_in_flight_max: usize,
    /// Another commit begins only while those under way hold less than this together.
    pub(crate) overlap_bytes_max: usize,
}

/// See the module.
pub(crate) struct JournalCore {
    limits: Limits,
    next_sequence: u64,
    next_ticket: u64,
    /// Absolute index of the queue's first item.
    first_item: u64,
    queue: VecDeque<Item>,
    /// The absolute index of each partition's last run in the queue.
    last_runs: Map<PartitionKey, u64>,
    in_flight: VecDeque<Commit>,
    /// The newest frame says that all before it were acknowledged, and has nothing in it itself.
    is_marked: bool,
    is_fenced: bool,
}

/// An upper bound of an entry's bytes in the table beyond a directory's name.
const ENTRY_BYTES_MAX: usize = 128;
/// An upper bound of the table's own bytes.
const TABLE_BYTES_MAX: usize = 64;

impl JournalCore {
    /// A journal whose next frame has the number `first_sequence`.
    pub(crate) fn new(limits: Limits, first_sequence: u64) -> JournalCore {
        JournalCore {
            limits,
            next_sequence: first_sequence,
            next_ticket: 0,
            first_item: 0,
            queue: VecDeque::new(),
            last_runs: Map::default(),
            in_flight: VecDeque::new(),
            is_marked: true,
            is_fenced: false,
        }
    }

    /// The number of the next frame to be planned.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Frames before this number are acknowledged.
    pub(crate) fn acknowledged_end(&self) -> u64 {
        self.in_flight
            .front()
            .map_or(self.next_sequence, |commit| commit.sequence)
    }

    /// Nothing waits and nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.in_flight.is_empty()
    }

    /// A commit is under way.
    pub(crate) fn is_committing(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Adds a run; it joins the partition's waiting run if it continues it.
    pub(crate) fn push_run(&mut self, run: Run) {
        if let Some(&index) = self.last_runs.get(&run.key) {
            let slot = usize::try_from(index - self.first_item).expect("an index into the queue");
            if let Item::Run(earlier) = &mut self.queue[slot]
                && run.extends(earlier)
            {
                earlier.end = run.end;
                earlier.end_offset = run.end_offset;
                return;
            }
        }
        self.last_runs.insert(run.key, self.end_item());
        self.queue.push_back(Item::Run(run));
    }

    /// Adds a change; its ticket comes back when it is durable.
    pub(crate) fn push_change(&mut self, entry: EntryV2) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.queue.push_back(Item::Change { entry, ticket });
        ticket
    }

    /// Whether such a change waits to be put into a frame.
    pub(crate) fn has_waiting(&self, is_such: impl Fn(&EntryV2) -> bool) -> bool {
        let mut waiting = self.queue.iter();
        waiting.any(|item| matches!(item, Item::Change { entry, .. } if is_such(entry)))
    }

    fn end_item(&self) -> u64 {
        self.first_item + u64::try_from(self.queue.len()).expect("a length within u64")
    }

    /// Whether a frame can be planned now, given room in the ring.
    ///
    /// Only small commits overlap. Each commit makes the device flush, so where much comes a few large frames are
    /// faster than many small ones. Nor does one begin while another syncs segments: the sync of a file that grows is
    /// an entry in the file system's own journal, and the fewer the better.
    pub(crate) fn wants_frame(&self) -> bool {
        // INV-10: commits under way are bounded by number and by bytes.
        let under_way = || self.in_flight.iter();
        !self.is_fenced
            && !self.queue.is_empty()
            && self.in_flight.len() < self.limits.commits_in_flight_max
            && under_way().map(|commit| commit.bytes).sum::<usize>() < self.limits.overlap_bytes_max
            && !under_way().any(|commit| commit.has_bypass)
    }

    /// Takes what goes into the next frame, oldest first, as much as fits.
    pub(crate) fn plan(&mut self) -> Option<Plan> {
        if !self.wants_frame() {
            return None;
        }
        let mut size = HEADER_SIZE + TABLE_BYTES_MAX;
        let mut items = List::new();
        let mut payload_length = 0;
        let mut ends = List::new();
        let mut tickets = Vec::new();
        while let Some(item) = self.queue.front() {
            let (planned, payload, entry_bytes) = self.plan_item(item);
            if !items.is_empty() && size + payload + entry_bytes > self.limits.frame_bytes_max {
                break;
            }
            size += payload + entry_bytes;
            payload_length += payload;
            let index = self.first_item;
            self.first_item += 1;
            match self.queue.pop_front() {
                Some(Item::Run(run)) => {
                    ends.push((run.key, run.end_offset));
                    if self.last_runs.get(&run.key) == Some(&index) {
                        self.last_runs.remove(&run.key);
                    }
                }
                Some(Item::Change { ticket, .. }) => tickets.push(ticket),
                None => {}
            }
            items.push(planned);
        }
        self.is_marked = false;
        let sequence = self.next_sequence;
        let acknowledged_end = self.acknowledged_end();
        self.next_sequence += 1;
        self.in_flight.push_back(Commit {
            sequence,
            bytes: size,
            has_bypass: items.iter().any(Planned::is_bypass),
            state: CommitState::InFlight,
            is_written_reported: false,
            ends,
            tickets,
        });
        Some(Plan {
            sequence,
            acknowledged_end,
            items,
            payload_length,
        })
    }

    /// Whether a later frame says of the newest frame with entries that it was acknowledged. True if there has been no
    /// such frame.
    pub(crate) fn is_marked(&self) -> bool {
        self.is_marked
    }

    /// A frame without entries, when there is nothing else to do: it says that all frames before it were acknowledged. Of
    /// the newest frame nothing else does, and a damaged one could not be told from one that a crash has torn.
    pub(crate) fn plan_mark(&mut self) -> Option<Plan> {
        if self.is_fenced || self.is_marked || !self.is_idle() {
            return None;
        }
        self.is_marked = true;
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.in_flight.push_back(Commit {
            sequence,
            bytes: HEADER_SIZE + TABLE_BYTES_MAX,
            has_bypass: false,
            state: CommitState::InFlight,
            is_written_reported: false,
            ends: List::new(),
            tickets: Vec::new(),
        });
        Some(Plan {
            sequence,
            acknowledged_end: sequence,
            items: List::new(),
            payload_length: 0,
        })
    }

    fn plan_item(&self, item: &Item) -> (Planned, usize, usize) {
        match item {
            Item::Run(run) => {
                const PAGE: u64 = 4096;
                let bypass_min = u64::try_from(self.limits.bypass_bytes_min).unwrap_or(u64::MAX);
                let payload_from = if run.length() >= bypass_min {
                    (run.end & !(PAGE - 1)).max(run.start)
                } else {
                    run.start
                };
                let payload = usize::try_from(run.end - payload_from).expect("a payload fits a frame");
                (
                    Planned::Run {
                        run: *run,
                        payload_from,
                    },
                    payload,
                    ENTRY_BYTES_MAX,
                )
            }
            Item::Change { entry, .. } => {
                let name = match entry {
                    EntryV2::PartitionCreated { directory, .. }
                    | EntryV2::PartitionDeleted { directory, .. } => directory.len(),
                    EntryV2::Append(_) | EntryV2::LogStart { .. } | EntryV2::LogEnd { .. } => 0,
                };
                (Planned::Change(entry.clone()), 0, ENTRY_BYTES_MAX + name)
            }
        }
    }

    /// The commit `sequence` has come as far as `state`; says what that acknowledges.
    pub(crate) fn advance(&mut self, sequence: u64, state: CommitState) -> Progress {
        let mut progress = Progress::default();
        // INV-5: a completion that comes after the fence acknowledges nothing.
        if self.is_fenced {
            return progress;
        }
        let commit = self.in_flight.iter_mut().find(|c| c.sequence == sequence);
        let commit = commit.expect("a commit under way");
        commit.state = commit.state.max(state);
        // INV-4: both loops begin at the front, so a frame is acknowledged only with all before it.
        for commit in &mut self.in_flight {
            if commit.state < CommitState::Written {
                break;
            }
            if !commit.is_written_reported {
                commit.is_written_reported = true;
                progress.written.extend_from_slice(&commit.ends);
            }
        }
        while let Some(commit) = self
            .in_flight
            .pop_front_if(|commit| commit.state == CommitState::Durable)
        {
            progress.durable.extend(commit.ends);
            progress.tickets.extend(commit.tickets);
        }
        progress
    }

    /// Stops the journal for good: nothing is planned or acknowledged any more.
    pub(crate) fn fence(&mut self) {
        self.is_fenced = true;
        self.queue.clear();
        self.last_runs.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use corelog_model::{PartitionIndex, TopicId};

    fn limits(in_flight: usize) -> Limits {
        Limits {
            frame_bytes_max: 2048,
            bypass_bytes_min: 10_000,
            commits_in_flight_max: in_flight,
            overlap_bytes_max: 2048,
        }
    }

    fn run(key: u64, offsets: std::ops::Range<i64>, bytes: std::ops::Range<u64>) -> Run {
        Run {
            key,
            id: PartitionId {
                topic: TopicId::new([1; 16]),
                index: PartitionIndex::new(0),
            },
            leader_epoch: LeaderEpoch::new(0),
            segment_base: Offset::ZERO,
            base_offset: Offset::new(offsets.start).unwrap(),
            end_offset: Offset::new(offsets.end).unwrap(),
            start: bytes.start,
            end: bytes.end,
            has_gaps: false,
        }
    }

    fn end(key: u64, offset: i64) -> (u64, Offset) {
        (key, Offset::new(offset).unwrap())
    }

    #[test]
    fn what_comes_while_a_commit_is_under_way_is_the_next_frame() {
        let mut core = JournalCore::new(limits(1), 5);
        core.push_run(run(1, 0..1, 0..100));
        let first = core.plan().unwrap();
        assert_eq!((first.sequence, first.items.len()), (5, 1));
        core.push_run(run(1, 1..2, 100..200));
        core.push_run(run(2, 0..1, 0..50));
        core.push_run(run(1, 2..4, 200..300));
        assert_eq!(core.plan(), None);
        assert_eq!(core.advance(5, CommitState::Durable).durable[..], [end(1, 1)]);
        let second = core.plan().unwrap();
        assert_eq!((second.sequence, second.acknowledged_end), (6, 6));
        // The runs of partition 1 are one entry.
        assert_eq!((second.items.len(), second.payload_length), (2, 250));
        assert_eq!(
            core.advance(6, CommitState::Durable).durable[..],
            [end(1, 4), end(2, 1)]
        );
        assert!(core.is_idle());
    }

    #[test]
    fn an_idle_journal_is_marked_once() {
        let mut core = JournalCore::new(limits(2), 5);
        assert!(
            core.is_marked() && core.plan_mark().is_none(),
            "there is nothing to say"
        );
        core.push_run(run(1, 0..1, 0..100));
        assert!(core.plan_mark().is_none(), "something waits");
        core.plan().unwrap();
        assert!(core.plan_mark().is_none(), "a commit is under way");
        core.advance(5, CommitState::Durable);
        let mark = core.plan_mark().unwrap();
        assert_eq!(
            (mark.sequence, mark.acknowledged_end, mark.items.len()),
            (6, 6, 0)
        );
        assert!(core.is_marked() && core.plan_mark().is_none());
        assert_eq!(core.advance(6, CommitState::Durable), Progress::default());
        assert!(core.is_idle());
    }

    #[test]
    fn acknowledgements_keep_the_order_of_the_frames() {
        let mut core = JournalCore::new(limits(3), 0);
        for n in 0..3i64 {
            core.push_run(run(1, n..n + 1, 0..100));
            assert_eq!(core.plan().unwrap().acknowledged_end, 0);
        }
        assert_eq!(core.advance(2, CommitState::Durable), Progress::default());
        assert_eq!(core.advance(0, CommitState::Written).written[..], [end(1, 1)]);
        let progress = core.advance(1, CommitState::Durable);
        assert_eq!(progress.written[..], [end(1, 2), end(1, 3)]);
        assert!(progress.durable.is_empty());
        let progress = core.advance(0, CommitState::Durable);
        assert_eq!(progress.durable[..], [end(1, 1), end(1, 2), end(1, 3)]);
        assert_eq!(core.acknowledged_end(), 3);
    }

    #[test]
    fn a_frame_is_bounded_and_a_large_run_bypasses_it() {
        let mut core = JournalCore::new(limits(9), 0);
        core.push_run(run(1, 0..1, 0..1000));
        core.push_run(run(2, 0..1, 0..1000));
        core.push_run(run(3, 0..1, 100..20_000));
        assert_eq!(core.plan().unwrap().items.len(), 1);
        assert_eq!(core.plan().unwrap().items.len(), 1);
        // Two such frames are as much as may be under way.
        assert_eq!(core.plan(), None);
        core.advance(0, CommitState::Durable);
        core.advance(1, CommitState::Durable);
        let plan = core.plan().unwrap();
        // And one that bypasses the journal is alone.
        core.push_run(run(4, 0..1, 0..10));
        assert_eq!(core.plan(), None);
        core.advance(2, CommitState::Durable);
        assert!(core.plan().is_some());
        assert_eq!(plan.payload_length, 20_000 - 16_384);
        let Planned::Run { payload_from, .. } = plan.items[0] else {
            panic!("a run")
        };
        assert_eq!(payload_from, 16_384);
    }

    #[test]
    fn nothing_is_acknowledged_after_a_fence() {
        let mut core = JournalCore::new(limits(2), 0);
        core.push_run(run(1, 0..1, 0..100));
        core.plan().unwrap();
        core.push_run(run(1, 1..2, 100..200));
        core.fence();
        assert_eq!(core.plan(), None);
        assert_eq!(core.advance(0, CommitState::Durable), Progress::default());
    }

    #[test]
    fn changes_come_back_as_tickets() {
        let mut core = JournalCore::new(limits(1), 0);
        let ticket = core.push_change(EntryV2::PartitionDeleted {
            topic: [0; 16],
            index: 0,
            directory: String::new(),
        });
        core.plan().unwrap();
        assert!(core.advance(0, CommitState::Written).tickets.is_empty());
        assert_eq!(core.advance(0, CommitState::Durable).tickets, vec![ticket]);
    }
}
