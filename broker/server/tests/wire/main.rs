//! The request path from a frame to its answer, on a real shard: what KAFKA's brokers do and clients rely on.

mod administration;
mod counting;
mod epochs;
mod every_api;
mod fetching;
mod http;
mod lying;
mod metadata;
mod metadata_log;
mod offsets;
mod producing;
mod requests;
mod support;
mod transactions;
mod versions;
