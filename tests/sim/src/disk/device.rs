//! One machine's disk: operations in flight, their latency, their effects, their faults, and what a crash makes of it.
//!
//! Invariants:
//! - An operation takes effect exactly once, at one moment between its submission and its completion.
//! - After a crash no operation of the old process takes effect, is completed, or changes anything.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use corelog_runtime::local::oneshot;

use crate::exec::{Core, Process};
use crate::rng::SimRng;
use crate::trace::TraceKind;

use super::faults::Faults;
use super::pages::{Survival, SyncPoint};
use super::request::{Hold, Reply, Request};
use super::state::{Damage, DiskCounters, DiskOptions, InFlight, State};
use super::tree::{InodeId, Tree};

/// A machine's disk. It outlives the machine's processes.
pub(crate) struct Device {
    core: Rc<Core>,
    machine: u16,
    state: RefCell<State>,
}

impl Device {
    pub(crate) fn new(core: &Rc<Core>, machine: u16, options: DiskOptions, random: SimRng) -> Rc<Device> {
        Rc::new(Device {
            core: Rc::clone(core),
            machine,
            state: RefCell::new(State {
                tree: Tree::new(),
                options,
                faults: Faults::default(),
                random,
                in_flight: BTreeMap::new(),
                next_operation: 0,
                counters: DiskCounters::default(),
                damage: Vec::new(),
                slow: 1,
                ballast: 0,
                holds: Rc::default(),
                filesystem_failures: 0,
            }),
        })
    }

    /// Starts an operation; the receiver resolves at its completion, and never if the process dies before.
    pub(crate) fn submit(
        self: &Rc<Self>,
        process: &Process,
        path: &Rc<Path>,
        inode: Option<InodeId>,
        request: Request,
    ) -> oneshot::Receiver<Reply> {
        let (sender, receiver) = oneshot::channel();
        if !process.is_alive() {
            return receiver; // Its waiter takes a canceled receiver for a process that is gone.
        }
        let operation = request.operation();
        let detail = request.detail();
        let (number, apply_at, complete_at, fault) = {
            let mut state = self.state.borrow_mut();
            let state = &mut *state;
            let number = state.next_operation;
            state.next_operation += 1;
            state.count(&request);
            let fault = state
                .faults
                .draw(operation, &path.to_string_lossy(), &mut state.random);
            let latency = state.latency(operation, fault);
            let apply_after = match state.random.below(4) {
                0 => 0,
                1 => latency,
                _ => state.random.within(0..latency),
            };
            let in_flight = match request {
                Request::Sync | Request::SyncFilesystem(_) => state.in_flight.keys().copied().collect(),
                _ => Vec::new(),
            };
            state.in_flight.insert(
                number,
                InFlight {
                    path: Rc::clone(path),
                    hold: inode.map(|inode| Hold::new(&state.holds, inode, false)),
                    fault,
                    sync_point: SyncPoint {
                        before: number,
                        in_flight,
                    },
                    change_mark: state.tree.change_mark(),
                    request: Some(request),
                    reply: None,
                    sender,
                },
            );
            let now = self.core.now();
            (number, now + apply_after, now + latency, fault)
        };
        self.core.trace_with(
            TraceKind::DiskSubmit,
            self.machine,
            number,
            detail,
            operation.verb(),
            || path.display().to_string(),
        );
        if fault.is_some() {
            self.core.trace_with(
                TraceKind::DiskFault,
                self.machine,
                number,
                detail,
                operation.verb(),
                || format!("{fault:?} {}", path.display()),
            );
        }
        if apply_at < complete_at {
            let device = Rc::clone(self);
            self.core.schedule(apply_at, move || device.apply(number));
        }
        let device = Rc::clone(self);
        self.core.schedule(complete_at, move || device.complete(number));
        receiver
    }

    fn apply(&self, number: u64) {
        let applied = self.state.borrow_mut().apply(number);
        if applied {
            self.core.trace(TraceKind::DiskApply, self.machine, number, 0, "");
        }
    }

    fn complete(&self, number: u64) {
        self.apply(number);
        let Some(done) = self.state.borrow_mut().in_flight.remove(&number) else {
            return; // A crash came first.
        };
        let reply = done.reply.expect("applied above or before");
        self.core.trace(
            TraceKind::DiskComplete,
            self.machine,
            number,
            u64::from(reply.failed()),
            "",
        );
        drop(done.hold);
        // If nobody waits any more, the operation has run to its end all the same.
        drop(done.sender.send(reply));
    }

