//! What a producer owes its consumers: every message that was acknowledged, by partition.

use std::ops::Range;

/// What became of the messages of one producer in one partition. Sequences are from zero.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProducedPartition {
    /// The sequence after the last message taken on.
    pub end: u64,
    /// Sequences that were not acknowledged: refused, or still unanswered when the run gave up. Ascending.
    pub unacknowledged: Vec<Range<u64>>,
}

/// The partitions of one producer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProducedTally {
    /// The producer.
    pub producer: u32,
    /// The topic's number in the run.
    pub topic: u32,
    /// By partition.
    pub partitions: Vec<ProducedPartition>,
}

impl ProducedTally {
    /// Nothing yet.
    pub fn new(producer: u32, topic: u32, partitions: usize) -> ProducedTally {
        ProducedTally {
            producer,
            topic,
            partitions: vec![ProducedPartition::default(); partitions],
        }
    }

    /// These messages were not acknowledged, and will not be.
    pub fn fail(&mut self, partition: usize, sequences: Range<u64>) {
        let failed = &mut self.partitions[partition].unacknowledged;
        match failed.last_mut() {
            Some(last) if last.end == sequences.start => last.end = sequences.end,
            Some(_) | None => failed.push(sequences),
        }
    }
}
