//! A simulation: machines, virtual time, and the loop that runs them.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use corelog_runtime::Monotonic;

use crate::disk::DiskOptions;
use crate::exec::{Core, Process, RunError, Sleep, nanos};
use crate::machine::Machine;
use crate::net::{NetOptions, Network};
use crate::rng::SimRng;
use crate::trace::TraceKind;

/// How a simulation runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Virtual time that each poll of a task takes.
    pub poll_cost: Duration,
    /// How many polls one run may take before it is held to be spinning.
    pub polls_max: u64,
    /// Keep every event for [`Simulation::trace_log`]; the hash is kept in any case.
    pub keep_log: bool,
    /// The disks of machines.
    pub disk: DiskOptions,
    /// The network between them.
    pub net: NetOptions,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            poll_cost: Duration::from_nanos(200),
            polls_max: u64::MAX,
            keep_log: false,
            disk: DiskOptions::default(),
            net: NetOptions::default(),
        }
    }
}

/// A world of machines in virtual time on the caller's thread. What happens in it follows from the seed alone, as long
/// as the code under test takes its time, randomness and I/O from the seams and iterates over nothing in hash order.
pub struct Simulation {
    core: Rc<Core>,
    seed: u64,
    options: Options,
    network: Rc<Network>,
    machines: RefCell<Vec<Machine>>,
    /// The process of tasks of the test itself; nothing kills it.
    harness: Rc<Process>,
    random: RefCell<SimRng>,
}

impl Simulation {
    /// The world of `seed`, without machines.
    pub fn new(seed: u64, options: Options) -> Simulation {
        let core = Core::new(seed, &options);
        Simulation {
            network: Network::new(&core, options.net.clone(), SimRng::stream(seed, 3)),
            core,
            seed,
            options,
            machines: RefCell::new(Vec::new()),
            harness: Rc::new(Process::new(u16::MAX, 0)),
            random: RefCell::new(SimRng::stream(seed, 2)),
        }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Machine number `number`, counted from zero; it and those before it are built if they are not there yet.
    pub fn machine(&self, number: u16) -> Machine {
        let mut machines = self.machines.borrow_mut();
        for next in machines.len()..=usize::from(number) {
            let next = u16::try_from(next).expect("at most `number`");
            machines.push(Machine::new(
                &self.network,
                self.seed,
                next,
                self.options.disk.clone(),
            ));
        }
        machines[usize::from(number)].clone()
    }

    /// Starts a task of the test itself (a client, a nemesis), which no kill of a machine ends.
    pub fn spawn(&self, name: &'static str, future: impl Future<Output = ()> + 'static) {
        self.core.spawn(&self.harness, name, Box::pin(future));
    }

    /// Virtual time since the start.
    pub fn now(&self) -> Monotonic {
        Monotonic::from_nanos(self.core.now())
    }

    /// Resolves after `duration` of virtual time.
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + 'static {
        Sleep::new(
            Rc::clone(&self.core),
            self.core.now().saturating_add(nanos(duration)),
        )
    }

    /// A stream of random numbers for the test's own choices.
    pub fn random(&self) -> SimRng {
        SimRng::new(self.random.borrow_mut().next_u64())
    }

    /// Runs until `future` is done, for at most `limit` of virtual time.
    ///
    /// # Errors
    /// `TimedOut` at the limit; `Idle` if nothing is left that could happen.
    pub fn run_until<T>(&self, future: impl Future<Output = T>, limit: Duration) -> Result<T, RunError> {
        self.core.run(pin!(future), Some(limit), false)
    }

    /// Runs until `predicate` holds (it is asked after every event), for at most `limit` of virtual time.
    ///
    /// # Errors
    /// As `run_until`.
    pub fn run_until_true(&self, predicate: impl Fn() -> bool, limit: Duration) -> Result<(), RunError> {
        let future = std::future::poll_fn(|_| {
            if predicate() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        self.core.run(pin!(future), Some(limit), true)
    }

    /// Runs for `duration` of virtual time, or until nothing is left that could happen.
    pub fn run_for(&self, duration: Duration) {
        let sleep = self.sleep(duration);
        self.core.run(pin!(sleep), None, false).expect("a timer is left");
    }

    /// Runs until `future` is done.
    ///
    /// # Panics
    /// If nothing is left that could happen and it is not done.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        match self.core.run(pin!(future), None, false) {
            Ok(output) => output,
            Err(error) => panic!("seed {}: {error}", self.seed),
        }
    }

    /// Changes how the network behaves from now on.
    pub fn edit_network(&self, edit: impl FnOnce(&mut NetOptions)) {
        self.network.edit_options(edit);
    }

    /// Makes the network `factor` times slower; 1 is its usual speed.
    pub fn slow_network(&self, factor: u64) {
        self.network.set_slow(factor);
    }

    /// Ends all partitions between machines.
    pub fn heal_network(&self) {
        self.network.heal();
    }

    /// Connections that are not closed at both ends.
    pub fn connection_count(&self) -> usize {
        self.network.connection_count()
    }

    /// Adds a remark to the trace.
    pub fn note(&self, label: &'static str, subject: u64, detail: u64) {
        self.core.trace(TraceKind::Note, u16::MAX, subject, detail, label);
    }

    /// Whoever has it can add remarks to the log: words that change no hash.
    pub fn remarks(&self) -> Remarks {
        Remarks(Rc::clone(&self.core))
    }

    /// A hash over everything that has happened.
    pub fn trace_hash(&self) -> u64 {
        self.core.with_trace(|trace| trace.hash())
    }

    /// How many events have happened.
    pub fn trace_count(&self) -> u64 {
        self.core.with_trace(|trace| trace.count())
    }

    /// Everything that has happened, a line an event; empty unless [`Options::keep_log`] is set.
    pub fn trace_log(&self) -> String {
        self.core.with_trace(|trace| trace.render())
    }

    /// Polls of tasks so far.
    pub fn polls(&self) -> u64 {
        self.core.polls()
    }

    /// Tasks that have not ended.
    pub fn task_count(&self) -> usize {
        self.core.task_count()
    }
}

/// Adds remarks to a simulation's log.
#[derive(Clone)]
pub struct Remarks(Rc<Core>);

impl Remarks {
    /// Adds a remark; `words` are asked for only if the log is kept.
    pub fn add(&self, words: impl FnOnce() -> String) {
        self.0.remark(words);
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        // Tasks hold the core and the core holds the tasks. Processes first, so that what destructors start is void.
        self.harness.kill();
        for machine in self.machines.borrow().iter() {
            machine.kill();
        }
        self.core.clear();
    }
}
