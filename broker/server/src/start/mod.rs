//! From a configuration to a running broker, and down again.

mod banner;
mod cluster_id;
mod listeners;
mod progress;
mod serve_error;
mod server;

pub use progress::Progress;
pub use serve_error::ServeError;
pub use server::{CommitPlan, Plan, ShardSeat, live, serve};
