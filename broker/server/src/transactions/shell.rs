//! The transactions' machine, driven: see [`Driver`].

use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use corelog_model::batch::BatchProducer;
use corelog_records::EndMarker;
use corelog_runtime::WorkClass;
use corelog_transactions::{
    Action, AppendToken, Event, Loaded, Now, ProducerIdToken, Request, RequestToken, Response,
    TransactionCoordinator, WriteMarkers,
};

use super::append::{own_record, persist_error};
use super::outside::Outside;
use crate::own_log::{
    Append, Driver, DriverNow, GrowthMax, LogAppendError, Machine, OwnRecord, Step, Taken, Tasks,
};

/// The coordinator of one partition.
pub(super) type TransactionShell = Driver<TransactionCoordinator>;

/// What the machine wants done beside answers and appends.
pub(crate) enum Wish {
    /// A producer id that nobody has had.
    ProducerId(ProducerIdToken),
    /// The end of a transaction, in its partitions.
    Markers(Box<WriteMarkers>),
}

fn now(now: DriverNow) -> Now {
    Now {
        monotonic: now.monotonic,
        wall: now.wall,
    }
}

impl Machine for TransactionCoordinator {
    type Request = Request;
    type Response = Response;
    type Event = Event;
    type Action = Action;
    type Wish = Wish;
    type Services = Rc<dyn Outside>;

    const TASKS: Tasks = Tasks {
        what: "transactional ids",
        load: "load transactions",
        store: "store transactions",
        snapshot: "snapshot transactions",
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

    fn step(action: Action) -> Step<TransactionCoordinator> {
        match action {
            Action::Reply { token, response } => Step::Reply {
                token: token.get(),
                response,
            },
            Action::Append { records, then } => Step::Append {
                append: Append::Records(records.into_iter().map(own_record).collect(), None),
                token: then.get(),
            },
            Action::AllocateProducerId { then } => Step::Wish(Wish::ProducerId(then)),
            Action::WriteMarkers(markers) => Step::Wish(Wish::Markers(markers)),
        }
    }

    fn perform(driver: &Rc<TransactionShell>, wish: Wish) {
        let shell = Rc::clone(driver);
        match wish {
            Wish::ProducerId(token) => {
                driver
                    .handle
                    .spawn(WorkClass::Latency, "producer id", async move {
                        let result = shell.services.producer_id().await;
                        shell.handle(Event::ProducerIdAllocated { token, result });
                    });
            }
            Wish::Markers(markers) => {
                driver
                    .handle
                    .spawn(WorkClass::Latency, "transaction markers", async move {
                        let token = markers.then;
                        let outcomes = shell.services.write_markers(*markers).await;
                        shell.handle(Event::MarkersWritten { token, outcomes });
                    });
            }
        }
    }

    // The last record of an id counts, however often the log is read.
    fn restart_load(&mut self) {}

    fn load(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
        _transaction: Option<BatchProducer>,
    ) -> Result<Taken, Box<dyn Error>> {
        Ok(match TransactionCoordinator::load(self, key, value)? {
            Loaded::Known => Taken::Known,
            Loaded::Unknown => Taken::Unknown,
        })
    }

    fn load_end(&mut self, _producer: BatchProducer, _marker: EndMarker) {}

    fn count(&self) -> usize {
        self.transactional_id_count()
    }

    fn handle(&mut self, event: Event, at: DriverNow) -> Vec<Action> {
        TransactionCoordinator::handle(self, event, now(at))
    }

    fn handle_timeout(&mut self, at: DriverNow) -> Vec<Action> {
        TransactionCoordinator::handle_timeout(self, now(at))
    }

    fn next_timeout(&self) -> Option<Duration> {
        TransactionCoordinator::next_timeout(self)
    }

    fn finish_load(&mut self, at: DriverNow) -> Vec<Action> {
        TransactionCoordinator::finish_load(self, now(at))
    }

    fn unload(&mut self) -> Vec<Action> {
        TransactionCoordinator::unload(self)
    }

    fn snapshot(&self) -> Vec<(Option<BatchProducer>, Vec<OwnRecord>)> {
        vec![(None, self.snapshot_records().map(own_record).collect())]
    }
}
