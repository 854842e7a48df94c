//! One log's state: offsets, segments, index, producers, epochs. No I/O.

pub(crate) mod aborted_search;
pub(crate) mod core;
pub(crate) mod epochs;
pub(crate) mod index;
pub(crate) mod producers;
pub(crate) mod segment;
pub(crate) mod transactions;
