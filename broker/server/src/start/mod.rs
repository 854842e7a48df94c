//! From a configuration to a running broker, and down again.

mod banner;
mod cluster_id;
mod listeners;
mod progress;
mod reload;
mod serve_error;
mod server;
mod service;

pub use progress::Progress;
pub use reload::{Configs, ReloadError};
pub use serve_error::ServeError;
pub use server::{CommitPlan, Plan, Running, ShardSeat, live, serve};
pub use service::{NotifyError, ServiceManager};
