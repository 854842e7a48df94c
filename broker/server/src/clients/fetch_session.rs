//! Incremental fetch sessions (KIP-227): a client names its partitions once and then only what changed, and is
//! answered only what changed.
//!
//! A partition that was read to its end rests until something of it changes, which the session's watch tells: a
//! fetch within a session costs what has changed, however many partitions the session has.
//!
//! No clock, no I/O: the watch, of type `W`, is only kept here. Invariants: a session's order holds each of its partitions once; each is active or
//! resting; the cache never holds more than its slots.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::Duration;

use corelog_metadata::MetadataImage;
use corelog_model::{PartitionId, PartitionIndex, TopicId};
use corelog_protocol::ByteStr;
use corelog_runtime::Monotonic;

/// A session that was idle for this long may be evicted for a new one (Kafka's
/// `MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS`).
const EVICTION_AFTER: Duration = Duration::from_secs(120);
/// The epoch that opens a session.
const EPOCH_INITIAL: i32 = 0;
/// The epoch that ends one, or asks for none.
const EPOCH_FINAL: i32 = -1;

/// A partition as the client named it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct FetchKey {
    /// The topic's name; empty from version 13.
    pub topic: ByteStr,
    /// The topic's id; zero before version 13.
    pub topic_id: TopicId,
    /// The partition within it.
    pub partition: PartitionIndex,
}

/// What the client wants of a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FetchWish {
    /// The first offset to read, as on the wire.
    pub fetch_offset: i64,
    /// The most bytes of this partition.
    pub bytes_max: i32,
    /// The leader epoch that the client knows; -1: none.
    pub current_leader_epoch: i32,
    /// The epoch of the last record it has; -1: none.
    pub last_fetched_epoch: i32,
}

/// What a session remembers of the last answer about a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Answered {
    /// The high watermark, as on the wire.
    pub high_watermark: i64,
    /// The log start offset, as on the wire.
    pub log_start_offset: i64,
    /// Records, an error or a diverging epoch were in it.
    pub has_news: bool,
}

#[derive(Debug)]
struct Entry {
    key: FetchKey,
    wish: FetchWish,
    last: Option<(i64, i64)>,
    /// It rests, under this id.
    resting: Option<PartitionId>,
}

/// What a fetch reads: the partitions of a session, or of one request.
#[derive(Debug)]
pub(crate) struct FetchPartitions<W> {
    by_key: HashMap<FetchKey, u64, foldhash::fast::RandomState>,
    order: BTreeMap<u64, Entry>,
    order_next: u64,
    /// Those to look at, in order.
    active: BTreeSet<u64>,
    /// The others: nothing of them has changed since they were looked at.
    resting: HashMap<PartitionId, u64, foldhash::fast::RandomState>,
    /// The metadata as it was seen last; weak, for what has been replaced is not kept.
    image: Weak<MetadataImage>,
    /// Hears of the resting ones, and of all for which a request waits.
    pub watch: Option<Rc<W>>,
}

impl<W> FetchPartitions<W> {
    fn new() -> FetchPartitions<W> {
        FetchPartitions {
            by_key: HashMap::default(),
            order: BTreeMap::new(),
            order_next: 0,
            active: BTreeSet::new(),
            resting: HashMap::default(),
            image: Weak::new(),
            watch: None,
        }
    }

    fn set(&mut self, key: FetchKey, wish: FetchWish) {
        if let Some(&place) = self.by_key.get(&key) {
            let entry = self
                .order
                .get_mut(&place)
                .expect("both maps hold the same partitions");
            entry.wish = wish;
            if let Some(id) = entry.resting.take() {
                self.resting.remove(&id);
                self.active.insert(place);
            }
        } else {
            let place = self.order_next;
            self.order_next += 1;
            self.by_key.insert(key.clone(), place);
            self.active.insert(place);
            self.order.insert(
                place,
                Entry {
                    key,
                    wish,
                    last: None,
                    resting: None,
                },
            );
        }
    }

    fn forget(&mut self, key: &FetchKey) {
        if let Some(place) = self.by_key.remove(key) {
            self.active.remove(&place);
            if let Some(id) = self.order.remove(&place).and_then(|entry| entry.resting) {
                self.resting.remove(&id);
            }
        }
    }

    /// Whether there are no partitions at all, active or resting.
    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Whether some are looked at only once something has changed.
    pub(crate) fn has_resting(&self) -> bool {
        !self.resting.is_empty()
    }

