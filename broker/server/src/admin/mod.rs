//! The admin port, and what is served there.

mod debug;
mod health;
mod metrics;
mod pace;
mod reply;
mod routes;
mod serve;
mod stream;

pub use metrics::metrics;
pub use serve::serve;