    /// Kills what is in flight with the process: each operation has taken effect, or has not, or, a write, in part.
    pub(crate) fn kill_process(&self) {
        let dropped = self.state.borrow_mut().abandon();
        drop(dropped);
    }

    /// Loses power.
    pub(crate) fn lose_power(&self, survival: Option<Survival>) -> Survival {
        let (dropped, survival) = {
            let mut state = self.state.borrow_mut();
            let state = &mut *state;
            let dropped = state.abandon();
            let survival = survival.unwrap_or_else(|| match state.random.below(20) {
                0..4 => Survival::Nothing,
                4..7 => Survival::Everything,
                7..12 => Survival::Pages,
                _ => Survival::Sectors,
            });
            state.tree.crash(survival, &mut state.random);
            (dropped, survival)
        };
        drop(dropped);
        survival
    }

    pub(crate) fn with_faults<T>(&self, edit: impl FnOnce(&mut Faults) -> T) -> T {
        edit(&mut self.state.borrow_mut().faults)
    }

    pub(crate) fn set_slow(&self, factor: u64) {
        self.state.borrow_mut().slow = factor.max(1);
    }

    pub(crate) fn set_capacity(&self, capacity: Option<u64>) {
        self.state.borrow_mut().options.capacity = capacity;
    }

    pub(crate) fn set_ballast(&self, bytes: u64) {
        self.state.borrow_mut().ballast = bytes;
    }

    pub(crate) fn used(&self) -> u64 {
        self.state.borrow().used()
    }

    pub(crate) fn counters(&self) -> DiskCounters {
        self.state.borrow().counters
    }

    pub(crate) fn filesystem_failures(&self) -> u64 {
        self.state.borrow().filesystem_failures
    }

    pub(crate) fn damage(&self) -> Vec<Damage> {
        self.state.borrow().damage.clone()
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.state.borrow().in_flight.len()
    }

    pub(crate) fn open_handles(&self) -> u64 {
        self.state.borrow().holds.handle_count()
    }

    /// The kernel drops its clean pages.
    pub(crate) fn evict(&self) {
        for (_, file) in self.state.borrow_mut().tree.files_mut() {
            file.evict();
        }
    }

    /// Whether anything waits for a sync.
    pub(crate) fn is_dirty(&self) -> bool {
        let mut state = self.state.borrow_mut();
        state.tree.is_dirty() || state.tree.files_mut().any(|(_, file)| file.is_dirty())
    }

    /// Flips a bit in each of `count` random places of files like `pattern`.
    pub(crate) fn rot(&self, pattern: &str, count: u64) -> Vec<Damage> {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let mut files = state.tree.files();
        files.retain(|(path, inode)| {
            super::faults::matches(pattern, path) && state.tree.file(*inode).length() > 0
        });
        let mut damaged = Vec::new();
        for _ in 0..if files.is_empty() { 0 } else { count } {
            let (path, inode) = &files[state.random.index(files.len())];
            if let Some(position) = state.tree.file_mut(*inode).rot(&mut state.random) {
                damaged.push(Damage {
                    path: path.into(),
                    position,
                    length: 1,
                });
            }
        }
        state.damage.extend(damaged.iter().cloned());
        damaged
    }

    /// The bytes of a file as a read would see them, without an operation; `None` if there is no such file.
    pub(crate) fn peek(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state.borrow();
        let inode = state
            .tree
            .find(path)
            .ok()
            .filter(|inode| !state.tree.is_directory(*inode))?;
        let file = state.tree.file(inode);
        let mut bytes = vec![0; usize::try_from(file.length()).ok()?];
        file.read(0, &mut bytes);
        Some(bytes)
    }

    /// Names of the directories in the one at `path`, sorted.
    pub(crate) fn directories(&self, path: &Path) -> Vec<String> {
        self.state.borrow().tree.directories(path)
    }

    /// All files that have a name, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        self.state
            .borrow()
            .tree
            .files()
            .into_iter()
            .map(|(path, _)| path)
            .collect()
    }
}
