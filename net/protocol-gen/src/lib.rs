//! Writes `corelog-protocol`'s message modules from `net/protocol/schema/`.
//!
//! `cargo run -p corelog-protocol-gen` rewrites `net/protocol/src/messages/`; a test of `corelog-protocol` fails
//! while the committed code differs from what this crate makes of the schema.
//! The schema's form is described in [`schema`]. Each file of it becomes one module, each module has the structs,
//! their defaults, their decoders and their encoders, in the order of the schema. [`definitions`] holds the schema to
//! what Kafka itself ships.

pub mod definitions;
mod emit;
pub mod format;
pub mod generate;
mod parse;
pub mod schema;
mod versions;

pub use generate::{GenerateError, GeneratedFile, generate, read_schema};
pub use parse::ParseError;
pub use versions::Versions;
