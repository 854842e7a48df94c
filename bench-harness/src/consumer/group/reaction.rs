//! What a member does about an error code of its coordinator, as Kafka's `AbstractCoordinator` does it.

use corelog_protocol::ErrorCode;

use crate::client::is_retriable;

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reaction {
    /// The request was granted.
    GoOn,
    /// Ask the same again after a moment.
    AskAgain,
    /// The coordinator is, or may be, another broker: find it, and ask again.
    FindCoordinator,
    /// Join with the id that the answer gives (KIP-394).
    TakeMemberId,
    /// Join again: the group shares its partitions out anew.
    Rejoin,
    /// Join as a new member: the group does not know this one, or it is of an earlier generation.
    JoinAnew,
    /// Asking again is no use.
    GiveUp,
}

impl Reaction {
    /// To this error code.
    pub(super) fn to(code: i16) -> Reaction {
        match ErrorCode::from_code(code) {
            Some(ErrorCode::None) => Reaction::GoOn,
            Some(ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator) => Reaction::FindCoordinator,
            Some(ErrorCode::MemberIdRequired) => Reaction::TakeMemberId,
            Some(ErrorCode::RebalanceInProgress) => Reaction::Rejoin,
            Some(ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration) => Reaction::JoinAnew,
            // COORDINATOR_LOAD_IN_PROGRESS among them.
            Some(error) if is_retriable(error.code()) => Reaction::AskAgain,
            Some(_) | None => Reaction::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_reaction() {
        for (code, expected) in [
            (ErrorCode::None.code(), Reaction::GoOn),
            (ErrorCode::CoordinatorLoadInProgress.code(), Reaction::AskAgain),
            (ErrorCode::RequestTimedOut.code(), Reaction::AskAgain),
            (
                ErrorCode::CoordinatorNotAvailable.code(),
                Reaction::FindCoordinator,
            ),
            (ErrorCode::NotCoordinator.code(), Reaction::FindCoordinator),
            (ErrorCode::MemberIdRequired.code(), Reaction::TakeMemberId),
            (ErrorCode::RebalanceInProgress.code(), Reaction::Rejoin),
            (ErrorCode::UnknownMemberId.code(), Reaction::JoinAnew),
            (ErrorCode::IllegalGeneration.code(), Reaction::JoinAnew),
            (ErrorCode::GroupAuthorizationFailed.code(), Reaction::GiveUp),
            (ErrorCode::GroupMaxSizeReached.code(), Reaction::GiveUp),
            (ErrorCode::InvalidSessionTimeout.code(), Reaction::GiveUp),
            (9999, Reaction::GiveUp),
        ] {
            assert_eq!(Reaction::to(code), expected, "{code}");
        }
    }
}
