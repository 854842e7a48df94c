//! Logs that are compacted: what stays of them, how it is read, and what a crash leaves.

mod common;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use common::{DIR, SHARD, id, offset, open, simulation, small_config, spec, try_open_as_it_is};
use corelog_model::batch::{self, BatchHeader, BatchProducer, Compression};
use corelog_model::{
    Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs, TransactionResult, ValidatedBatch,
};
use corelog_records::{
    BatchOptions, EndMarker, NewRecord, RecordBatchBuilder, Records, marker_batch, payload,
};
use corelog_sim::{Fault, FaultRule, Machine, Operation, Simulation};
use corelog_storage::{
    AppendOptions, AppendOrigin, Appended, LogConfig, PartitionLog, ReadIsolation, Storage,
};

/// Closes a segment after a few batches; a tombstone stays for ten seconds.
fn compacted() -> LogConfig {
    LogConfig {
        segment_bytes: 2000,
        compact: true,
        delete: false,
        dirty_ppm_min: 0,
        delete_retention_ms: 10_000,
        ..small_config()
    }
}

/// A key, and a value if it has one.
type Pair<'a> = (&'a str, Option<&'a str>);

#[derive(Clone, Copy)]
struct Kind {
    producer: Option<(i64, i32)>,
    is_transactional: bool,
    compression: Compression,
    timestamp: i64,
}

const PLAIN: Kind = Kind {
    producer: None,
    is_transactional: false,
    compression: Compression::None,
    timestamp: 1000,
};

