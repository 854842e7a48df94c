//! The admin port, and what is served there.

pub mod debug;
mod health;
mod reply;
pub mod report;
mod serve;

pub use serve::serve;
