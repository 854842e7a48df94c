//! What the APIs that change the metadata share: from the parts of a request to one batch for the controller, and from
//! its decisions back to an answer for each part.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use corelog_controller::{ControllerRequest, ControllerResponse};
use corelog_protocol::ErrorCode;
use corelog_runtime::local::oneshot;
use corelog_runtime::{WorkClass, local};

use crate::controller::ChangeError;
use crate::error_codes::{Failure, request_failure};
use crate::metadata;
use crate::shard::ControllerChannel;

/// One part of a request: what the controller is to be asked, or why it is not.
pub(super) type Planned = Result<ControllerRequest, Failure>;

/// What became of one part.
pub(super) type Outcome = Result<ControllerResponse, Failure>;

/// How a request wants its changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Options {
    /// Decide, and change nothing.
    pub validate_only: bool,
    /// How long the client waits, in milliseconds. Zero or less: as long as it takes, for what was begun is finished
    /// in any case, and its true outcome serves a client best.
    pub timeout_ms: i32,
}

/// Has the controller decide about all that is planned, as one batch, and returns an outcome for each part, in order.
pub(super) async fn decide(
    controller: &Rc<ControllerChannel>,
    planned: Vec<Planned>,
    options: Options,
) -> Vec<Outcome> {
    let requests: Vec<ControllerRequest> = planned.iter().flatten().cloned().collect();
    let decisions = if requests.is_empty() {
        Some(Vec::new())
    } else {
        within(controller, requests, options).await
    };
    merge(planned, decisions)
}

/// The two fields in which most answers report a part. A failure without a sentence of its own gets its code's.
pub(super) fn code_and_message<T>(outcome: &Result<T, Failure>) -> (i16, Option<String>) {
    match outcome {
        Ok(_) => (ErrorCode::None.code(), None),
        Err(failure) => {
            let message = failure.message.as_deref().unwrap_or(failure.code.message());
            (failure.code.code(), Some(message.to_owned()))
        }
    }
}

/// An INVALID_REQUEST with a sentence.
pub(super) fn invalid_request(message: impl Into<String>) -> Failure {
    Failure::new(ErrorCode::InvalidRequest, message.into())
}

/// How often each item occurs.
pub(super) fn occurrences<T: Ord>(items: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}

type Decisions = Vec<Result<ControllerResponse, ChangeError>>;

/// `None` when the client's time is up; the change goes on.
async fn within(
    controller: &Rc<ControllerChannel>,
    requests: Vec<ControllerRequest>,
    options: Options,
) -> Option<Decisions> {
    let (sender, receiver) = oneshot::channel();
    let (handle, channel) = (&controller.handle, Rc::clone(controller));
    // A task of its own, so that a change is never left half made when its client's time is up.
    handle.spawn(WorkClass::Latency, "metadata change", async move {
        let decisions = metadata::change(&channel, requests, options.validate_only).await;
        // Nobody waits any more when the time was up.
        let _ = sender.send(decisions);
    });
    let decided = match u64::try_from(options.timeout_ms) {
        Ok(ms) if ms > 0 => {
            let deadline = handle.clock.now() + Duration::from_millis(ms);
            local::timeout(&*handle.clock, deadline, receiver).await.ok()?
        }
        Ok(_) | Err(_) => receiver.await,
    };
    Some(decided.expect("the task sends before it ends"))
}

fn merge(planned: Vec<Planned>, decisions: Option<Decisions>) -> Vec<Outcome> {
    let mut decisions = decisions.map(Vec::into_iter);
    planned
        .into_iter()
        .map(|planned| {
            let request = planned?;
            match &mut decisions {
                Some(decisions) => decisions
                    .next()
                    .expect("one decision a request")
                    .map_err(|error| request_failure(&request, &error)),
                None => Err(ErrorCode::RequestTimedOut.into()),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use corelog_controller::{ConfigFault, ControllerError};
    use corelog_metadata::Configs;
    use corelog_model::TopicName;

    use super::*;

    fn topic() -> ControllerRequest {
        ControllerRequest::ReplaceTopicConfigs {
            topic: "t".to_owned(),
            configs: Configs::new(),
        }
    }

    fn broker() -> ControllerRequest {
        ControllerRequest::ReplaceBrokerConfigs {
            broker: None,
            configs: Configs::new(),
        }
    }

    fn codes(planned: Vec<Planned>, decisions: Option<Decisions>) -> Vec<i16> {
        let outcomes = merge(planned, decisions);
        outcomes
            .iter()
            .map(|outcome| code_and_message(outcome).0)
            .collect()
    }

    fn fault() -> ChangeError {
        let reason = "no such key".to_owned();
        ChangeError::Refused(ControllerError::Config(ConfigFault { reason }))
    }

    #[test]
    fn outcomes_are_in_the_order_of_the_parts() {
        let planned = vec![
            Ok(topic()),
            Err(invalid_request("twice")),
            Ok(topic()),
            Ok(broker()),
        ];
        let decisions = vec![Ok(ControllerResponse::Done), Err(fault()), Err(fault())];
        let expected = [
            ErrorCode::None,
            ErrorCode::InvalidRequest,
            ErrorCode::InvalidConfig,
            ErrorCode::InvalidRequest,
        ];
        assert_eq!(codes(planned, Some(decisions)), expected.map(ErrorCode::code));
    }

    #[test]
    fn a_topic_without_a_name_is_an_invalid_request() {
        let of = |topic: &str| ControllerRequest::AlterTopicConfigs {
            topic: topic.to_owned(),
            changes: Vec::new(),
        };
        let refused = |topic: &str| {
            let error = TopicName::new(topic).unwrap_err();
            Err(ChangeError::Refused(ControllerError::TopicName(error)))
        };
        let planned = vec![Ok(of("")), Ok(of("a b"))];
        let expected = [ErrorCode::InvalidRequest, ErrorCode::InvalidTopicException];
        assert_eq!(
            codes(planned, Some(vec![refused(""), refused("a b")])),
            expected.map(ErrorCode::code)
        );
    }

    #[test]
    fn what_was_asked_in_vain_timed_out() {
        let planned = vec![Ok(topic()), Err(invalid_request("twice"))];
        let expected = [ErrorCode::RequestTimedOut, ErrorCode::InvalidRequest];
        assert_eq!(codes(planned, None), expected.map(ErrorCode::code));
    }

    #[test]
    fn a_failure_always_has_a_message() {
        let bare: Outcome = Err(ErrorCode::TopicDeletionDisabled.into());
        let message = ErrorCode::TopicDeletionDisabled.message().to_owned();
        assert_eq!(
            code_and_message(&bare),
            (ErrorCode::TopicDeletionDisabled.code(), Some(message))
        );
        assert_eq!(code_and_message(&Ok::<_, Failure>(())), (0, None));
    }
}
