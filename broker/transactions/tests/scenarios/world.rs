//! A shell in miniature: virtual time, a log in memory, partitions that take markers, and a ledger that holds every action
//! to what is durable.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use corelog_model::{LeaderEpoch, PartitionIndex, ProducerEpoch, ProducerId, TimestampMs, TopicName};
use corelog_transactions::records::RecordKey;
use corelog_transactions::{
    Action, AddPartitionsRequest, AppendToken, DescribedTransaction, EndTransactionRequest, Event,
    InitProducerIdRequest, MarkerOutcome, MarkersToken, NoProducerId, Now, PersistError, ProducerIdAndEpoch,
    ProducerIdToken, Record, Request, RequestToken, Response, TopicPartition, TransactionConfig,
    TransactionCoordinator, TransactionError, TransactionLogValue, TransactionResult, TransactionState,
    TransactionVersion, TransactionalId, WriteMarkers,
};

pub(crate) const START_MS: i64 = 1_700_000_000_000;
pub(crate) const TIMEOUT_MS: i32 = 60_000;
const V0: TransactionVersion = TransactionVersion::V0;
const V2: TransactionVersion = TransactionVersion::V2;

pub(crate) fn partition(index: i32) -> TopicPartition {
    TopicPartition {
        topic: TopicName::new("t").expect("valid"),
        partition: PartitionIndex::new(index),
    }
}

pub(crate) fn id() -> TransactionalId {
    TransactionalId::new("x")
}

pub(crate) fn producer(producer_id: i64, epoch: i16) -> ProducerIdAndEpoch {
    ProducerIdAndEpoch {
        producer_id: ProducerId::new(producer_id),
        epoch: ProducerEpoch::new(epoch),
    }
}

pub(crate) fn init(expected: Option<ProducerIdAndEpoch>) -> Request {
    Request::InitProducerId(InitProducerIdRequest {
        transactional_id: id(),
        timeout_ms: TIMEOUT_MS,
        expected,
    })
}

pub(crate) fn add(
    producer: ProducerIdAndEpoch,
    partitions: &[i32],
    client_version: TransactionVersion,
) -> Request {
    Request::AddPartitions(AddPartitionsRequest {
        transactional_id: id(),
        producer,
        partitions: partitions.iter().copied().map(partition).collect(),
        client_version,
    })
}

pub(crate) fn end(
    producer: ProducerIdAndEpoch,
    result: TransactionResult,
    client_version: TransactionVersion,
) -> Request {
    Request::EndTransaction(EndTransactionRequest {
        transactional_id: id(),
        producer,
        result,
        client_version,
    })
}

/// Does not let requests wait, as Kafka.
pub(crate) fn without_parking() -> TransactionConfig {
    TransactionConfig {
        parking: None,
        ..TransactionConfig::default()
    }
}

/// By the first protocol, and without parking.
pub(crate) fn first_protocol() -> TransactionConfig {
    TransactionConfig {
        transaction_version: V0,
        ..without_parking()
    }
}

