//! The state machine: events in, actions out.

use std::collections::BTreeMap;
use std::time::Duration;

use corelog_model::{BrokerEpoch, BrokerId, LeaderEpoch, Offset, PartitionEpoch};

use crate::follower::Follower;
use crate::in_sync::InSyncSet;
use crate::waiters::Waiters;
use crate::{
    AckError, AckToken, Acks, Action, Assignment, EpochError, Event, FollowerFetch, IsrAnswer, IsrProposal,
    LogEnds, NotEnoughReplicas, PartitionConfig, Role, UnknownReplica,
};

/// What only a leader has.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Leadership {
    /// The log's end when the leader epoch began. A follower joins the in-sync set only beyond it: before, it may lack
    /// what was committed in the epoch before.
    epoch_start: Offset,
    in_sync: InSyncSet,
    followers: BTreeMap<BrokerId, Follower>,
    await_leader: Waiters,
    await_all: Waiters,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum State {
    Leader(Leadership),
    Follower { leader: Option<BrokerId> },
}

/// One partition on one broker. See the crate.
///
/// A new one follows nobody. Call [`Partition::handle`] for each event, [`Partition::handle_timeout`] when
/// [`Partition::next_timeout`] has come, and perform the actions in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Partition {
    broker: BrokerId,
    config: PartitionConfig,
    ends: LogEnds,
    high_watermark: Offset,
    last_stable: Offset,
    leader_epoch: Option<LeaderEpoch>,
    partition_epoch: Option<PartitionEpoch>,
    replicas: Vec<BrokerId>,
    /// The registrations of brokers that may be in sync.
    eligible: BTreeMap<BrokerId, BrokerEpoch>,
    state: State,
}

impl Partition {
    /// The partition on `broker`, over a log as recovery left it. `high_watermark` is the one that was kept; what lies
    /// beyond it is not known to be committed until a leader says so.
    pub fn new(
        broker: BrokerId,
        config: PartitionConfig,
        ends: LogEnds,
        high_watermark: Offset,
    ) -> Partition {
        let high_watermark = high_watermark.clamp(ends.log_start, ends.log_end);
        let mut partition = Partition {
            broker,
            config,
            ends,
            high_watermark,
            last_stable: high_watermark,
            leader_epoch: None,
            partition_epoch: None,
            replicas: Vec::new(),
            eligible: BTreeMap::new(),
            state: State::Follower { leader: None },
        };
        partition.set_last_stable();
        partition
    }

    /// What this broker is to the partition.
    pub fn role(&self) -> Role {
        match self.state {
            State::Leader(_) => Role::Leader,
            State::Follower { leader } => Role::Follower { leader },
        }
    }

    /// The leader epoch that this broker knows of; `None` before the first assignment.
    pub fn leader_epoch(&self) -> Option<LeaderEpoch> {
        self.leader_epoch
    }

    /// Records before it are committed. Exclusive.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// Records before it are committed and belong to no open transaction. Exclusive.
    pub fn last_stable(&self) -> Offset {
        self.last_stable
    }

    /// The in-sync replicas as the controller knows them; empty on a follower.
    pub fn in_sync_replicas(&self) -> &[BrokerId] {
        match &self.state {
            State::Leader(leadership) => leadership.in_sync.committed(),
            State::Follower { .. } => &[],
        }
    }

    /// How many acknowledgements wait.
    pub fn waiting(&self) -> usize {
        match &self.state {
            State::Leader(leadership) => leadership.await_leader.len() + leadership.await_all.len(),
            State::Follower { .. } => 0,
        }
    }

    /// The least that the replicas' logs begin at, which DeleteRecords answers; `None` on a follower.
    pub fn low_watermark(&self) -> Option<Offset> {
        let State::Leader(leadership) = &self.state else {
            return None;
        };
        let told = leadership
            .followers
            .iter()
            .filter(|(id, _)| self.eligible.contains_key(id));
        let least = told
            .map(|(_, follower)| follower.log_start.unwrap_or(Offset::ZERO))
            .min();
        Some(least.map_or(self.ends.log_start, |least| least.min(self.ends.log_start)))
    }

