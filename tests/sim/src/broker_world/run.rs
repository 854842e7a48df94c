//! One seed: lives of a broker, how each ends, and what its clients see.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use corelog_model::ShardId;

use super::broker::Broker;
use super::clients::Clients;
use super::scenario::{Crowd, DATA_DIR, PORT, Scenario};
use super::{
    admin, asker, checker, choices, every, group, hasty, ledger, leftovers, liar, loner, masses, probe,
    producer, reader, scraper, topics, transactor,
};
use crate::disk::{Fault, FaultRule, Operation};
use crate::exec::RunError;
use crate::machine::Machine;
use crate::plan::{Plan, PlanError};
use crate::rng::{SimRng, mix};
use crate::simulation::{Options, Simulation};
use crate::storage_world::Outcome;

/// Virtual time within which a healthy broker starts, closes, or answers everybody.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long reading all may take: a log may have thousands of segments of one batch each, and the disk may be slow.
const PATIENCE_TO_READ: Duration = Duration::from_secs(1800);
/// Polls within one step; a healthy one takes thousands.
const POLLS_MAX: u64 = 20_000_000;

struct Run {
    sim: Simulation,
    machine: Machine,
    scenario: Scenario,
    clients: Rc<Clients>,
    random: RefCell<SimRng>,
    /// Decides about scripted faults, and nothing else.
    scripts: RefCell<SimRng>,
    lives: Cell<u64>,
    shards: Cell<u16>,
    /// In milliseconds.
    wall_offset: Cell<i64>,
}

/// What a seed draws, and the streams that decide about the rest of its run.
fn draw(seed: u64) -> (Scenario, SimRng, SimRng) {
    let mut random = SimRng::stream(seed, 200);
    let mut scripts = SimRng::stream(seed, 202);
    let scenario = Scenario::draw(seed, &mut random, &mut scripts, &mut SimRng::stream(seed, 203));
    (scenario, random, scripts)
}

/// Whether a plan can be followed.
///
/// # Errors
/// See [`PlanError`].
pub fn check_plan(plan: &Plan) -> Result<(), PlanError> {
    choices::follow(&mut draw(0).0, plan)
}

/// Plans that ask for less of a seed than `plan` does, those that leave most out first.
pub fn simpler(seed: u64, plan: &Plan) -> Vec<Plan> {
    let (mut scenario, ..) = draw(seed);
    match choices::follow(&mut scenario, plan) {
        Ok(()) => {
            let less = choices::reductions(&scenario).into_iter();
            less.map(|setting| plan.with(setting)).collect()
        }
        Err(_) => Vec::new(),
    }
}

/// Runs one seed to its end or its first violation.
pub fn run(seed: u64, keep_log: bool) -> Outcome {
    run_plan(seed, &Plan::default(), keep_log)
}

/// As [`run`], with some choices made by a plan.
///
/// # Panics
/// If the plan cannot be followed: see [`check_plan`].
pub fn run_plan(seed: u64, plan: &Plan, keep_log: bool) -> Outcome {
    let (mut scenario, mut random, mut scripts) = draw(seed);
    choices::follow(&mut scenario, plan).expect("a plan that was checked");
    // Another variation is another run of the same choices.
    let variation = plan.get("variation").and_then(|value| value.parse::<u64>().ok());
    let seed = match variation {
        Some(variation) => {
            let seed = seed ^ mix(variation);
            (random, scripts) = (SimRng::stream(seed, 200), SimRng::stream(seed, 202));
            seed
        }
        None => seed,
    };
    let sim = Simulation::new(
        seed,
        Options {
            keep_log,
            polls_max: POLLS_MAX,
            ..Options::default()
        },
    );
    let machine = sim.machine(0);
    let handle = sim.machine(1).handle_for(ShardId::new(0));
    let address = SocketAddr::new(machine.address(), PORT);
    let run = Run {
        sim,
        clients: Clients::new(
            handle,
            address,
            SimRng::stream(seed, 201),
            scenario.habits,
            scenario.troubles.full || scenario.troubles.errors,
        ),
        machine,
        shards: Cell::new(scenario.shards),
        scenario,
        random: RefCell::new(random),
        scripts: RefCell::new(scripts),
        lives: Cell::new(0),
        wall_offset: Cell::new(0),
    };
    if let Err(text) = run.lead() {
        run.clients.oracle.violate(text);
    }
    let oracle = &run.clients.oracle;
    Outcome {
        violation: oracle.violation(),
        operations: oracle.operations.get(),
        acknowledged: oracle.acknowledged.get(),
        reads: oracle.reads.get(),
        silent_losses: 0,
        lives: run.lives.get(),
        trace_hash: run.sim.trace_hash(),
        trace: run.sim.trace_log(),
        scenario: format!(
            "{:?}; {} offsets committed, {} requests without an answer, {} partitions reported as damaged",
            run.scenario,
            oracle.commits.get(),
            oracle.timeouts.get(),
            oracle.reported.get()
        ),
    }
}

