//! What every operation needs beside the transactional ids: the time, the settings, the deadlines, the log, and the actions
//! it leaves for the shell.

use std::time::Duration;

use corelog_model::{LeaderEpoch, TimestampMs};

use crate::log::{Change, PendingLog, Then};
use crate::timers::{TimerKey, Timers};
use crate::{Action, Now, RequestToken, Response, TransactionConfig};

#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) config: TransactionConfig,
    pub(crate) coordinator_epoch: LeaderEpoch,
    pub(crate) timers: Timers,
    pub(crate) log: PendingLog,
    pub(crate) actions: Vec<Action>,
    pub(crate) now: Now,
    tokens: u64,
}

impl Context {
    pub(crate) fn new(config: TransactionConfig, coordinator_epoch: LeaderEpoch) -> Context {
        Context {
            config,
            coordinator_epoch,
            timers: Timers::default(),
            log: PendingLog::default(),
            actions: Vec::new(),
            now: Now {
                monotonic: Duration::ZERO,
                wall: TimestampMs::default(),
            },
            tokens: 0,
        }
    }

    pub(crate) fn reply(&mut self, token: RequestToken, response: Response) {
        self.actions.push(Action::Reply { token, response });
    }

    /// Has `changes` appended; `then` follows when they are durable or failed.
    pub(crate) fn append(&mut self, changes: Vec<Change>, then: Then) {
        let action = self.log.append(changes, then, self.config.transaction_version);
        self.actions.push(action);
    }

    /// A number that no other token of its kind has.
    pub(crate) fn next_token(&mut self) -> u64 {
        self.tokens += 1;
        self.tokens
    }

    pub(crate) fn schedule(&mut self, key: TimerKey, after: Duration) {
        let deadline = self.now.monotonic.saturating_add(after);
        self.timers.schedule(key, deadline);
    }
}
