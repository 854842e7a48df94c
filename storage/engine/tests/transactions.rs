//! Transactions in a log: markers, the last stable offset, what readers of committed records are told, over rolls and
//! crashes.

mod common;

use std::collections::BTreeMap;
use std::rc::Rc;

use common::{Fields, append, id, offset, open, read_all, simulation, small_config, spec, valid};
use corelog_model::{
    LeaderEpoch, Offset, ProducerEpoch, ProducerId, TimestampMs, TransactionResult, ValidatedBatch,
};
use corelog_records::{EndMarker, marker_batch};
use corelog_sim::{SimRng, Survival};
use corelog_storage::{
    AbortedTransaction, AppendError, AppendOptions, AppendOrigin, Appended, Durability, LogConfig, LogOwner,
    PartitionLog, ReadIsolation,
};

const COORDINATOR_EPOCH: i32 = 5;

fn data(producer: i64, epoch: i16, sequence: i32) -> ValidatedBatch {
    valid(Fields {
        producer,
        epoch,
        sequence,
        is_transactional: true,
        ..Fields::default()
    })
}

fn marker(producer: i64, epoch: i16, result: TransactionResult, coordinator_epoch: i32) -> ValidatedBatch {
    let marker = EndMarker {
        result,
        coordinator_epoch,
    };
    marker_batch(
        ProducerId::new(producer),
        ProducerEpoch::new(epoch),
        marker,
        TimestampMs::new(1000),
    )
    .unwrap()
}

async fn produce(log: &Rc<PartitionLog>, batch: ValidatedBatch) -> Result<Appended, AppendError> {
    log.append(vec![batch], AppendOptions::default()).await
}

async fn mark(
    log: &Rc<PartitionLog>,
    batch: ValidatedBatch,
    raises_epoch: bool,
) -> Result<Appended, AppendError> {
    let options = AppendOptions {
        origin: AppendOrigin::Marker { raises_epoch },
    };
    log.append(vec![batch], options).await
}

async fn end(log: &Rc<PartitionLog>, producer: i64, epoch: i16, result: TransactionResult) -> Appended {
    let batch = marker(producer, epoch, result, COORDINATOR_EPOCH);
    mark(log, batch, false).await.unwrap()
}

fn aborted(producer: i64, first: i64, last: i64, last_stable: i64) -> AbortedTransaction {
    AbortedTransaction {
        producer: ProducerId::new(producer),
        first_offset: offset(first),
        last_offset: offset(last),
        last_stable: offset(last_stable),
    }
}

#[test]
fn an_open_transaction_holds_the_last_stable_offset_over_a_crash() {
    let sim = simulation(1);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        append(&log, Fields::default()).await;
        produce(&log, data(7, 0, 0)).await.unwrap();
        append(&log, Fields::default()).await;
        produce(&log, data(7, 0, 1)).await.unwrap();
        assert_eq!(log.offsets().last_stable, offset(1));
        let epoch = ProducerEpoch::new(0);
        assert_eq!(log.open_transaction(ProducerId::new(7), epoch), Some(offset(1)));
        assert_eq!(
            log.open_transaction(ProducerId::new(7), ProducerEpoch::new(1)),
            None
        );
    });
    machine.lose_power(Some(Survival::Nothing));
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        assert_eq!(log.offsets().last_stable, offset(1));
        let read = log
            .read(offset(0), 10_000, ReadIsolation::LastStable)
            .await
            .unwrap();
        assert_eq!(read.bytes, 100);
        end(&log, 7, 0, TransactionResult::Abort).await;
        assert_eq!(log.offsets().last_stable, offset(5));
        storage.close().await.unwrap();
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        assert_eq!(log.offsets().last_stable, offset(5));
        let read = log
            .read(offset(0), 10_000, ReadIsolation::LastStable)
            .await
            .unwrap();
        assert_eq!(read.aborted, [aborted(7, 1, 4, 5)]);
        let read = log
            .read(offset(0), 10_000, ReadIsolation::HighWatermark)
            .await
            .unwrap();
        assert_eq!(read.aborted, []);
        // All of it is behind the marker.
        append(&log, Fields::default()).await;
        let read = log
            .read(offset(5), 10_000, ReadIsolation::LastStable)
            .await
            .unwrap();
        assert_eq!((read.bytes, read.aborted), (100, Vec::new()));
    });
}

