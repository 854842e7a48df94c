//! The refusal of a coordinator that is not there.

use std::time::Duration;

use corelog_groups::{Action, Event, GroupConfig, GroupCoordinator, Now, Request, RequestToken, Response};
use corelog_model::TimestampMs;

/// What a coordinator answers that has given up its groups: the request's form of `NotCoordinator`.
pub(crate) fn refuse(request: Request) -> Response {
    let mut machine = GroupCoordinator::new(GroupConfig::default());
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
        Some(Action::Append { .. } | Action::AppendMarker { .. }) | None => {
            unreachable!("an unloaded machine refuses every request at once")
        }
    }
}

#[cfg(test)]
mod tests {
    use corelog_groups::{GroupError, GroupId};

    use super::*;

    #[test]
    fn without_a_coordinator_every_request_has_its_own_refusal() {
        let group = GroupId::new("g");
        assert_eq!(
            refuse(Request::DescribeGroup(group.clone())),
            Response::DescribeGroup(Err(GroupError::NotCoordinator))
        );
        assert_eq!(
            refuse(Request::DeleteGroups(vec![group.clone()])),
            Response::DeleteGroups(vec![(group, Err(GroupError::NotCoordinator))])
        );
    }
}