    /// What to look at, in order.
    pub(crate) fn wishes(&self) -> Vec<(FetchKey, FetchWish)> {
        self.active
            .iter()
            .map(|place| {
                let entry = &self.order[place];
                (entry.key.clone(), entry.wish)
            })
            .collect()
    }

    /// A partition was read to its end as `wish` has it, and an answer says nothing that the last one did not: it is not
    /// looked at before something has changed. Whether it rests from now on; then its watch must be told how it was seen.
    /// Not if another request of the session has come between: what that one says of the partition holds.
    pub(crate) fn rest(
        &mut self,
        key: &FetchKey,
        wish: FetchWish,
        id: PartitionId,
        high_watermark: i64,
        log_start_offset: i64,
    ) -> bool {
        let Some(&place) = self.by_key.get(key) else {
            return false;
        };
        let entry = self
            .order
            .get_mut(&place)
            .expect("both maps hold the same partitions");
        let is_told = entry.last == Some((high_watermark, log_start_offset));
        if !is_told || entry.wish != wish || entry.resting.is_some() {
            return false;
        }
        entry.resting = Some(id);
        self.resting.insert(id, place);
        self.active.remove(&place);
        true
    }

    /// Looks again at what rests if it is not there in an image of the metadata that has not been looked at yet: a shard
    /// whose journal is fenced tells nobody that a log is gone.
    pub(crate) fn see(&mut self, image: &Arc<MetadataImage>) {
        if std::ptr::eq(self.image.as_ptr(), Arc::as_ptr(image)) {
            return;
        }
        self.image = Arc::downgrade(image);
        let ids = self.resting.keys().copied();
        let gone: Vec<PartitionId> = ids.filter(|id| image.partition(*id).is_none()).collect();
        self.moved(&gone);
    }

    /// Something of these has changed.
    pub(crate) fn moved(&mut self, ids: &[PartitionId]) {
        for id in ids {
            if let Some(place) = self.resting.remove(id) {
                let entry = self
                    .order
                    .get_mut(&place)
                    .expect("what rests has its place in the order");
                entry.resting = None;
                self.active.insert(place);
            }
        }
    }

    /// Notes an answer about a partition and says whether it belongs into an incremental response. One with news goes
    /// to the end of the order, so that no partition starves behind another.
    pub(crate) fn answered(&mut self, key: &FetchKey, answer: Answered) -> bool {
        let Some(place) = self.by_key.get(key).copied() else {
            return true;
        };
        let entry = self
            .order
            .get_mut(&place)
            .expect("both maps hold the same partitions");
        let marks = (answer.high_watermark, answer.log_start_offset);
        let changed = answer.has_news || entry.last != Some(marks);
        entry.last = Some(marks);
        if answer.has_news && self.active.remove(&place) {
            let entry = self.order.remove(&place).expect("just seen");
            self.by_key.insert(key.clone(), self.order_next);
            self.order.insert(self.order_next, entry);
            self.active.insert(self.order_next);
            self.order_next += 1;
        }
        changed
    }
}

struct Session<W> {
    uses_topic_ids: bool,
    epoch_next: i32,
    used_last: Monotonic,
    partitions: Rc<RefCell<FetchPartitions<W>>>,
}

/// Why an incremental fetch is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// No such session: it was evicted, or belonged to another connection.
    #[error("there is no fetch session {0}")]
    NotFound(i32),
    /// The client missed an answer, or sent a request twice.
    #[error("fetch session epoch {given} where {expected} was expected")]
    Epoch {
        /// The client's.
        given: i32,
        /// Ours.
        expected: i32,
    },
    /// The session was opened by a request of before version 13, and this one is not, or the other way round: a topic
    /// has another key in each (`FetchManager.newContext`).
    #[error("the fetch session names topics the other way, by id or by name")]
    TopicIds,
}

/// What a request says of its session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SessionAsk {
    /// 0: none.
    pub session_id: i32,
    /// 0 opens a session, -1 ends it or asks for none.
    pub epoch: i32,
    /// Whether it names topics by their ids (from version 13) and not by their names.
    pub uses_topic_ids: bool,
}

/// What a request comes to.
#[derive(Debug)]
pub(crate) struct FetchPlan<W> {
    /// The session to answer in; 0: none.
    pub session_id: i32,
    /// Leave out partitions without news.
    pub incremental: bool,
    /// What to read: the session's, or the request's own.
    pub partitions: Rc<RefCell<FetchPartitions<W>>>,
}

/// The sessions of one shard.
pub struct FetchSessions<W> {
    slots_max: usize,
    sessions: HashMap<i32, Session<W>, foldhash::fast::RandomState>,
}

