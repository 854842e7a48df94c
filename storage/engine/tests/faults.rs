//! A disk that fails, fills up, or damages what it holds.

mod common;

use std::path::Path;

use common::{Fields, append, id, offset, open, read_all, simulation, small_config, spec, valid};
use corelog_sim::{Fault, FaultRule, Operation, Survival};
use corelog_storage::{
    AppendError, AppendOptions, CheckpointError, CheckpointSync, OpenError, ReadError, ReadIsolation,
    SyncMethod,
};

/// How commits are made durable, and what of it fails.
const WAYS_TO_FAIL: [(SyncMethod, Operation); 3] = [
    (SyncMethod::WriteThenSync, Operation::Sync),
    (SyncMethod::WriteThenSync, Operation::Write),
    (SyncMethod::Dsync, Operation::Write),
];

#[test]
fn a_failed_sync_fences_the_shard_for_good() {
    for (sync_method, operation) in WAYS_TO_FAIL {
        let sim = simulation(1);
        let machine = sim.machine(0);
        sim.block_on(async {
            let opened = common::try_open(&machine, |options| options.sync_method = sync_method).await;
            let storage = opened.unwrap();
            let log = storage.create_partition(spec(0, small_config())).await.unwrap();
            append(&log, Fields::default()).await;
            machine.inject(FaultRule::new("*.journal", operation, 1, Fault::Fail));
            for _ in 0..3 {
                let batch = valid(Fields::default());
                let error = log
                    .append(vec![batch], AppendOptions::default())
                    .await
                    .unwrap_err();
                assert!(matches!(error, AppendError::Fenced(_)), "{error}");
            }
            assert_eq!(log.offsets().high_watermark, offset(1));
            assert_eq!(read_all(&log, 1000).await.len(), 1);
            assert!(storage.stats().is_fenced);
            let error = storage.checkpoint().await.unwrap_err();
            assert!(matches!(error, CheckpointError::Fenced(_)), "{error}");
            assert!(storage.create_partition(spec(1, small_config())).await.is_err());
        });
        machine.lose_power(Some(Survival::Nothing));
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.partition(&id(0)).unwrap();
            // The append whose sync failed was not acknowledged: it may be there or not.
            assert!([1, 2].contains(&read_all(&log, 1000).await.len()));
            append(&log, Fields::default()).await;
        });
    }
}

#[test]
fn a_sync_that_overlaps_a_failed_one_acknowledges_nothing() {
    for (sync_method, operation) in WAYS_TO_FAIL {
        overlap_a_failed_one(sync_method, operation);
    }
}

fn overlap_a_failed_one(sync_method: SyncMethod, operation: Operation) {
    let mut refused = 0;
    for seed in 0..200 {
        let sim = simulation(seed);
        let machine = sim.machine(0);
        let acknowledged = sim.block_on(async {
            let opened = common::try_open(&machine, |options| {
                options.commits_in_flight_max = 4;
                options.sync_method = sync_method;
            });
            let storage = opened.await.unwrap();
            let log = storage.create_partition(spec(0, small_config())).await.unwrap();
            machine.inject(FaultRule::new("*.journal", operation, 3, Fault::Fail));
            let mut answers = Vec::new();
            for _ in 0..6 {
                answers.push(log.append(vec![valid(Fields::default())], AppendOptions::default()));
                sim.sleep(std::time::Duration::from_micros(150)).await;
            }
            let mut acknowledged = offset(0);
            for answer in answers {
                match answer.await {
                    Ok(appended) => acknowledged = acknowledged.max(appended.last_offset.next()),
                    Err(_) => refused += 1,
                }
            }
            acknowledged
        });
        machine.lose_power(Some(Survival::Nothing));
        sim.block_on(async {
            let storage = open(&machine).await;
            let end = storage.partition(&id(0)).unwrap().offsets().high_watermark;
            assert!(
                end >= acknowledged,
                "{sync_method:?}, seed {seed}: {acknowledged} acknowledged, {end} there"
            );
        });
    }
    assert!(refused > 0, "{sync_method:?}: no {operation:?} failed");
}