fn pairs(kind: Kind, pairs: &[Pair<'_>]) -> ValidatedBatch {
    let mut builder = RecordBatchBuilder::new(BatchOptions {
        compression: kind.compression,
        is_transactional: kind.is_transactional,
        producer: kind.producer.map(|(id, sequence)| BatchProducer {
            id: ProducerId::new(id),
            epoch: ProducerEpoch::new(0),
            base_sequence: Sequence::new(sequence),
        }),
        ..BatchOptions::default()
    });
    for (key, value) in pairs {
        let record = NewRecord {
            timestamp: TimestampMs::new(kind.timestamp),
            key: Some(key.as_bytes()),
            value: value.map(str::as_bytes),
            headers: &[],
        };
        builder.append(&record).unwrap();
    }
    builder.build().unwrap()
}

async fn put(log: &Rc<PartitionLog>, kind: Kind, records: &[Pair<'_>]) -> Appended {
    let batch = pairs(kind, records);
    log.append(vec![batch], AppendOptions::default()).await.unwrap()
}

async fn end(log: &Rc<PartitionLog>, producer: i64, result: TransactionResult) {
    let marker = EndMarker {
        result,
        coordinator_epoch: 1,
    };
    let batch = marker_batch(
        ProducerId::new(producer),
        ProducerEpoch::new(0),
        marker,
        TimestampMs::new(1000),
    )
    .unwrap();
    let options = AppendOptions {
        origin: AppendOrigin::Marker { raises_epoch: false },
    };
    log.append(vec![batch], options).await.unwrap();
}

/// Fills the active segment up, so that what came before is in closed ones.
async fn fill(log: &Rc<PartitionLog>) {
    let filler = "x".repeat(700);
    for _ in 0..4 {
        put(log, PLAIN, &[("filler", Some(&filler))]).await;
    }
}

/// Cleans what there is, once a checkpoint has passed it.
async fn clean(storage: &Rc<Storage>) -> usize {
    storage.checkpoint().await.unwrap();
    storage.clean().await
}

/// The batches from the log's start to its high watermark, which follow one another, with gaps.
async fn batches(log: &Rc<PartitionLog>, step: usize) -> Vec<(BatchHeader, Bytes)> {
    let mut at = log.offsets().log_start;
    let mut out = Vec::new();
    while at < log.offsets().high_watermark {
        let slice = log.read(at, step, ReadIsolation::HighWatermark).await.unwrap();
        let mut bytes = Bytes::from(slice.pieces.concat());
        assert!(!bytes.is_empty(), "nothing at {at}");
        while !bytes.is_empty() {
            let header = batch::parse_header(&bytes).unwrap();
            batch::check_crc(&header, &bytes).unwrap();
            assert!(header.next_offset() > at);
            at = header.next_offset();
            out.push((header, bytes.split_to(header.size)));
        }
    }
    out
}

/// Offset, key and value of a record.
type Seen = (i64, String, Option<String>);

async fn records(log: &Rc<PartitionLog>, step: usize) -> Vec<Seen> {
    let mut out = Vec::new();
    for (header, bytes) in batches(log, step).await {
        if header.is_control {
            continue;
        }
        let payload = payload(&header, &bytes, 1 << 20).unwrap();
        for record in Records::new(&header, &payload) {
            let record = record.unwrap();
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            out.push((
                record.offset(&header).unwrap().get(),
                text(record.key.unwrap()),
                record.value.map(text),
            ));
        }
    }
    out
}

fn without_filler(records: Vec<Seen>) -> Vec<(i64, String)> {
    let kept = records.into_iter().filter(|(_, key, _)| key != "filler");
    kept.map(|(offset, key, _)| (offset, key)).collect()
}

fn log_files(machine: &Machine) -> Vec<String> {
    let files = machine.files().into_iter();
    files.filter(|name| name.ends_with(".log")).collect()
}

/// Waits until the directory has the files of the log's segments and no others.
async fn settle(sim: &Simulation, machine: &Machine, log: &Rc<PartitionLog>) {
    for _ in 0..1000 {
        if log_files(machine).len() == log.segment_count() {
            return;
        }
        sim.sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?} of {} segments", log_files(machine), log.segment_count());
}

#[test]
fn the_last_record_of_each_key_stays_and_gaps_are_served() {
    let sim = simulation(1);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, compacted())).await.unwrap();
        let mut expected: BTreeMap<String, i64> = BTreeMap::new();
        for round in 0..30i64 {
            let kind = Kind {
                timestamp: 1000 + round,
                compression: if round % 2 == 0 {
                    Compression::None
                } else {
                    Compression::Zstd
                },
                ..PLAIN
            };
            let (a, b) = (format!("k{}", round % 7), format!("k{}", (round * 3) % 11));
            let value = format!("value {round}");
            let added = put(&log, kind, &[(&a, Some(&value)), (&b, Some(&value))]).await;
            expected.insert(a, added.base_offset.get());
            expected.insert(b, added.last_offset.get());
        }
        fill(&log).await;
        let (before, end) = (log.size_bytes(), log.offsets().log_end);
        assert_eq!(clean(&storage).await, 1);
        assert!(log.size_bytes() < before);
        assert_eq!(log.offsets().log_end, end);
        let mut expected: Vec<(i64, String)> = expected.into_iter().map(|(key, at)| (at, key)).collect();
        expected.sort();
        // From the disk, not from what is still in memory.
        storage.close().await.unwrap();
        drop((log, storage));
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        log.set_config(compacted());
        for step in [1, 500, 100_000] {
            assert_eq!(
                without_filler(records(&log, step).await),
                expected,
                "by {step} bytes"
            );
        }
        // A read in a gap begins with the batch behind it.
        let all = batches(&log, 100_000).await;
        for at in 0..end.get() {
            let slice = log
                .read(offset(at), 1, ReadIsolation::HighWatermark)
                .await
                .unwrap();
            let first = batch::parse_header(&slice.pieces.concat()).unwrap();
            let next = all
                .iter()
                .find(|(header, _)| header.next_offset() > offset(at))
                .unwrap();
            assert_eq!(first.base_offset, next.0.base_offset, "from {at} on");
        }
        // By time as well: what is found is there.
        for time in 1000..1030 {
            let found = log
                .offset_for_timestamp(TimestampMs::new(time))
                .await
                .unwrap()
                .unwrap();
            let first = expected.iter().find(|(at, _)| 1000 + at / 2 >= time);
            if let Some((at, _)) = first {
                assert_eq!(found.offset.get(), *at, "at {time}");
            }
        }
        settle(&sim, &machine, &log).await;
        // Nothing is dirty any more.
        let now = TimestampMs::new(5000);
        let state = log.cleaning_state(now).unwrap();
        assert!(!state.is_due && state.cleaned_at.is_some() && state.cleaned_end > Offset::ZERO);
    });
}

