//! A consumer as a member of its group, beside the fetchers that read for it, on a connection of its own.
//!
//! It joins until the group has all of its members, and stays by heartbeats. While groups fill up, members rejoin as
//! often as the group shares its partitions out. After that a rebalance is an error: who reads what, and from where,
//! would not be what is measured.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_protocol::{ApiKey, ErrorCode};
use corelog_runtime::Handle;
use corelog_runtime::local::timeout;

use super::assign::{Assignment, assign, read_assignment};
use super::crew::{Assigned, Crew, Phase};
use super::reaction::Reaction;
use super::requests::{Identity, REBALANCE_TIMEOUT};
use crate::client::{BrokerConnection, ClientError, Cluster, CoordinatorOf, open_coordinator, refuse};
use crate::consumer::{ConsumerSeat, ReadPosition};
use crate::number::to_usize;

/// Java's `heartbeat.interval.ms`.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(3);
/// Java's `auto.commit.interval.ms`.
const COMMIT_INTERVAL: Duration = Duration::from_secs(5);
/// Java's `retry.backoff.ms`.
const RETRY_BACKOFF: Duration = Duration::from_millis(100);
/// Java's `request.timeout.ms`.
const REQUEST_WAIT: Duration = Duration::from_secs(30);
/// How long a group may take until it is complete: as long as its coordinator waits for who is late.
const JOIN_WAIT: Duration = REBALANCE_TIMEOUT;

/// What a consumer is told of its group.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) handle: Handle,
    pub(super) cluster: Arc<Cluster>,
    pub(super) crew: Crew,
    pub(super) seat: ConsumerSeat,
    /// How many members the group is to have.
    pub(super) expected: usize,
}

impl Candidate {
    /// Is a member of the group until the crew leaves.
    pub(super) async fn run(self) -> Result<(), ClientError> {
        let crew = self.crew.clone();
        let clock = Rc::clone(&self.handle.clock);
        let mut member = Member::new(self);
        let deadline = clock.now() + JOIN_WAIT;
        let joined = timeout(&*clock, deadline, member.join()).await;
        let Ok(partitions) = joined else {
            return Err(member.not_joined());
        };
        member.positions = partitions?.into_iter().map(ReadPosition::new).collect();
        crew.assigned(Assigned {
            seat: member.candidate.seat,
            positions: member.positions.clone(),
        });
        member.stay().await?;
        // Granted in the generation in which all was read, so nobody else was given the partitions before.
        member.insist(Duty::Commit).await?;
        member.insist(Duty::Heartbeat).await?;
        crew.done();
        member.stay_until_all_leave().await?;
        if let Err(error) = member.insist(Duty::Leave).await {
            // The coordinator will notice by itself, and what was measured is worth more.
            eprintln!("warning: a consumer did not leave its group: {error}");
        }
        crew.done();
        Ok(())
    }
}

/// A request of a member that has joined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Duty {
    Heartbeat,
    Commit,
    Leave,
}

impl Duty {
    const fn api(self) -> ApiKey {
        match self {
            Duty::Heartbeat => ApiKey::Heartbeat,
            Duty::Commit => ApiKey::OffsetCommit,
            Duty::Leave => ApiKey::LeaveGroup,
        }
    }
}

struct Member {
    candidate: Candidate,
    identity: Identity,
    /// None before it was found.
    coordinator: Option<BrokerConnection>,
    /// Members of the group when it was last stable.
    found: usize,
    positions: Vec<ReadPosition>,
}

impl Member {
    fn new(candidate: Candidate) -> Member {
        let topic = candidate.cluster.topics[to_usize(candidate.seat.topic)].clone();
        Member {
            identity: Identity {
                group: candidate.seat.group_id(&topic.name),
                topic,
                member_id: String::new(),
                generation: -1,
            },
            candidate,
            coordinator: None,
            found: 0,
            positions: Vec::new(),
        }
    }

    fn not_joined(&self) -> ClientError {
        ClientError::NotJoined {
            group: self.identity.group.clone(),
            seconds: JOIN_WAIT.as_secs(),
            found: self.found,
            expected: self.candidate.expected,
        }
    }

    /// Joins, and again until the group is complete; gives the partitions.
    async fn join(&mut self) -> Result<Vec<i32>, ClientError> {
        loop {
            let Some(assignment) = self.join_once().await? else {
                continue;
            };
            self.found = assignment.members;
            if assignment.members == self.candidate.expected {
                return Ok(assignment.partitions);
            }
            self.await_rebalance().await?;
        }
    }

    /// JoinGroup and SyncGroup; none if both are to be done again.
    async fn join_once(&mut self) -> Result<Option<Assignment>, ClientError> {
        let (identity, coordinator) = self.at_coordinator().await?;
        let joined = identity.join(coordinator).await?;
        if Reaction::to(joined.error_code) == Reaction::TakeMemberId {
            self.identity.member_id = joined.member_id;
            return Ok(None);
        }
        if !self.is_granted(ApiKey::JoinGroup, joined.error_code).await? {
            return Ok(None);
        }
        let is_leader = joined.leader == joined.member_id;
        self.identity.member_id = joined.member_id;
        self.identity.generation = joined.generation_id;
        let assignments = if is_leader {
            let members = joined.members.into_iter().map(|member| member.member_id);
            assign(&self.identity.topic, members.collect())?
        } else {
            Vec::new()
        };
        let (identity, coordinator) = self.at_coordinator().await?;
        let synced = identity.sync(coordinator, assignments).await?;
        if !self.is_granted(ApiKey::SyncGroup, synced.error_code).await? {
            return Ok(None);
        }
        read_assignment(&self.identity.group, &self.identity.topic, synced.assignment).map(Some)
    }

