//! One seed: lives of a process, how each ends, and what the next one finds.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use corelog_model::{PartitionId, ShardId};
use corelog_runtime::{Handle, WorkClass};
use corelog_storage::{OpenError, PartitionLog, ReadIsolation, Storage, StorageOptions, prepare_layout};

use super::actors::{self, Found, World};
use super::epochs;
use super::mishap::Mishap;
use super::oracle::{self, Ending};
use super::replica;
use super::scenario::{DATA_DIR, Failing, Scenario, Trouble};
use crate::disk::{Fault, FaultChances, FaultRule, Operation};
use crate::exec::RunError;
use crate::machine::Machine;
use crate::plan::{Plan, PlanError};
use crate::rng::{SimRng, mix};
use crate::simulation::{Options, Simulation};

/// Virtual time within which a healthy start, close or append must be done.
const PATIENCE: Duration = Duration::from_secs(60);

/// Polls within one step of a life; a healthy one takes thousands.
const POLLS_MAX: u64 = 3_000_000;

/// How a seed went.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What is wrong; `None` is well.
    pub violation: Option<String>,
    /// Requests that clients had answered.
    pub operations: u64,
    /// Appends that were acknowledged.
    pub acknowledged: u64,
    /// Reads.
    pub reads: u64,
    /// Logs that came back shorter after damage, and said nothing.
    pub silent_losses: u64,
    /// Crashes and restarts.
    pub lives: u64,
    /// Hash of everything that happened.
    pub trace_hash: u64,
    /// The events, if they were kept.
    pub trace: String,
    /// The choices of the seed, for people.
    pub scenario: String,
}

struct Run {
    sim: Simulation,
    machine: Machine,
    world: Rc<World>,
    random: RefCell<SimRng>,
    shards: Cell<u16>,
    lives: Cell<u64>,
    /// Damages before the last start that succeeded.
    old_damages: Cell<usize>,
}

/// Runs one seed to its end or its first violation.
pub fn run(seed: u64, keep_log: bool) -> Outcome {
    run_plan(seed, &Plan::default(), keep_log)
}

/// Whether the world can follow a plan.
///
/// # Errors
/// See [`PlanError`].
pub fn check_plan(plan: &Plan) -> Result<(), PlanError> {
    Scenario::draw(0).follow(plan)
}

/// Plans that ask for less of a seed than `plan` does, those that leave most out first.
pub fn simpler(seed: u64, plan: &Plan) -> Vec<Plan> {
    let mut scenario = Scenario::draw(seed);
    match scenario.follow(plan) {
        Ok(()) => scenario
            .reductions()
            .into_iter()
            .map(|setting| plan.with(setting))
            .collect(),
        Err(_) => Vec::new(),
    }
}

/// Runs one seed to its end or its first violation, with some choices made by a plan.
///
/// # Panics
/// If the plan cannot be followed: see [`check_plan`].
pub fn run_plan(seed: u64, plan: &Plan, keep_log: bool) -> Outcome {
    let mut scenario = Scenario::draw(seed);
    scenario.follow(plan).expect("a plan that was checked");
    // Another variation is another run of the same choices.
    let variation = plan.get("variation").and_then(|value| value.parse::<u64>().ok());
    let seed = variation.map_or(seed, |variation| seed ^ mix(variation));
    let random = SimRng::stream(seed, 102);
    let sim = Simulation::new(
        seed,
        Options {
            keep_log,
            polls_max: POLLS_MAX,
            ..Options::default()
        },
    );
    let run = Run {
        machine: sim.machine(0),
        shards: Cell::new(scenario.shards),
        world: Rc::new(World::new(scenario, SimRng::stream(seed, 101), sim.remarks())),
        sim,
        random: RefCell::new(random),
        lives: Cell::new(0),
        old_damages: Cell::new(0),
    };
    run.lead();
    Outcome {
        violation: run.world.oracle.violation(),
        operations: run.world.acknowledged.get() + run.world.reads.get(),
        acknowledged: run.world.acknowledged.get(),
        reads: run.world.reads.get(),
        silent_losses: run.world.silent_losses.get(),
        lives: run.lives.get(),
        trace_hash: run.sim.trace_hash(),
        trace: run.sim.trace_log(),
        scenario: format!("{:?}", run.world.scenario),
    }
}