impl<W> FetchSessions<W> {
    /// A cache of at most `slots_max` sessions.
    pub(crate) fn new(slots_max: usize) -> FetchSessions<W> {
        FetchSessions {
            slots_max,
            sessions: HashMap::default(),
        }
    }

    /// The sessions there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Decides what a fetch request reads. `random` chooses a new session's id.
    ///
    /// # Errors
    /// Any [`SessionError`], on which clients begin a new session.
    pub(crate) fn plan(
        &mut self,
        asked: SessionAsk,
        wishes: Vec<(FetchKey, FetchWish)>,
        forgotten: &[FetchKey],
        now: Monotonic,
        random: u64,
    ) -> Result<FetchPlan<W>, SessionError> {
        let SessionAsk {
            session_id,
            epoch,
            uses_topic_ids,
        } = asked;
        if epoch == EPOCH_FINAL || epoch == EPOCH_INITIAL {
            self.sessions.remove(&session_id);
            let mut partitions = FetchPartitions::new();
            // Also without partitions, as Kafka's `FullFetchContext`: the next request may name some.
            let is_kept = epoch == EPOCH_INITIAL && self.make_room(now);
            for (mut key, wish) in wishes {
                if is_kept {
                    unhook(&mut key);
                }
                partitions.set(key, wish);
            }
            let partitions = Rc::new(RefCell::new(partitions));
            let session_id = if is_kept {
                self.keep(Rc::clone(&partitions), uses_topic_ids, now, random)
            } else {
                0
            };
            return Ok(FetchPlan {
                session_id,
                incremental: false,
                partitions,
            });
        }
        let session = self
            .sessions
            .get_mut(&session_id)
            .ok_or(SessionError::NotFound(session_id))?;
        if session.epoch_next != epoch {
            return Err(SessionError::Epoch {
                given: epoch,
                expected: session.epoch_next,
            });
        }
        if session.uses_topic_ids != uses_topic_ids {
            return Err(SessionError::TopicIds);
        }
        session.epoch_next = if epoch == i32::MAX { 1 } else { epoch + 1 };
        session.used_last = now;
        let partitions = Rc::clone(&session.partitions);
        let is_over = {
            let mut partitions = partitions.borrow_mut();
            for (mut key, wish) in wishes {
                unhook(&mut key);
                partitions.set(key, wish);
            }
            for key in forgotten {
                partitions.forget(key);
            }
            partitions.is_empty()
        };
        // A session without partitions ends, and is answered as none (`FetchManager.newContext`).
        if is_over {
            self.sessions.remove(&session_id);
        }
        Ok(FetchPlan {
            session_id: if is_over { 0 } else { session_id },
            incremental: !is_over,
            partitions,
        })
    }

    fn keep(
        &mut self,
        partitions: Rc<RefCell<FetchPartitions<W>>>,
        uses_topic_ids: bool,
        now: Monotonic,
        random: u64,
    ) -> i32 {
        let mut id = i32::try_from(random >> 33).expect("31 bits").max(1);
        while self.sessions.contains_key(&id) {
            id = if id == i32::MAX { 1 } else { id + 1 };
        }
        self.sessions.insert(
            id,
            Session {
                uses_topic_ids,
                epoch_next: 1,
                used_last: now,
                partitions,
            },
        );
        id
    }

    fn make_room(&mut self, now: Monotonic) -> bool {
        if self.sessions.len() < self.slots_max {
            return true;
        }
        let oldest = self
            .sessions
            .iter()
            .min_by_key(|(id, session)| (session.used_last, **id));
        match oldest.map(|(id, session)| (*id, now.since(session.used_last))) {
            Some((id, idle)) if idle > EVICTION_AFTER => {
                self.sessions.remove(&id);
                true
            }
            _ => false,
        }
    }
}