/// Linux keeps an error of a write-back for the next sync of the file, even if the process that wrote is gone.
#[test]
fn one_start_hears_all_errors_that_a_killed_process_left() {
    const PARTITIONS: i32 = 12;
    const APPENDS: usize = 4;
    for checkpoint_sync in [CheckpointSync::Files, CheckpointSync::Filesystem] {
        let sim = simulation(6);
        let machine = sim.machine(0);
        sim.block_on(async {
            let storage = open(&machine).await;
            for index in 0..PARTITIONS {
                let log = storage
                    .create_partition(spec(index, small_config()))
                    .await
                    .unwrap();
                // Written to the segment, since it is so much, and not synced.
                for _ in 0..APPENDS {
                    let fields = Fields {
                        size: 5_000,
                        ..Fields::default()
                    };
                    append(&log, fields).await;
                }
            }
            sim.sleep(std::time::Duration::from_millis(100)).await;
            assert!(machine.has_unsynced());
            machine.inject(FaultRule::new("/data", Operation::SyncFilesystem, 1, Fault::Fail));
            let disk = machine.handle_for(common::SHARD).disk;
            assert!(disk.sync_filesystem(Path::new("/data")).await.is_err());
        });
        machine.kill();
        sim.block_on(async {
            let opened =
                common::try_open(&machine, |options| options.checkpoint_sync = checkpoint_sync).await;
            let storage = opened.expect("the first start succeeds");
            for index in 0..PARTITIONS {
                let log = storage.partition(&id(index)).unwrap();
                append(&log, Fields::default()).await;
            }
            storage.checkpoint().await.expect("nothing is left to be told");
        });
        // What the failed sync kept from the device was written again.
        machine.lose_power(Some(Survival::Nothing));
        sim.block_on(async {
            let storage = open(&machine).await;
            for index in 0..PARTITIONS {
                let log = storage.partition(&id(index)).unwrap();
                let found = read_all(&log, 100_000).await.len();
                assert_eq!(found, APPENDS + 1, "{checkpoint_sync:?}");
            }
        });
    }
}

/// What bypassed the journal is written again from what was found whole: no other read of it may take its place.
#[test]
fn a_read_that_goes_astray_during_a_start_damages_nothing() {
    let mut astray = 0;
    for nth in 1..40 {
        let sim = simulation(7);
        let machine = sim.machine(0);
        let sent = sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.create_partition(spec(0, small_config())).await.unwrap();
            for size in [3_000, 40_000] {
                let fields = Fields {
                    size,
                    ..Fields::default()
                };
                append(&log, fields).await;
            }
            read_all(&log, 100_000).await
        });
        machine.kill();
        let before = machine.disk_counters().faults;
        machine.inject(FaultRule::new("*.log", Operation::Read, nth, Fault::Misdirect));
        sim.block_on(async {
            let storage = open(&machine).await;
            drop(storage);
        });
        machine.clear_faults();
        machine.kill();
        astray += machine.disk_counters().faults - before;
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.partition(&id(0)).unwrap();
            assert_eq!(log.corruption(), None, "read {nth}");
            assert_eq!(read_all(&log, 100_000).await, sent, "read {nth}");
        });
    }
    assert!(astray > 0, "no read went astray");
}

#[test]
fn a_full_disk_refuses_appends_and_recovers_by_itself() {
    let sim = simulation(2);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        machine.set_disk_capacity(Some(machine.disk_used() + (150 << 10)));
        let mut appended = 0;
        let error = loop {
            let fields = Fields {
                size: 5000,
                timestamp: 1000 + appended,
                ..Fields::default()
            };
            match log.append(vec![valid(fields)], AppendOptions::default()).await {
                Ok(_) => appended += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, AppendError::DiskFull(_)), "{error}");
        assert!(appended > 10);
        assert!(!storage.stats().is_fenced);
        assert_eq!(i64::try_from(read_all(&log, 1000).await.len()).unwrap(), appended);
        machine.set_disk_capacity(None);
        append(
            &log,
            Fields {
                size: 5000,
                ..Fields::default()
            },
        )
        .await;
        assert_eq!(log.offsets().high_watermark, offset(appended + 1));
        machine.lose_power(Some(Survival::Nothing));
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        assert_eq!(
            i64::try_from(read_all(&log, 1000).await.len()).unwrap(),
            appended + 1
        );
    });
}

