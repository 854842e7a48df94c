//! Producers, retention, deletion, time, epochs, and the number of shards.

mod common;

use std::rc::Rc;

use common::{
    DIR, Fields, append, id, offset, open, read_all, segment_files_become, shard_of, simulation,
    small_config, small_options, spec, valid,
};
use corelog_model::batch::TimestampType;
use corelog_model::{LeaderEpoch, Offset, ShardId, TimestampMs, ValidatedBatch};
use corelog_sim::Survival;
use corelog_storage::{
    AppendError, AppendOptions, Durability, LogConfig, PartitionLog, ReadIsolation, Storage, prepare_layout,
};

fn produced(sequence: i32, records: i32) -> ValidatedBatch {
    valid(Fields {
        producer: 77,
        epoch: 0,
        sequence,
        records,
        ..Fields::default()
    })
}

#[test]
fn duplicates_are_known_across_restarts() {
    let sim = simulation(1);
    let machine = sim.machine(0);
    let send = |log: Rc<PartitionLog>, sequence, records| async move {
        log.append(vec![produced(sequence, records)], AppendOptions::default())
            .await
    };
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        // The duplicate is asked for before the original is acknowledged.
        let original = send(Rc::clone(&log), 0, 3);
        let duplicate = send(Rc::clone(&log), 0, 3);
        let (original, duplicate) = futures_util::future::join(original, duplicate).await;
        let (original, duplicate) = (original.unwrap(), duplicate.unwrap());
        assert_eq!((original.base_offset, original.is_duplicate), (offset(0), false));
        assert_eq!((duplicate.base_offset, duplicate.is_duplicate), (offset(0), true));
        send(Rc::clone(&log), 3, 1).await.unwrap();
    });
    for is_clean in [false, true, false] {
        if !is_clean {
            machine.lose_power(Some(Survival::Nothing));
        }
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.partition(&id(0)).unwrap();
            let again = send(Rc::clone(&log), 3, 1).await.unwrap();
            assert_eq!((again.base_offset, again.is_duplicate), (offset(3), true));
            let error = send(Rc::clone(&log), 9, 1).await.unwrap_err();
            assert!(
                matches!(
                    error,
                    AppendError::OutOfOrderSequence {
                        found: 9,
                        last: Some(3),
                        ..
                    }
                ),
                "{error}"
            );
            assert_eq!(log.active_producers().len(), 1);
            storage.close().await.unwrap();
        });
    }
}

#[test]
fn retention_removes_whole_segments_and_their_files() {
    let sim = simulation(2);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let config = LogConfig {
            segment_bytes: 20_000,
            retention_ms: Some(1000),
            ..small_config()
        };
        let log = storage.create_partition(spec(0, config)).await.unwrap();
        for n in 0..40 {
            append(
                &log,
                Fields {
                    size: 2000,
                    timestamp: n * 100,
                    ..Fields::default()
                },
            )
            .await;
        }
        assert_eq!(log.segment_count(), 4);
        storage.apply_retention(TimestampMs::new(3000)).await;
        assert_eq!((log.segment_count(), log.offsets().log_start), (2, offset(20)));
        segment_files_become(&sim, &machine, 2).await;
        let error = log
            .read(offset(19), 1, ReadIsolation::HighWatermark)
            .await
            .unwrap_err();
        assert!(matches!(
            error,
            corelog_storage::ReadError::OffsetOutOfRange { .. }
        ));
        assert_eq!(read_all(&log, 5000).await.len(), 20);
        log.set_config(LogConfig {
            retention_bytes: Some(10_000),
            ..small_config()
        });
        storage.apply_retention(TimestampMs::new(3000)).await;
        assert_eq!((log.segment_count(), log.offsets().log_start), (1, offset(30)));
        // The active segment goes when segment.ms has closed it.
        log.set_config(LogConfig {
            segment_ms: 500,
            retention_ms: Some(1000),
            ..small_config()
        });
        storage.apply_retention(TimestampMs::new(10_000)).await;
        assert_eq!((log.segment_count(), log.offsets().log_start), (1, offset(40)));
        append(&log, Fields::default()).await;
    });
    machine.lose_power(Some(Survival::Nothing));
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        assert_eq!(log.offsets().log_start, offset(40));
        assert_eq!(read_all(&log, 5000).await.len(), 1);
        segment_files_become(&sim, &machine, 1).await;
    });
}