    /// Checks the leader epoch that a request names, `asked`, against the current one (KIP-320). `None` is not
    /// checked.
    ///
    /// # Errors
    /// See [`EpochError`].
    pub fn check_epoch(&self, asked: Option<LeaderEpoch>) -> Result<(), EpochError> {
        let current = self.leader_epoch.unwrap_or_default();
        match asked {
            Some(asked) if asked < current => Err(EpochError::Fenced { asked, current }),
            Some(asked) if asked > current => Err(EpochError::Unknown { asked, current }),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether an append with `acks` may be made.
    ///
    /// # Errors
    /// `NotEnoughReplicas` with [`Acks::All`] while too few are in sync.
    pub fn check_append(&self, acks: Acks) -> Result<(), NotEnoughReplicas> {
        let (in_sync, needed) = (self.in_sync_replicas().len(), self.needed_in_sync());
        match acks {
            Acks::All if in_sync < needed => Err(NotEnoughReplicas { in_sync, needed }),
            Acks::All | Acks::Leader => Ok(()),
        }
    }

    /// Whether `replica` may fetch as a follower.
    ///
    /// # Errors
    /// `UnknownReplica` if it is none, or this broker does not lead.
    pub fn check_follower(&self, replica: BrokerId) -> Result<(), UnknownReplica> {
        match &self.state {
            State::Leader(leadership) if leadership.followers.contains_key(&replica) => Ok(()),
            State::Leader(_) | State::Follower { .. } => Err(UnknownReplica {
                replica,
                epoch: self.leader_epoch.unwrap_or_default(),
            }),
        }
    }

    /// Takes one event; what the shell is to do is added to `actions`.
    pub fn handle(&mut self, event: Event, now: Duration, actions: &mut Vec<Action>) {
        match event {
            Event::Assigned(assignment) => self.assigned(assignment, now, actions),
            Event::Configured(config) => {
                self.config = config;
                self.advance(now, actions);
            }
            Event::LogMoved(ends) => self.log_moved(ends, now, actions),
            Event::Fetched(fetch) => self.fetched(&fetch, now, actions),
            Event::LeaderHighWatermark(offset) => {
                if matches!(self.state, State::Follower { .. }) {
                    self.raise_high_watermark(offset.min(self.ends.log_end), actions);
                }
            }
            Event::AcksAwaited { token, end, acks } => self.await_acks(token, end, acks, actions),
            Event::IsrAnswered { replaces, answer } => self.isr_answered(replaces, answer, now, actions),
            Event::BrokerEligible { broker, epoch } => {
                match epoch {
                    Some(epoch) => self.eligible.insert(broker, epoch),
                    None => self.eligible.remove(&broker),
                };
                self.advance(now, actions);
            }
            Event::Removed => self.follow(None, actions),
        }
    }

    /// When to call [`Partition::handle_timeout`]. Ask again after every call.
    pub fn next_timeout(&self) -> Option<Duration> {
        let State::Leader(leadership) = &self.state else {
            return None;
        };
        if leadership.in_sync.is_changing() {
            return None;
        }
        let followers = leadership
            .in_sync
            .committed()
            .iter()
            .filter_map(|id| leadership.followers.get(id));
        let lag_max = self.config.replica_lag_max;
        followers
            .filter_map(|follower| follower.lags_after(self.ends.log_end, lag_max))
            .min()
    }

    /// Proposes that followers that are too far behind leave the in-sync set. Too early a call does nothing.
    pub fn handle_timeout(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let (log_end, lag_max) = (self.ends.log_end, self.config.replica_lag_max);
        let State::Leader(leadership) = &mut self.state else {
            return;
        };
        if leadership.in_sync.is_changing() {
            return;
        }
        let lags = |id: &&BrokerId| {
            let follower = leadership.followers.get(id);
            follower.is_some_and(|follower| !follower.is_caught_up(log_end, lag_max, now))
        };
        let leaving: Vec<BrokerId> = leadership
            .in_sync
            .committed()
            .iter()
            .filter(lags)
            .copied()
            .collect();
        if leaving.is_empty() {
            return;
        }
        leadership.in_sync = InSyncSet::Shrinking {
            committed: leadership.in_sync.committed().to_vec(),
            leaving,
            is_outdated: false,
        };
        self.propose(actions);
    }

    fn assigned(&mut self, assignment: Assignment, now: Duration, actions: &mut Vec<Action>) {
        // What is known already must not undo a proposal that may be accepted under this very version.
        if self
            .partition_epoch
            .is_some_and(|known| assignment.partition_epoch <= known)
        {
            return;
        }
        let is_new_epoch = self
            .leader_epoch
            .is_none_or(|known| assignment.leader_epoch > known);
        self.leader_epoch = self.leader_epoch.max(Some(assignment.leader_epoch));
        self.partition_epoch = Some(assignment.partition_epoch);
        self.replicas = assignment.replicas;
        if assignment.leader == Some(self.broker) {
            self.lead(assignment.in_sync_replicas, is_new_epoch, now, actions);
        } else {
            self.follow(assignment.leader, actions);
        }
    }

    fn lead(&mut self, in_sync: Vec<BrokerId>, is_new_epoch: bool, now: Duration, actions: &mut Vec<Action>) {
        let log_end = self.ends.log_end;
        let was_leader = matches!(self.state, State::Leader(_));
        if !was_leader {
            self.state = State::Leader(Leadership {
                epoch_start: log_end,
                in_sync: InSyncSet::Committed(Vec::new()),
                followers: BTreeMap::new(),
                await_leader: Waiters::default(),
                await_all: Waiters::default(),
            });
        }
        let others: Vec<BrokerId> = self
            .replicas
            .iter()
            .copied()
            .filter(|id| *id != self.broker)
            .collect();
        let epoch = self.leader_epoch.unwrap_or_default();
        let State::Leader(leadership) = &mut self.state else {
            return;
        };
        leadership.followers.retain(|id, _| others.contains(id));
        for id in others {
            let is_in_sync = in_sync.contains(&id);
            let follower = leadership
                .followers
                .entry(id)
                .or_insert_with(|| Follower::at_start(is_in_sync, now));
            if is_new_epoch && was_leader {
                follower.restart(is_in_sync, log_end, now);
            }
        }
        leadership.in_sync = InSyncSet::Committed(in_sync);
        if is_new_epoch || !was_leader {
            leadership.epoch_start = log_end;
            // Followers with records of an epoch that this log never saw must find where they diverge from it.
            actions.push(Action::StartEpoch {
                epoch,
                offset: log_end,
            });
        }
        // The set may be smaller than it was.
        self.advance(now, actions);
    }

    fn follow(&mut self, leader: Option<BrokerId>, actions: &mut Vec<Action>) {
        let before = std::mem::replace(&mut self.state, State::Follower { leader });
        if let State::Leader(mut leadership) = before {
            let waiting = leadership
                .await_leader
                .take_all()
                .chain(leadership.await_all.take_all());
            actions.extend(waiting.map(|token| Action::Acknowledge {
                token,
                result: Err(AckError::NotLeader),
            }));
        }
        let epoch = self.leader_epoch.unwrap_or_default();
        actions.push(Action::Follow { leader, epoch });
    }

    fn log_moved(&mut self, ends: LogEnds, now: Duration, actions: &mut Vec<Action>) {
        assert!(
            ends.log_start <= ends.log_end && ends.durable_end <= ends.log_end,
            "a log's ends are in order: {ends:?}"
        );
        let before = std::mem::replace(&mut self.ends, ends);
        if let State::Leader(leadership) = &mut self.state
            && ends.log_end > before.log_end
        {
            for follower in leadership.followers.values_mut() {
                follower.passed(before.log_end, now);
            }
        }
        // The log begins later, or ends earlier because a follower cut off what its leader does not have.
        let told = (self.high_watermark, self.last_stable);
        self.high_watermark = self.high_watermark.clamp(ends.log_start, ends.log_end);
        if let Some(target) = self.committed_end(now) {
            self.high_watermark = self.high_watermark.max(target);
        }
        self.set_last_stable();
        if (self.high_watermark, self.last_stable) != told {
            self.tell_committed(actions);
        }
        self.acknowledge(actions);
    }

    fn fetched(&mut self, fetch: &FollowerFetch, now: Duration, actions: &mut Vec<Action>) {
        // OFFSET_OUT_OF_RANGE: of another log than this one.
        if fetch.offset > fetch.leader_log_end {
            return;
        }
        let State::Leader(leadership) = &mut self.state else {
            return;
        };
        let Some(follower) = leadership.followers.get_mut(&fetch.replica) else {
            return;
        };
        if follower.fetched(fetch, now) {
            return;
        }
        self.join_in_sync(fetch.replica, actions);
        self.advance(now, actions);
    }

    /// Proposes that a follower joins the in-sync set, if it is far enough.
    fn join_in_sync(&mut self, replica: BrokerId, actions: &mut Vec<Action>) {
        let (high_watermark, is_eligible) = (self.high_watermark, self.is_eligible(replica));
        let State::Leader(leadership) = &mut self.state else {
            return;
        };
        let end = leadership
            .followers
            .get(&replica)
            .and_then(|follower| follower.end);
        let is_far_enough = end.is_some_and(|end| end >= high_watermark && end >= leadership.epoch_start);
        let is_new = !leadership.in_sync.is_changing() && !leadership.in_sync.committed().contains(&replica);
        if is_new && is_far_enough && is_eligible {
            leadership.in_sync = InSyncSet::Growing {
                committed: leadership.in_sync.committed().to_vec(),
                joining: replica,
                is_outdated: false,
            };
            self.propose(actions);
        }
    }

    /// Whether the broker is up, and fetches under the registration that the metadata knows. A follower that does not say
    /// its registration is not held to it.
    fn is_eligible(&self, replica: BrokerId) -> bool {
        let State::Leader(leadership) = &self.state else {
            return false;
        };
        let told = leadership
            .followers
            .get(&replica)
            .and_then(|follower| follower.broker_epoch);
        match (self.eligible.get(&replica), told) {
            (Some(registered), Some(Some(told))) => *registered == told,
            (Some(_), Some(None)) => true,
            (None, _) | (_, None) => false,
        }
    }

    fn propose(&self, actions: &mut Vec<Action>) {
        let State::Leader(leadership) = &self.state else {
            return;
        };
        let (Some(proposed), Some(leader_epoch), Some(partition_epoch)) = (
            leadership.in_sync.proposed(),
            self.leader_epoch,
            self.partition_epoch,
        ) else {
            return;
        };
        let epoch_of = |id: BrokerId| {
            let told = leadership
                .followers
                .get(&id)
                .and_then(|follower| follower.broker_epoch)
                .flatten();
            told.or_else(|| self.eligible.get(&id).copied())
        };
        actions.push(Action::ProposeIsr(IsrProposal {
            leader_epoch,
            partition_epoch,
            in_sync_replicas: proposed.into_iter().map(|id| (id, epoch_of(id))).collect(),
        }));
    }

    fn isr_answered(
        &mut self,
        replaces: PartitionEpoch,
        answer: IsrAnswer,
        now: Duration,
        actions: &mut Vec<Action>,
    ) {
        let State::Leader(leadership) = &mut self.state else {
            return;
        };
        // A proposal is made under the version that is known, and a newer one ends it.
        if !leadership.in_sync.is_changing() || self.partition_epoch != Some(replaces) {
            return;
        }
        match answer {
            IsrAnswer::Changed {
                partition_epoch,
                in_sync_replicas,
            } => {
                leadership.in_sync = InSyncSet::Committed(in_sync_replicas);
                self.partition_epoch = Some(partition_epoch);
                self.advance(now, actions);
            }
            IsrAnswer::Rejected => leadership.in_sync.reset(),
            IsrAnswer::Outdated => leadership.in_sync.set_outdated(),
            IsrAnswer::Failed => self.propose(actions),
        }
    }

    fn await_acks(&mut self, token: AckToken, end: Offset, acks: Acks, actions: &mut Vec<Action>) {
        let State::Leader(leadership) = &mut self.state else {
            let result = Err(AckError::NotLeader);
            actions.push(Action::Acknowledge { token, result });
            return;
        };
        match acks {
            Acks::Leader => leadership.await_leader.add(end, token),
            Acks::All => leadership.await_all.add(end, token),
        }
        self.acknowledge(actions);
    }

    /// How many replicas must be in sync: `min.insync.replicas`, or all if there are fewer.
    fn needed_in_sync(&self) -> usize {
        self.config.min_in_sync_replicas.min(self.replicas.len())
    }

    /// Moves a leader's high watermark as far as it may go, and answers whom that, or a longer log, acknowledges.
    fn advance(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if let Some(target) = self.committed_end(now) {
            self.raise_high_watermark(target, actions);
        }
        self.acknowledge(actions);
    }

    /// The end of what every replica has that is, or may soon be, in sync; `None` while too few are
    /// (`Partition.maybeIncrementLeaderHW`).
    fn committed_end(&self, now: Duration) -> Option<Offset> {
        let State::Leader(leadership) = &self.state else {
            return None;
        };
        if leadership.in_sync.committed().len() < self.needed_in_sync() {
            return None;
        }
        let mut target = self.ends.durable_end;
        for (id, follower) in &leadership.followers {
            let is_counted = leadership.in_sync.may_contain(*id)
                // One that is about to join is waited for: the high watermark would run away from it.
                || (follower.end.is_some()
                    && follower.is_caught_up(self.ends.log_end, self.config.replica_lag_max, now)
                    && self.is_eligible(*id));
            if is_counted {
                target = target.min(follower.end.unwrap_or(Offset::ZERO));
            }
        }
        Some(target)
    }

    fn raise_high_watermark(&mut self, target: Offset, actions: &mut Vec<Action>) {
        if target <= self.high_watermark {
            return;
        }
        self.high_watermark = target;
        self.set_last_stable();
        self.tell_committed(actions);
    }

    /// The one place where the last stable offset is computed; the order of the offsets is checked here.
    fn set_last_stable(&mut self) {
        let unstable = self.ends.first_unstable.unwrap_or(Offset::MAX);
        self.last_stable = self.high_watermark.min(unstable).max(self.ends.log_start);
        assert!(
            self.ends.log_start <= self.last_stable
                && self.last_stable <= self.high_watermark
                && self.high_watermark <= self.ends.log_end,
            "offsets out of order: {self:?}"
        );
    }

    fn tell_committed(&self, actions: &mut Vec<Action>) {
        actions.push(Action::Committed {
            high_watermark: self.high_watermark,
            last_stable: self.last_stable,
        });
    }

    fn acknowledge(&mut self, actions: &mut Vec<Action>) {
        let needed = self.needed_in_sync();
        let State::Leader(leadership) = &mut self.state else {
            return;
        };
        while let Some(token) = leadership.await_leader.pop_reached(self.ends.durable_end) {
            actions.push(Action::Acknowledge {
                token,
                result: Ok(()),
            });
        }
        let in_sync = leadership.in_sync.size_max();
        while let Some(token) = leadership.await_all.pop_reached(self.high_watermark) {
            // The set shrank after the append: Kafka answers so although every member has the records.
            let result = if in_sync < needed {
                Err(AckError::NotEnoughReplicasAfterAppend { in_sync, needed })
            } else {
                Ok(())
            };
            actions.push(Action::Acknowledge { token, result });
        }
    }
}
