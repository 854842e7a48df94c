//! A log's newest bytes, in memory.

pub(crate) mod chunk;
mod core;

pub(crate) use self::core::{BULK_CHUNK_BYTES_MAX, CHUNK_BYTES_MAX, Evicted, Opened, Tail, TailSlice};
