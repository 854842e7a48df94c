//! The way of a request: accepted, read off its connection, handed to the handler of its API, and answered in order.

pub(crate) mod accept;
mod dispatch;
mod frame;
mod serve;

pub use dispatch::SUPPORTED;
pub use serve::serve;
