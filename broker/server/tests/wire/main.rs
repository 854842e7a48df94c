//! The request path from a frame to its answer, on a real shard: what KAFKA's brokers do and clients rely on.

mod epochs;
mod fetching;
mod metadata;
mod metadata_log;
mod offsets;
mod producing;
mod support;
mod versions;
