//! Incremental fetch sessions (KIP-227): a client names its partitions once and then only what changed, and is
//! answered only what changed.
//!
//! Pure: one cache a shard, no clock and no I/O. Invariants: a session's order holds each of its partitions once;
//! the cache never holds more than its slots.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use corelog_model::{PartitionIndex, TopicId};
use corelog_protocol::ByteStr;
use corelog_runtime::Monotonic;

use crate::mutation::{Mutation, is_on};

/// A session that was idle for this long may be evicted for a new one (Kafka's
/// `MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS`).
const EVICTION_AFTER: Duration = Duration::from_secs(120);
/// The epoch that opens a session.
const EPOCH_INITIAL: i32 = 0;
/// The epoch that ends one, or asks for none.
const EPOCH_FINAL: i32 = -1;

/// A partition as the client named it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FetchKey {
    /// The topic's name; empty from version 13.
    pub topic: ByteStr,
    /// The topic's id; zero before version 13.
    pub topic_id: TopicId,
    /// The partition within it.
    pub partition: PartitionIndex,
}

/// What the client wants of a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FetchWish {
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
pub struct Answered {
    /// The high watermark, as on the wire.
    pub high_watermark: i64,
    /// The log start offset, as on the wire.
    pub log_start_offset: i64,
    /// Records, an error or a diverging epoch were in it.
    pub has_news: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    key: FetchKey,
    wish: FetchWish,
    last: Option<(i64, i64)>,
}

#[derive(Debug)]
struct Session {
    epoch_next: i32,
    used_last: Monotonic,
    by_key: HashMap<FetchKey, u64, foldhash::fast::RandomState>,
    order: BTreeMap<u64, Entry>,
    order_next: u64,
}

impl Session {
    fn new(now: Monotonic) -> Session {
        Session {
            epoch_next: 1,
            used_last: now,
            by_key: HashMap::default(),
            order: BTreeMap::new(),
            order_next: 0,
        }
    }

    fn set(&mut self, mut key: FetchKey, wish: FetchWish) {
        if let Some(place) = self.by_key.get(&key) {
            let entry = self
                .order
                .get_mut(place)
                .expect("both maps hold the same partitions");
            entry.wish = wish;
        } else {
            let place = self.order_next;
            self.order_next += 1;
            // The name is a slice of the request's frame, which a session must not keep alive.
            key.topic = ByteStr::from(key.topic.as_str());
            self.by_key.insert(key.clone(), place);
            self.order.insert(
                place,
                Entry {
                    key,
                    wish,
                    last: None,
                },
            );
        }
    }

    fn forget(&mut self, key: &FetchKey) {
        if let Some(place) = self.by_key.remove(key) {
            self.order.remove(&place);
        }
    }

    fn wishes(&self) -> Vec<(FetchKey, FetchWish)> {
        self.order
            .values()
            .map(|entry| (entry.key.clone(), entry.wish))
            .collect()
    }
}

/// Why an incremental fetch is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SessionError {
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
}

/// What a request comes to.
#[derive(Debug)]
pub struct FetchPlan {
    /// The session to answer in; 0: none.
    pub session_id: i32,
    /// Leave out partitions without news.
    pub incremental: bool,
    /// What to read, in order.
    pub wishes: Vec<(FetchKey, FetchWish)>,
}

/// The sessions of one shard.
pub struct FetchSessions {
    slots_max: usize,
    sessions: HashMap<i32, Session, foldhash::fast::RandomState>,
}

