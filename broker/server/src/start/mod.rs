//! From a configuration to a running broker, and down again.

pub mod banner;
pub mod cluster_id;
pub mod listeners;
pub mod progress;
pub mod serve_error;
pub mod server;
