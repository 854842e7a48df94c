//! Appending, reading, restarting.

mod common;

use std::time::Duration;

use common::{Fields, append, id, layout, offset, open, read_all, simulation, small_config, spec};
use corelog_sim::Survival;
use corelog_storage::ReadIsolation;

#[test]
fn what_is_acknowledged_survives_a_power_loss() {
    let sim = simulation(1);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        let first = append(
            &log,
            Fields {
                records: 3,
                ..Fields::default()
            },
        )
        .await;
        assert_eq!((first.base_offset, first.last_offset), (offset(0), offset(2)));
        let second = append(
            &log,
            Fields {
                size: 5000,
                ..Fields::default()
            },
        )
        .await;
        assert_eq!(second.base_offset, offset(3));
        assert_eq!(read_all(&log, 100).await.len(), 2);
        assert_eq!(log.offsets().high_watermark, offset(4));
    });
    machine.lose_power(Some(Survival::Nothing));
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        log.set_config(small_config());
        assert_eq!(log.offsets().log_end, offset(4));
        let batches = read_all(&log, 1 << 20).await;
        assert_eq!(batches.len(), 2);
        assert_eq!(batches[0].0.leader_epoch.get(), 3);
        let third = append(&log, Fields::default()).await;
        assert_eq!(third.base_offset, offset(4));
        assert_eq!(read_all(&log, 1 << 20).await.len(), 3);
    });
}

#[test]
fn reads_come_from_segments_when_the_tail_is_gone() {
    let sim = simulation(2);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        for n in 0..400 {
            append(
                &log,
                Fields {
                    size: 500 + n * 7,
                    fill: 3,
                    ..Fields::default()
                },
            )
            .await;
        }
        assert!(log.segment_count() > 5, "{}", log.segment_count());
        for step in [1, 3000, 50_000, 1 << 20] {
            assert_eq!(read_all(&log, step).await.len(), 400);
        }
        let stats = storage.stats();
        assert!(stats.disk_read_bytes > 0 && stats.checkpoints > 0, "{stats:?}");
        assert!(stats.cache_bytes <= 300 << 10, "{stats:?}");
        storage.close().await.unwrap();
        let slice = log
            .read(offset(7), 1, ReadIsolation::HighWatermark)
            .await
            .unwrap();
        assert_eq!(slice.bytes, 549);
    });
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        assert_eq!(read_all(&log, 30_000).await.len(), 400);
        assert_eq!(storage.stats().frames, 0);
    });
}

#[test]
fn the_cache_grows_when_readers_miss_what_went() {
    let sim = simulation(4);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = common::try_open(&machine, |options| options.cache_bytes_max = 8 << 20)
            .await
            .unwrap();
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        let write = async || {
            for _ in 0..100 {
                let fields = Fields {
                    size: 50_000,
                    ..Fields::default()
                };
                append(&log, fields).await;
            }
            storage.stats().cache_bytes
        };
        let nobody_reads = write().await;
        assert!(nobody_reads < 3 << 20, "{nobody_reads}");
        read_all(&log, 1 << 20).await;
        let after_a_reader = write().await;
        assert!(after_a_reader > 4 << 20, "{after_a_reader}");
    });
}

#[test]
fn a_thousand_partitions_share_few_frames() {
    let sim = simulation(3);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = common::try_open(&machine, |options| {
            options.frame_bytes_max = 1 << 20;
            options.journal_file_bytes = 4 << 20;
            options.cache_bytes_max = 64 << 20;
            options.dirty_bytes_max = 16 << 20;
        })
        .await
        .unwrap();
        let made = (0..1000).map(|n| storage.create_partition(spec(n, small_config())));
        let logs: Vec<_> = futures_util::future::try_join_all(made).await.unwrap();
        // Room is reserved by the first append of each.
        futures_util::future::join_all(logs.iter().map(|log| append(log, Fields::default()))).await;
        let before = storage.stats();
        futures_util::future::join_all(logs.iter().map(|log| append(log, Fields::default()))).await;
        let after = storage.stats();
        assert_eq!(after.frame_entries - before.frame_entries, 1000);
        assert!(
            after.frames - before.frames <= 3,
            "{} frames",
            after.frames - before.frames
        );
    });
    let _ = (Duration::ZERO, layout);
}