#[test]
fn tombstones_go_when_their_time_has_passed() {
    let sim = simulation(2);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, compacted())).await.unwrap();
        put(
            &log,
            PLAIN,
            &[("a", Some("1")), ("b", Some("1")), ("c", Some("1"))],
        )
        .await;
        put(&log, PLAIN, &[("a", None), ("c", None)]).await;
        put(&log, PLAIN, &[("c", Some("2"))]).await;
        fill(&log).await;
        assert_eq!(clean(&storage).await, 1);
        let keys = [(1, "b"), (3, "a"), (5, "c")].map(|(at, key)| (at, key.to_owned()));
        let reopen = |storage: Rc<Storage>, log: Rc<PartitionLog>| {
            let machine = machine.clone();
            async move {
                storage.close().await.unwrap();
                drop((storage, log));
                let storage = open(&machine).await;
                let log = storage.partition(&id(0)).unwrap();
                log.set_config(compacted());
                (storage, log)
            }
        };
        let (storage, log) = reopen(storage, log).await;
        assert_eq!(without_filler(records(&log, 10_000).await), keys);
        sim.sleep(Duration::from_millis(9_000)).await;
        fill(&log).await;
        clean(&storage).await;
        let (storage, log) = reopen(storage, log).await;
        assert_eq!(without_filler(records(&log, 10_000).await), keys);
        sim.sleep(Duration::from_millis(2_000)).await;
        fill(&log).await;
        assert_eq!(clean(&storage).await, 1);
        let (_storage, log) = reopen(storage, log).await;
        assert_eq!(
            without_filler(records(&log, 10_000).await),
            [keys[0].clone(), keys[2].clone()]
        );
    });
}

#[test]
fn a_producers_last_batch_stays_without_its_records() {
    let sim = simulation(3);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, compacted())).await.unwrap();
        let of = |sequence| Kind {
            producer: Some((7, sequence)),
            ..PLAIN
        };
        put(&log, of(0), &[("a", Some("1"))]).await;
        put(&log, of(1), &[("a", Some("2")), ("b", Some("2"))]).await;
        put(&log, PLAIN, &[("a", Some("3")), ("b", Some("3"))]).await;
        fill(&log).await;
        assert_eq!(clean(&storage).await, 1);
        storage.close().await.unwrap();
        drop((log, storage));
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        assert_eq!(
            without_filler(records(&log, 10_000).await),
            [(3, "a".to_owned()), (4, "b".to_owned())]
        );
        let all = batches(&log, 10_000).await;
        let kept: Vec<_> = all
            .iter()
            .filter(|(header, _)| header.producer.is_some())
            .collect();
        assert_eq!(kept.len(), 1);
        let header = kept[0].0;
        assert_eq!((header.base_offset.get(), header.last_offset().get()), (1, 2));
        assert_eq!(
            (header.record_count, header.last_sequence()),
            (0, Sequence::new(2))
        );
        // The next one goes on, and the last one is known.
        let again = put(&log, of(1), &[("a", Some("2")), ("b", Some("2"))]).await;
        assert!(again.is_duplicate);
        assert!(!put(&log, of(3), &[("a", Some("4"))]).await.is_duplicate);
    });
}

/// The offsets and results of the markers that are there.
async fn markers(log: &Rc<PartitionLog>) -> Vec<i64> {
    let all = batches(log, 10_000).await.into_iter();
    let markers = all.filter(|(header, _)| header.is_control);
    markers.map(|(header, _)| header.base_offset.get()).collect()
}

