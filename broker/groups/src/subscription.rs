//! The topics that a member of a `consumer` group subscribes to, whose offsets are neither deleted nor expired. They
//! stand in the member's metadata, which is otherwise opaque to the coordinator, in the form of Kafka's
//! `ConsumerProtocolSubscription` v0, which later versions extend:
//!
//! ```text
//! version i16   topics i32 count, then each i16 length and UTF-8   ...
//! ```

use std::collections::BTreeSet;

use crate::records::reader::Reader;

/// The protocol type whose metadata has this form.
pub(crate) const CONSUMER_PROTOCOL_TYPE: &str = "consumer";

/// Adds the topics of one member's metadata to `topics`; `None` if it is not of this form.
pub(crate) fn collect_topics(metadata: &[u8], topics: &mut BTreeSet<String>) -> Option<()> {
    let mut reader = Reader::new(metadata);
    let version = reader.read_i16().ok()?;
    if version < 0 {
        return None;
    }
    let count = reader.read_i32().ok()?;
    for _ in 0..count {
        // A string takes two bytes at least, so a hostile count ends with the bytes.
        topics.insert(reader.read_string().ok()?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_v0_prefix_and_refuses_the_rest() {
        let check = |metadata: &[u8], expected: Option<&[&str]>| {
            let mut topics = BTreeSet::new();
            let found = collect_topics(metadata, &mut topics).map(|()| topics);
            let expected = expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
            assert_eq!(found, expected, "{metadata:?}");
        };
        // What the Java client's ConsumerProtocol.serializeSubscription gives for v0 with ["a", "bc"] and no user data.
        check(
            &[
                0, 0, 0, 0, 0, 2, 0, 1, b'a', 0, 2, b'b', b'c', 0xff, 0xff, 0xff, 0xff,
            ],
            Some(&["a", "bc"]),
        );
        check(&[0, 3, 0, 0, 0, 0], Some(&[]));
        check(&[], None);
        check(&[0xff, 0xff, 0, 0, 0, 0], None);
        check(&[0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 1, b'a'], None);
    }
}