/// A coordinator, its clock, its log and the partitions around it.
pub(crate) struct World {
    pub(crate) coordinator: TransactionCoordinator,
    pub(crate) config: TransactionConfig,
    pub(crate) monotonic: Duration,
    pub(crate) coordinator_epoch: i32,
    next_token: u64,
    requests: BTreeMap<RequestToken, Request>,
    answers: BTreeMap<RequestToken, Option<Response>>,
    in_flight: VecDeque<(AppendToken, Vec<Record>)>,
    wishes: VecDeque<ProducerIdToken>,
    pub(crate) next_producer_id: i64,
    /// Markers that are not reported yet.
    pub(crate) markers: Vec<WriteMarkers>,
    /// Appends are durable at once.
    pub(crate) persist_at_once: bool,
    /// Markers are written at once.
    pub(crate) mark_at_once: bool,
    /// Producer ids come at once.
    pub(crate) allocate_at_once: bool,
    /// What became durable.
    pub(crate) log: Vec<Record>,
    /// The last durable state by id.
    pub(crate) durable: BTreeMap<TransactionalId, TransactionLogValue>,
    /// Which partitions have a marker of the present end, by id.
    marked: BTreeMap<TransactionalId, BTreeSet<TopicPartition>>,
    /// The markers of the present end, by id.
    present: BTreeMap<TransactionalId, MarkersToken>,
    /// Epochs that clients were given by InitProducerId without having one.
    given: BTreeSet<ProducerIdAndEpoch>,
    /// All markers that were asked for.
    pub(crate) all_markers: Vec<WriteMarkers>,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(TransactionConfig::default())
    }

    pub(crate) fn with(config: TransactionConfig) -> World {
        World::loaded(config, &[])
    }

    /// A coordinator that has replayed these states of `id()`.
    pub(crate) fn loaded(config: TransactionConfig, values: &[TransactionLogValue]) -> World {
        let mut world = World::loading(config);
        for value in values {
            world.make_durable(record(&id(), Some(value)));
        }
        world.finish_load();
        world
    }

    pub(crate) fn loading(config: TransactionConfig) -> World {
        World {
            coordinator: TransactionCoordinator::new(config.clone(), LeaderEpoch::new(1)),
            config,
            monotonic: Duration::ZERO,
            coordinator_epoch: 1,
            next_token: 0,
            requests: BTreeMap::new(),
            answers: BTreeMap::new(),
            in_flight: VecDeque::new(),
            wishes: VecDeque::new(),
            next_producer_id: 1_000,
            markers: Vec::new(),
            persist_at_once: true,
            mark_at_once: true,
            allocate_at_once: true,
            log: Vec::new(),
            durable: BTreeMap::new(),
            marked: BTreeMap::new(),
            present: BTreeMap::new(),
            given: BTreeSet::new(),
            all_markers: Vec::new(),
        }
    }

    fn finish_load(&mut self) {
        for record in &self.log {
            self.coordinator
                .load(&record.key, record.value.as_deref())
                .expect("our own record");
        }
        let now = self.now();
        let actions = self.coordinator.finish_load(now);
        self.perform(actions);
    }

    /// The process ends, and another begins with what is durable: of what is in flight, the first `durable` appends.
    pub(crate) fn crash(&mut self, durable: usize) {
        for _ in 0..durable {
            if let Some((_, records)) = self.in_flight.pop_front() {
                records.into_iter().for_each(|record| self.make_durable(record));
            }
        }
        let actions = self.coordinator.unload();
        self.perform(actions);
        assert_eq!(self.unanswered(), [], "an unload leaves nobody waiting");
        self.in_flight.clear();
        self.wishes.clear();
        self.markers.clear();
        self.coordinator_epoch += 1;
        let epoch = LeaderEpoch::new(self.coordinator_epoch);
        self.coordinator = TransactionCoordinator::new(self.config.clone(), epoch);
        self.finish_load();
    }

    pub(crate) fn now(&self) -> Now {
        let passed = i64::try_from(self.monotonic.as_millis()).expect("tests are short");
        Now {
            monotonic: self.monotonic,
            wall: TimestampMs::new(START_MS + passed),
        }
    }

    /// Sends a request; `answer` has the reply when there is one.
    pub(crate) fn send(&mut self, request: Request) -> RequestToken {
        let token = RequestToken::new(self.next_token);
        self.next_token += 1;
        self.answers.insert(token, None);
        self.requests.insert(token, request.clone());
        self.event(Event::Request { token, request });
        token
    }

    /// Sends a request and gives its answer, which is there at once.
    pub(crate) fn ask(&mut self, request: Request) -> Response {
        let token = self.send(request);
        self.answer(token).expect("an answer").clone()
    }

    pub(crate) fn event(&mut self, event: Event) {
        let now = self.now();
        let actions = self.coordinator.handle(event, now);
        self.perform(actions);
    }

    pub(crate) fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Reply { token, response } => self.take_answer(token, response),
                Action::Append { records, then } => {
                    self.check_appended(&records);
                    self.in_flight.push_back((then, records));
                }
                Action::AllocateProducerId { then } => self.wishes.push_back(then),
                Action::WriteMarkers(markers) => {
                    self.check_markers(&markers);
                    self.present
                        .insert(markers.transactional_id.clone(), markers.then);
                    self.all_markers.push((*markers).clone());
                    self.markers.push(*markers);
                }
            }
        }
        if self.allocate_at_once {
            while self.allocate(true) {}
        }
        if self.persist_at_once {
            while self.persist_one(Ok(())) {}
        }
        if self.mark_at_once {
            while !self.markers.is_empty() {
                self.report_markers(0, MarkerOutcome::Written);
            }
        }
    }

    /// Answers the oldest wish for a producer id.
    pub(crate) fn allocate(&mut self, there_are: bool) -> bool {
        let Some(token) = self.wishes.pop_front() else {
            return false;
        };
        let result = if there_are {
            self.next_producer_id += 1;
            Ok(ProducerId::new(self.next_producer_id - 1))
        } else {
            Err(NoProducerId)
        };
        self.event(Event::ProducerIdAllocated { token, result });
        true
    }

    /// Reports the oldest append in flight, if there is one.
    pub(crate) fn persist_one(&mut self, result: Result<(), PersistError>) -> bool {
        let Some((token, records)) = self.in_flight.pop_front() else {
            return false;
        };
        if result.is_ok() {
            records.into_iter().for_each(|record| self.make_durable(record));
        }
        self.event(Event::Persisted { token, result });
        true
    }

    /// Two appends are durable, and the later one is reported first.
    pub(crate) fn persist_two_in_disorder(&mut self) {
        if self.in_flight.len() < 2 {
            return;
        }
        let first_two: Vec<_> = self.in_flight.drain(..2).collect();
        for (_, records) in &first_two {
            records
                .iter()
                .cloned()
                .for_each(|record| self.make_durable(record));
        }
        for (token, _) in first_two.into_iter().rev() {
            let result = Ok(());
            self.event(Event::Persisted { token, result });
        }
    }

    /// Reports all partitions of markers that were asked for.
    pub(crate) fn report_markers(&mut self, at: usize, outcome: MarkerOutcome) {
        let markers = self.markers.remove(at);
        let outcomes = markers
            .partitions
            .iter()
            .map(|partition| (partition.clone(), outcome))
            .collect();
        self.report(&markers, outcomes);
    }

    /// Reports these partitions of markers.
    pub(crate) fn report(&mut self, markers: &WriteMarkers, outcomes: Vec<(TopicPartition, MarkerOutcome)>) {
        let done = outcomes.iter().filter(|(_, outcome)| {
            !matches!(outcome, MarkerOutcome::Retry | MarkerOutcome::CoordinatorFenced)
        });
        // A report of a former end says nothing of this one.
        if self.present.get(&markers.transactional_id) == Some(&markers.then) {
            let marked = self.marked.entry(markers.transactional_id.clone()).or_default();
            marked.extend(done.map(|(partition, _)| partition.clone()));
        }
        let token = markers.then;
        self.event(Event::MarkersWritten { token, outcomes });
    }

    pub(crate) fn in_flight_count(&self) -> usize {
        self.in_flight.len()
    }

    pub(crate) fn wish_count(&self) -> usize {
        self.wishes.len()
    }

    /// Lets time pass, with every deadline on its way.
    pub(crate) fn advance(&mut self, by: Duration) {
        let end = self.monotonic + by;
        while let Some(next) = self.coordinator.next_timeout() {
            if next > end {
                break;
            }
            self.monotonic = self.monotonic.max(next);
            let now = self.now();
            let actions = self.coordinator.handle_timeout(now);
            self.perform(actions);
        }
        self.monotonic = end;
    }

    /// The answer to a request, if it has come.
    pub(crate) fn answer(&self, token: RequestToken) -> Option<&Response> {
        self.answers.get(&token).expect("a known token").as_ref()
    }

    /// Requests without an answer.
    pub(crate) fn unanswered(&self) -> Vec<RequestToken> {
        let open = self.answers.iter().filter(|(_, answer)| answer.is_none());
        open.map(|(token, _)| *token).collect()
    }

    /// The durable state of `id()`.
    pub(crate) fn value(&self) -> &TransactionLogValue {
        self.durable.get(&id()).expect("a durable state")
    }

    pub(crate) fn state(&self) -> TransactionState {
        self.value().state
    }

    pub(crate) fn describe(&mut self) -> Result<DescribedTransaction, TransactionError> {
        match self.ask(Request::DescribeTransaction(id())) {
            Response::DescribeTransaction(result) => result.map(|described| *described),
            other => panic!("not a description: {other:?}"),
        }
    }

    // The requests, each with its kind of answer.

    pub(crate) fn init(&mut self) -> ProducerIdAndEpoch {
        let response = self.ask(init(None));
        let Response::InitProducerId(Ok(producer)) = response else {
            panic!("not initialized: {response:?}");
        };
        producer
    }

    /// A transaction with these partitions is open.
    pub(crate) fn begin(&mut self, partitions: &[i32], version: TransactionVersion) -> ProducerIdAndEpoch {
        let producer = self.init();
        let response = self.ask(add(producer, partitions, version));
        assert_eq!(response, Response::AddPartitions(Ok(())));
        producer
    }

    fn make_durable(&mut self, record: Record) {
        let Ok(RecordKey::TransactionLog { transactional_id }) = RecordKey::decode(&record.key) else {
            panic!("our own key");
        };
        match &record.value {
            Some(value) => {
                let value = TransactionLogValue::decode(value).expect("our own value");
                self.durable.insert(transactional_id, value);
            }
            None => {
                self.durable.remove(&transactional_id);
            }
        }
        self.log.push(record);
    }

    /// What is appended follows from what is durable, or from what the same append says of the id: it is durable as a whole or
    /// not at all.
    fn check_appended(&mut self, records: &[Record]) {
        use TransactionState::{CompleteAbort, CompleteCommit, PrepareAbort, PrepareCommit};
        assert!(!records.is_empty());
        let mut appended: BTreeMap<TransactionalId, TransactionLogValue> = BTreeMap::new();
        for record in records {
            let Ok(RecordKey::TransactionLog { transactional_id }) = RecordKey::decode(&record.key) else {
                panic!("our own key");
            };
            let earlier = appended.get(&transactional_id);
            let before = earlier.or_else(|| self.durable.get(&transactional_id)).cloned();
            let Some(value) = &record.value else {
                let state = before.as_ref().expect("what is removed was there").state;
                assert!(matches!(
                    state,
                    TransactionState::Empty | CompleteCommit | CompleteAbort
                ));
                continue;
            };
            let value = TransactionLogValue::decode(value).expect("our own value");
            appended.insert(transactional_id.clone(), value.clone());
            let Some(before) = &before else {
                assert_eq!(value.state, TransactionState::Empty);
                continue;
            };
            if before.producer_id == value.producer_id {
                assert!(before.producer_epoch <= value.producer_epoch, "epochs never fall");
            } else {
                assert_eq!(value.producer_epoch, ProducerEpoch::new(0));
                assert!(before.producer_id < value.producer_id, "producer ids are fresh");
            }
            match (before.state, value.state) {
                (PrepareCommit, CompleteCommit) | (PrepareAbort, CompleteAbort) => {
                    let marked = self.marked.get(&transactional_id);
                    for partition in before.partitions.as_slice() {
                        assert!(
                            marked.is_some_and(|marked| marked.contains(partition)),
                            "complete before the marker of {partition:?}"
                        );
                    }
                }
                (PrepareCommit | PrepareAbort, other) => panic!("what was decided became {other}"),
                (_, CompleteCommit | CompleteAbort) => panic!("complete without a decision"),
                (_, PrepareCommit | PrepareAbort) => {
                    assert_eq!(
                        value.partitions, before.partitions,
                        "a decision is about all partitions"
                    );
                    if !self.is_end_asked(&transactional_id, before, &value) {
                        let ongoing = TransactionState::Ongoing;
                        assert_eq!(before.state, ongoing, "nobody asked to end what is not open");
                        assert_eq!(value.state, PrepareAbort, "the coordinator itself never commits");
                        let is_raised = value.producer_epoch > before.producer_epoch;
                        let is_highest = before.producer_epoch.get() == i16::MAX;
                        assert!(is_raised || is_highest, "a fence without a new epoch");
                    }
                    self.marked.remove(&transactional_id);
                    self.present.remove(&transactional_id);
                }
                _ => {}
            }
        }
    }

    /// Whether the present producer waits for this end. Its epoch may be one that a fence has raised in memory alone.
    fn is_end_asked(
        &self,
        transactional_id: &TransactionalId,
        before: &TransactionLogValue,
        value: &TransactionLogValue,
    ) -> bool {
        self.unanswered().iter().any(|token| match &self.requests[token] {
            Request::EndTransaction(request) => {
                let result = match request.result {
                    TransactionResult::Commit => TransactionState::PrepareCommit,
                    TransactionResult::Abort => TransactionState::PrepareAbort,
                };
                request.transactional_id == *transactional_id
                    && request.producer.producer_id == before.producer_id
                    && (before.producer_epoch..=value.producer_epoch).contains(&request.producer.epoch)
                    && result == value.state
            }
            _ => false,
        })
    }

    /// Markers say what is decided and durable.
    fn check_markers(&self, markers: &WriteMarkers) {
        let value = self
            .durable
            .get(&markers.transactional_id)
            .expect("a marker of what is durable");
        let prepared = match markers.result {
            TransactionResult::Commit => TransactionState::PrepareCommit,
            TransactionResult::Abort => TransactionState::PrepareAbort,
        };
        assert_eq!(value.state, prepared, "a marker before its decision is durable");
        assert_eq!(
            markers.producer,
            producer(value.producer_id.get(), value.producer_epoch.get())
        );
        assert_eq!(markers.coordinator_epoch.get(), self.coordinator_epoch);
        assert!(!markers.partitions.is_empty());
    }

    /// What a reply promises is durable.
    fn take_answer(&mut self, token: RequestToken, response: Response) {
        let request = self.requests.get(&token).expect("a known token").clone();
        match (&request, &response) {
            (Request::InitProducerId(request), Response::InitProducerId(Ok(given))) => {
                let value = &self.durable[&request.transactional_id];
                assert_eq!(
                    *given,
                    producer(value.producer_id.get(), value.producer_epoch.get())
                );
                if request.expected.is_none() {
                    assert!(self.given.insert(*given), "two producers with {given:?}");
                }
            }
            (Request::AddPartitions(request), Response::AddPartitions(Ok(()))) => {
                let value = &self.durable[&request.transactional_id];
                assert_eq!(value.state, TransactionState::Ongoing);
                assert!(value.partitions.contains_all(&request.partitions));
            }
            (Request::EndTransaction(request), Response::EndTransaction(Ok(next))) => {
                let value = &self.durable[&request.transactional_id];
                let (prepared, completed) = match request.result {
                    TransactionResult::Commit => {
                        (TransactionState::PrepareCommit, TransactionState::CompleteCommit)
                    }
                    TransactionResult::Abort => {
                        (TransactionState::PrepareAbort, TransactionState::CompleteAbort)
                    }
                };
                assert!(
                    value.state == prepared || value.state == completed,
                    "{request:?} was answered in {}",
                    value.state
                );
                assert_eq!(next.is_some(), request.client_version == V2);
            }
            _ => {}
        }
        let answer = self.answers.get_mut(&token).expect("a known token");
        assert!(answer.is_none(), "a second answer to {token:?}: {response:?}");
        *answer = Some(response);
    }
}

