//! What retention lets go, and what is left of a log that it has emptied.

mod common;

use std::rc::Rc;

use common::{
    Fields, append, id, offset, open, read_all, segment_files_become, simulation, small_config, spec,
};
use corelog_model::{LeaderEpoch, TimestampMs};
use corelog_sim::{Machine, Survival};
use corelog_storage::{LogConfig, PartitionLog, Storage};

const HOUR_MS: i64 = 60 * 60 * 1000;

fn later(machine: &Machine, ms: i64) -> TimestampMs {
    TimestampMs::new(machine.handle_for(common::SHARD).clock.wall().get() + ms)
}

fn at(timestamp: i64) -> Fields {
    Fields {
        size: 1000,
        timestamp,
        ..Fields::default()
    }
}

fn hourly() -> LogConfig {
    LogConfig {
        retention_ms: Some(HOUR_MS),
        ..small_config()
    }
}

/// The log holds nothing, and goes on at `end`.
async fn check_emptied(log: &Rc<PartitionLog>, end: i64) {
    let found = log.offsets();
    assert_eq!(
        (found.log_start, found.high_watermark, found.log_end),
        (offset(end), offset(end), offset(end))
    );
    assert_eq!(read_all(log, 1 << 20).await.len(), 0);
    let epoch = |epoch| {
        let end = log.end_offset_for_epoch(LeaderEpoch::new(epoch));
        end.unwrap().map(|(epoch, end)| (epoch.get(), end.get()))
    };
    assert_eq!(
        (epoch(3), epoch(4)),
        (Some((3, end)), Some((4, end))),
        "of epochs without records"
    );
    assert_eq!(log.leader_epochs(), [(LeaderEpoch::new(4), offset(end))]);
}

async fn write(log: &Rc<PartitionLog>, timestamps: &[i64]) {
    for timestamp in timestamps {
        append(log, at(*timestamp)).await;
    }
    log.set_leader_epoch(LeaderEpoch::new(4));
    append(log, at(timestamps[0])).await;
}

#[test]
fn an_active_segment_goes_when_all_of_it_is_old() {
    let now = |machine: &Machine| machine.handle_for(common::SHARD).clock.wall().get();
    // Records with old timestamps, without any, and with ones before 1970 that Kafka takes for none.
    for (seed, ago) in (1..).zip([Some(HOUR_MS / 2), None]) {
        let sim = simulation(seed);
        let machine = sim.machine(0);
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.create_partition(spec(0, hourly())).await.unwrap();
            let timestamp = ago.map_or(-1, |ago| now(&machine) - ago);
            let left = HOUR_MS - ago.unwrap_or(0);
            write(&log, &[timestamp; 3]).await;
            storage.apply_retention(later(&machine, left - 1000)).await;
            assert_eq!(log.offsets().log_start, offset(0));
            storage.apply_retention(later(&machine, left + 1000)).await;
            check_emptied(&log, 4).await;
            assert_eq!(log.segment_count(), 1);
            segment_files_become(&sim, &machine, 0).await;
            // It does so once.
            storage.apply_retention(later(&machine, left + 2000)).await;
            assert_eq!(append(&log, at(-1)).await.base_offset, offset(4));
            storage.close().await.unwrap();
            let storage = open(&machine).await;
            let log = storage.partition(&id(0)).unwrap();
            assert_eq!(read_all(&log, 1 << 20).await.len(), 1);
        });
    }
}

#[test]
fn an_emptied_log_stays_so_over_a_crash() {
    for survival in [Survival::Nothing, Survival::Everything] {
        let sim = simulation(7);
        let machine = sim.machine(0);
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.create_partition(spec(0, hourly())).await.unwrap();
            write(&log, &[-1; 3]).await;
            storage.apply_retention(later(&machine, HOUR_MS + 1000)).await;
        });
        machine.lose_power(Some(survival));
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.partition(&id(0)).unwrap();
            check_emptied(&log, 4).await;
            // The journal does not know of the new segment: retention finds the old one before the log's start.
            log.set_config(hourly());
            storage.apply_retention(later(&machine, 2 * HOUR_MS)).await;
            check_emptied(&log, 4).await;
            assert_eq!(log.segment_count(), 1);
            assert_eq!(append(&log, at(-1)).await.base_offset, offset(4));
            storage.checkpoint().await.unwrap();
            segment_files_become(&sim, &machine, 1).await;
        });
        machine.lose_power(Some(survival));
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.partition(&id(0)).unwrap();
            assert_eq!(log.offsets().log_start, offset(4));
            assert_eq!(read_all(&log, 1 << 20).await.len(), 1);
        });
    }
}

