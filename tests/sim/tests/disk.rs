//! What the simulated disk keeps and what it loses.

use std::path::Path;
use std::rc::Rc;

use bytes::Bytes;
use corelog_model::ShardId;
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::{File, Handle, OpenOptions};
use corelog_sim::{Fault, FaultRule, Machine, Operation, Options, Simulation, Survival};

const CREATE: OpenOptions = OpenOptions {
    write: true,
    create: true,
    create_new: false,
    truncate: false,
    direct: false,
};

fn world(seed: u64) -> (Simulation, Machine, Handle) {
    let sim = Simulation::new(seed, Options::default());
    let machine = sim.machine(0);
    let handle = machine.handle_for(ShardId::new(0));
    (sim, machine, handle)
}

async fn create(handle: &Handle, path: &str) -> Rc<dyn File> {
    let path = Path::new(path);
    let parent = path.parent().unwrap();
    handle.disk.create_dir_all(parent).await.unwrap();
    let file = handle.disk.open(path, CREATE).await.unwrap();
    handle.disk.sync_filesystem(parent).await.unwrap();
    file
}

fn page(byte: u8) -> Bytes {
    Bytes::from(vec![byte; PAGE])
}

#[test]
fn what_was_synced_survives_and_what_was_not_is_gone() {
    let (sim, machine, handle) = world(1);
    sim.block_on(async {
        let file = create(&handle, "/d/a").await;
        file.write_at(0, page(1)).await.unwrap();
        file.sync().await.unwrap();
        file.write_at(0, page(2)).await.unwrap();
        file.write_at(PAGE as u64, page(3)).await.unwrap();
    });
    assert_eq!(machine.peek(Path::new("/d/a")).unwrap().len(), 2 * PAGE);
    machine.lose_power(Some(Survival::Nothing));
    assert_eq!(machine.peek(Path::new("/d/a")).unwrap(), vec![1; PAGE]);
}

#[test]
fn a_kill_leaves_the_page_cache_and_ends_the_tasks() {
    let (sim, machine, handle) = world(2);
    let clock = Rc::clone(&handle.clock);
    let ticks = Rc::new(std::cell::Cell::new(0));
    let counter = Rc::clone(&ticks);
    handle.spawn(corelog_runtime::WorkClass::Normal, "ticker", async move {
        loop {
            counter.set(counter.get() + 1);
            clock
                .sleep_until(clock.now() + std::time::Duration::from_millis(1))
                .await;
        }
    });
    sim.block_on(async {
        let file = create(&handle, "/d/a").await;
        file.write_at(0, page(7)).await.unwrap();
    });
    machine.kill();
    let before = ticks.get();
    sim.run_for(std::time::Duration::from_secs(1));
    assert!(before > 0);
    assert_eq!(ticks.get(), before);
    assert_eq!(sim.task_count(), 0);
    assert_eq!(machine.peek(Path::new("/d/a")).unwrap(), vec![7; PAGE]);
    machine.assert_quiescent(0);
}

#[test]
fn a_sync_covers_only_what_was_complete_at_its_submission() {
    // The write is in flight when the sync is submitted: over the seeds it is durable at times, and at times not.
    let mut kept = 0;
    for seed in 0..64 {
        let (sim, machine, handle) = world(seed);
        sim.block_on(async {
            let file = create(&handle, "/d/a").await;
            let write = file.write_at(0, page(1));
            let sync = file.sync();
            write.await.unwrap();
            sync.await.unwrap();
        });
        machine.lose_power(Some(Survival::Nothing));
        kept += machine.peek(Path::new("/d/a")).unwrap().len() / PAGE;
    }
    assert_eq!(kept, 0, "a sync must not be trusted with a write that it raced");
}

#[test]
fn pages_are_torn_at_sectors() {
    let mut mixed = 0;
    for seed in 0..32 {
        let (sim, machine, handle) = world(seed);
        sim.block_on(async {
            let file = create(&handle, "/d/a").await;
            file.write_at(0, page(1)).await.unwrap();
            file.sync().await.unwrap();
            file.write_at(0, page(2)).await.unwrap();
        });
        machine.lose_power(Some(Survival::Sectors));
        let bytes = machine.peek(Path::new("/d/a")).unwrap();
        for sector in bytes.chunks(512) {
            assert!(sector.iter().all(|byte| *byte == sector[0]) && [1, 2].contains(&sector[0]));
        }
        mixed += u32::from(bytes.contains(&1) && bytes.contains(&2));
    }
    assert!(mixed > 16, "{mixed} of 32 pages were torn");
}

