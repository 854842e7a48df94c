//! The admin port, and what is served there.

mod debug;
mod health;
mod reply;
mod report;
mod serve;

pub use serve::metrics;

pub(crate) use serve::serve;
