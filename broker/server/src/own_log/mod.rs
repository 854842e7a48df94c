//! The logs that the broker keeps for itself: the metadata's, and those of the groups.

mod reader;

pub(crate) use reader::{LogReadError, for_each_record};
