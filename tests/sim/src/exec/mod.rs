//! Tasks, time and processes.

mod core;
mod process;
mod seams;

pub use core::RunError;
pub(crate) use core::{Core, Sleep, nanos};
pub(crate) use process::Process;
pub(crate) use seams::{SimClock, SimShardRng, SimSpawn};
