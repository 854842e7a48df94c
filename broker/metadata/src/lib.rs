//! The cluster's metadata as a state machine: an immutable image, commands that change it, and the controller that
//! decides which commands a request becomes. One broker or many, the same code.
//!
//! ```text
//! request --Controller::handle--> commands --(log, made durable)--> MetadataImage::apply --changes_since--> shards
//! ```
//!
//! Invariants: `apply` depends on the image and the command alone, so every replay gives the same image; a command
//! that does not fit the image is an error and changes nothing; commands are encoded in a versioned, checksummed
//! envelope and a shipped version never changes; a snapshot is what a replay of all commands before it gives. No clock, randomness, socket or file is in here.

mod apply;
mod bucket_map;
mod command;
pub mod controller;
mod delta;
mod encoding;
mod image;
pub mod names;
mod placement;
mod snapshot;

pub use apply::ApplyError;
pub use command::{Command, Configs};
pub use controller::{Controller, ControllerError, ControllerRequest};
pub use delta::ImageDelta;
pub use encoding::{DecodeError, decode, decode_prefix, encode};
pub use image::{BrokerImage, Incarnation, MetadataImage, PartitionImage, TopicImage};
pub use placement::shard_of;
pub use snapshot::{decode_snapshot, encode_snapshot, is_snapshot};
