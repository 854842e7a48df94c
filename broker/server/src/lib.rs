//! The broker: shards, routing, one file a Kafka API.
//!
//! `ARCHITECTURE.md` has the way of a Produce and a Fetch through these folders.

pub mod admin;
pub mod api;
pub mod clients;
pub mod cluster;
pub mod connection;
pub mod controller;
mod error_codes;
mod groups;
pub mod logs;
mod markers;
pub mod memory;
pub mod metadata;
mod metrics;
mod own_log;
pub mod partitions;
pub mod shard;
pub mod start;
mod transactions;
