//! The admin port, and what is served there.

mod debug;
mod health;
mod pace;
mod reply;
mod report;
mod routes;
mod serve;
mod stream;

pub use routes::metrics;
pub use serve::serve;
