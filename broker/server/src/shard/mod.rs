//! One shard: a thread that owns its partitions, its groups and its connections outright.

mod calls;
mod settings;

