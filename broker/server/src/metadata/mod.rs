//! Changes of the metadata.

pub mod offsets_topic;
pub mod uncompacted;
