//! What is on disk: the versioned types, and the envelope around those that are files of their own.

pub(crate) mod envelope;
pub(crate) mod names;
pub(crate) mod v1;
pub(crate) mod v2;
pub(crate) mod v3;
pub(crate) mod v4;
