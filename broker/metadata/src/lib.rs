//! The cluster's metadata: an immutable image, and how the records of the metadata log (KIP-631) change it. One broker or
//! many, the same code. What becomes a record is decided in `corelog-controller`.
//!
//! ```text
//! records --(log, made durable)--> MetadataImage::apply --changes_since--> shards
//! log at a start --Replay--> MetadataImage --snapshot_records--> records
//! ```
//!
//! Invariants: an image depends on the records alone, so every replay gives the same image; what does not fit the image,
//! or what the image could not keep, is an error and never skipped; a snapshot is what a replay of all records before it
//! gives; what earlier releases wrote is read, and a shipped form never changes. No clock, randomness, socket or file is in
//! here.

mod bucket_map;
mod change;
mod delta;
mod image;
pub mod names;
mod placement;
mod record;
mod replay;
mod snapshot;
pub mod v1;

pub use change::ApplyError;
pub use corelog_protocol::MetadataRecord;
pub use delta::ImageDelta;
pub use image::{
    BrokerImage, Configs, Endpoint, FeatureRange, Incarnation, MetadataImage, PartitionImage, TopicImage,
};
pub use placement::shard_of;
pub use record::{
    METADATA_VERSION, METADATA_VERSION_LEVEL, RESOURCE_BROKER, RESOURCE_TOPIC, config_changes, encode,
    feature_level,
};
pub use replay::{Replay, ReplayError, Replayed};
pub use snapshot::{
    abort_transaction, begin_transaction, directory_uuids, end_transaction, snapshot_records,
};
