//! Produce: its handler, the check of what it brings, and the work on it that takes long.

mod append;
mod check;
mod handler;
mod long_work;
mod services;
mod verify;

pub use handler::start;
pub use services::Services;
