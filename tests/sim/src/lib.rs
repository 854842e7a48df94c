//! The simulated machine: the second form of the seams, on one thread, in virtual time, from one seed.

pub mod broker_world;
mod disk;
mod exec;
mod machine;
mod mailbox;
mod net;
mod plan;
mod rng;
mod simulation;
pub mod storage_world;
mod trace;

pub use disk::{Damage, DiskCounters, DiskOptions, Fault, FaultChances, FaultRule, Operation, Survival};
pub use exec::RunError;
pub use machine::Machine;
pub use mailbox::SimMailbox;
pub use net::NetOptions;
pub use plan::{Plan, PlanError, Setting};
pub use rng::SimRng;
pub use simulation::{Options, Remarks, Simulation};
pub use trace::{TraceEvent, TraceKind};
