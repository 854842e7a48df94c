//! What a shard knows of its clients: their connections, their requests, their fetch sessions.

mod answer;
mod client;
pub(crate) mod connections;
pub(crate) mod fetch_session;
mod in_transaction;
mod request;

pub use answer::Answer;
pub use client::Client;
pub use request::RequestContext;