#[test]
fn names_are_durable_by_the_sync_of_their_directory() {
    let check = |sync: bool| {
        let (sim, machine, handle) = world(3);
        sim.block_on(async {
            create(&handle, "/d/old").await;
            handle
                .disk
                .rename(Path::new("/d/old"), Path::new("/d/new"))
                .await
                .unwrap();
            if sync {
                handle.disk.sync_dir(Path::new("/d")).await.unwrap();
            }
        });
        machine.lose_power(Some(Survival::Nothing));
        machine.files()
    };
    assert_eq!(check(true), ["/d/new"]);
    assert_eq!(check(false), ["/d/old"]);
}

#[test]
fn an_unlinked_file_comes_back_unless_the_directory_was_synced() {
    let check = |sync: bool| {
        let (sim, machine, handle) = world(4);
        sim.block_on(async {
            let file = create(&handle, "/d/a").await;
            file.write_durably_at(0, page(5)).await.unwrap();
            drop(file);
            handle.disk.remove_file(Path::new("/d/a")).await.unwrap();
            if sync {
                handle.disk.sync_dir(Path::new("/d")).await.unwrap();
            }
        });
        assert_eq!(machine.files(), [""; 0]);
        machine.lose_power(Some(Survival::Nothing));
        machine.peek(Path::new("/d/a"))
    };
    assert_eq!(check(true), None);
    assert_eq!(check(false), Some(vec![5; PAGE]));
}

#[test]
fn after_a_failed_sync_pages_are_clean_yet_not_durable() {
    let mut lost = 0;
    for seed in 0..32 {
        let (sim, machine, handle) = world(seed);
        machine.inject(FaultRule::new("/d/*", Operation::Sync, 1, Fault::Fail));
        sim.block_on(async {
            let file = create(&handle, "/d/a").await;
            file.write_at(0, page(1)).await.unwrap();
            assert_eq!(file.sync().await.unwrap_err().source.raw_os_error(), Some(5));
            // The retry reports success, and this is why nobody may retry.
            file.sync().await.unwrap();
        });
        machine.lose_power(Some(Survival::Nothing));
        lost += u32::from(machine.peek(Path::new("/d/a")).unwrap() != vec![1; PAGE]);
    }
    assert!((1..32).contains(&lost), "{lost} of 32 were lost");
}

#[test]
fn a_failed_sync_of_the_file_system_is_heard_by_the_next_sync_of_a_file() {
    let (sim, machine, handle) = world(8);
    sim.block_on(async {
        let (dirty, clean) = (create(&handle, "/d/a").await, create(&handle, "/d/b").await);
        machine.inject(FaultRule::new("*", Operation::SyncFilesystem, 1, Fault::Fail));
        clean.sync().await.unwrap();
        dirty.write_at(0, page(1)).await.unwrap();
        handle.disk.sync_filesystem(Path::new("/d")).await.unwrap_err();
        clean.sync().await.unwrap();
        assert_eq!(dirty.sync().await.unwrap_err().source.raw_os_error(), Some(5));
        dirty.sync().await.unwrap();
    });
}

#[test]
fn dropped_futures_leave_their_operations_running() {
    let (sim, machine, handle) = world(5);
    sim.block_on(async {
        let file = create(&handle, "/d/a").await;
        drop(file.write_at(0, page(9)));
    });
    sim.run_for(std::time::Duration::from_secs(1));
    machine.assert_quiescent(0);
    assert_eq!(machine.peek(Path::new("/d/a")).unwrap(), vec![9; PAGE]);
}

#[test]
fn allocated_space_reads_as_zeros_and_truncation_forgets() {
    let (sim, _machine, handle) = world(6);
    sim.block_on(async {
        let file = create(&handle, "/d/a").await;
        file.allocate(3 * PAGE as u64).await.unwrap();
        assert_eq!(file.size().await.unwrap(), 3 * PAGE as u64);
        file.write_at(0, page(1)).await.unwrap();
        file.truncate(100).await.unwrap();
        file.truncate(PAGE as u64).await.unwrap();
        let (read, buffer) = file.read_at(0, AlignedBuf::zeroed(2 * PAGE)).await;
        assert_eq!(read.unwrap(), PAGE);
        assert!(buffer[..100].iter().all(|byte| *byte == 1) && buffer[100..].iter().all(|byte| *byte == 0));
    });
}

