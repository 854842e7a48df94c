//! Leader epochs without records: over crashes, clean closes, and other numbers of shards (KIP-101, KIP-320).

mod common;

use std::path::Path;
use std::rc::Rc;

use common::*;
use corelog_model::{LeaderEpoch, ShardId};
use corelog_sim::{Machine, Survival};
use corelog_storage::{PartitionLog, ReadError, Storage, prepare_layout};

/// How a life ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Killed,
    PowerLost,
    Closed,
}

const ENDS: [End; 3] = [End::Killed, End::PowerLost, End::Closed];

async fn end(machine: &Machine, storage: Rc<Storage>, how: End) {
    if let End::Closed = how {
        storage.close().await.unwrap();
    }
    drop(storage);
    match how {
        End::Killed | End::Closed => machine.kill(),
        End::PowerLost => drop(machine.lose_power(Some(Survival::Nothing))),
    }
}

/// The next leader takes over, as at a start of the broker.
fn lead(log: &PartitionLog, epoch: i32) {
    log.set_leader_epoch(LeaderEpoch::new(epoch));
    assert_eq!(log.leader_epoch(), LeaderEpoch::new(epoch));
}

fn table(log: &PartitionLog) -> Vec<(i32, i64)> {
    let table = log.leader_epochs().into_iter();
    table.map(|(epoch, start)| (epoch.get(), start.get())).collect()
}

fn end_of(log: &PartitionLog, epoch: i32) -> Option<(i32, i64)> {
    let found = log.end_offset_for_epoch(LeaderEpoch::new(epoch)).unwrap();
    found.map(|(epoch, end)| (epoch.get(), end.get()))
}

#[test]
fn an_epoch_is_known_before_anything_is_appended_in_it() {
    let sim = simulation(1);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        assert_eq!((table(&log), end_of(&log, 3)), (vec![(3, 0)], Some((3, 0))));
        append(&log, Fields::default()).await;
        lead(&log, 4);
        assert_eq!(table(&log), [(3, 0), (4, 1)]);
        assert_eq!((end_of(&log, 3), end_of(&log, 4)), (Some((3, 1)), Some((4, 1))));
        assert_eq!(log.epoch_at(offset(1)), Some(LeaderEpoch::new(4)));
        // An older leader comes too late.
        log.set_leader_epoch(LeaderEpoch::new(2));
        assert_eq!(table(&log), [(3, 0), (4, 1)]);
    });
}

#[test]
fn what_was_told_of_an_epoch_holds_over_every_end_of_a_life() {
    for how in ENDS {
        let sim = simulation(2);
        let machine = sim.machine(0);
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.create_partition(spec(0, small_config())).await.unwrap();
            for _ in 0..5 {
                append(&log, Fields::default()).await;
            }
            drop(log);
            end(&machine, storage, how).await;
            // Many starts without an append leave one entry.
            for epoch in 4..14 {
                let storage = open(&machine).await;
                let log = storage.partition(&id(0)).unwrap();
                lead(&log, epoch);
                assert_eq!(table(&log), [(3, 0), (epoch, 5)], "{how:?}");
                assert_eq!(end_of(&log, 3), Some((3, 5)), "{how:?}");
                assert_eq!(end_of(&log, epoch), Some((epoch, 5)), "{how:?}");
                assert_eq!(end_of(&log, epoch + 1), None, "{how:?}");
                if epoch % 3 == 0 {
                    storage.checkpoint().await.unwrap();
                }
                drop(log);
                end(&machine, storage, how).await;
            }
            let storage = open(&machine).await;
            let log = storage.partition(&id(0)).unwrap();
            lead(&log, 14);
            append(&log, Fields::default()).await;
            drop(log);
            end(&machine, storage, how).await;
            let storage = open(&machine).await;
            let log = storage.partition(&id(0)).unwrap();
            assert_eq!(table(&log), [(3, 0), (14, 5)], "{how:?}");
            lead(&log, 15);
            assert_eq!(end_of(&log, 13), Some((3, 5)), "{how:?}");
            assert_eq!(end_of(&log, 14), Some((14, 6)), "{how:?}");
        });
    }
}

