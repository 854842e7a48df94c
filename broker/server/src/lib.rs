//! The broker: shards, routing, one file a Kafka API.
//!
//! `ARCHITECTURE.md` has the way of a Produce and a Fetch through these files.

pub mod accept;
pub mod admin;
pub mod api;
pub mod banner;
pub mod cluster_id;
pub mod connection;
pub mod connections;
pub mod controller;
pub mod coordinator;
pub mod debug;
pub mod dispatch;
pub mod error_codes;
pub mod fetch_memory;
mod fetch_session;
pub mod fetch_watch;
pub mod frame;
mod health;
pub mod identity;
pub mod listeners;
pub mod log_config;
pub mod log_reader;
pub mod log_state;
pub mod long_answer;
pub mod memory;
pub mod metrics;
pub mod offsets_topic;
mod partition_dirs;
pub mod produce_check;
pub mod produce_lane;
pub mod producer_ids;
pub mod progress;
pub mod report;
pub mod request;
pub mod serve_error;
pub mod server;
pub mod shard;
pub mod topics;
pub mod uncompacted;
