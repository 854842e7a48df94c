//! A machine: a disk and a clock that outlive the processes, and the process that runs now.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::path::Path;
use std::rc::Rc;

use corelog_model::ShardId;
use corelog_runtime::{Handle, Mailbox};

use crate::disk::{Damage, Device, DiskCounters, DiskOptions, FaultChances, FaultRule, SimDisk, Survival};
use crate::exec::{Core, Process, SimClock, SimShardRng, SimSpawn};
use crate::mailbox;
use crate::net::{Network, SimNet, address_of};
use crate::rng::SimRng;
use crate::trace::TraceKind;

/// 2026-01-01 00:00:00 UTC in milliseconds: the wall clock at the start of every simulation.
pub(crate) const EPOCH_MS: i64 = 1_767_225_600_000;

struct MachineInner {
    core: Rc<Core>,
    seed: u64,
    number: u16,
    device: Rc<Device>,
    network: Rc<Network>,
    wall_offset_ms: Rc<Cell<i64>>,
    process: RefCell<Rc<Process>>,
    meshes: Cell<u64>,
}

/// A simulated machine; cheap to clone.
#[derive(Clone)]
pub struct Machine(Rc<MachineInner>);

impl Machine {
    pub(crate) fn new(network: &Rc<Network>, seed: u64, number: u16, disk: DiskOptions) -> Machine {
        let core = &network.core;
        let random = SimRng::stream(seed, 0x1_0000 + u64::from(number));
        Machine(Rc::new(MachineInner {
            core: Rc::clone(core),
            seed,
            number,
            device: Device::new(core, number, disk, random),
            network: Rc::clone(network),
            wall_offset_ms: Rc::new(Cell::new(EPOCH_MS)),
            process: RefCell::new(Rc::new(Process::new(number, 0))),
            meshes: Cell::new(0),
        }))
    }

    fn process(&self) -> Rc<Process> {
        Rc::clone(&self.0.process.borrow())
    }

    /// The seams of shard `shard` in the process that runs now. Those of a dead process do nothing any more.
    pub fn handle_for(&self, shard: ShardId) -> Handle {
        let inner = &self.0;
        let process = self.process();
        let stream = 0x2_0000_0000 + (u64::from(inner.number) << 48) + (process.incarnation() << 16);
        Handle {
            spawner: Rc::new(SimSpawn {
                core: Rc::clone(&inner.core),
                process: Rc::clone(&process),
            }),
            clock: Rc::new(SimClock {
                core: Rc::clone(&inner.core),
                wall_offset_ms: Rc::clone(&inner.wall_offset_ms),
            }),
            disk: Rc::new(SimDisk::new(Rc::clone(&inner.device), Rc::clone(&process))),
            net: Rc::new(SimNet {
                network: Rc::clone(&inner.network),
                process,
            }),
            rng: Rc::new(SimShardRng(RefCell::new(SimRng::stream(
                inner.seed,
                stream + u64::from(shard.get()),
            )))),
        }
    }

