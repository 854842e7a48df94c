//! A disk that fails, fills up, or damages what it holds.

mod common;

use common::{Fields, append, id, offset, open, read_all, simulation, small_config, spec, valid};
use corelog_sim::{Fault, FaultRule, Operation, Survival};
use corelog_storage::{AppendError, AppendOptions, CheckpointError, OpenError, ReadError, ReadIsolation};

#[test]
fn a_failed_sync_fences_the_shard_for_good() {
    for (operation, pattern) in [(Operation::Sync, "*.journal"), (Operation::Write, "*.journal")] {
        let sim = simulation(1);
        let machine = sim.machine(0);
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.create_partition(spec(0, small_config())).await.unwrap();
            append(&log, Fields::default()).await;
            machine.inject(FaultRule::new(pattern, operation, 1, Fault::Fail));
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
    let mut refused = 0;
    for seed in 0..200 {
        let sim = simulation(seed);
        let machine = sim.machine(0);
        let acknowledged = sim.block_on(async {
            let opened = common::try_open(&machine, |options| options.commits_in_flight_max = 4).await;
            let storage = opened.unwrap();
            let log = storage.create_partition(spec(0, small_config())).await.unwrap();
            machine.inject(FaultRule::new("*.journal", Operation::Sync, 3, Fault::Fail));
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
                "seed {seed}: {acknowledged} acknowledged, {end} there"
            );
        });
    }
    assert!(refused > 0, "no sync failed");
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
            match log.read(at, 5000, ReadIsolation::Committed).await {
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
        machine.rot("*checkpoint", 1);
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
        let path = std::path::Path::new("/data/journal/1/0/00000000.journal");
        let disk = machine.handle_for(common::SHARD).disk;
        let options = corelog_runtime::OpenOptions {
            write: true,
            ..Default::default()
        };
        let file = disk.open(path, options).await.unwrap();
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
            .read(offset(0), 5000, ReadIsolation::Committed)
            .await
            .unwrap_err();
        assert!(matches!(error, ReadError::Corrupt(_)), "{error}");
    });
}
