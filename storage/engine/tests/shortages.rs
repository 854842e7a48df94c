//! Descriptors and room that run out for a while: what must be done is done later, and nothing is fenced.

mod common;

use std::rc::Rc;
use std::time::Duration;

use common::{Fields, append, id, offset, open, read_all, simulation, small_config, spec, valid};
use corelog_sim::{Fault, FaultChances, FaultRule, Machine, Operation, Simulation, Survival};
use corelog_storage::{AppendError, AppendOptions, CheckpointSync, PartitionLog, Storage, SyncMethod};

/// So much goes straight to its segment.
fn large() -> Fields {
    Fields {
        size: 40_000,
        ..Fields::default()
    }
}

/// Appends large batches, which go straight to segments and fill some, and small ones.
async fn fill(log: &Rc<PartitionLog>, refused: &mut usize) -> i64 {
    let mut acknowledged = 0;
    for number in 0..30 {
        let fields = if number % 3 == 0 {
            Fields::default()
        } else {
            large()
        };
        match log.append(vec![valid(fields)], AppendOptions::default()).await {
            Ok(_) => acknowledged += 1,
            Err(AppendError::Io(_) | AppendError::DiskFull(_)) => *refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    acknowledged
}

fn check_whole(sim: &Simulation, machine: &Machine, acknowledged: i64) {
    machine.clear_faults();
    machine.lose_power(Some(Survival::Nothing));
    sim.block_on(async {
        let storage = open(machine).await;
        let log = storage.partition(&id(0)).unwrap();
        assert_eq!(log.offsets().high_watermark, offset(acknowledged));
        assert_eq!(
            read_all(&log, 1 << 20).await.len(),
            usize::try_from(acknowledged).unwrap()
        );
        append(&log, Fields::default()).await;
        storage.close().await.unwrap();
    });
}

/// One of three opens finds no descriptor, wherever it is: of a segment, a directory to sync, a checkpoint's file, a
/// file of the journal.
#[test]
fn an_open_that_finds_no_descriptor_fences_nothing() {
    let mut refused = 0;
    for (sync_method, checkpoint_sync) in [
        (SyncMethod::Dsync, CheckpointSync::Files),
        (SyncMethod::Dsync, CheckpointSync::Filesystem),
        (SyncMethod::WriteThenSync, CheckpointSync::Files),
    ] {
        for seed in 0..20 {
            let sim = simulation(seed);
            let machine = sim.machine(0);
            let acknowledged = sim.block_on(async {
                let opened = common::try_open(&machine, |options| {
                    options.sync_method = sync_method;
                    options.checkpoint_sync = checkpoint_sync;
                });
                let storage = opened.await.unwrap();
                let log = storage.create_partition(spec(0, small_config())).await.unwrap();
                machine.set_fault_chances(FaultChances {
                    starved: 333_333,
                    ..FaultChances::default()
                });
                let acknowledged = fill(&log, &mut refused).await;
                assert!(!storage.is_fenced(), "seed {seed}");
                acknowledged
            });
            check_whole(&sim, &machine, acknowledged);
        }
    }
    assert!(refused > 0, "what can be refused is");
}

/// As on a file system that copies on write, writes over blocks that are there find no room.
fn write_on_a_full_disk(
    pattern: &str,
    sync_method: SyncMethod,
    direct: bool,
) -> Option<(Simulation, Machine)> {
    let sim = simulation(3);
    let machine = sim.machine(0);
    let is_fenced = sim.block_on(async {
        let opened = common::try_open(&machine, |options| {
            options.sync_method = sync_method;
            options.direct = direct;
        });
        let storage: Rc<Storage> = opened.await.unwrap();
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        append(&log, Fields::default()).await;
        machine.inject(FaultRule {
            count: 20,
            ..FaultRule::new(pattern, Operation::Write, 1, Fault::Full)
        });
        let first = log.append(vec![valid(large())], AppendOptions::default());
        sim.sleep(Duration::from_millis(20)).await;
        if storage.is_fenced() {
            return true;
        }
        let error = log
            .append(vec![valid(Fields::default())], AppendOptions::default())
            .await
            .unwrap_err();
        assert!(matches!(error, AppendError::DiskFull(_)), "{error}");
        assert!(storage.stats().waiting > 0);
        first.await.unwrap();
        append(&log, Fields::default()).await;
        assert_eq!(storage.stats().waiting, 0);
        false
    });
    (!is_fenced).then_some((sim, machine))
}

#[test]
fn a_write_that_finds_no_room_waits_for_it() {
    for pattern in ["*.journal", "*.log"] {
        for sync_method in [SyncMethod::Dsync, SyncMethod::WriteThenSync] {
            let (sim, machine) = write_on_a_full_disk(pattern, sync_method, true)
                .unwrap_or_else(|| panic!("{pattern} {sync_method:?}: fenced"));
            check_whole(&sim, &machine, 3);
        }
    }
}

/// A process that may have a few files open reads and writes more of them than that at once.
#[test]
fn no_more_files_are_open_than_may_be() {
    const OPEN_MAX: usize = 3;
    let sim = simulation(1);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = common::try_open(&machine, |options| options.open_files_max = OPEN_MAX).await;
        let storage = storage.unwrap();
        let mut logs = Vec::new();
        for index in 0..12 {
            logs.push(
                storage
                    .create_partition(spec(index, small_config()))
                    .await
                    .unwrap(),
            );
        }
        for _ in 0..6 {
            let appends: Vec<_> = logs
                .iter()
                .map(|log| log.append(vec![valid(large())], AppendOptions::default()))
                .collect();
            for appended in futures_util::future::join_all(appends).await {
                appended.unwrap();
                assert!(storage.stats().open_files <= 3, "{}", storage.stats().open_files);
            }
        }
        storage.checkpoint().await.unwrap();
        let reads = logs.iter().map(|log| read_all(log, 1 << 20));
        for batches in futures_util::future::join_all(reads).await {
            assert_eq!(batches.len(), 6);
        }
        assert!(storage.stats().open_files <= 3);
    });
}