    /// The queues between `shards` shards of the process that runs now, each holding up to `capacity` messages.
    pub fn mailboxes<M: 'static>(&self, shards: u16, capacity: usize) -> Vec<Rc<dyn Mailbox<M>>> {
        let inner = &self.0;
        let mesh = inner.meshes.get();
        inner.meshes.set(mesh + 1);
        let random = SimRng::stream(inner.seed, 0x3_0000_0000 + (u64::from(inner.number) << 48) + mesh);
        mailbox::mesh(&inner.core, &self.process(), shards, capacity, random)
    }

    fn end_process(&self, label: &'static str, power_lost: bool) {
        let inner = &self.0;
        let old = self.process();
        old.kill();
        inner
            .core
            .trace(TraceKind::Machine, inner.number, old.incarnation(), 0, label);
        inner.network.end_process(&old, power_lost);
        *inner.process.borrow_mut() = Rc::new(Process::new(inner.number, old.incarnation() + 1));
    }

    /// `kill -9`: every task is dropped at once; what the kernel holds (the page cache) stays. A new process can be
    /// started at once with `handle_for`.
    pub fn kill(&self) {
        self.end_process("kill", false);
        self.0.device.kill_process();
        self.0.core.reap();
    }

    /// Power loss: as `kill`, and whatever was not synced fares as `survival` says, or as the seed draws.
    pub fn lose_power(&self, survival: Option<Survival>) -> Survival {
        self.end_process("power loss", true);
        let survival = self.0.device.lose_power(survival);
        self.0.core.reap();
        survival
    }

    /// Moves the wall clock by `milliseconds`, forth or back.
    pub fn jump_wall_clock(&self, milliseconds: i64) {
        let offset = &self.0.wall_offset_ms;
        offset.set(offset.get() + milliseconds);
    }

    /// This machine's number.
    pub fn number(&self) -> u16 {
        self.0.number
    }

    /// Its address on the simulated network. Within the machine, loopback works too.
    pub fn address(&self) -> IpAddr {
        address_of(self.0.number)
    }

    /// Parts this machine from `other`: nothing crosses until the network is healed.
    pub fn part_from(&self, other: &Machine) {
        self.0.network.part(self.0.number, other.0.number);
    }

    /// Sets the chances of faults of the disk.
    pub fn set_fault_chances(&self, chances: FaultChances) {
        self.0.device.with_faults(|faults| faults.chances = chances);
    }

    /// Adds a scripted fault.
    pub fn inject(&self, rule: FaultRule) {
        self.0.device.with_faults(|faults| faults.add(rule));
    }

    /// Ends all faults of the disk: chances and scripts.
    pub fn clear_faults(&self) {
        self.0.device.with_faults(|faults| faults.clear());
    }

    /// Ends the scripted faults of the disk; those by chance go on.
    pub fn clear_scripts(&self) {
        self.0.device.with_faults(|faults| faults.clear_rules());
    }

    /// Makes the disk `factor` times slower for operations submitted from now on; 1 is its usual speed.
    pub fn slow_disk(&self, factor: u64) {
        self.0.device.set_slow(factor);
    }

    /// Limits the space, in bytes.
    pub fn set_disk_capacity(&self, capacity: Option<u64>) {
        self.0.device.set_capacity(capacity);
    }

    /// Another program takes `bytes` of the space.
    pub fn set_disk_ballast(&self, bytes: u64) {
        self.0.device.set_ballast(bytes);
    }

    /// The space that files hold, in bytes.
    pub fn disk_used(&self) -> u64 {
        self.0.device.used()
    }

    /// Flips one bit each in `count` random places of files like `pattern` (`*` is any run of characters).
    pub fn rot(&self, pattern: &str, count: u64) -> Vec<Damage> {
        self.0.device.rot(pattern, count)
    }

    /// The kernel drops its clean pages; what a failed sync left clean but not durable is read old from then on.
    pub fn drop_page_cache(&self) {
        self.0.device.evict();
    }

    /// The damage that faults have done to bytes at rest.
    pub fn damage(&self) -> Vec<Damage> {
        self.0.device.damage()
    }

    /// What the disk has done.
    pub fn disk_counters(&self) -> DiskCounters {
        self.0.device.counters()
    }

    /// Whether anything on the disk waits for a sync.
    pub fn has_unsynced(&self) -> bool {
        self.0.device.is_dirty()
    }

    /// A file's bytes as a read would see them, at no virtual cost.
    pub fn peek(&self, path: &Path) -> Option<Vec<u8>> {
        self.0.device.peek(path)
    }

    /// Names of the directories in the one at `path`, sorted; none if there is no such directory.
    pub fn directories(&self, path: &Path) -> Vec<String> {
        self.0.device.directories(path)
    }

    /// The paths of all files, sorted.
    pub fn files(&self) -> Vec<String> {
        self.0.device.files()
    }

    /// Asserts that no operation is in flight and exactly `open_files` files are open.
    ///
    /// # Panics
    /// If not.
    pub fn assert_quiescent(&self, open_files: u64) {
        let (in_flight, open) = (self.0.device.in_flight(), self.0.device.open_handles());
        assert!(
            in_flight == 0 && open == open_files,
            "machine {}: {in_flight} operations in flight, {open} files open where {open_files} are expected",
            self.0.number
        );
    }
}
