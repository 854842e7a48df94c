//! Random work, random deaths, and a model of what must be there afterwards.

mod common;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use common::{Fields, id, read_all, simulation, small_config, spec, valid};
use corelog_sim::{Machine, SimRng, Simulation};
use corelog_storage::{AppendOptions, LogConfig, Storage, StorageOptions, SyncMethod};

/// One append that was asked for.
#[derive(Clone, Copy, Debug)]
struct Sent {
    size: usize,
    records: i32,
    /// Where it was said to be.
    acknowledged_at: Option<i64>,
}

/// What a partition may and must hold.
#[derive(Default)]
struct Model {
    sent: BTreeMap<i64, Sent>,
    /// What a reader has seen below the high watermark: it never changes again.
    seen: BTreeMap<i64, i64>,
    log_start_min: i64,
    log_start_max: i64,
}

#[derive(Default)]
struct World {
    partitions: RefCell<BTreeMap<i32, Model>>,
    next_tag: Cell<i64>,
}

impl World {
    fn with<T>(&self, index: i32, run: impl FnOnce(&mut Model) -> T) -> T {
        run(self.partitions.borrow_mut().entry(index).or_default())
    }
}

/// Reads a partition whole and compares it with what is known of it.
async fn check(storage: &Storage, world: &World, index: i32, seed: u64, step: usize) {
    let Some(log) = storage.partition(&id(index)) else {
        assert!(
            world.with(index, |model| model.sent.is_empty()),
            "seed {seed}: partition {index} is gone"
        );
        return;
    };
    assert_eq!(log.corruption(), None, "seed {seed}, partition {index}");
    let batches = read_all(&log, step).await;
    let offsets = log.offsets();
    world.with(index, |model| {
        let start = offsets.log_start.get();
        assert!(
            (model.log_start_min..=model.log_start_max).contains(&start),
            "seed {seed}, partition {index}: the log starts at {start}, not within {}..={}",
            model.log_start_min,
            model.log_start_max
        );
        let found: BTreeMap<i64, i64> = batches
            .iter()
            .map(|(header, _)| (header.base_offset.get(), header.max_timestamp.get()))
            .collect();
        let mut last_tag = -1;
        for (header, bytes) in &batches {
            let tag = header.max_timestamp.get();
            let sent = model
                .sent
                .get(&tag)
                .unwrap_or_else(|| panic!("seed {seed}: {tag} was invented"));
            assert_eq!((bytes.len(), header.record_count), (sent.size, sent.records));
            assert!(
                tag > last_tag,
                "seed {seed}, partition {index}: {tag} comes after {last_tag}"
            );
            last_tag = tag;
        }
        for (&tag, sent) in &model.sent {
            if let Some(at) = sent
                .acknowledged_at
                .filter(|&at| at + i64::from(sent.records) > start)
            {
                assert_eq!(
                    found.get(&at),
                    Some(&tag),
                    "seed {seed}, partition {index}: {tag} at {at}"
                );
            }
        }
        for (at, tag) in model.seen.range(start..) {
            assert_eq!(
                found.get(at),
                Some(tag),
                "seed {seed}, partition {index}: offset {at} changed"
            );
        }
        model.seen = found;
    });
}

async fn write(storage: Rc<Storage>, world: Rc<World>, index: i32, mut random: SimRng) {
    let log = storage.partition(&id(index)).expect("made before");
    loop {
        let burst = 1 + random.below(6);
        let mut waiting = Vec::new();
        for _ in 0..burst {
            let tag = world.next_tag.get();
            world.next_tag.set(tag + 1);
            let size = match random.below(10) {
                0 => 61 + random.index(60_000),
                1..4 => 61 + random.index(9_000),
                _ => 61 + random.index(600),
            };
            let records = 1 + i32::try_from(random.below(9)).unwrap();
            let sent = Sent {
                size,
                records,
                acknowledged_at: None,
            };
            world.with(index, |model| model.sent.insert(tag, sent));
            let batch = valid(Fields {
                size,
                records,
                timestamp: tag,
                fill: u8::try_from(tag % 251).unwrap(),
                ..Fields::default()
            });
            waiting.push((tag, log.append(vec![batch], AppendOptions::default())));
        }
        for (tag, future) in waiting {
            match future.await {
                Ok(appended) => world.with(index, |model| {
                    let sent = model.sent.get_mut(&tag).expect("sent before");
                    sent.acknowledged_at = Some(appended.base_offset.get());
                }),
                Err(_) => return,
            }
        }
    }
}