/// A marker that is not committed keeps the transaction's records from readers, over a restart too.
#[test]
fn the_end_of_a_transaction_counts_when_it_is_committed() {
    let sim = simulation(4);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        append(&log, Fields::default()).await;
        let owner = Rc::new(Behind);
        let owner: Rc<dyn LogOwner> = owner;
        log.set_owner(Rc::downgrade(&owner));
        produce(&log, data(7, 0, 0)).await.unwrap();
        append(&log, Fields::default()).await;
        end(&log, 7, 0, TransactionResult::Abort).await;
        // The leader has what lies before the marker, and not the marker.
        log.commit(offset(3), offset(3));
        assert_eq!(log.offsets().last_stable, offset(1));
        storage.close().await.unwrap();
        let storage = common::try_open_as_it_is(&machine).await.unwrap();
        let log = storage.partition(&id(0)).unwrap();
        assert_eq!(
            (log.offsets().high_watermark, log.offsets().last_stable),
            (offset(3), offset(1))
        );
        log.commit(offset(4), offset(4));
        assert_eq!(log.offsets().last_stable, offset(4));
    });
}

/// Of a follower whose leader says little.
struct Behind;

impl LogOwner for Behind {
    fn ends_moved(&self, _log: &PartitionLog) {}
}

/// What a log answers to a batch or a marker, as Kafka's `ProducerAppendInfo` does.
#[test]
fn who_may_append_in_a_transaction() {
    #[derive(Debug, PartialEq)]
    enum Expect {
        Ok,
        Epoch,
        State,
        Coordinator,
        Order,
    }
    use Expect::{Coordinator, Epoch, Ok, Order, State};
    enum Step {
        /// Producer epoch and sequence.
        Data(i16, i32),
        Plain(i16, i32),
        /// Producer epoch, the coordinator's, and whether it raised the producer's.
        Mark(i16, i32, bool),
    }
    use Step::{Data, Mark, Plain};
    for (number, steps) in [
        // A record outside of the open transaction; after the marker it may come.
        vec![
            (Data(0, 0), Ok),
            (Plain(0, 1), State),
            (Mark(0, 5, false), Ok),
            (Plain(0, 1), Ok),
        ],
        // Markers of version 1: of the same epoch, repeated, and of an older epoch.
        vec![
            (Data(1, 0), Ok),
            (Mark(1, 5, false), Ok),
            (Mark(1, 5, false), Ok),
            (Mark(0, 5, false), Epoch),
        ],
        // Of version 2: one of the records' own epoch is late, a repeated one is not (KAFKA-19999).
        vec![
            (Data(1, 0), Ok),
            (Mark(1, 5, true), Epoch),
            (Mark(2, 5, true), Ok),
            (Mark(2, 5, true), Ok),
        ],
        vec![
            (Data(1, 0), Ok),
            (Mark(2, 5, true), Ok),
            (Data(2, 0), Ok),
            (Mark(2, 5, true), Epoch),
        ],
        vec![(Data(i16::MAX, 0), Ok), (Mark(i16::MAX, 5, true), Ok)],
        // A coordinator that was replaced.
        vec![
            (Data(0, 0), Ok),
            (Mark(0, 5, false), Ok),
            (Data(0, 1), Ok),
            (Mark(0, 4, false), Coordinator),
        ],
        // After a marker that raised the epoch sequences begin anew.
        vec![
            (Data(0, 0), Ok),
            (Mark(1, 5, true), Ok),
            (Data(1, 1), Order),
            (Data(1, 0), Ok),
            (Data(0, 1), Epoch),
        ],
        // A marker without a transaction.
        vec![(Mark(3, 5, true), Ok), (Data(2, 0), Epoch), (Data(3, 0), Ok)],
    ]
    .into_iter()
    .enumerate()
    {
        let sim = simulation(2);
        let machine = sim.machine(0);
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.create_partition(spec(0, small_config())).await.unwrap();
            for (step, expected) in steps {
                let appended = match step {
                    Data(epoch, sequence) => produce(&log, data(7, epoch, sequence)).await,
                    Plain(epoch, sequence) => {
                        let fields = Fields {
                            producer: 7,
                            epoch,
                            sequence,
                            ..Fields::default()
                        };
                        produce(&log, valid(fields)).await
                    }
                    Mark(epoch, coordinator, raises_epoch) => {
                        let batch = marker(7, epoch, TransactionResult::Commit, coordinator);
                        mark(&log, batch, raises_epoch).await
                    }
                };
                let found = match appended {
                    Result::Ok(_) => Ok,
                    Err(AppendError::InvalidProducerEpoch { .. }) => Epoch,
                    Err(AppendError::InvalidTransactionState { .. }) => State,
                    Err(AppendError::CoordinatorFenced { .. }) => Coordinator,
                    Err(AppendError::OutOfOrderSequence { .. }) => Order,
                    Err(error) => panic!("{error}"),
                };
                assert_eq!(found, expected, "case {number}");
            }
        });
    }
}

