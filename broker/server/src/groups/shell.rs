//! The groups' machine, driven: see [`Driver`].

use std::convert::Infallible;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use corelog_groups::{
    Action, AppendToken, Event, GroupCoordinator, Loaded, Now, Request, RequestToken, Response, SnapshotBatch,
};
use corelog_model::batch::BatchProducer;
use corelog_records::EndMarker;

use super::append::{batch_producer, own_record, persist_error, transactional_producer};
use crate::own_log::{
    Append, Driver, DriverNow, GrowthMax, LogAppendError, Machine, OwnRecord, Step, Taken, Tasks,
};

/// The coordinator of one partition.
pub(super) type GroupShell = Driver<GroupCoordinator>;

fn now(now: DriverNow) -> Now {
    Now {
        monotonic: now.monotonic,
        wall: now.wall,
    }
}

impl Machine for GroupCoordinator {
    type Request = Request;
    type Response = Response;
    type Event = Event;
    type Action = Action;
    type Wish = Infallible;
    type Services = ();

    const TASKS: Tasks = Tasks {
        what: "groups",
        load: "load groups",
        store: "store groups",
        snapshot: "snapshot groups",
    };
    const GROWTH_MAX: GrowthMax = GrowthMax {
        bytes: 32 << 20,
        snapshots: 4,
    };

    fn requested(token: u64, request: Request) -> Event {
        let token = RequestToken::new(token);
        Event::Request { token, request }
    }

    fn persisted(token: u64, result: Result<(), &LogAppendError>) -> Event {
        Event::Persisted {
            token: AppendToken::new(token),
            result: result.map_err(persist_error),
        }
    }

    fn step(action: Action) -> Step<GroupCoordinator> {
        match action {
            Action::Reply { token, response } => Step::Reply {
                token: token.get(),
                response,
            },
            Action::Append {
                records,
                transaction,
                then,
            } => {
                let records = records.into_iter().map(own_record).collect();
                Step::Append {
                    append: Append::Records(records, transaction.map(batch_producer)),
                    token: then.get(),
                }
            }
            Action::AppendMarker { end, then } => Step::Append {
                append: Append::Marker {
                    producer: batch_producer(end.producer),
                    marker: EndMarker {
                        result: end.result,
                        coordinator_epoch: end.coordinator_epoch,
                    },
                    raises_epoch: end.raises_epoch,
                },
                token: then.get(),
            },
        }
    }

    fn perform(_driver: &Rc<GroupShell>, wish: Infallible) {
        match wish {}
    }

    fn restart_load(&mut self) {
        GroupCoordinator::restart_load(self);
    }

    fn load(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
        transaction: Option<BatchProducer>,
    ) -> Result<Taken, Box<dyn Error>> {
        let transaction = transaction.map(transactional_producer);
        Ok(match GroupCoordinator::load(self, key, value, transaction)? {
            Loaded::Known => Taken::Known,
            Loaded::Unknown => Taken::Unknown,
        })
    }

    fn load_end(&mut self, producer: BatchProducer, marker: EndMarker) {
        GroupCoordinator::load_end(self, producer.id, marker.result);
    }

    fn count(&self) -> usize {
        self.group_count()
    }

    fn handle(&mut self, event: Event, at: DriverNow) -> Vec<Action> {
        GroupCoordinator::handle(self, event, now(at))
    }

    fn handle_timeout(&mut self, at: DriverNow) -> Vec<Action> {
        GroupCoordinator::handle_timeout(self, now(at))
    }

    fn next_timeout(&self) -> Option<Duration> {
        GroupCoordinator::next_timeout(self)
    }

    fn finish_load(&mut self, at: DriverNow) -> Vec<Action> {
        GroupCoordinator::finish_load(self, now(at))
    }

    fn unload(&mut self) -> Vec<Action> {
        GroupCoordinator::unload(self)
    }

    fn snapshot(&self) -> Vec<(Option<BatchProducer>, Vec<OwnRecord>)> {
        let part = |batch: SnapshotBatch| {
            let records = batch.records.into_iter().map(own_record).collect();
            (batch.transaction.map(batch_producer), records)
        };
        GroupCoordinator::snapshot(self).into_iter().map(part).collect()
    }
}
