//! What every operation on a group needs beside the group: the time, the settings, the deadlines, the log, and the
//! actions it leaves for the shell.

use std::time::Duration;

use corelog_model::TimestampMs;

use crate::log::{Change, PendingLog, Then};
use crate::member::Member;
use crate::timers::{TimerKey, Timers};
use crate::{
    Action, GroupConfig, GroupError, GroupId, JoinedGroup, MemberId, Now, RequestToken, Response,
    TransactionEnd,
};

/// Tombstones a batch, so that a group with many offsets does not exceed the size of the topic's batches.
const REMOVALS_MAX: usize = 1_000;

#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) config: GroupConfig,
    pub(crate) timers: Timers,
    pub(crate) log: PendingLog,
    pub(crate) actions: Vec<Action>,
    pub(crate) now: Now,
}

impl Context {
    pub(crate) fn new(config: GroupConfig) -> Context {
        Context {
            config,
            timers: Timers::default(),
            log: PendingLog::default(),
            actions: Vec::new(),
            now: Now {
                monotonic: Duration::ZERO,
                wall: TimestampMs::default(),
            },
        }
    }

    pub(crate) fn reply(&mut self, token: RequestToken, response: Response) {
        self.actions.push(Action::Reply { token, response });
    }

    pub(crate) fn reply_join(&mut self, token: RequestToken, result: Result<JoinedGroup, GroupError>) {
        self.reply(token, Response::Join(result));
    }

    /// Answers what `member` waits with, if anything, with these errors: it leaves or is replaced.
    pub(crate) fn fail_waiting(&mut self, member: &mut Member, join: GroupError, sync: GroupError) {
        if let Some(token) = member.awaiting_join.take() {
            self.reply_join(token, Err(join));
        }
        if let Some(token) = member.awaiting_sync.take() {
            self.reply(token, Response::Sync(Err(sync)));
        }
    }

    /// Has `changes` appended; `then` follows when they are durable or failed.
    pub(crate) fn append(&mut self, changes: Vec<Change>, then: Then) {
        let action = self.log.append(changes, then);
        self.actions.push(action);
    }

    /// Has the marker that ends a transaction appended; `then` follows when it is durable or failed.
    pub(crate) fn append_marker(&mut self, end: TransactionEnd, then: Then) {
        let action = self.log.append_marker(end, then);
        self.actions.push(action);
    }

    /// Has removals appended in batches; `then` follows the last. With none, nothing follows.
    pub(crate) fn append_removals(&mut self, mut changes: Vec<Change>, then: Then) {
        while changes.len() > REMOVALS_MAX {
            let rest = changes.split_off(REMOVALS_MAX);
            self.append(std::mem::replace(&mut changes, rest), Then::Nothing);
        }
        if !changes.is_empty() {
            self.append(changes, then);
        }
    }

    pub(crate) fn schedule(&mut self, key: TimerKey, after: Duration) {
        let deadline = self.now.monotonic.saturating_add(after);
        self.timers.schedule(key, deadline);
    }

    /// Expects to hear of a member, or of whoever was given this id, within `timeout`.
    pub(crate) fn schedule_session(&mut self, group_id: &GroupId, member_id: &MemberId, timeout: Duration) {
        self.schedule(TimerKey::Session(group_id.clone(), member_id.clone()), timeout);
    }

    pub(crate) fn cancel_session(&mut self, group_id: &GroupId, member_id: &MemberId) {
        self.timers
            .cancel(&TimerKey::Session(group_id.clone(), member_id.clone()));
    }
}
