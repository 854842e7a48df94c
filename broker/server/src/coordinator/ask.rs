//! From any shard to the coordinator of a group.

use std::rc::Rc;
use std::time::Duration;

use corelog_groups::{
    Action, Event, GroupConfig, GroupCoordinator, ListGroupsRequest, Now, Request, RequestToken, Response,
};
use corelog_model::TimestampMs;
use corelog_runtime::LocalFuture;
use futures_util::future::join_all;

use crate::offsets_topic::known_partition_of;
use crate::shard::Shard;

/// Has the coordinator of `group` answer `request`. Without `__consumer_offsets` nobody coordinates it.
pub fn ask(shard: &Rc<Shard>, group: &str, request: Request) -> LocalFuture<Response> {
    match known_partition_of(shard, group) {
        Some(id) => {
            let owner = shard.owner_of(id);
            shard.submit_to(owner, move |shard| shard.coordinators.submit(id, request))
        }
        None => Box::pin(std::future::ready(refuse(request))),
    }
}

/// Asks every coordinator of every shard for its groups.
pub fn list(shard: &Rc<Shard>, request: &ListGroupsRequest) -> LocalFuture<Vec<Response>> {
    let asked: Vec<_> = shard
        .all()
        .map(|to| {
            let request = request.clone();
            shard.submit_to(to, move |shard| shard.coordinators.list(&request))
        })
        .collect();
    Box::pin(async move { join_all(asked).await.into_iter().flatten().collect() })
}

/// What a coordinator answers that has given up its groups: the request's form of `NotCoordinator`.
pub(super) fn refuse(request: Request) -> Response {
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
        Some(Action::Append { .. }) | None => {
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