impl Run {
    fn lead(&self) -> Result<(), String> {
        let mut broker = self.start()?;
        let (topics, partitions) = (self.scenario.topics, self.scenario.partitions);
        let creating = topics::create_lasting(Rc::clone(&self.clients), topics, partitions);
        self.within("creating topics", creating)?;
        if self.scenario.habits.is_lost_at_once {
            self.machine.lose_power(None);
            broker.forget();
            broker = self.start()?;
            self.check()?;
        }
        self.start_clients();
        for life in 1..=self.scenario.lives {
            self.live(&broker)?;
            self.end(broker);
            if self.scenario.troubles.rot && life == self.scenario.lives {
                return self.rot();
            }
            broker = self.start()?;
            self.check()?;
        }
        self.live(&broker)?;
        self.finish(broker)
    }

    /// Compares everything that clients can see with what they were told.
    fn check(&self) -> Result<(), String> {
        self.reading_all()?;
        self.within("looking at topics", topics::check(Rc::clone(&self.clients)))
    }

    /// Bits of segments change while nobody looks: what is damaged is reported, and all the rest is there.
    fn rot(&self) -> Result<(), String> {
        self.calm();
        let count = 1 + self.random.borrow_mut().below(4);
        self.machine.rot("*.log", count);
        self.clients.oracle.is_rotten.set(true);
        self.clients.is_closing.set(true);
        let shards = self.shards.get();
        let broker = Broker::start(&self.machine, &self.scenario, shards, u128::MAX, None);
        let watched = broker.clone();
        let is_over = move || watched.is_ready() || watched.failure().is_some();
        let waited = self.sim.run_until_true(is_over, PATIENCE);
        waited.map_err(|error| format!("starting with damage: {error}"))?;
        let oracle = &self.clients.oracle;
        if broker.failure().is_some() {
            oracle.reported.set(oracle.reported.get() + 1);
        } else {
            self.reading_all()?;
        }
        broker.forget();
        Ok(())
    }

    /// Some time after a start there is nothing on the disk of topics that are gone.
    fn look_for_leftovers(&self) -> Result<(), String> {
        let expected: Rc<RefCell<BTreeSet<String>>> = Rc::default();
        let listing = leftovers::list(Rc::clone(&self.clients), Rc::clone(&expected));
        self.within("listing topics", listing)?;
        let machine = self.machine.clone();
        let find = move || leftovers::find(&machine, &expected.borrow());
        let is_clean = {
            let find = find.clone();
            move || find().is_empty()
        };
        let waited = self.sim.run_until_true(is_clean, PATIENCE);
        waited.map_err(|error| format!("left of topics that are gone: {:?}: {error}", find()))
    }

    fn violated(&self) -> Result<(), String> {
        self.clients.oracle.violation().map_or(Ok(()), Err)
    }

    /// Reads every log from its start to its end.
    fn reading_all(&self) -> Result<(), String> {
        let checking = checker::check(Rc::clone(&self.clients));
        self.within_limit("reading all", PATIENCE_TO_READ, checking)
    }

    /// Waits for a client.
    fn within(&self, what: &str, client: impl Future<Output = ()> + 'static) -> Result<(), String> {
        self.within_limit(what, PATIENCE, client)
    }

    fn within_limit(
        &self,
        what: &str,
        limit: Duration,
        client: impl Future<Output = ()> + 'static,
    ) -> Result<(), String> {
        let done: Rc<Cell<bool>> = Rc::default();
        let (into, oracle) = (Rc::clone(&done), Rc::clone(&self.clients.oracle));
        self.clients.spawn("harness", async move {
            client.await;
            into.set(true);
        });
        let is_over = move || done.get() || oracle.is_violated();
        let waited = self.sim.run_until_true(is_over, limit);
        self.violated()?;
        waited.map_err(|error| {
            let troubles = self.clients.troubles.borrow();
            format!("{what}: {error}: {troubles:?}")
        })
    }