#[test]
fn aborted_records_go_and_markers_later() {
    let sim = simulation(4);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, compacted())).await.unwrap();
        let of = |producer, sequence| Kind {
            producer: Some((producer, sequence)),
            is_transactional: true,
            ..PLAIN
        };
        put(&log, PLAIN, &[("a", Some("0")), ("b", Some("0"))]).await;
        put(&log, of(1, 0), &[("a", Some("aborted")), ("z", Some("aborted"))]).await;
        put(&log, of(2, 0), &[("b", Some("committed"))]).await;
        end(&log, 1, TransactionResult::Abort).await;
        end(&log, 2, TransactionResult::Commit).await;
        // So that their last batches are others.
        put(&log, of(1, 2), &[("c", Some("1"))]).await;
        put(&log, of(2, 1), &[("c", Some("2"))]).await;
        end(&log, 1, TransactionResult::Commit).await;
        end(&log, 2, TransactionResult::Commit).await;
        fill(&log).await;
        assert_eq!(clean(&storage).await, 1);
        let reopen = |storage: Rc<Storage>, log: Rc<PartitionLog>| {
            let machine = machine.clone();
            async move {
                storage.close().await.unwrap();
                drop((storage, log));
                let storage = open(&machine).await;
                let log = storage.partition(&id(0)).unwrap();
                log.set_config(compacted());
                (storage, log)
            }
        };
        let (storage, log) = reopen(storage, log).await;
        let kept = [(0, "a"), (4, "b"), (8, "c")].map(|(at, key)| (at, key.to_owned()));
        assert_eq!(without_filler(records(&log, 10_000).await), kept);
        // Those of the aborted one are 2 and 3, its marker is 5.
        assert_eq!(markers(&log).await, [5, 6, 9, 10]);
        let slice = log
            .read(Offset::ZERO, 100_000, ReadIsolation::LastStable)
            .await
            .unwrap();
        assert!(slice.aborted.iter().all(|one| one.producer == ProducerId::new(1)));
        // Now its records are gone, and the marker has a horizon from the next cleaning on.
        fill(&log).await;
        clean(&storage).await;
        sim.sleep(Duration::from_millis(9_000)).await;
        fill(&log).await;
        clean(&storage).await;
        assert_eq!(markers(&log).await, [5, 6, 9, 10]);
        sim.sleep(Duration::from_millis(2_000)).await;
        fill(&log).await;
        assert_eq!(clean(&storage).await, 1);
        let (_storage, log) = reopen(storage, log).await;
        // The others have records still, or a batch that their producer is known by.
        assert_eq!(markers(&log).await, [6, 9, 10]);
        assert_eq!(without_filler(records(&log, 10_000).await), kept);
        assert_eq!(log.offsets().last_stable, log.offsets().log_end);
    });
}

#[test]
fn an_open_transaction_is_not_touched() {
    let sim = simulation(5);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, compacted())).await.unwrap();
        put(&log, PLAIN, &[("a", Some("0"))]).await;
        let open = Kind {
            producer: Some((1, 0)),
            is_transactional: true,
            ..PLAIN
        };
        put(&log, open, &[("a", Some("1"))]).await;
        fill(&log).await;
        assert_eq!(clean(&storage).await, 0);
        end(&log, 1, TransactionResult::Abort).await;
        fill(&log).await;
        assert_eq!(clean(&storage).await, 1);
        let left = records(&log, 10_000).await;
        assert_eq!(left.iter().filter(|(_, key, _)| key == "a").count(), 1);
    });
}

/// A map of `keys` keys at most.
fn few(keys: usize) -> usize {
    keys * 24 * 8 / 6 * 2
}

#[test]
fn with_more_keys_than_fit_it_takes_several_rounds() {
    let sim = simulation(6);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = common::try_open(&machine, |options| options.clean_bytes_max = few(40))
            .await
            .unwrap();
        let log = storage.create_partition(spec(0, compacted())).await.unwrap();
        for round in 0..3 {
            for key in 0..100 {
                let (key, value) = (format!("k{key}"), format!("{round}"));
                put(&log, PLAIN, &[(&key, Some(&value))]).await;
            }
        }
        fill(&log).await;
        let mut ends = Vec::new();
        while clean(&storage).await > 0 {
            ends.push(log.cleaning_state(TimestampMs::new(5000)).unwrap().cleaned_end);
        }
        assert!(ends.len() > 5 && ends.is_sorted(), "{ends:?}");
        storage.close().await.unwrap();
        drop((log, storage));
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        let expected: Vec<_> = (0..100i64).map(|key| (200 + key, format!("k{key}"))).collect();
        assert_eq!(without_filler(records(&log, 10_000).await), expected);
    });
}

