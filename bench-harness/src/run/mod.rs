//! A run: topics, shards, phases, verdict.

mod barrier;
mod behind;
mod calibration;
mod engine;
mod monitor;
mod server_usage;
mod shard;
mod watch;

pub use calibration::{Calibration, CalibrationError, SinkError, SinkHandle, calibrate, start_sink};
pub use engine::{GiveUp, RunError, RunOptions, RunResult, here, run};
pub use server_usage::{ServerSample, ServerUsage};
