//! The journal of a shard: frames, what goes into them, the ring of files they go to, and the task that writes them.

pub(crate) mod commit;
pub(crate) mod core;
pub(crate) mod files;
pub(crate) mod frame;
pub(crate) mod manifest;
pub(crate) mod reader;
pub(crate) mod ring;
pub(crate) mod state;