impl FetchSessions {
    /// A cache of at most `slots_max` sessions.
    pub fn new(slots_max: usize) -> FetchSessions {
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
    /// `NotFound` and `Epoch`, on which clients begin a new session.
    pub fn plan(
        &mut self,
        session_id: i32,
        epoch: i32,
        wishes: Vec<(FetchKey, FetchWish)>,
        forgotten: &[FetchKey],
        now: Monotonic,
        random: u64,
    ) -> Result<FetchPlan, SessionError> {
        if epoch == EPOCH_FINAL || epoch == EPOCH_INITIAL {
            self.sessions.remove(&session_id);
            let opened = if epoch == EPOCH_INITIAL {
                self.open(&wishes, now, random)
            } else {
                0
            };
            return Ok(FetchPlan {
                session_id: opened,
                incremental: false,
                wishes,
            });
        }
        let session = self
            .sessions
            .get_mut(&session_id)
            .ok_or(SessionError::NotFound(session_id))?;
        if session.epoch_next != epoch && !is_on(Mutation::SessionEpochIgnored) {
            return Err(SessionError::Epoch {
                given: epoch,
                expected: session.epoch_next,
            });
        }
        session.epoch_next = if epoch == i32::MAX { 1 } else { epoch + 1 };
        session.used_last = now;
        for (key, wish) in wishes {
            session.set(key, wish);
        }
        for key in forgotten {
            session.forget(key);
        }
        Ok(FetchPlan {
            session_id,
            incremental: true,
            wishes: session.wishes(),
        })
    }

    fn open(&mut self, wishes: &[(FetchKey, FetchWish)], now: Monotonic, random: u64) -> i32 {
        if wishes.is_empty() || !self.make_room(now) {
            return 0;
        }
        let mut id = i32::try_from(random >> 33).expect("31 bits").max(1);
        while self.sessions.contains_key(&id) {
            id = if id == i32::MAX { 1 } else { id + 1 };
        }
        let mut session = Session::new(now);
        for (key, wish) in wishes {
            session.set(key.clone(), *wish);
        }
        self.sessions.insert(id, session);
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

    /// Notes an answer about a partition and says whether it belongs into an incremental response. One with news goes
    /// to the end of the order, so that no partition starves behind another.
    pub fn answered(&mut self, session_id: i32, key: &FetchKey, answer: Answered) -> bool {
        let Some(session) = self.sessions.get_mut(&session_id) else {
            return true;
        };
        let Some(place) = session.by_key.get(key).copied() else {
            return true;
        };
        let entry = session
            .order
            .get_mut(&place)
            .expect("both maps hold the same partitions");
        let marks = (answer.high_watermark, answer.log_start_offset);
        let changed = answer.has_news || entry.last != Some(marks);
        entry.last = Some(marks);
        if !changed && is_on(Mutation::SessionForgets) {
            session.forget(key);
        }
        if answer.has_news {
            let entry = session.order.remove(&place).expect("just seen");
            session.by_key.insert(key.clone(), session.order_next);
            session.order.insert(session.order_next, entry);
            session.order_next += 1;
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn at(seconds: u64) -> Monotonic {
        Monotonic::from_nanos(seconds * 1_000_000_000)
    }

    fn offsets(plan: &FetchPlan) -> Vec<(i32, i64)> {
        plan.wishes
            .iter()
            .map(|(k, w)| (k.partition.get(), w.fetch_offset))
            .collect()
    }

    #[test]
    fn a_session_remembers_and_forgets_partitions() {
        let mut sessions = FetchSessions::new(2);
        let full = sessions
            .plan(
                0,
                0,
                vec![(key(0), wish(5)), (key(1), wish(6))],
                &[],
                at(0),
                7 << 33,
            )
            .unwrap();
        assert_eq!((full.session_id, full.incremental), (7, false));
        let next = sessions
            .plan(
                7,
                1,
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
            .plan(0, 0, vec![(key(0), wish(0))], &[], at(0), 7 << 33)
            .unwrap();
        let wrong = sessions.plan(7, 3, vec![], &[], at(0), 0).unwrap_err();
        assert_eq!(
            wrong,
            SessionError::Epoch {
                given: 3,
                expected: 1
            }
        );
        assert_eq!(
            sessions.plan(8, 1, vec![], &[], at(0), 0).unwrap_err(),
            SessionError::NotFound(8)
        );
    }

    #[test]
    fn epochs_wrap_to_one_and_a_final_epoch_ends_the_session() {
        let mut sessions = FetchSessions::new(2);
        sessions
            .plan(0, 0, vec![(key(0), wish(0))], &[], at(0), 7 << 33)
            .unwrap();
        sessions.sessions.get_mut(&7).unwrap().epoch_next = i32::MAX;
        sessions.plan(7, i32::MAX, vec![], &[], at(0), 0).unwrap();
        sessions.plan(7, 1, vec![], &[], at(0), 0).unwrap();
        let last = sessions
            .plan(7, -1, vec![(key(0), wish(0))], &[], at(0), 0)
            .unwrap();
        assert_eq!((last.session_id, last.incremental), (0, false));
        assert!(sessions.is_empty());
    }

    #[test]
    fn only_idle_sessions_make_room() {
        let mut sessions = FetchSessions::new(1);
        let open = |sessions: &mut FetchSessions, seconds| {
            sessions
                .plan(0, 0, vec![(key(0), wish(0))], &[], at(seconds), 7 << 33)
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
        sessions
            .plan(
                0,
                0,
                vec![(key(0), wish(0)), (key(1), wish(0))],
                &[],
                at(0),
                7 << 33,
            )
            .unwrap();
        let quiet = Answered {
            high_watermark: 1,
            log_start_offset: 0,
            has_news: false,
        };
        assert!(
            sessions.answered(7, &key(0), quiet),
            "the first answer is always news"
        );
        assert!(!sessions.answered(7, &key(0), quiet));
        assert!(sessions.answered(
            7,
            &key(0),
            Answered {
                high_watermark: 2,
                ..quiet
            }
        ));
        assert!(sessions.answered(
            7,
            &key(0),
            Answered {
                has_news: true,
                ..quiet
            }
        ));
        let plan = sessions.plan(7, 1, vec![], &[], at(0), 0).unwrap();
        assert_eq!(offsets(&plan), [(1, 0), (0, 0)]);
    }
}