/// A log that is cleaned and not checkpointed since; the storage is gone.
async fn cleaned(machine: &Machine) -> Vec<(i64, String)> {
    let storage = open(machine).await;
    let log = storage.create_partition(spec(0, compacted())).await.unwrap();
    for round in 0..20 {
        let value = format!("{round}");
        put(&log, PLAIN, &[("a", Some(&value)), (&value, Some("x"))]).await;
    }
    fill(&log).await;
    storage.checkpoint().await.unwrap();
    let all = without_filler(records(&log, 10_000).await);
    assert_eq!(storage.clean().await, 1);
    all
}

fn last_of(all: &[(i64, String)]) -> Vec<(i64, String)> {
    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    for (at, key) in all {
        last.insert(key.clone(), *at);
    }
    let mut last: Vec<_> = last.into_iter().map(|(key, at)| (at, key)).collect();
    last.sort();
    last
}

#[test]
fn a_crash_leaves_the_old_or_the_new_and_no_other_files() {
    for seed in 0..40 {
        let sim = simulation(100 + seed);
        let machine = sim.machine(0);
        let cleaning = machine.clone();
        let seen: Rc<std::cell::RefCell<Vec<(i64, String)>>> = Rc::default();
        let into = Rc::clone(&seen);
        let handle = machine.handle_for(SHARD);
        handle.spawn(corelog_runtime::WorkClass::Normal, "life", async move {
            *into.borrow_mut() = cleaned(&cleaning).await;
            std::future::pending::<()>().await;
        });
        let watched = machine.clone();
        // From the moment on in which a new file is there.
        let begun = sim.run_until_true(
            move || log_files(&watched).iter().any(|name| name.contains(".1.log")),
            Duration::from_secs(60),
        );
        begun.unwrap();
        sim.run_for(Duration::from_micros(seed * 300));
        if seed % 2 == 0 {
            machine.lose_power(None);
        } else {
            machine.kill();
        }
        let after = machine.clone();
        let seen = seen.take();
        sim.block_on(async {
            let storage = open(&after).await;
            let log = storage.partition(&id(0)).unwrap();
            let found = without_filler(records(&log, 10_000).await);
            let all: Vec<(i64, String)> = (0..20i64)
                .flat_map(|round| [(2 * round, "a".to_owned()), (2 * round + 1, round.to_string())])
                .collect();
            assert!(seen.is_empty() || seen == all);
            // Group by group: each is the old one or the new one.
            let last = last_of(&all);
            assert!(
                last.iter().all(|one| found.contains(one)),
                "seed {seed}: {found:?}"
            );
            assert!(
                found.iter().all(|one| all.contains(one)),
                "seed {seed}: {found:?}"
            );
            settle(&sim, &after, &log).await;
            // And it can be cleaned now.
            log.set_config(compacted());
            clean(&storage).await;
            storage.close().await.unwrap();
            drop((log, storage));
            let storage = open(&after).await;
            let log = storage.partition(&id(0)).unwrap();
            assert_eq!(without_filler(records(&log, 10_000).await), last, "seed {seed}");
            settle(&sim, &after, &log).await;
        });
    }
}

