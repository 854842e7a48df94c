//! Produce: its handler, the check of what it brings, and the work on it that takes long.

pub mod check;
mod handler;
pub mod lane;

pub use handler::start;
