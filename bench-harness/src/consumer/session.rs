//! A fetch session (KIP-227), so that a request names only the partitions that have moved: with ten thousand of them a
//! full request costs more than what it fetches. No I/O inside.

use corelog_protocol::ErrorCode;

/// What to do with an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// Take it.
    Take,
    /// The broker has forgotten the session: ask again, for everything.
    AskAgain,
    /// It is an error of another kind.
    Failed,
}

/// The client's side of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FetchSession {
    is_wanted: bool,
    id: i32,
    /// Zero asks for a session with a full request.
    epoch: i32,
}

/// In a request: no session, and none wanted (Kafka's `FetchMetadata.FINAL_EPOCH`).
const FINAL_EPOCH: i32 = -1;

impl FetchSession {
    /// No session yet.
    pub(super) fn new(is_wanted: bool) -> FetchSession {
        FetchSession {
            is_wanted,
            id: 0,
            epoch: 0,
        }
    }

    /// Whether the next request names all partitions.
    pub(super) fn is_full(&self) -> bool {
        self.epoch == 0
    }

    /// The session's id and epoch for the next request.
    pub(super) fn wire(&self) -> (i32, i32) {
        if self.is_wanted {
            (self.id, self.epoch)
        } else {
            (0, FINAL_EPOCH)
        }
    }

    /// An answer with these fields has come.
    pub(super) fn answered(&mut self, error_code: i16, session_id: i32) -> Verdict {
        if error_code == ErrorCode::None.code() {
            // A broker without room for another session answers a full request with the id zero.
            (self.id, self.epoch) = match (session_id, self.epoch) {
                (0, _) => (0, 0),
                (id, i32::MAX) => (id, 1),
                (id, epoch) => (id, epoch + 1),
            };
            return Verdict::Take;
        }
        let forgotten = [
            ErrorCode::FetchSessionIdNotFound,
            ErrorCode::InvalidFetchSessionEpoch,
            ErrorCode::FetchSessionTopicIdError,
        ];
        let is_forgotten = forgotten.iter().any(|error| error.code() == error_code);
        if is_forgotten && !self.is_full() {
            *self = FetchSession::new(self.is_wanted);
            Verdict::AskAgain
        } else {
            Verdict::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_made_kept_and_made_again() {
        let mut session = FetchSession::new(true);
        assert_eq!((session.wire(), session.is_full()), ((0, 0), true));
        assert_eq!(session.answered(0, 7), Verdict::Take);
        assert_eq!((session.wire(), session.is_full()), ((7, 1), false));
        assert_eq!(session.answered(0, 7), Verdict::Take);
        assert_eq!(session.wire(), (7, 2));
        let forgotten = ErrorCode::FetchSessionIdNotFound.code();
        assert_eq!(session.answered(forgotten, 0), Verdict::AskAgain);
        assert_eq!((session.wire(), session.is_full()), ((0, 0), true));
        assert_eq!(
            session.answered(forgotten, 0),
            Verdict::Failed,
            "a full request names no session"
        );
        assert_eq!(
            session.answered(ErrorCode::UnknownServerError.code(), 0),
            Verdict::Failed
        );
    }

    #[test]
    fn a_broker_may_refuse_a_session() {
        let mut session = FetchSession::new(true);
        assert_eq!(session.answered(0, 0), Verdict::Take);
        assert_eq!((session.wire(), session.is_full()), ((0, 0), true));
        let mut without = FetchSession::new(false);
        assert_eq!(without.wire(), (0, -1));
        assert_eq!(without.answered(0, 0), Verdict::Take);
        assert_eq!((without.wire(), without.is_full()), ((0, -1), true));
    }

    #[test]
    fn epochs_wrap_past_zero() {
        let mut session = FetchSession {
            is_wanted: true,
            id: 3,
            epoch: i32::MAX,
        };
        assert_eq!(session.answered(0, 3), Verdict::Take);
        assert_eq!(session.wire(), (3, 1));
    }
}