#[test]
#[should_panic(expected = "is not aligned to pages")]
fn direct_writes_are_checked_for_alignment() {
    let (sim, _machine, handle) = world(7);
    sim.block_on(async {
        let options = OpenOptions {
            direct: true,
            ..CREATE
        };
        let file = handle.disk.open(Path::new("/a"), options).await.unwrap();
        file.write_at(512, AlignedBuf::zeroed(PAGE).freeze())
            .await
            .unwrap();
    });
}

#[test]
fn a_full_disk_says_so_until_there_is_room() {
    let (sim, machine, handle) = world(8);
    machine.set_disk_capacity(Some(4 * PAGE as u64));
    sim.block_on(async {
        let file = create(&handle, "/d/a").await;
        file.allocate(2 * PAGE as u64).await.unwrap();
        machine.set_disk_ballast(2 * PAGE as u64);
        file.write_at(0, page(1)).await.unwrap(); // Reserved already.
        assert!(
            file.write_at(2 * PAGE as u64, page(1))
                .await
                .unwrap_err()
                .is_full()
        );
        machine.set_disk_ballast(0);
        file.write_at(2 * PAGE as u64, page(1)).await.unwrap();
        assert_eq!(machine.disk_used(), 3 * PAGE as u64);
        drop(file);
        handle.disk.remove_file(Path::new("/d/a")).await.unwrap();
    });
    assert_eq!(machine.disk_used(), 0);
}

#[test]
fn a_script_lasts_as_long_as_it_says_or_until_it_is_ended() {
    let (sim, machine, handle) = world(8);
    let full = |nth, count| FaultRule {
        count,
        ..FaultRule::new("/d/*-*", Operation::CreateDir, nth, Fault::Full)
    };
    machine.inject(full(2, 1));
    sim.block_on(async {
        let make = async |path: &str| handle.disk.create_dir_all(Path::new(path)).await;
        for path in ["/d", "/d/a-0"] {
            make(path).await.unwrap();
        }
        assert!(make("/d/a-1").await.unwrap_err().is_full());
        assert_eq!(machine.directories(Path::new("/d")), ["a-0"]);
        make("/d/a-1").await.unwrap();
        machine.inject(full(1, 100));
        make("/d/a-2").await.unwrap_err();
        machine.clear_scripts();
        make("/d/a-2").await.unwrap();
        create(&handle, "/d/file").await;
    });
    assert_eq!(machine.directories(Path::new("/d")), ["a-0", "a-1", "a-2"]);
    assert!(machine.directories(Path::new("/none")).is_empty());
}

#[test]
fn misdirected_and_rotten_bytes_report_success_and_are_known_to_the_oracle() {
    let (sim, machine, handle) = world(9);
    machine.inject(FaultRule::new("/d/a", Operation::Write, 2, Fault::Misdirect));
    machine.inject(FaultRule::new("/d/a", Operation::Read, 1, Fault::Misdirect));
    machine.inject(FaultRule::new("/d/a", Operation::Read, 2, Fault::Rot));
    sim.block_on(async {
        let file = create(&handle, "/d/a").await;
        let pages: Vec<u8> = (1..=8).flat_map(|byte| [byte; PAGE]).collect();
        file.write_at(0, pages.into()).await.unwrap();
        file.write_at(0, page(99)).await.unwrap();
        let now = machine.peek(Path::new("/d/a")).unwrap();
        assert_eq!(now[0], 1);
        assert_eq!(now.iter().filter(|byte| **byte == 99).count(), PAGE);
        assert!(
            machine
                .damage()
                .iter()
                .any(|damage| damage.position == 0 && damage.length == PAGE as u64)
        );

        let known = machine.damage().len();
        let (read, buffer) = file.read_at(0, AlignedBuf::zeroed(PAGE)).await;
        assert_eq!(read.unwrap(), PAGE);
        assert_ne!(buffer[0], 1);
        assert_eq!(
            machine.damage().len(),
            known,
            "a misdirected read damages nothing"
        );

        let (read, buffer) = file.read_at(0, AlignedBuf::zeroed(PAGE)).await;
        assert_eq!(read.unwrap(), PAGE);
        assert_eq!(buffer.iter().filter(|byte| **byte != 1).count(), 1);
        let damage = machine.damage().pop().unwrap();
        assert_ne!(buffer[usize::try_from(damage.position).unwrap()], 1);
    });
    let before = machine.peek(Path::new("/d/a")).unwrap();
    let damage = machine.rot("/d/*", 1).pop().unwrap();
    let after = machine.peek(Path::new("/d/a")).unwrap();
    let changed: Vec<u64> = (0..)
        .zip(before.iter().zip(&after))
        .filter(|(_, (a, b))| a != b)
        .map(|(at, _)| at)
        .collect();
    assert_eq!(changed, [damage.position]);
}

