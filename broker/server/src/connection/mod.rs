//! The way of a request: accepted, read off its connection, handed to the handler of its API, and answered in order.

pub mod accept;
pub mod dispatch;
pub mod frame;
mod serve;

pub use serve::serve;