async fn disturb(
    storage: Rc<Storage>,
    world: Rc<World>,
    partitions: i32,
    mut random: SimRng,
    clock: corelog_runtime::Handle,
) {
    loop {
        let pause = Duration::from_micros(random.below(8_000));
        clock.clock.sleep_until(clock.clock.now() + pause).await;
        let index = i32::try_from(random.below(u64::try_from(partitions).unwrap())).unwrap();
        let log = storage.partition(&id(index)).expect("made before");
        match random.below(4) {
            0 => {
                if storage.checkpoint().await.is_err() {
                    return;
                }
            }
            1 => {
                let offsets = log.offsets();
                let span = u64::try_from((offsets.high_watermark - offsets.log_start).get()).unwrap();
                let target = offsets.log_start.get() + i64::try_from(random.below(span / 2 + 1)).unwrap();
                world.with(index, |model| {
                    model.log_start_max = model.log_start_max.max(target)
                });
                if log.delete_records(Some(common::offset(target))).await.is_err() {
                    return;
                }
                world.with(index, |model| {
                    model.log_start_min = model.log_start_min.max(target)
                });
            }
            _ => check(&storage, &world, index, 0, 61 + random.index(40_000)).await,
        }
    }
}

fn options_of(seed: u64) -> impl Fn(&mut StorageOptions) {
    move |options| {
        options.commits_in_flight_max = usize::try_from(1 + seed % 3).unwrap();
        options.sync_method = if seed.is_multiple_of(2) {
            SyncMethod::WriteThenSync
        } else {
            SyncMethod::Dsync
        };
    }
}

fn live_and_die(sim: &Simulation, machine: &Machine, world: &Rc<World>, seed: u64, random: &mut SimRng) {
    let partitions = i32::try_from(1 + random.below(5)).unwrap();
    let limit = Duration::from_micros(500 + random.below(120_000));
    let config = LogConfig { ..small_config() };
    let (machine_too, world_too) = (machine.clone(), Rc::clone(world));
    let mut choices = SimRng::new(random.next_u64());
    let is_clean = random.below(5) == 0;
    let life = async move {
        let storage = common::try_open(&machine_too, options_of(seed)).await.unwrap();
        for index in 0..5 {
            check(&storage, &world_too, index, seed, 61 + choices.index(100_000)).await;
        }
        for index in 0..partitions {
            match storage.partition(&id(index)) {
                Some(log) => log.set_config(config.clone()),
                None => drop(
                    storage
                        .create_partition(spec(index, config.clone()))
                        .await
                        .unwrap(),
                ),
            }
        }
        let handle = machine_too.handle_for(common::SHARD);
        for index in 0..partitions {
            let task = write(
                Rc::clone(&storage),
                Rc::clone(&world_too),
                index,
                SimRng::new(choices.next_u64()),
            );
            handle.spawn(corelog_runtime::WorkClass::Normal, "writer", task);
        }
        let (storage_too, world, random) = (Rc::clone(&storage), world_too, SimRng::new(choices.next_u64()));
        let clock = handle.clone();
        handle.spawn(corelog_runtime::WorkClass::Normal, "disturber", async move {
            disturb(storage_too, world, partitions, random, clock).await;
        });
        storage
    };
    // A death may come at any moment, the recovery included.
    let opened = sim.run_until(life, limit);
    if let Ok(storage) = opened {
        sim.run_for(Duration::from_micros(random.below(150_000)));
        if is_clean {
            sim.block_on(storage.close()).unwrap();
        }
    }
    if random.coin() {
        machine.kill();
    } else {
        machine.lose_power(None);
    }
}

fn run(seed: u64) -> u64 {
    let sim = simulation(seed);
    let machine = sim.machine(0);
    let world = Rc::new(World::default());
    let mut random = sim.random();
    for _ in 0..6 {
        live_and_die(&sim, &machine, &world, seed, &mut random);
    }
    sim.block_on(async {
        let storage = common::try_open(&machine, options_of(seed)).await.unwrap();
        for index in 0..5 {
            check(&storage, &world, index, seed, 1 << 20).await;
        }
    });
    sim.trace_hash()
}

/// `CORELOG_SEEDS=from..to` chooses other seeds.
fn seeds() -> std::ops::Range<u64> {
    let chosen = std::env::var("CORELOG_SEEDS").ok();
    let parsed = chosen
        .as_deref()
        .and_then(|text| text.split_once(".."))
        .and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    parsed.unwrap_or(0..60)
}

#[test]
fn nothing_acknowledged_is_lost_reordered_or_invented() {
    for seed in seeds() {
        let result = std::panic::catch_unwind(|| run(seed));
        assert!(result.is_ok(), "seed {seed} failed");
    }
}

#[test]
fn one_seed_gives_one_history() {
    assert_eq!(run(7), run(7));
}