#[test]
fn a_full_disk_leaves_the_old_and_it_is_tried_again() {
    let sim = simulation(7);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, compacted())).await.unwrap();
        for round in 0..20 {
            put(&log, PLAIN, &[("a", Some(&format!("{round}")))]).await;
        }
        fill(&log).await;
        storage.checkpoint().await.unwrap();
        machine.set_disk_capacity(Some(machine.disk_used()));
        assert_eq!(storage.clean().await, 0);
        assert!(!storage.is_fenced());
        assert_eq!(storage.stats().cleanings_failed, 1);
        assert_eq!(without_filler(records(&log, 10_000).await).len(), 20);
        machine.set_disk_capacity(None);
        assert_eq!(clean(&storage).await, 1);
        storage.checkpoint().await.unwrap();
        settle(&sim, &machine, &log).await;
    });
}

#[test]
fn a_failed_sync_of_the_new_file_loses_nothing() {
    let sim = simulation(8);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, compacted())).await.unwrap();
        for round in 0..20 {
            put(&log, PLAIN, &[("a", Some(&format!("{round}")))]).await;
        }
        fill(&log).await;
        storage.checkpoint().await.unwrap();
        machine.inject(FaultRule::new("*.1.log", Operation::Sync, 1, Fault::Fail));
        assert_eq!(storage.clean().await, 0);
        assert!(storage.is_fenced());
        drop((log, storage));
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        assert_eq!(without_filler(records(&log, 10_000).await).len(), 20);
        settle(&sim, &machine, &log).await;
    });
}

#[test]
fn the_end_is_cut_off_within_a_cleaned_segment() {
    for is_crashed in [false, true] {
        let sim = simulation(9);
        let machine = sim.machine(0);
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.create_partition(spec(0, compacted())).await.unwrap();
            for round in 0..40 {
                let value = format!("{round}");
                put(&log, PLAIN, &[("a", Some(&value)), (&value, Some("x"))]).await;
            }
            fill(&log).await;
            storage.checkpoint().await.unwrap();
            assert_eq!(storage.clean().await, 1);
            assert!(log.segment_count() < 6);
            // No checkpoint knows of the cleaning.
            let end = log.truncate_to(offset(30)).await.unwrap();
            assert_eq!(end, offset(30));
            put(&log, PLAIN, &[("b", Some("new"))]).await;
            fill(&log).await;
            let (storage, log) = if is_crashed {
                drop((log, storage));
                machine.lose_power(None);
                let storage = open(&machine).await;
                let log = storage.partition(&id(0)).unwrap();
                (storage, log)
            } else {
                (storage, log)
            };
            let mut expected: Vec<_> = (0..15i64)
                .map(|round| (2 * round + 1, round.to_string()))
                .collect();
            expected.push((30, "b".to_owned()));
            let found = without_filler(records(&log, 10_000).await);
            assert_eq!(found, expected, "crashed: {is_crashed}");
            log.set_config(compacted());
            clean(&storage).await;
            assert_eq!(without_filler(records(&log, 10_000).await), expected);
            storage.close().await.unwrap();
            drop((log, storage));
            let storage = open(&machine).await;
            let log = storage.partition(&id(0)).unwrap();
            assert_eq!(without_filler(records(&log, 10_000).await), expected);
            settle(&sim, &machine, &log).await;
        });
    }
}

#[test]
fn the_background_cleans_what_is_due() {
    let sim = simulation(10);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, compacted())).await.unwrap();
        for round in 0..40 {
            put(&log, PLAIN, &[("a", Some(&format!("{round}")))]).await;
        }
        fill(&log).await;
        // It asks for the checkpoint that it needs.
        for _ in 0..100 {
            if storage.stats().cleanings > 0 {
                break;
            }
            sim.sleep(Duration::from_secs(1)).await;
        }
        let stats = storage.stats();
        assert!(stats.cleanings > 0 && stats.clean_removed_bytes > 0, "{stats:?}");
        settle(&sim, &machine, &log).await;
        storage.close().await.unwrap();
        drop((log, storage));
        let storage = try_open_as_it_is(&machine).await.unwrap();
        let state = {
            let log = storage.partition(&id(0)).unwrap();
            log.set_config(compacted());
            log.cleaning_state(TimestampMs::new(1)).unwrap()
        };
        assert!(state.cleaned_end > Offset::ZERO && state.cleaned_at.is_some());
    });
    assert_eq!(DIR, "/data");
}