/// Makes the name its own: it is a slice of the request's frame, which a session must not keep alive.
fn unhook(key: &mut FetchKey) {
    key.topic = ByteStr::from(key.topic.as_str());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody watches here.
    type FetchSessions = super::FetchSessions<()>;
    type FetchPlan = super::FetchPlan<()>;

    fn key(partition: i32) -> FetchKey {
        FetchKey {
            topic: "t".into(),
            topic_id: TopicId::ZERO,
            partition: PartitionIndex::new(partition),
        }
    }

    fn wish(offset: i64) -> FetchWish {
        FetchWish {
            fetch_offset: offset,
            bytes_max: 1,
            current_leader_epoch: -1,
            last_fetched_epoch: -1,
        }
    }

    fn asked(session_id: i32, epoch: i32) -> SessionAsk {
        SessionAsk {
            session_id,
            epoch,
            uses_topic_ids: false,
        }
    }

    fn at(seconds: u64) -> Monotonic {
        Monotonic::from_nanos(seconds * 1_000_000_000)
    }

    fn offsets(plan: &FetchPlan) -> Vec<(i32, i64)> {
        plan.partitions
            .borrow()
            .wishes()
            .iter()
            .map(|(k, w)| (k.partition.get(), w.fetch_offset))
            .collect()
    }

    #[test]
    fn a_session_remembers_and_forgets_partitions() {
        let mut sessions = FetchSessions::new(2);
        let full = sessions
            .plan(
                asked(0, 0),
                vec![(key(0), wish(5)), (key(1), wish(6))],
                &[],
                at(0),
                7 << 33,
            )
            .unwrap();
        assert_eq!((full.session_id, full.incremental), (7, false));
        let next = sessions
            .plan(
                asked(7, 1),
                vec![(key(2), wish(9)), (key(0), wish(8))],
                &[key(1)],
                at(1),
                0,
            )
            .unwrap();
        assert!(next.incremental);
        assert_eq!(offsets(&next), [(0, 8), (2, 9)]);
    }

    #[test]
    fn a_wrong_epoch_and_an_unknown_session_are_refused() {
        let mut sessions = FetchSessions::new(2);
        sessions
            .plan(asked(0, 0), vec![(key(0), wish(0))], &[], at(0), 7 << 33)
            .unwrap();
        let wrong = sessions.plan(asked(7, 3), vec![], &[], at(0), 0).unwrap_err();
        assert_eq!(
            wrong,
            SessionError::Epoch {
                given: 3,
                expected: 1
            }
        );
        assert_eq!(
            sessions.plan(asked(8, 1), vec![], &[], at(0), 0).unwrap_err(),
            SessionError::NotFound(8)
        );
    }

    #[test]
    fn a_session_keeps_to_names_or_ids() {
        for uses_topic_ids in [false, true] {
            let mut sessions = FetchSessions::new(2);
            let asked = |session_id, epoch, uses_topic_ids| SessionAsk {
                session_id,
                epoch,
                uses_topic_ids,
            };
            let full = vec![(key(0), wish(0))];
            let opened = sessions.plan(asked(0, 0, uses_topic_ids), full, &[], at(0), 7 << 33);
            assert_eq!(opened.unwrap().session_id, 7);
            let other = sessions.plan(asked(7, 1, !uses_topic_ids), vec![], &[], at(0), 0);
            assert_eq!(other.unwrap_err(), SessionError::TopicIds);
            // The wrong epoch is what is wrong first.
            let late = sessions.plan(asked(7, 2, !uses_topic_ids), vec![], &[], at(0), 0);
            assert!(matches!(late.unwrap_err(), SessionError::Epoch { .. }), "epoch 2");
            sessions
                .plan(asked(7, 1, uses_topic_ids), vec![], &[], at(0), 0)
                .unwrap();
        }
    }

    #[test]
    fn a_session_begins_without_partitions() {
        let mut sessions = FetchSessions::new(2);
        let opened = sessions.plan(asked(0, 0), vec![], &[], at(0), 7 << 33).unwrap();
        assert_eq!((opened.session_id, opened.incremental), (7, false));
        let next = sessions
            .plan(asked(7, 1), vec![(key(0), wish(5))], &[], at(0), 0)
            .unwrap();
        assert_eq!((next.session_id, offsets(&next)), (7, vec![(0, 5)]));
    }

    #[test]
    fn a_session_without_partitions_ends() {
        let mut sessions = FetchSessions::new(2);
        sessions
            .plan(asked(0, 0), vec![(key(0), wish(0))], &[], at(0), 7 << 33)
            .unwrap();
        let plan = sessions.plan(asked(7, 1), vec![], &[key(0)], at(0), 0).unwrap();
        assert_eq!((plan.session_id, plan.incremental), (0, false));
        assert!(plan.partitions.borrow().is_empty() && sessions.is_empty());
    }

    #[test]
    fn epochs_wrap_to_one_and_a_final_epoch_ends_the_session() {
        let mut sessions = FetchSessions::new(2);
        sessions
            .plan(asked(0, 0), vec![(key(0), wish(0))], &[], at(0), 7 << 33)
            .unwrap();
        sessions.sessions.get_mut(&7).unwrap().epoch_next = i32::MAX;
        sessions.plan(asked(7, i32::MAX), vec![], &[], at(0), 0).unwrap();
        sessions.plan(asked(7, 1), vec![], &[], at(0), 0).unwrap();
        let last = sessions
            .plan(asked(7, -1), vec![(key(0), wish(0))], &[], at(0), 0)
            .unwrap();
        assert_eq!((last.session_id, last.incremental), (0, false));
        assert!(sessions.is_empty());
    }

    #[test]
    fn only_idle_sessions_make_room() {
        let mut sessions = FetchSessions::new(1);
        let open = |sessions: &mut FetchSessions, seconds| {
            sessions
                .plan(asked(0, 0), vec![(key(0), wish(0))], &[], at(seconds), 7 << 33)
                .unwrap()
                .session_id
        };
        assert_eq!(open(&mut sessions, 0), 7);
        assert_eq!(open(&mut sessions, 60), 0);
        assert_eq!(open(&mut sessions, 121), 7);
        assert_eq!(sessions.len(), 1);
    }

    #[test]
    fn partitions_without_news_are_left_out_and_served_ones_go_last() {
        let mut sessions = FetchSessions::new(1);
        let plan = sessions
            .plan(
                asked(0, 0),
                vec![(key(0), wish(0)), (key(1), wish(0))],
                &[],
                at(0),
                7 << 33,
            )
            .unwrap();
        let answered = |answer| plan.partitions.borrow_mut().answered(&key(0), answer);
        let quiet = Answered {
            high_watermark: 1,
            log_start_offset: 0,
            has_news: false,
        };
        assert!(answered(quiet), "the first answer is always news");
        assert!(!answered(quiet));
        assert!(answered(Answered {
            high_watermark: 2,
            ..quiet
        }));
        assert!(answered(Answered {
            has_news: true,
            ..quiet
        }));
        let plan = sessions.plan(asked(7, 1), vec![], &[], at(0), 0).unwrap();
        assert_eq!(offsets(&plan), [(1, 0), (0, 0)]);
    }

    #[test]
    fn what_was_read_to_its_end_rests_until_it_moves_or_is_asked_for() {
        let id = |partition| PartitionId {
            topic: TopicId::new([1; 16]),
            index: PartitionIndex::new(partition),
        };
        let mut sessions = FetchSessions::new(1);
        let full = vec![(key(0), wish(3)), (key(1), wish(0)), (key(2), wish(0))];
        let mut epoch = 0;
        let mut next = |wishes, forgotten: &[FetchKey]| {
            let session_id = if epoch == 0 { 0 } else { 7 };
            let plan = sessions.plan(asked(session_id, epoch), wishes, forgotten, at(0), 7 << 33);
            epoch += 1;
            plan.unwrap()
        };
        let plan = next(full, &[]);
        let partitions = Rc::clone(&plan.partitions);
        let rest_at = |partition, offset, high_watermark| {
            let mut partitions = partitions.borrow_mut();
            partitions.rest(&key(partition), wish(offset), id(partition), high_watermark, 0)
        };
        let rest = |partition, offset| rest_at(partition, offset, 3);
        assert!(!rest(0, 3), "the client was told nothing yet");
        for partition in 0..3 {
            let quiet = Answered {
                high_watermark: 3,
                log_start_offset: 0,
                has_news: false,
            };
            partitions.borrow_mut().answered(&key(partition), quiet);
        }
        assert!(!rest(0, 2), "the client wants another offset by now");
        assert!(rest(0, 3) && rest(1, 0) && !rest_at(2, 0, 4));
        assert!(!rest(0, 3), "it rests");
        assert_eq!(offsets(&next(vec![], &[])), [(2, 0)]);
        partitions.borrow_mut().moved(&[id(1), id(9), id(1)]);
        assert_eq!(
            offsets(&next(vec![(key(0), wish(4))], &[])),
            [(0, 4), (1, 0), (2, 0)]
        );
        assert!(rest(0, 4) && rest(1, 0) && rest(2, 0));
        let last = next(vec![], &[key(1)]);
        assert_eq!((last.incremental, offsets(&last)), (true, vec![]), "two rest");
        partitions.borrow_mut().moved(&[id(1), id(2)]);
        assert_eq!(offsets(&next(vec![], &[])), [(2, 0)]);
        // The topic is not in the metadata: what rests is looked at once.
        let image = Arc::new(MetadataImage::new("cluster"));
        partitions.borrow_mut().see(&image);
        assert_eq!(offsets(&next(vec![], &[])), [(0, 4), (2, 0)]);
        assert!(rest(0, 4));
        partitions.borrow_mut().see(&image);
        assert_eq!(offsets(&next(vec![], &[])), [(2, 0)]);
        assert!(!next(vec![], &[key(0), key(2)]).incremental);
    }
}