#[test]
fn records_are_deleted_up_to_the_high_watermark() {
    let sim = simulation(3);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        for _ in 0..10 {
            append(
                &log,
                Fields {
                    records: 2,
                    ..Fields::default()
                },
            )
            .await;
        }
        assert_eq!(log.delete_records(Some(offset(5))).await.unwrap(), offset(5));
        assert_eq!(log.delete_records(Some(offset(3))).await.unwrap(), offset(5));
        assert!(log.delete_records(Some(offset(21))).await.is_err());
        // The batch that holds offset 5 is returned whole.
        let slice = log
            .read(offset(5), 1, ReadIsolation::HighWatermark)
            .await
            .unwrap();
        assert_eq!(
            corelog_model::batch::parse_header(&slice.pieces[0])
                .unwrap()
                .base_offset,
            offset(4)
        );
        assert_eq!(log.delete_records(None).await.unwrap(), offset(20));
    });
    machine.lose_power(Some(Survival::Nothing));
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        assert_eq!(
            (log.offsets().log_start, log.offsets().log_end),
            (offset(20), offset(20))
        );
    });
}

#[test]
fn deleted_partitions_are_gone_and_their_names_free() {
    let sim = simulation(4);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        append(&log, Fields::default()).await;
        storage.delete_partition(id(0)).await.unwrap();
        let error = log
            .append(vec![valid(Fields::default())], AppendOptions::default())
            .await
            .unwrap_err();
        assert!(matches!(error, AppendError::Deleted));
        assert!(storage.partition(&id(0)).is_none());
        let mut again = spec(1, small_config());
        again.directory = "orders-0".into();
        let log = storage.create_partition(again).await.unwrap();
        assert_eq!(append(&log, Fields::default()).await.base_offset, offset(0));
        segment_files_become(&sim, &machine, 1).await;
    });
    machine.lose_power(Some(Survival::Nothing));
    sim.block_on(async {
        let storage = open(&machine).await;
        assert_eq!(storage.partitions(), vec![id(1)]);
        assert_eq!(read_all(&storage.partition(&id(1)).unwrap(), 1000).await.len(), 1);
    });
}

#[test]
fn offsets_are_found_by_time_and_epoch() {
    let sim = simulation(5);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        for n in 0..100 {
            if n == 50 {
                log.set_leader_epoch(LeaderEpoch::new(8));
            }
            append(
                &log,
                Fields {
                    size: 9000,
                    timestamp: 1000 + n * 10,
                    ..Fields::default()
                },
            )
            .await;
        }
        let at = |timestamp: i64| {
            let log = Rc::clone(&log);
            async move {
                let found = log
                    .offset_for_timestamp(TimestampMs::new(timestamp))
                    .await
                    .unwrap();
                found.map(|place| {
                    (
                        place.offset.get(),
                        place.timestamp.get(),
                        place.leader_epoch.get(),
                    )
                })
            }
        };
        assert_eq!(at(0).await, Some((0, 1000, 3)));
        assert_eq!(at(1000).await, Some((0, 1000, 3)));
        assert_eq!(at(1001).await, Some((1, 1010, 3)));
        assert_eq!(at(1755).await, Some((76, 1760, 8)));
        assert_eq!(at(1990).await, Some((99, 1990, 8)));
        assert_eq!(at(1991).await, None);
        let newest = log.offset_of_max_timestamp().await.unwrap().unwrap();
        assert_eq!((newest.offset, newest.timestamp.get()), (offset(99), 1990));
        let end = |epoch| {
            let found = log.end_offset_for_epoch(LeaderEpoch::new(epoch)).unwrap();
            found.map(|(e, o)| (e.get(), o.get()))
        };
        assert_eq!(end(3), Some((3, 50)));
        assert_eq!(end(5), Some((3, 50)));
        assert_eq!(end(8), Some((8, 100)));
        assert_eq!(end(9), None);
    });
}

