//! The states of a group and which may follow which.

use std::fmt;
use std::time::Duration;

/// A group's state as clients see it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GroupStateName {
    /// No members; perhaps offsets.
    Empty,
    /// The members are joining.
    PreparingRebalance,
    /// The members wait for the leader's assignment.
    CompletingRebalance,
    /// Every member has, or can have, its assignment.
    Stable,
    /// About to be removed.
    Dead,
}

impl GroupStateName {
    /// Kafka's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            GroupStateName::Empty => "Empty",
            GroupStateName::PreparingRebalance => "PreparingRebalance",
            GroupStateName::CompletingRebalance => "CompletingRebalance",
            GroupStateName::Stable => "Stable",
            GroupStateName::Dead => "Dead",
        }
    }
}

impl fmt::Display for GroupStateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A group's state and what belongs to it alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum GroupState {
    Empty,
    PreparingRebalance {
        /// Present in the first rebalance of an empty group, which waits however many have joined.
        initial: Option<InitialDelay>,
    },
    CompletingRebalance {
        /// The leader's assignment is on its way to the log.
        assignment_in_flight: bool,
    },
    Stable,
    Dead,
}

/// The delay of an empty group's first rebalance (Kafka's `group.initial.rebalance.delay.ms`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct InitialDelay {
    /// The delay that runs now.
    pub(crate) delay: Duration,
    /// What is left of the rebalance timeout after it.
    pub(crate) remaining: Duration,
    /// Somebody joined since it began, so another delay may follow.
    pub(crate) member_added: bool,
}

/// Which state may follow which (Kafka's `ClassicGroupState.validPreviousStates`).
pub(crate) fn may_follow(from: GroupStateName, to: GroupStateName) -> bool {
    use GroupStateName::{CompletingRebalance, Dead, Empty, PreparingRebalance, Stable};
    match to {
        Empty => from == PreparingRebalance,
        PreparingRebalance => matches!(from, Empty | CompletingRebalance | Stable),
        CompletingRebalance => from == PreparingRebalance,
        Stable => from == CompletingRebalance,
        Dead => true,
    }
}
