//! The runner: seeds on all cores, one process each so that a panic of one ends nothing else; what fails is made
//! smaller and shown.

mod minimize;
mod pool;
mod worker;

pub(crate) use self::minimize::minimize;
pub(crate) use self::pool::{Finding, run_pool};
pub(crate) use self::worker::{probe, work};