/// In a log that acknowledges before anything is durable a transaction's records do not, nor what comes while they wait.
#[test]
fn records_of_a_transaction_are_durable_whatever_the_log_promises() {
    for durability in [Durability::Memory, Durability::Written] {
        let sim = simulation(3);
        let machine = sim.machine(0);
        sim.block_on(async {
            let storage = open(&machine).await;
            let config = LogConfig {
                durability,
                ..small_config()
            };
            let log = storage.create_partition(spec(0, config)).await.unwrap();
            produce(&log, data(7, 0, 0)).await.unwrap();
            end(&log, 7, 0, TransactionResult::Commit).await;
        });
        machine.lose_power(Some(Survival::Nothing));
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.partition(&id(0)).unwrap();
            assert_eq!(log.offsets().last_stable, offset(2), "{durability:?}");
        });
    }
}

/// A log with transactions of several producers over many segments, and what it should say of them.
struct Model {
    log: Rc<PartitionLog>,
    /// The next sequence and the open transaction's first offset of each producer.
    producers: BTreeMap<i64, (i32, Option<Offset>)>,
    /// All that were aborted: producer, first offset, marker.
    aborted: Vec<(i64, Offset, Offset)>,
}

impl Model {
    async fn step(&mut self, random: &mut SimRng) {
        let producer = 1 + i64::try_from(random.next_u64() % 5).unwrap();
        let (sequence, open) = self.producers.get(&producer).copied().unwrap_or((0, None));
        match random.next_u64() % 8 {
            0 => {
                let size = 100 + usize::try_from(random.next_u64() % 3000).unwrap();
                append(
                    &self.log,
                    Fields {
                        size,
                        ..Fields::default()
                    },
                )
                .await;
            }
            choice @ (1 | 2) if open.is_some() => {
                let result = if choice == 1 {
                    TransactionResult::Abort
                } else {
                    TransactionResult::Commit
                };
                let ended = end(&self.log, producer, 0, result).await;
                if choice == 1 {
                    self.aborted.push((producer, open.unwrap(), ended.base_offset));
                }
                self.producers.insert(producer, (sequence, None));
            }
            _ => {
                let appended = produce(&self.log, data(producer, 0, sequence)).await.unwrap();
                let first = open.unwrap_or(appended.base_offset);
                self.producers.insert(producer, (sequence + 1, Some(first)));
            }
        }
    }