    fn start_clients(&self) {
        let (clients, scenario) = (&self.clients, &self.scenario);
        let Crowd {
            careful,
            hasty,
            readers,
            members,
            loners,
            admins,
            askers,
            liars,
            transactors,
        } = scenario.crowd;
        for _ in 0..careful {
            clients.spawn("careful producer", producer::run(Rc::clone(clients)));
        }
        for _ in 0..hasty {
            clients.spawn("hasty producer", hasty::run(Rc::clone(clients)));
        }
        for _ in 0..readers {
            clients.spawn("reader", reader::run(Rc::clone(clients)));
        }
        for number in 0..members {
            let group = format!("g{}", number % 2);
            clients.spawn("member", group::run(Rc::clone(clients), group, number));
        }
        for number in 0..loners {
            clients.spawn("loner", loner::run(Rc::clone(clients), number));
        }
        for number in 0..admins {
            clients.spawn("admin", admin::run(Rc::clone(clients), number));
        }
        for _ in 0..askers {
            clients.spawn("asker", asker::run(Rc::clone(clients)));
        }
        if scenario.has_masses {
            clients.spawn("masses", masses::run(Rc::clone(clients)));
        }
        if self.scenario.has_scraper {
            clients.spawn("scraper", scraper::run(Rc::clone(clients)));
        }
        for _ in 0..liars {
            clients.spawn("liar", liar::run(Rc::clone(clients)));
        }
        for number in 0..transactors {
            clients.spawn("transactor", transactor::run(Rc::clone(clients), number));
            clients.spawn("reader of the ledger", ledger::run(Rc::clone(clients)));
        }
    }

    /// Starts the broker, at times crashing in the middle of it.
    fn start(&self) -> Result<Broker, String> {
        for attempt in 0..6 {
            let may_crash = attempt < 3 && self.random.borrow_mut().below(4) == 0;
            if attempt == 5 || self.lives.get() == 0 {
                self.calm();
            }
            self.lives.set(self.lives.get() + 1);
            let shards = self.scenario.shards_next(&mut self.random.borrow_mut());
            self.shards.set(shards);
            let incarnation = u128::from(self.lives.get());
            let script = self.failed_load();
            let broker = Broker::start(&self.machine, &self.scenario, shards, incarnation, script);
            let limit = if may_crash {
                Duration::from_micros(self.random.borrow_mut().below(100_000))
            } else {
                PATIENCE
            };
            let (watched, oracle) = (broker.clone(), Rc::clone(&self.clients.oracle));
            let is_over = move || {
                watched.is_ready()
                    || watched.is_fenced()
                    || watched.failure().is_some()
                    || oracle.is_violated()
            };
            let waited = self.sim.run_until_true(is_over, limit);
            self.violated()?;
            match (waited, broker.failure()) {
                (Ok(()), None) if broker.is_ready() => return Ok(broker),
                (Err(RunError::TimedOut(_)), None) if may_crash => {}
                (Err(error), _) => return Err(format!("starting: {error}")),
                (Ok(()), failure) if attempt == 5 || !self.may_fail() => {
                    return Err(format!("the broker does not start: {failure:?}"));
                }
                (Ok(()), _) => {}
            }
            self.crash(&broker);
        }
        unreachable!("the last attempt returns")
    }

    fn may_fail(&self) -> bool {
        self.scenario.troubles.may_fail()
    }

    fn crash(&self, broker: &Broker) {
        if self.random.borrow_mut().coin() {
            self.machine.lose_power(None);
        } else {
            self.machine.kill();
        }
        self.machine.clear_scripts();
        broker.forget();
    }

    /// Ends all faults.
    fn calm(&self) {
        self.machine.clear_faults();
        self.machine.set_disk_ballast(0);
        self.machine.set_disk_capacity(None);
        self.machine.slow_disk(1);
        self.sim.heal_network();
        self.sim.edit_network(|network| {
            network.cut = 0;
            network.refuse = 0;
            network.lose_connect = 0;
        });
    }

