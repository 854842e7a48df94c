//! The metadata log of release 0.1.0, read and never written: commands, and snapshots of the image, each an rkyv archive in
//! an envelope. A start that finds one puts a snapshot of the present form in its place.

mod command;
mod encoding;
mod snapshot;

pub use command::{Command, records};
pub use encoding::{DecodeError, decode};
pub use snapshot::{decode_snapshot, is_snapshot};

/// Whether a value is of this form. A record of the present form begins with the number 1.
pub(crate) fn is_v1(value: &[u8]) -> bool {
    encoding::is_command(value) || is_snapshot(value)
}