/// The last bytes that a full disk has are often those that a checkpoint would free.
#[test]
fn a_checkpoint_needs_no_room_on_a_full_disk() {
    let sim = simulation(6);
    let machine = sim.machine(0);
    let counted = sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        let grow = || Fields {
            size: 5000,
            ..Fields::default()
        };
        while log.offsets().log_end < offset(50) {
            append(&log, grow()).await;
        }
        storage.checkpoint().await.unwrap();
        machine.set_disk_capacity(Some(machine.disk_used()));
        while log
            .append(vec![valid(Fields::default())], AppendOptions::default())
            .await
            .is_ok()
        {}
        // Retention frees whole segments, but only when a checkpoint no longer names them.
        for _ in 0..3 {
            storage.checkpoint().await.unwrap();
        }
        log.delete_records(Some(offset(40))).await.unwrap();
        storage.checkpoint().await.unwrap();
        storage.checkpoint().await.unwrap();
        assert!(!storage.stats().is_fenced);
        append(&log, grow()).await;
        log.offsets()
    });
    machine.lose_power(Some(Survival::Nothing));
    sim.block_on(async {
        let storage = open(&machine).await;
        assert_eq!(storage.partition(&id(0)).unwrap().offsets(), counted);
    });
}

/// Each place where the files of a checkpoint may be left.
#[test]
fn a_checkpoint_that_dies_between_its_steps_leaves_one_in_force() {
    for (operation, pattern) in [
        (Operation::Write, "*checkpoint.spare"),
        (Operation::Sync, "*checkpoint.spare"),
        (Operation::Rename, "*checkpoint"),
        (Operation::Rename, "*checkpoint.spare"),
        (Operation::Rename, "*checkpoint.previous"),
    ] {
        for survival in [Survival::Nothing, Survival::Everything, Survival::Pages] {
            let sim = simulation(7);
            let machine = sim.machine(0);
            sim.block_on(async {
                let storage = open(&machine).await;
                let log = storage.create_partition(spec(0, small_config())).await.unwrap();
                append(&log, Fields::default()).await;
                storage.checkpoint().await.unwrap();
                append(&log, Fields::default()).await;
                machine.inject(FaultRule::new(pattern, operation, 1, Fault::Fail));
                let error = storage.checkpoint().await.unwrap_err();
                assert!(matches!(error, CheckpointError::Fenced(_)), "{error}");
            });
            machine.lose_power(Some(survival));
            sim.block_on(async {
                for _ in 0..2 {
                    let storage = open(&machine).await;
                    let log = storage.partition(&id(0)).unwrap();
                    assert_eq!(log.offsets().high_watermark, offset(2), "{operation:?} {pattern}");
                    storage.close().await.unwrap();
                }
            });
        }
    }
}

#[test]
fn damage_below_the_recovery_point_is_never_served() {
    let sim = simulation(3);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        for _ in 0..20 {
            append(
                &log,
                Fields {
                    size: 5000,
                    ..Fields::default()
                },
            )
            .await;
        }
        storage.close().await.unwrap();
    });
    assert_eq!(machine.rot("*.log", 1).len(), 1);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        let mut at = log.offsets().log_start;
        let error = loop {
            match log.read(at, 5000, ReadIsolation::HighWatermark).await {
                Ok(slice) if slice.bytes == 0 => panic!("the damage went unnoticed"),
                Ok(_) => at = at.next(),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ReadError::Corrupt(_)), "{error}");
    });
}

#[test]
fn a_damaged_or_missing_checkpoint_is_named() {
    for seed in 0..10 {
        let sim = simulation(seed);
        let machine = sim.machine(0);
        sim.block_on(async {
            let storage = open(&machine).await;
            storage.create_partition(spec(0, small_config())).await.unwrap();
            storage.close().await.unwrap();
        });
        // Behind what it says is the room for a longer one, which nobody reads.
        while machine
            .rot("*checkpoint", 1)
            .iter()
            .all(|damage| damage.position >= 64)
        {}
        sim.block_on(async {
            match common::try_open(&machine, |_| ()).await {
                // Reserved bytes are not looked at.
                Ok(_) => {}
                Err(OpenError::Damaged { path, .. }) => assert!(path.ends_with("checkpoint")),
                Err(error) => panic!("{error}"),
            }
            let checkpoint = std::path::Path::new("/data/journal/1/0/checkpoint");
            let disk = machine.handle_for(common::SHARD).disk;
            disk.remove_file(checkpoint).await.unwrap();
            let error = common::try_open(&machine, |_| ()).await.err().unwrap();
            assert!(
                matches!(&error, OpenError::CheckpointMissing { path } if path == checkpoint),
                "{error}"
            );
        });
    }
}