/// A record of this state, in the version that loses nothing.
pub(crate) fn record(transactional_id: &TransactionalId, value: Option<&TransactionLogValue>) -> Record {
    use corelog_transactions::records::LogValueVersion;
    let name = transactional_id.as_str().as_bytes();
    let size = u16::try_from(name.len()).expect("short");
    let mut key = vec![0, 0];
    key.extend(size.to_be_bytes());
    key.extend(name);
    Record {
        key: key.into(),
        value: value.map(|value| value.encode(LogValueVersion::V1)),
    }
}

/// A state with one partition, as it is after a transaction began a minute ago and was changed ten seconds ago.
pub(crate) fn value(state: TransactionState, epoch: i16) -> TransactionLogValue {
    let is_open = matches!(
        state,
        TransactionState::Ongoing | TransactionState::PrepareCommit | TransactionState::PrepareAbort
    );
    TransactionLogValue {
        producer_id: ProducerId::new(10),
        previous_producer_id: Some(ProducerId::new(10)),
        next_producer_id: None,
        producer_epoch: ProducerEpoch::new(epoch),
        last_producer_epoch: None,
        timeout_ms: TIMEOUT_MS,
        state,
        partitions: is_open.then(|| partition(0)).into_iter().collect(),
        last_update: TimestampMs::new(START_MS - 10_000),
        start: (state != TransactionState::Empty).then(|| TimestampMs::new(START_MS - 50_000)),
        client_version: V0,
    }
}
