//! A disk that loses what was not synced, and worse if asked to.

mod device;
mod faults;
mod pages;
mod seam;
mod tree;

pub(crate) use device::Device;
pub use device::{Damage, DiskCounters, DiskOptions};
pub use faults::{Fault, FaultChances, FaultRule, Operation};
pub use pages::Survival;
pub(crate) use seam::SimDisk;
