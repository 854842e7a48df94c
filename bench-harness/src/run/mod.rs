//! A run: topics, shards, phases, verdict.

mod barrier;
mod calibration;
mod engine;
mod monitor;
mod server_usage;
mod shard;

pub use calibration::{Calibration, CalibrationError, SinkError, SinkHandle, calibrate, start_sink};
pub use engine::{RunError, RunOptions, RunResult, run};
pub use server_usage::{ServerSample, ServerUsage};