fn shard_of(shards: u16) -> impl Fn(&PartitionId) -> ShardId {
    move |id| {
        let topic = id.topic.get();
        ShardId::new(u16::from(topic[15]) % shards)
    }
}

type Opened = Result<Vec<(Handle, Rc<Storage>)>, OpenError>;

async fn open(machine: Machine, template: StorageOptions, shards: u16) -> Opened {
    let first = machine.handle_for(ShardId::new(0));
    // What `DataDir::open` does on the real file system, before any shard starts.
    let dir = Path::new(DATA_DIR);
    first.disk.create_dir_all(dir).await?;
    first.disk.sync_dir(Path::new("/")).await?;
    let layout = prepare_layout(first, dir, template.direct, shards, shard_of(shards), |_| {}).await?;
    let mut opened = Vec::new();
    for shard in 0..shards {
        let handle = machine.handle_for(ShardId::new(shard));
        let options = StorageOptions {
            shard: ShardId::new(shard),
            shard_count: layout.shard_count,
            generation: layout.generation,
            ..template.clone()
        };
        let storage = Storage::open(handle.clone(), options, |_| {}).await?;
        opened.push((handle, storage));
    }
    Ok(opened)
}

impl Run {
    /// Runs `future` within the machine's process.
    fn within<T: 'static>(
        &self,
        future: impl Future<Output = T> + 'static,
        limit: Duration,
    ) -> Result<T, RunError> {
        let slot: Rc<RefCell<Option<T>>> = Rc::default();
        let into = Rc::clone(&slot);
        let handle = self.machine.handle_for(ShardId::new(0));
        handle.spawn(WorkClass::Normal, "run", async move {
            *into.borrow_mut() = Some(future.await);
        });
        self.sim.run_until_true(|| slot.borrow().is_some(), limit)?;
        Ok(slot.take().expect("it is there"))
    }

    fn violate(&self, text: String) {
        self.world.oracle.violate(text);
    }

    fn lead(&self) {
        if let Some(slow) = self.world.scenario.slow_names {
            for directory in [DATA_DIR.to_owned(), format!("{DATA_DIR}/journal/*")] {
                let rule = FaultRule::new(&directory, Operation::SyncDir, 1, Fault::Delay(slow));
                let rule = FaultRule {
                    count: u64::MAX,
                    ..rule
                };
                self.machine.inject(rule);
            }
        }
        let mut ending = Ending::Closed;
        for life in 0..self.world.scenario.lives {
            self.lives.set(life + 1);
            let Some(storages) = self.start(ending) else {
                return;
            };
            if life == 0 {
                self.create_partitions(&storages);
            }
            let is_quiet = self.world.scenario.is_cramped && self.random.borrow_mut().coin();
            self.world.is_quiet.set(is_quiet);
            for (shard, (handle, storage)) in storages.iter().enumerate() {
                actors::start(&self.world, handle, shard, storage);
            }
            self.live();
            if self.world.oracle.is_violated() {
                return;
            }
            ending = self.end(&storages);
            drop(storages);
            self.world.oracle.life_ended(ending);
            if self.world.oracle.is_violated() {
                return;
            }
        }
        self.finish(ending);
    }

    /// Opens the storage, at times crashing in the middle of it, and checks what it holds.
    fn start(&self, ending: Ending) -> Option<Vec<(Handle, Rc<Storage>)>> {
        let scenario = &self.world.scenario;
        self.world.is_fenced.set(false);
        self.world.is_over.set(false);
        self.world.is_quiet.set(false);
        if scenario.reshards && self.lives.get() > 1 {
            self.shards
                .set(1 + u16::try_from(self.random.borrow_mut().below(3)).expect("small"));
        }
        let mut ending = ending;
        // A start that lays the directory out is of more interest than a later one.
        let more = if self.lives.get() == 1 { 3 } else { 0 };
        let crashes = self
            .random
            .borrow_mut()
            .below(scenario.start_crashes_max + more + 1);
        for _ in 0..crashes {
            if let Some(chances) = scenario.start_fault_chances() {
                self.machine.set_fault_chances(chances);
            }
            let soon = Duration::from_micros(self.random.borrow_mut().below(scenario.start_crash_us));
            let template = scenario.template.clone();
            let opening = self.within(open(self.machine.clone(), template, self.shards.get()), soon);
            if let Ok(Err(error)) = &opening
                && !self.may_fail_to_open(error)
            {
                self.violate(format!("the storage cannot be opened: {error}"));
                return None;
            }
            if let Err(error @ RunError::Spinning { .. }) = &opening {
                self.violate(error.to_string());
            }
            drop(opening);
            ending = worse(ending, self.crash());
        }
        let mut mishap = self.mishap(ending);
        for attempt in 0..3 {
            if attempt == 2 {
                self.calm();
            }
            let template = scenario.template.clone();
            match self.within(open(self.machine.clone(), template, self.shards.get()), PATIENCE) {
                Ok(Ok(storages)) => {
                    self.world.restarted(ending);
                    self.check_recovered(&storages, ending);
                    self.world.oracle.settled();
                    self.old_damages.set(self.machine.damage().len());
                    return (!self.world.oracle.is_violated()).then_some(storages);
                }
                Ok(Err(error)) if mishap.as_ref().is_some_and(|mishap| mishap.is_named_by(&error)) => {
                    self.machine.kill();
                    if let Some(mishap) = mishap.take() {
                        self.undo(mishap);
                    }
                }
                Ok(Err(error)) if self.may_fail_to_open(&error) => {
                    if attempt == 2 && scenario.trouble != Trouble::Corruption {
                        self.violate(format!(
                            "the storage cannot be opened though all faults are over: {error}"
                        ));
                    }
                    ending = worse(ending, self.crash());
                }
                Ok(Err(error)) => {
                    self.violate(format!("the storage cannot be opened ({mishap:?}): {error}"));
                    return None;
                }
                Err(error) => {
                    self.violate(format!("opening the storage: {error}"));
                    return None;
                }
            }
        }
        None
    }

    /// At times a file is gone, or empty, that the life before left.
    fn mishap(&self, ending: Ending) -> Option<Mishap> {
        if !self.world.scenario.has_mishaps || self.lives.get() < 2 || self.random.borrow_mut().coin() {
            return None;
        }
        let random = SimRng::stream(self.random.borrow_mut().next_u64(), 0);
        let happening = Mishap::happen(self.machine.clone(), random, ending);
        let mishap = self.within(happening, PATIENCE).unwrap_or_else(|error| {
            self.violate(format!("taking a file away: {error}"));
            None
        });
        self.world.remarks.add(|| format!("a file is gone: {mishap:?}"));
        mishap
    }

    fn undo(&self, mishap: Mishap) {
        if let Err(error) = self.within(mishap.undo(self.machine.clone()), PATIENCE) {
            self.violate(format!("putting a file back: {error}"));
        }
    }

    fn may_fail_to_open(&self, error: &OpenError) -> bool {
        match error {
            OpenError::Io(_) => matches!(
                self.world.scenario.trouble,
                Trouble::Errors | Trouble::Descriptors | Trouble::Corruption
            ),
            OpenError::DiskFull(_) => self.world.scenario.trouble == Trouble::Full,
            OpenError::Damaged { .. }
            | OpenError::CheckpointMissing { .. }
            | OpenError::CheckpointStale { .. }
            | OpenError::CheckpointOutrun { .. }
            | OpenError::LayoutMissing { .. }
            | OpenError::LayoutStale { .. }
            | OpenError::JournalFileMissing { .. }
            | OpenError::SegmentMissing { .. }
            | OpenError::Shortened { .. }
            | OpenError::JournalDamaged { .. } => self.world.scenario.trouble == Trouble::Corruption,
            OpenError::Option { .. } | OpenError::ShardCount { .. } => false,
        }
    }

    fn crash(&self) -> Ending {
        let ending = if self.random.borrow_mut().coin() {
            self.machine.lose_power(None);
            Ending::PowerLost
        } else {
            self.machine.kill();
            Ending::Killed
        };
        self.world.oracle.life_ended(ending);
        ending
    }

    fn calm(&self) {
        self.machine.clear_faults();
        self.machine.set_disk_ballast(0);
        self.machine.set_disk_capacity(None);
        self.machine.slow_disk(1);
    }

    /// Reads every log whole and asks the oracle.
    fn check_recovered(&self, storages: &[(Handle, Rc<Storage>)], ending: Ending) {
        let oracle = &self.world.oracle;
        let found: Vec<PartitionId> = storages
            .iter()
            .flat_map(|(_, storage)| storage.partitions())
            .collect();
        self.world
            .remarks
            .add(|| format!("open after {ending:?}: {} partitions", found.len()));
        oracle.check_partitions(&found, self.damaged_pages("/journal/"));
        for (shard, (_, storage)) in storages.iter().enumerate() {
            self.world.configure(storage);
            replica::own_all(&self.world, storage, ending);
            for id in storage.partitions() {
                oracle.opened(id, shard);
            }
        }
        // The check itself reads a healthy disk, as a consumer would in the end.
        if self.world.scenario.trouble != Trouble::Corruption {
            self.machine.set_fault_chances(FaultChances::default());
        }
        for (_, storage) in storages {
            for id in storage.partitions() {
                let Some(log) = storage.partition(&id) else {
                    continue;
                };
                if log.corruption().is_some() {
                    if !oracle.tolerates_damage {
                        self.violate(format!(
                            "{id:?} is corrupt without damage: {:?}",
                            log.corruption()
                        ));
                    }
                    oracle.accept_damage(id, &log.offsets());
                    continue;
                }
                // A broker's start raises the epoch of every log; a log whose epoch stays has the table of before.
                let is_led = !self.world.is_follower(id);
                if is_led && (oracle::number_of(id) + self.lives.get()).is_multiple_of(2) {
                    epochs::begin_reign(&self.world, &log);
                }
                let world = Rc::clone(&self.world);
                let directory = format!("/{}/", log.directory());
                let pages = self.damaged_pages("/journal/") + self.damaged_pages(&directory);
                match self.within(read_whole(world, log, ending, pages), PATIENCE) {
                    Ok(()) => {}
                    Err(error) => self.violate(format!("{id:?}: reading it whole: {error}")),
                }
                if oracle.is_violated() {
                    return;
                }
            }
        }
    }

    /// Pages that were damaged since the last start, of files whose path contains `part`.
    fn damaged_pages(&self, part: &str) -> u64 {
        let damages = self.machine.damage();
        damages[self.old_damages.get()..]
            .iter()
            .filter(|damage| damage.path.to_string_lossy().contains(part))
            .map(|damage| damage.length.div_ceil(4096))
            .sum()
    }

    fn create_partitions(&self, storages: &[(Handle, Rc<Storage>)]) {
        for _ in 0..self.world.scenario.partitions {
            let id = self.world.new_partition();
            let shard = shard_of(self.shards.get())(&id);
            let shard = usize::from(shard.get());
            let (_, storage) = &storages[shard];
            let (world, storage) = (Rc::clone(&self.world), Rc::clone(storage));
            let created = self.within(
                async move { actors::create(&world, &storage, shard, id).await },
                PATIENCE,
            );
            if let Err(error) = created {
                self.violate(format!("creating {id:?}: {error}"));
            }
        }
    }

    /// Lets the clients work while trouble comes and goes.
    fn live(&self) {
        let scenario = &self.world.scenario;
        self.machine.set_fault_chances(scenario.fault_chances());
        if scenario.trouble == Trouble::Errors && scenario.failing == Failing::Segment {
            let nth = self.random.borrow_mut().within(1..40);
            self.machine
                .inject(FaultRule::new("*.log", Operation::Sync, nth, Fault::Fail));
        }
        let span = self.life_span();
        let end = self.sim.now() + span;
        while self.sim.now() < end && !self.world.oracle.is_violated() {
            let step = Duration::from_micros(self.random.borrow_mut().below(20_000) + 1);
            let world = Rc::clone(&self.world);
            let done = move || world.is_fenced.get() || world.is_over.get() || world.oracle.is_violated();
            let left = end.since(self.sim.now());
            match self.sim.run_until_true(done, step.min(left)) {
                Ok(()) => {
                    if self.world.is_fenced.get() && scenario.trouble.fences_nothing() {
                        self.violate("a journal is fenced though nothing is in doubt".to_owned());
                    }
                    return self.linger();
                }
                Err(RunError::TimedOut(_)) => {}
                Err(error @ (RunError::Idle(_) | RunError::Spinning { .. })) => {
                    self.violate(error.to_string())
                }
            }
            match scenario.trouble {
                Trouble::Full => self.squeeze(),
                Trouble::Slow => {
                    self.machine
                        .slow_disk(if self.random.borrow_mut().coin() { 100 } else { 1 })
                }
                Trouble::Corruption if self.random.borrow_mut().below(4) == 0 => {
                    self.machine.rot("*", 1);
                }
                Trouble::None | Trouble::Errors | Trouble::Descriptors | Trouble::Corruption => {}
            }
        }
    }

    /// How long a life lasts if nothing ends it.
    fn life_span(&self) -> Duration {
        let mut random = self.random.borrow_mut();
        match (self.world.scenario.is_cramped, self.world.is_quiet.get()) {
            (false, _) => Duration::from_millis(random.within(self.world.scenario.life_ms.clone())),
            // Amid the first commits, and after one of them.
            (true, false) => Duration::from_micros(random.within(50..1_500)),
            (true, true) => Duration::from_micros(random.within(500..5_000)),
        }
    }

    /// A fenced process goes on for a while at times: what it has begun must do no harm.
    fn linger(&self) {
        let is_fenced = self.world.is_fenced.get() && !self.world.oracle.is_violated();
        if is_fenced && self.random.borrow_mut().coin() {
            let span = Duration::from_micros(self.random.borrow_mut().below(30_000));
            self.sim.run_for(span);
        }
    }

    fn squeeze(&self) {
        let used = self.machine.disk_used();
        let room = self.random.borrow_mut().below(1 << 20);
        let is_over = self.random.borrow_mut().below(3) == 0;
        self.machine.set_disk_capacity((!is_over).then_some(used + room));
    }

    fn end(&self, storages: &[(Handle, Rc<Storage>)]) -> Ending {
        let is_fenced = storages.iter().any(|(_, storage)| storage.is_fenced());
        if is_fenced && self.world.scenario.trouble.fences_nothing() {
            self.violate("a journal is fenced though nothing is in doubt".to_owned());
        }
        let closes = self.random.borrow_mut().below(5) == 0;
        if closes && !self.world.is_fenced.get() && self.world.scenario.trouble == Trouble::None {
            self.close(storages);
            // What was closed is durable: nothing is left for a loss of power to take.
            self.machine.lose_power(None);
            return Ending::Closed;
        }
        if self.random.borrow_mut().coin() {
            self.machine.lose_power(None);
            Ending::PowerLost
        } else {
            self.machine.kill();
            Ending::Killed
        }
    }

    fn close(&self, storages: &[(Handle, Rc<Storage>)]) {
        for (_, storage) in storages {
            let storage = Rc::clone(storage);
            match self.within(async move { storage.close().await }, PATIENCE) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.violate(format!("closing: {error}")),
                Err(error) => self.violate(format!("closing: {error}")),
            }
        }
    }

    /// With all faults over, the storage serves again, and comes to rest.
    fn finish(&self, ending: Ending) {
        self.calm();
        let Some(storages) = self.start(ending) else {
            return;
        };
        self.calm();
        for (shard, (handle, storage)) in storages.iter().enumerate() {
            actors::start(&self.world, handle, shard, storage);
        }
        let before = self.world.acknowledged.get();
        let partitions: Vec<_> = storages
            .iter()
            .flat_map(|(_, storage)| storage.partitions())
            .collect();
        let world = Rc::clone(&self.world);
        // A partition may be deleted before any of its appends is answered, and its producers go with it. If none is
        // left, nobody is owed an answer.
        let done = move || {
            world.acknowledged.get() > before
                || world.oracle.is_violated()
                || !world.has_producers(&partitions)
        };
        let served = self.sim.run_until_true(done, PATIENCE);
        if let Err(error @ RunError::Spinning { .. }) = served {
            self.violate(error.to_string());
        }
        if served.is_err() && !self.world.oracle.tolerates_damage {
            self.violate("nothing is acknowledged any more though all faults are over".to_owned());
        }
        if self.world.oracle.is_violated() || self.world.oracle.tolerates_damage {
            return;
        }
        self.close(&storages);
        self.machine.lose_power(None);
        self.world.oracle.life_ended(Ending::Closed);
        drop(storages);
        if let Some(storages) = self.start(Ending::Closed) {
            self.close(&storages);
            drop(storages);
            self.sim.run_for(PATIENCE);
            let tasks = self.sim.task_count();
            if tasks > 0 {
                self.violate(format!("{tasks} tasks are left after a clean close"));
            }
        }
    }
}