#[test]
fn limits_and_stamps() {
    let sim = simulation(6);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage
            .create_partition(spec(0, LogConfig::default()))
            .await
            .unwrap();
        let try_append = |fields: Fields| {
            let log = Rc::clone(&log);
            async move { log.append(vec![valid(fields)], AppendOptions::default()).await }
        };
        let now = machine.handle_for(common::SHARD).clock.wall().get();
        let error = try_append(Fields {
            timestamp: now + 4_000_000,
            ..Fields::default()
        })
        .await
        .unwrap_err();
        assert!(matches!(error, AppendError::InvalidTimestamp { .. }), "{error}");
        let error = try_append(Fields {
            size: 1_048_589,
            ..Fields::default()
        })
        .await
        .unwrap_err();
        assert!(
            matches!(error, AppendError::RecordTooLarge { max: 1_048_588, .. }),
            "{error}"
        );
        try_append(Fields {
            size: 1_048_588,
            ..Fields::default()
        })
        .await
        .unwrap();
        log.set_config(LogConfig {
            timestamp_type: TimestampType::LogAppendTime,
            durability: Durability::Memory,
            ..LogConfig::default()
        });
        let stamped = try_append(Fields {
            timestamp: now + 4_000_000,
            ..Fields::default()
        })
        .await
        .unwrap();
        let stamp = stamped.log_append_time.unwrap();
        let (header, _) = read_all(&log, 100).await.pop().unwrap();
        assert_eq!(
            (header.max_timestamp, header.timestamp_type),
            (stamp, TimestampType::LogAppendTime)
        );
    });
}

async fn open_shard(machine: &corelog_sim::Machine, shard: u16, shards: u16) -> Rc<Storage> {
    let layout = corelog_storage::read_layout(&machine.handle_for(common::SHARD), std::path::Path::new(DIR))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(layout.shard_count, shards);
    let options = small_options(layout, ShardId::new(shard));
    let handle = machine.handle_for(ShardId::new(shard));
    common::alone(Storage::open(handle, options, |_| ()).await.unwrap())
}

#[test]
fn the_number_of_shards_may_change() {
    for seed in 0..20 {
        let sim = simulation(seed);
        let machine = sim.machine(0);
        let mut ends = [Offset::ZERO; 8];
        let mut is_first = true;
        for shards in [1u16, 2, 4, 1, 3] {
            // The change may be interrupted at any moment.
            let mut random = sim.random();
            loop {
                let handle = machine.handle_for(common::SHARD);
                let prepared = async move {
                    let of = move |id: &_| shard_of(id, shards);
                    prepare_layout(handle, std::path::Path::new(DIR), true, shards, of, |_| ())
                        .await
                        .unwrap()
                };
                let limit = std::time::Duration::from_micros(random.below(40_000));
                if sim.run_until(prepared, limit).is_ok() {
                    break;
                }
                machine.lose_power(None);
            }
            sim.block_on(async {
                for shard in 0..shards {
                    let storage = open_shard(&machine, shard, shards).await;
                    for index in 0..8 {
                        let id = id(index);
                        if shard_of(&id, shards) != ShardId::new(shard) {
                            assert!(storage.partition(&id).is_none());
                            continue;
                        }
                        let log = match storage.partition(&id) {
                            Some(log) => log,
                            None if is_first => storage
                                .create_partition(spec(index, small_config()))
                                .await
                                .unwrap(),
                            None => panic!("seed {seed}: partition {index} is gone"),
                        };
                        log.set_config(small_config());
                        let end = &mut ends[usize::try_from(index).unwrap()];
                        assert_eq!(log.offsets().log_end, *end, "seed {seed}");
                        assert_eq!(
                            i64::try_from(read_all(&log, 1000).await.len()).unwrap(),
                            end.get()
                        );
                        for _ in 0..3 {
                            append(
                                &log,
                                Fields {
                                    size: 3000,
                                    ..Fields::default()
                                },
                            )
                            .await;
                            *end = end.next();
                        }
                    }
                    if shard % 2 == 0 {
                        storage.close().await.unwrap();
                    }
                }
            });
            is_first = false;
            machine.lose_power(None);
        }
    }
}
