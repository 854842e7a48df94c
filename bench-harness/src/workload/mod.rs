//! What to do to the target: the workload, how it is read, and the standard ones.

mod catalog;
mod omb;
mod parse;
mod payload_file;
mod spec;

pub use catalog::{Scenario, find, scenarios};
pub use parse::{WorkloadError, parse};
pub use payload_file::{PayloadFileError, PayloadFormat};
pub use spec::{Acks, Arrival, Codec, Isolation, KeyDistributor, MessageSize, Mode, SizeShare, Workload};