#[test]
fn the_epochs_of_an_emptied_log_hold() {
    for how in ENDS {
        let sim = simulation(3);
        let machine = sim.machine(0);
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.create_partition(spec(0, small_config())).await.unwrap();
            append(&log, Fields::default()).await;
            lead(&log, 4);
            append(&log, Fields::default()).await;
            assert_eq!(log.delete_records(Some(offset(1))).await.unwrap(), offset(1));
            assert_eq!(table(&log), [(4, 1)]);
            assert_eq!(log.delete_records(None).await.unwrap(), offset(2));
            assert_eq!(table(&log), [(4, 2)]);
            drop(log);
            end(&machine, storage, how).await;
            let storage = open(&machine).await;
            let log = storage.partition(&id(0)).unwrap();
            assert_eq!(table(&log), [(4, 2)], "{how:?}");
            lead(&log, 5);
            assert_eq!(table(&log), [(5, 2)], "{how:?}");
            assert_eq!(end_of(&log, 3), Some((3, 2)), "{how:?}");
            assert_eq!(end_of(&log, 4), Some((4, 2)), "{how:?}");
        });
    }
}

#[test]
fn epochs_hold_when_the_number_of_shards_changes() {
    for how in ENDS {
        let sim = simulation(4);
        let machine = sim.machine(0);
        sim.block_on(async {
            let mut epoch = 3;
            for shards in [1u16, 3, 2, 1] {
                let handle = machine.handle_for(SHARD);
                let of = move |id: &_| shard_of(id, shards);
                let layout = prepare_layout(handle, Path::new(DIR), true, shards, of, |_| ()).await;
                let owner = shard_of(&id(1), shards);
                let options = small_options(layout.unwrap(), owner);
                let handle = machine.handle_for(ShardId::new(owner.get()));
                let storage = Storage::open(handle, options, |_| ()).await.unwrap();
                let log = match storage.partition(&id(1)) {
                    Some(log) => log,
                    None => {
                        let log = storage.create_partition(spec(1, small_config())).await.unwrap();
                        append(&log, Fields::default()).await;
                        log
                    }
                };
                epoch += 1;
                lead(&log, epoch);
                assert_eq!(table(&log), [(3, 0), (epoch, 1)], "{how:?} {shards}");
                assert_eq!(end_of(&log, 3), Some((3, 1)), "{how:?} {shards}");
                drop(log);
                end(&machine, storage, how).await;
            }
        });
    }
}

#[test]
fn a_log_that_was_found_corrupt_tells_no_ends() {
    let sim = simulation(5);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        for _ in 0..3 {
            let fields = Fields {
                size: 40_000,
                ..Fields::default()
            };
            append(&log, fields).await;
        }
        let path = format!("{DIR}/{}/00000000000000000000.log", log.directory());
        drop(log);
        end(&machine, storage, End::Killed).await;
        // The second batch, which bypassed the journal: of what is left the end is not the end that was acknowledged.
        let options = corelog_runtime::OpenOptions {
            write: true,
            ..Default::default()
        };
        let disk = machine.handle_for(SHARD).disk;
        let file = disk.open(Path::new(&path), options).await.unwrap();
        let damage = bytes::Bytes::from_static(b"damage");
        file.write_at(50_000, damage).await.unwrap();
        let storage = open(&machine).await;
        let log = storage.partition(&id(0)).unwrap();
        assert_eq!(log.offsets().log_end, offset(1));
        let error = log.end_offset_for_epoch(LeaderEpoch::new(3)).unwrap_err();
        assert!(matches!(error, ReadError::Corrupt(_)), "{error}");
    });
}
