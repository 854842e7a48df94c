//! A disk that loses what was not synced, and worse if asked to.

mod device;
mod faults;
mod pages;
mod request;
mod seam;
mod state;
mod tree;

pub(crate) use device::Device;
pub use faults::{Fault, FaultChances, FaultRule, Operation};
pub use pages::Survival;
pub(crate) use seam::SimDisk;
pub use state::{Damage, DiskCounters, DiskOptions};