    /// Lets the clients work while trouble comes and goes.
    fn live(&self, broker: &Broker) -> Result<(), String> {
        self.machine.set_fault_chances(self.scenario.fault_chances());
        if self.scenario.troubles.cuts {
            self.sim.edit_network(|network| {
                network.cut = 10_000;
                network.refuse = 50_000;
            });
        }
        let (shortest, longest) = (self.scenario.life.start, self.scenario.life.end);
        let span = u64::try_from((longest - shortest).as_micros()).expect("a life is short");
        let life = shortest + Duration::from_micros(self.random.borrow_mut().below(span));
        let end = self.sim.now() + life;
        while self.sim.now() < end {
            let step = Duration::from_micros(self.random.borrow_mut().below(50_000) + 1);
            let (watched, oracle) = (broker.clone(), Rc::clone(&self.clients.oracle));
            let is_over = move || {
                if let Some(excess) = watched.excess() {
                    oracle.violate(excess);
                }
                watched.is_fenced() || watched.failure().is_some() || oracle.is_violated()
            };
            let waited = self
                .sim
                .run_until_true(is_over, step.min(end.since(self.sim.now())));
            self.violated()?;
            match waited {
                Ok(()) if self.may_fail() => return Ok(()),
                Ok(()) => {
                    let failure = broker.failure();
                    return Err(format!("the broker is fenced without a fault: {failure:?}"));
                }
                Err(RunError::TimedOut(_)) => {}
                Err(error @ (RunError::Idle(_) | RunError::Spinning { .. })) => {
                    return Err(error.to_string());
                }
            }
            if self.scenario.habits.clock_jumps && self.random.borrow_mut().below(4) == 0 {
                self.jump_clock();
            }
            self.trouble();
        }
        Ok(())
    }

    /// A few reads in a row of a log of groups that fail, in every other start of the seeds that have it.
    fn failed_load(&self) -> Option<FaultRule> {
        let mut scripts = self.scripts.borrow_mut();
        (self.scenario.scripts.failed_loads && scripts.coin()).then(|| FaultRule {
            count: scripts.within(1..4),
            ..FaultRule::new(
                &format!("{DATA_DIR}/__consumer_offsets-*"),
                Operation::Read,
                scripts.within(1..4),
                Fault::Fail,
            )
        })
    }

    /// For the next partitions that are made, or some of them, there is no room for a directory.
    fn fill_directories(&self) {
        let mut scripts = self.scripts.borrow_mut();
        if self.scenario.scripts.full_directories && scripts.below(4) == 0 {
            self.machine.inject(FaultRule {
                count: scripts.within(1..4),
                ..FaultRule::new(
                    &format!("{DATA_DIR}/*-*"),
                    Operation::CreateDir,
                    scripts.within(1..4),
                    Fault::Full,
                )
            });
        }
    }

    /// What comes and goes within a life.
    fn trouble(&self) {
        self.fill_directories();
        let troubles = self.scenario.troubles;
        if troubles.full {
            self.squeeze();
        }
        if troubles.slow {
            let is_slow = self.random.borrow_mut().coin();
            self.machine.slow_disk(if is_slow { 100 } else { 1 });
        }
        if troubles.cuts {
            match self.random.borrow_mut().below(10) {
                0 => self.machine.part_from(&self.sim.machine(1)),
                1..4 => self.sim.heal_network(),
                _ => {}
            }
        }
    }

    /// The wall clock is set, forth or back, within what the timestamps of batches and their retention allow.
    fn jump_clock(&self) {
        let to = self.random.borrow_mut().below(12 * 60);
        let to = (i64::try_from(to).expect("small") - 30) * 60_000;
        self.machine.jump_wall_clock(to - self.wall_offset.replace(to));
    }

    fn squeeze(&self) {
        let used = self.machine.disk_used();
        let room = self.random.borrow_mut().below(1 << 20);
        let is_over = self.random.borrow_mut().below(3) == 0;
        self.machine.set_disk_capacity((!is_over).then_some(used + room));
    }

