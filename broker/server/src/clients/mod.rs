//! What a shard knows of its clients: their connections, their requests, their fetch sessions.

pub mod connections;
pub mod fetch_session;
pub mod request;
