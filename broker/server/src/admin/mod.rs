//! The admin port, and what is served there.

pub mod debug;
mod health;
pub mod report;
mod serve;

pub use serve::{Reply, serve};