/// The first file of the journal, to be damaged.
async fn first_journal_file(machine: &corelog_sim::Machine) -> std::rc::Rc<dyn corelog_runtime::File> {
    let path = std::path::Path::new("/data/journal/1/0/00000000.journal");
    let options = corelog_runtime::OpenOptions {
        write: true,
        ..Default::default()
    };
    let disk = machine.handle_for(common::SHARD).disk;
    disk.open(path, options).await.unwrap()
}

#[test]
fn a_damaged_acknowledged_frame_is_not_skipped() {
    let sim = simulation(5);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        for _ in 0..5 {
            append(&log, Fields::default()).await;
        }
    });
    machine.kill();
    sim.block_on(async {
        // The third frame's header: two frames of a page each lie before it.
        let file = first_journal_file(&machine).await;
        file.write_at(2 * 4096 + 16, bytes::Bytes::from_static(b"damage"))
            .await
            .unwrap();
        file.sync().await.unwrap();
        let error = common::try_open(&machine, |_| ()).await.err().unwrap();
        assert!(
            matches!(error, OpenError::JournalDamaged { position: 8192, .. }),
            "{error}"
        );
    });
}

#[test]
fn a_damaged_acknowledged_frame_is_not_skipped_by_smaller_settings() {
    let sim = simulation(5);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let mut logs = Vec::new();
        for index in 0..4 {
            logs.push(
                storage
                    .create_partition(spec(index, small_config()))
                    .await
                    .unwrap(),
            );
        }
        // Each round is one frame of 60 KiB.
        for _ in 0..3 {
            let fields = Fields {
                size: 15_000,
                ..Fields::default()
            };
            futures_util::future::join_all(logs.iter().map(|log| append(log, fields))).await;
        }
    });
    machine.kill();
    sim.block_on(async {
        let file = first_journal_file(&machine).await;
        let length = usize::try_from(file.size().await.unwrap()).unwrap();
        let (_, content) = file
            .read_at(0, corelog_runtime::buffer::AlignedBuf::zeroed(length))
            .await;
        let frames: Vec<usize> = (0..length)
            .step_by(4096)
            .filter(|&at| content[at..].starts_with(b"CLJF"))
            .collect();
        let [.., damaged, newest] = frames[..] else {
            panic!("frames at {frames:?}");
        };
        assert!(newest - damaged > 3 * (16 << 10));
        let position = u64::try_from(damaged).unwrap();
        file.write_at(position + 16, bytes::Bytes::from_static(b"damage"))
            .await
            .unwrap();
        file.sync().await.unwrap();
        let error = common::try_open(&machine, |options| {
            options.frame_bytes_max = 16 << 10;
            options.bypass_bytes_min = 8 << 10;
            options.commits_in_flight_max = 1;
        });
        let error = error.await.err().expect("what was acknowledged is damaged");
        assert!(
            matches!(error, OpenError::JournalDamaged { position: found, .. } if found == position),
            "{error}"
        );
    });
}

#[test]
fn a_batch_whose_epoch_is_damaged_is_not_served() {
    let sim = simulation(6);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        append(&log, Fields::default()).await;
        storage.close().await.unwrap();
        // The leader epoch of a batch, which its checksum does not cover.
        let path = format!("/data/{}/00000000000000000000.log", log.directory());
        let options = corelog_runtime::OpenOptions {
            write: true,
            ..Default::default()
        };
        let disk = machine.handle_for(common::SHARD).disk;
        let file = disk.open(std::path::Path::new(&path), options).await.unwrap();
        file.write_at(12, bytes::Bytes::from_static(&[1])).await.unwrap();
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        let error = log
            .read(offset(0), 5000, ReadIsolation::HighWatermark)
            .await
            .unwrap_err();
        assert!(matches!(error, ReadError::Corrupt(_)), "{error}");
    });
}
