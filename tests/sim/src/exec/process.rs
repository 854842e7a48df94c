//! One life of a broker's process on a machine.

use std::cell::Cell;

/// One run of a process: what it started dies with it.
#[derive(Debug)]
pub(crate) struct Process {
    machine: u16,
    incarnation: u64,
    alive: Cell<bool>,
}

impl Process {
    pub(crate) fn new(machine: u16, incarnation: u64) -> Process {
        Process {
            machine,
            incarnation,
            alive: Cell::new(true),
        }
    }

    pub(crate) fn machine(&self) -> u16 {
        self.machine
    }

    pub(crate) fn incarnation(&self) -> u64 {
        self.incarnation
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.alive.get()
    }

    pub(crate) fn kill(&self) {
        self.alive.set(false);
    }
}
