//! A small Kafka client for the command line, the tests and the load generator.

pub mod compression;
pub mod partitioner;
pub mod record;