    async fn check(&self, random: &mut SimRng) {
        let open = self.producers.values().filter_map(|(_, first)| *first).min();
        let offsets = self.log.offsets();
        assert_eq!(offsets.high_watermark, offsets.log_end);
        assert_eq!(offsets.last_stable, open.unwrap_or(offsets.log_end));
        for _ in 0..5 {
            let last = u64::try_from(offsets.last_stable.get()).unwrap();
            let from = offset(i64::try_from(random.next_u64() % (last + 1)).unwrap());
            let bytes_max = usize::try_from(random.next_u64() % 4000).unwrap();
            let read = self
                .log
                .read(from, bytes_max, ReadIsolation::LastStable)
                .await
                .unwrap();
            let bytes = read.pieces.concat();
            let mut upto = from;
            let mut at = 0;
            while at < bytes.len() {
                let header = corelog_model::batch::parse_header(&bytes[at..]).unwrap();
                at += header.size;
                upto = header.next_offset();
            }
            assert!(upto <= offsets.last_stable);
            let told = |(producer, first, last): (i64, Offset, Offset)| {
                let found = read.aborted.iter().find(|aborted| {
                    (aborted.producer, aborted.first_offset) == (ProducerId::new(producer), first)
                });
                found.is_some_and(|found| found.last_offset == last)
            };
            let wanted = self.aborted.iter().copied();
            let wanted = wanted.filter(|(_, first, last)| from < upto && *last >= from && *first < upto);
            let wanted: Vec<_> = wanted.collect();
            assert!(
                wanted.iter().all(|aborted| told(*aborted)),
                "{wanted:?} of {read:?}"
            );
            assert_eq!(
                read.aborted.len(),
                wanted.len(),
                "{wanted:?} of {:?}",
                read.aborted
            );
            assert!(read.aborted.is_sorted_by_key(|aborted| aborted.first_offset));
        }
    }
}

#[test]
fn readers_of_committed_records_are_told_what_was_aborted() {
    for seed in 0..12 {
        let sim = simulation(seed);
        let machine = sim.machine(0);
        let mut random = SimRng::stream(seed, 0);
        let config = || LogConfig {
            segment_bytes: 6000,
            ..small_config()
        };
        let mut known = (BTreeMap::new(), Vec::new());
        for life in 0..4 {
            sim.block_on(async {
                let storage = open(&machine).await;
                let log = match storage.partition(&id(0)) {
                    Some(log) => log,
                    None => storage.create_partition(spec(0, config())).await.unwrap(),
                };
                log.set_config(config());
                log.set_leader_epoch(LeaderEpoch::new(4 + life));
                let mut model = Model {
                    log,
                    producers: std::mem::take(&mut known.0),
                    aborted: std::mem::take(&mut known.1),
                };
                model.check(&mut random).await;
                for step in 0..150 {
                    model.step(&mut random).await;
                    if step % 10 == 0 {
                        model.check(&mut random).await;
                    }
                    if random.next_u64().is_multiple_of(60) {
                        storage.checkpoint().await.unwrap();
                    }
                }
                model.check(&mut random).await;
                assert!(model.log.segment_count() > 3);
                read_all(&model.log, 3000).await;
                known = (model.producers, model.aborted);
                if life % 2 == 1 {
                    storage.close().await.unwrap();
                }
            });
            if life % 2 == 0 {
                machine.lose_power(Some(Survival::Nothing));
            }
            // An index that is lost is made anew, whatever it said of transactions.
            let lost = machine
                .files()
                .into_iter()
                .filter(|name| name.ends_with(".cindex"));
            let lost: Vec<_> = lost.filter(|_| life == 1 || life == 2).collect();
            let handle = machine.handle_for(common::SHARD);
            sim.block_on(async {
                for name in lost {
                    handle
                        .disk
                        .remove_file(std::path::Path::new(&name))
                        .await
                        .unwrap();
                }
            });
        }
    }
}
