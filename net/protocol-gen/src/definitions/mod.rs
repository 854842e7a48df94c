//! Holds the schema to Kafka's own message definitions: the `common/message/*.json` of the kafka-clients jar, and the
//! `common/metadata/*.json` of the kafka-metadata jar.
//!
//! Both sides are brought into one form, `wire::Layout`: the fields of one message in one version, in wire order.
//! [`compare`] names each fact in which the two forms differ, and [`Known`] holds the differences to a committed list
//! of those that there is a reason for. `tests/wire/run` fetches the jar and calls this.
//!
//! What is compared: APIs and their keys, valid and flexible versions, the version that Kafka calls unstable, and of
//! each field in each version its name, place, type, tag, default, and whether it may be null or dropped. What is not
//! on the wire is left out: descriptions, listeners, entity types and map keys.

mod compare;
mod json;
mod known;
mod wire;

pub use compare::{Comparison, compare};
pub use json::{Definition, DefinitionError, read_definitions};
pub use known::{Known, KnownError, Verdict};