fn worse(a: Ending, b: Ending) -> Ending {
    match (a, b) {
        (Ending::PowerLost, _) | (_, Ending::PowerLost) => Ending::PowerLost,
        (Ending::Killed, _) | (_, Ending::Killed) => Ending::Killed,
        (Ending::Closed, Ending::Closed) => Ending::Closed,
    }
}

async fn read_whole(world: Rc<World>, log: Rc<PartitionLog>, ending: Ending, pages: u64) {
    let id = log.id();
    let offsets = log.offsets();
    if world.oracle.tolerates_damage && world.oracle.accept_loss(id, &offsets, pages) {
        world.silent_losses.set(world.silent_losses.get() + 1);
    }
    world.oracle.observed(id, &offsets);
    if offsets.durable_end != offsets.log_end {
        world
            .oracle
            .violate(format!("{id:?}: what was recovered is not durable: {offsets:?}"));
    }
    let mut found: Vec<Found> = Vec::new();
    let mut from = offsets.log_start;
    while from < offsets.log_end && !world.oracle.is_violated() {
        let slice = match log.read(from, 64 << 10, ReadIsolation::LogEnd).await {
            Ok(slice) => slice,
            Err(error) => {
                if !world.oracle.tolerates_damage {
                    world.oracle.violate(format!(
                        "{id:?}: read from {from} of {offsets:?} after a start: {error}"
                    ));
                }
                return;
            }
        };
        let batches = actors::check_slice(&world, id, from, &slice, offsets.log_end, None);
        epochs::check_batches(&world, &log, &batches);
        let Some(last) = batches.last() else {
            world
                .oracle
                .violate(format!("{id:?}: nothing at {from} of {offsets:?} after a start"));
            return;
        };
        from = last.next;
        found.extend(batches);
    }
    // Of a compacted log not all batches are there that the table follows from.
    if !world.is_keyed(id) {
        epochs::check_table(&world, &log, &found);
    }
    if !world.oracle.is_violated() && !world.oracle.tolerates_damage {
        world.oracle.recovered(id, &offsets, &found, ending);
    }
}
