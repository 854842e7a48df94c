//! The load generator: workloads against any Kafka-compatible broker, measured without coordinated omission.
//!
//! A run goes through [`run`]: the target's topics are made, one thread a core starts, [`producer`]s and [`consumer`]s
//! open their connections, those in transactions at their coordinators, too, consumers join their groups, an optional
//! backlog is built, and then the traffic of the [`workload`] begins. What [`measure`] gathers on each shard, [`report`]
//! puts together.

pub mod batch;
pub mod client;
pub mod compare;
pub mod consumer;
pub mod deck;
mod figures;
pub mod find_max;
pub mod keys;
pub mod measure;
pub mod number;
pub mod payload;
pub mod producer;
pub mod progress;
pub mod random;
pub mod report;
pub mod run;
pub mod schedule;
pub mod sink;
mod sink_log;
pub mod sweep;
pub mod task;
pub mod workload;
pub mod zipf;
