//! The refusal of a coordinator that is not there.

use std::time::Duration;

use corelog_model::{LeaderEpoch, TimestampMs};
use corelog_transactions::{
    Action, Event, Now, Request, RequestToken, Response, TransactionConfig, TransactionCoordinator,
};

/// What a coordinator answers that has given up its transactions: the request's form of `NotCoordinator`.
pub(crate) fn refuse(request: Request) -> Response {
    let mut machine = TransactionCoordinator::new(TransactionConfig::default(), LeaderEpoch::new(0));
    assert!(machine.unload().is_empty(), "nobody waits for a new machine");
    let event = Event::Request {
        token: RequestToken::new(0),
        request,
    };
    let now = Now {
        monotonic: Duration::ZERO,
        wall: TimestampMs::default(),
    };
    match machine.handle(event, now).pop() {
        Some(Action::Reply { response, .. }) => response,
        Some(Action::Append { .. } | Action::AllocateProducerId { .. } | Action::WriteMarkers(_)) | None => {
            unreachable!("an unloaded machine refuses every request at once")
        }
    }
}