#[test]
fn no_size_at_all_lets_everything_go() {
    let sim = simulation(3);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let config = LogConfig {
            retention_bytes: Some(0),
            ..small_config()
        };
        let log = storage.create_partition(spec(0, config)).await.unwrap();
        let large = Fields {
            size: 40_000,
            ..at(later(&machine, 0).get())
        };
        for _ in 0..5 {
            append(&log, large).await;
        }
        log.set_leader_epoch(LeaderEpoch::new(4));
        append(&log, large).await;
        assert_eq!(log.segment_count(), 3);
        storage.apply_retention(later(&machine, 0)).await;
        check_emptied(&log, 6).await;
        segment_files_become(&sim, &machine, 0).await;
    });
}

/// A restart keeps the times of what has no timestamps: it would live for ever else, restarted often enough.
#[test]
fn the_times_of_a_segment_survive_a_restart() {
    let sim = simulation(4);
    let machine = sim.machine(0);
    let begun = sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, hourly())).await.unwrap();
        write(&log, &[-1; 3]).await;
        let begun = later(&machine, 0);
        storage.close().await.unwrap();
        begun
    });
    sim.block_on(async {
        sim.sleep(std::time::Duration::from_secs(1800)).await;
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        log.set_config(hourly());
        let apply = async |storage: &Rc<Storage>, ms| {
            storage.apply_retention(TimestampMs::new(begun.get() + ms)).await;
        };
        apply(&storage, HOUR_MS - 1000).await;
        assert_eq!(log.offsets().log_start, offset(0));
        apply(&storage, HOUR_MS + 1000).await;
        check_emptied(&log, 4).await;
    });
}

#[test]
fn segment_ms_counts_from_the_first_append_where_the_first_record_has_no_timestamp() {
    let sim = simulation(5);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let config = LogConfig {
            segment_ms: 10_000,
            ..small_config()
        };
        let log = storage.create_partition(spec(0, config)).await.unwrap();
        for (wait_s, segments) in [(0, 1), (6, 1), (6, 2), (6, 2), (6, 3)] {
            sim.sleep(std::time::Duration::from_secs(wait_s)).await;
            append(&log, at(-1)).await;
            assert_eq!(log.segment_count(), segments, "after {wait_s} s");
        }
        // Nobody appends.
        storage.apply_retention(later(&machine, 9_000)).await;
        assert_eq!(log.segment_count(), 3);
        storage.apply_retention(later(&machine, 11_000)).await;
        assert_eq!(log.segment_count(), 4);
    });
}

/// A producer whose records have no timestamp, or an old one, is not forgotten at once: its retry would be stored twice.
#[test]
fn a_producer_is_kept_by_the_brokers_clock() {
    let sim = simulation(6);
    let machine = sim.machine(0);
    let fields = |sequence| Fields {
        producer: 42,
        epoch: 0,
        sequence,
        ..at(-1)
    };
    let config = || LogConfig {
        retention_ms: None,
        producer_id_expiration_ms: HOUR_MS,
        ..small_config()
    };
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, config())).await.unwrap();
        append(&log, fields(0)).await;
        storage.apply_retention(later(&machine, HOUR_MS - 1000)).await;
        assert!(append(&log, fields(0)).await.is_duplicate);
        storage.close().await.unwrap();
    });
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        log.set_config(config());
        storage.apply_retention(later(&machine, HOUR_MS - 1000)).await;
        assert!(append(&log, fields(0)).await.is_duplicate);
        storage.apply_retention(later(&machine, HOUR_MS + 1000)).await;
        assert!(!append(&log, fields(0)).await.is_duplicate);
    });
}