    /// Stays a member of an incomplete group until others have come.
    async fn await_rebalance(&mut self) -> Result<(), ClientError> {
        loop {
            self.pause(HEARTBEAT_INTERVAL).await;
            let (identity, coordinator) = self.at_coordinator().await?;
            let code = identity.heartbeat(coordinator).await?;
            if !self.is_granted(ApiKey::Heartbeat, code).await? {
                return Ok(());
            }
        }
    }

    /// Whether an answer in the course of joining is good; else all is ready for another JoinGroup.
    async fn is_granted(&mut self, api: ApiKey, code: i16) -> Result<bool, ClientError> {
        match Reaction::to(code) {
            Reaction::GoOn => return Ok(true),
            Reaction::AskAgain | Reaction::Rejoin => {}
            Reaction::FindCoordinator => self.coordinator = None,
            Reaction::JoinAnew => self.identity.member_id.clear(),
            Reaction::TakeMemberId | Reaction::GiveUp => refuse(&self.what(api), code)?,
        }
        self.pause(RETRY_BACKOFF).await;
        Ok(false)
    }

    /// Sends heartbeats, and commits what was read, until the crew closes.
    async fn stay(&mut self) -> Result<(), ClientError> {
        let clock = Rc::clone(&self.candidate.handle.clock);
        let mut heartbeat_at = clock.now() + HEARTBEAT_INTERVAL;
        let mut commit_at = clock.now() + COMMIT_INTERVAL;
        while self.candidate.crew.phase() == Phase::Running {
            let (crew, handle) = (&self.candidate.crew, &self.candidate.handle);
            crew.phase_changed_or(handle, heartbeat_at.min(commit_at)).await;
            let now = clock.now();
            if now >= heartbeat_at {
                self.insist(Duty::Heartbeat).await?;
                heartbeat_at = now + HEARTBEAT_INTERVAL;
            }
            if now >= commit_at {
                self.insist(Duty::Commit).await?;
                commit_at = now + COMMIT_INTERVAL;
            }
        }
        Ok(())
    }

    /// Sends heartbeats until the crew leaves. The crews of other shards may have left a moment before, which is no
    /// concern of a member that has committed everything.
    async fn stay_until_all_leave(&mut self) -> Result<(), ClientError> {
        let clock = Rc::clone(&self.candidate.handle.clock);
        while self.candidate.crew.phase() != Phase::Leaving {
            let due = clock.now() + HEARTBEAT_INTERVAL;
            let (crew, handle) = (&self.candidate.crew, &self.candidate.handle);
            crew.phase_changed_or(handle, due).await;
            if clock.now() >= due {
                match self.insist(Duty::Heartbeat).await {
                    Ok(()) | Err(ClientError::Rebalanced { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Asks the coordinator, again while it, or its successor, is not ready to say.
    async fn insist(&mut self, duty: Duty) -> Result<(), ClientError> {
        let clock = Rc::clone(&self.candidate.handle.clock);
        let deadline = clock.now() + REQUEST_WAIT;
        let asked = timeout(&*clock, deadline, self.ask_until_answered(duty)).await;
        asked.unwrap_or_else(|_elapsed| {
            Err(ClientError::Unanswered {
                group: self.identity.group.clone(),
                api: duty.api(),
                seconds: REQUEST_WAIT.as_secs(),
            })
        })
    }

    async fn ask_until_answered(&mut self, duty: Duty) -> Result<(), ClientError> {
        loop {
            let code = self.ask(duty).await?;
            match Reaction::to(code) {
                Reaction::GoOn => return Ok(()),
                Reaction::AskAgain => {}
                Reaction::FindCoordinator => self.coordinator = None,
                Reaction::Rejoin | Reaction::JoinAnew => {
                    return Err(ClientError::Rebalanced {
                        group: self.identity.group.clone(),
                        api: duty.api(),
                        code,
                    });
                }
                Reaction::TakeMemberId | Reaction::GiveUp => return refuse(&self.what(duty.api()), code),
            }
            self.pause(RETRY_BACKOFF).await;
        }
    }

    async fn ask(&mut self, duty: Duty) -> Result<i16, ClientError> {
        let read: Vec<(i32, i64)> = match duty {
            Duty::Commit => self.positions.iter().filter_map(ReadPosition::read).collect(),
            Duty::Heartbeat | Duty::Leave => Vec::new(),
        };
        let (identity, coordinator) = self.at_coordinator().await?;
        match duty {
            // More consumers than partitions.
            Duty::Commit if read.is_empty() => Ok(ErrorCode::None.code()),
            Duty::Commit => identity.commit(coordinator, &read).await,
            Duty::Heartbeat => identity.heartbeat(coordinator).await,
            Duty::Leave => identity.leave(coordinator).await,
        }
    }

    /// Finds the coordinator if it is not known.
    async fn at_coordinator(&mut self) -> Result<(&Identity, &mut BrokerConnection), ClientError> {
        if self.coordinator.is_none() {
            let Candidate {
                handle,
                cluster,
                crew,
                ..
            } = &self.candidate;
            let _permit = crew.connecting().acquire(1).await;
            let found = open_coordinator(handle, cluster, CoordinatorOf::Group(&self.identity.group)).await?;
            self.coordinator = Some(found);
        }
        let coordinator = self.coordinator.as_mut().expect("found above");
        Ok((&self.identity, coordinator))
    }

    async fn pause(&self, time: Duration) {
        let clock = &self.candidate.handle.clock;
        clock.sleep_until(clock.now() + time).await;
    }

    fn what(&self, api: ApiKey) -> String {
        format!("{api} of the group {}", self.identity.group)
    }
}
