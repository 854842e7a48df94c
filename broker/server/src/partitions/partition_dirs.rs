//! The names of partitions' directories: `<topic>-<partition>.<topic id>`.
//!
//! A topic's name may be given away again while a log of the old topic is still known: a shard whose disk has failed
//! cannot note that the log is gone, and has it back at the next start. With the topic's id in the name no two logs ever
//! share a directory, so whatever is done to the old one, the new one is not touched.

use corelog_model::PartitionId;

/// What a file system takes as a name, in bytes (`NAME_MAX`).
const NAME_BYTES_MAX: usize = 255;
/// How long a topic's id is.
const ID_CHARS: usize = 22;
/// What of a topic's name has room beside `-<partition>.<topic id>`. The id tells apart what is cut.
const TOPIC_BYTES_MAX: usize = NAME_BYTES_MAX - 1 - 10 - 1 - ID_CHARS;

/// The directory of a partition of the topic of that name.
pub(crate) fn name(topic: &str, id: PartitionId) -> String {
    // Kafka allows ASCII alone in the names of topics.
    let stem = topic.get(..TOPIC_BYTES_MAX).unwrap_or(topic);
    format!("{stem}-{}.{}", id.index, id.topic)
}

/// Whether a directory's name is one that [`name`] gives.
pub(crate) fn is_name(directory: &str) -> bool {
    let parts = directory
        .rsplit_once('.')
        .and_then(|(stem, id)| Some((stem.rsplit_once('-')?, id)));
    parts.is_some_and(|((topic, index), id)| {
        !topic.is_empty()
            && index
                .parse::<u32>()
                .is_ok_and(|number| number.to_string() == index)
            && id.len() == ID_CHARS
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

#[cfg(test)]
mod tests {
    use corelog_model::{PartitionIndex, TopicId};

    use super::*;

    fn id(index: i32) -> PartitionId {
        PartitionId {
            topic: TopicId::new([0xff; 16]),
            index: PartitionIndex::new(index),
        }
    }

    #[test]
    fn a_name_tells_topics_of_one_name_apart_and_fits_a_file_system() {
        assert_eq!(name("orders", id(7)), "orders-7._____________________w");
        let longest = name(&"x".repeat(249), id(i32::MAX));
        assert_eq!(longest.len(), NAME_BYTES_MAX);
        assert!(is_name(&longest));
    }

    #[test]
    fn names_of_ours_are_known_and_no_others() {
        for (name, expected) in [
            ("orders-7._____________________w", true),
            ("a.b-1-0.AAAAAAAAAAAAAAAAAAAABw", true),
            ("__consumer_offsets-49.bJ-4kV_nRgqkY8r3mQ2sVA", true),
            ("orders-7", false),
            ("orders.AAAAAAAAAAAAAAAAAAAABw", false),
            ("orders-07.AAAAAAAAAAAAAAAAAAAABw", false),
            ("-7.AAAAAAAAAAAAAAAAAAAABw", false),
            ("orders-7.AAAAAAAAAAAAAAAAAAAABw.bak", false),
            ("orders-7.AAAAAAAAAAAAAAAAAAAABw.0123456789abcdef-delete", false),
            ("journal", false),
            ("", false),
        ] {
            assert_eq!(is_name(name), expected, "{name}");
        }
    }
}