    fn end(&self, broker: Broker) {
        let closes = self.random.borrow_mut().below(4) == 0;
        if closes && !broker.is_fenced() {
            broker.stop();
            let watched = broker.clone();
            // A clean close under load; a broker that does not make it in time is killed, as operators do.
            let _ = self.sim.run_until_true(move || watched.has_ended(), PATIENCE);
        }
        if self.scenario.scripts.ends_amid_deletions {
            self.wait_for_a_deletion();
        } else if self.scenario.habits.ends_at_answers {
            self.wait_for_a_moment();
        }
        self.crash(&broker);
        drop(broker);
        // Whoever looks at what is left gets through.
        self.sim.heal_network();
    }

    /// A moment that is worth a crash: right after something was answered for (what is not durable then must not have
    /// been), or while a change of the metadata is under way.
    fn wait_for_a_moment(&self) {
        let oracle = Rc::clone(&self.clients.oracle);
        let (milestones, beginnings) = (oracle.milestones.get(), oracle.beginnings.get());
        let at_a_beginning = self.random.borrow_mut().coin();
        let is_over = move || {
            if at_a_beginning {
                oracle.beginnings.get() > beginnings
            } else {
                oracle.milestones.get() > milestones
            }
        };
        let _ = self.sim.run_until_true(is_over, Duration::from_millis(500));
        if at_a_beginning || self.random.borrow_mut().coin() {
            let soon = Duration::from_micros(self.random.borrow_mut().below(3_000));
            self.sim.run_for(soon);
        }
    }

    /// A deletion is under way: some of what it takes is durable.
    fn wait_for_a_deletion(&self) {
        let oracle = Rc::clone(&self.clients.oracle);
        let before = oracle.deletions.get();
        let has_begun = move || oracle.deletions.get() > before;
        if self.sim.run_until_true(has_begun, Duration::from_secs(1)).is_ok() {
            let soon = Duration::from_micros(self.scripts.borrow_mut().below(8_000));
            self.sim.run_for(soon);
        }
    }

    /// With all faults over, everybody is answered, and the broker comes to rest, closes, and opens again.
    fn finish(&self, broker: Broker) -> Result<(), String> {
        self.calm();
        // What was under way may fail yet.
        self.sim.run_for(Duration::from_secs(1));
        self.violated()?;
        let broker = if broker.is_fenced() {
            self.crash(&broker);
            drop(broker);
            self.start()?
        } else {
            broker
        };
        self.within("serving again", probe::probe(Rc::clone(&self.clients)))?;
        self.within(
            "making topics again",
            topics::probe_names(Rc::clone(&self.clients)),
        )?;
        self.clients.is_closing.set(true);
        let clients = Rc::clone(&self.clients);
        let is_done = move || clients.running() == 0 || clients.oracle.is_violated();
        let done = self.sim.run_until_true(is_done, PATIENCE);
        self.violated()?;
        done.map_err(|error| {
            let (left, troubles) = (self.clients.running(), self.clients.troubles.borrow());
            format!("{left} clients do not come to an end: {error}: {troubles:?}")
        })?;
        // Nothing else wakes a reader any more whose batch was missed.
        self.within("waking readers", probe::probe(Rc::clone(&self.clients)))?;
        self.within(
            "writing to every partition",
            every::write(Rc::clone(&self.clients)),
        )?;
        self.within("asking every group", every::ask(Rc::clone(&self.clients)))?;
        self.within("scraping", scraper::probe(Rc::clone(&self.clients)))?;
        self.within("ending transactions", ledger::check(Rc::clone(&self.clients)))?;
        let watched = broker.clone();
        let rested = self
            .sim
            .run_until_true(move || watched.unrest().is_none(), PATIENCE);
        rested.map_err(|_| format!("not at rest: {}", broker.unrest().unwrap_or_default()))?;
        self.check()?;
        broker.stop();
        let watched = broker.clone();
        let closed = self.sim.run_until_true(move || watched.has_ended(), PATIENCE);
        closed.map_err(|error| format!("the broker does not close: {error}"))?;
        if let Some(failure) = broker.failure() {
            return Err(format!("the broker fails to close: {failure}"));
        }
        // What was closed is durable: nothing is left for a loss of power to take.
        self.machine.lose_power(None);
        broker.forget();
        let broker = self.start()?;
        self.check()?;
        self.within("reading transactions", ledger::check(Rc::clone(&self.clients)))?;
        self.look_for_leftovers()?;
        broker.forget();
        Ok(())
    }
}