#[test]
fn a_failed_write_leaves_a_prefix_at_most() {
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 0..32 {
        for fault in [Fault::Fail, Fault::Short, Fault::Full] {
            let (sim, machine, handle) = world(seed);
            machine.inject(FaultRule::new("/d/a", Operation::Write, 1, fault));
            sim.block_on(async {
                let file = create(&handle, "/d/a").await;
                let error = file
                    .write_at(0, Bytes::from(vec![1; 4 * PAGE]))
                    .await
                    .unwrap_err();
                assert_eq!(error.is_full(), fault == Fault::Full);
            });
            lengths.insert(machine.peek(Path::new("/d/a")).unwrap().len());
        }
    }
    assert!(
        lengths.len() > 5 && lengths.iter().all(|length| *length < 4 * PAGE),
        "{lengths:?}"
    );
}

#[test]
fn operations_in_flight_complete_in_any_order_and_a_slow_disk_is_slow() {
    let mut reordered = 0;
    for seed in 0..16 {
        let (sim, machine, handle) = world(seed);
        sim.block_on(async {
            let file = create(&handle, "/d/a").await;
            // Two writes to one page in flight at once: the later call may well land first.
            let (first, second) = (file.write_at(0, page(1)), file.write_at(0, page(2)));
            second.await.unwrap();
            first.await.unwrap();
            reordered += u32::from(machine.peek(Path::new("/d/a")).unwrap()[0] == 1);

            machine.slow_disk(100);
            let before = sim.now();
            file.write_at(0, page(3)).await.unwrap();
            assert!(sim.now().since(before) >= std::time::Duration::from_millis(2));
        });
        assert_eq!(machine.disk_counters().operations, 6);
        assert_eq!(machine.disk_counters().bytes_written, 3 * PAGE as u64);
    }
    assert!((1..16).contains(&reordered), "{reordered} of 16");
}

#[test]
fn a_crash_catches_writes_in_flight_whole_in_part_or_not_at_all() {
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 0..64 {
        let (sim, machine, handle) = world(seed);
        sim.block_on(async {
            let file = create(&handle, "/d/a").await;
            drop(file.write_at(0, Bytes::from(vec![1; 2 * PAGE])));
            machine.kill();
        });
        lengths.insert(machine.peek(Path::new("/d/a")).unwrap().len());
    }
    assert!(
        lengths.contains(&0) && lengths.contains(&(2 * PAGE)) && lengths.len() > 4,
        "{lengths:?}"
    );
}

#[test]
fn lengths_that_were_not_synced_are_kept_or_lost() {
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 0..32 {
        let (sim, machine, handle) = world(seed);
        sim.block_on(async {
            let file = create(&handle, "/d/a").await;
            file.write_durably_at(0, page(1)).await.unwrap();
            file.write_at(PAGE as u64, page(2)).await.unwrap();
        });
        machine.lose_power(Some(Survival::Pages));
        let bytes = machine.peek(Path::new("/d/a")).unwrap();
        assert!(bytes[..PAGE].iter().all(|byte| *byte == 1));
        lengths.insert((bytes.len(), bytes.last().copied()));
    }
    // Gone; there; there in length alone, and reading as zeros.
    let expected = [(PAGE, Some(1)), (2 * PAGE, Some(0)), (2 * PAGE, Some(2))];
    assert_eq!(lengths.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_rename_over_a_file_leaves_one_of_the_two() {
    let mut found = std::collections::BTreeSet::new();
    for seed in 0..32 {
        let (sim, machine, handle) = world(seed);
        sim.block_on(async {
            create(&handle, "/d/a")
                .await
                .write_durably_at(0, page(1))
                .await
                .unwrap();
            let file = create(&handle, "/d/a.new").await;
            file.write_durably_at(0, page(2)).await.unwrap();
            handle
                .disk
                .rename(Path::new("/d/a.new"), Path::new("/d/a"))
                .await
                .unwrap();
        });
        machine.lose_power(None);
        found.insert(machine.peek(Path::new("/d/a")).unwrap()[0]);
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [1, 2]);
}
