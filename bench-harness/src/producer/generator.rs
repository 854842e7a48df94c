//! Makes one producer's messages: size, key, partition, body.

use crate::keys::Keys;
use crate::number::to_usize;
use crate::payload::{Body, BodyPool};
use crate::random::Random;
use crate::workload::Workload;

/// Makes messages.
#[derive(Clone, Debug)]
pub(super) struct Generator {
    random: Random,
    keys: Option<Keys>,
    /// Cumulative weights and the bodies of that size.
    pools: Vec<(f64, BodyPool)>,
}

/// A message without its header.
pub(super) struct Draft<'a> {
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Where the key sends it; `None` leaves it to the batches.
    pub partition: Option<u32>,
    /// Its body.
    pub body: &'a Body,
}

impl Generator {
    /// The messages of producer number `producer`.
    pub(super) fn new(workload: &Workload, producer: u32) -> Generator {
        // Producers differ, runs of one seed do not.
        let mut random = Random::new(workload.seed ^ (u64::from(producer) << 32));
        let keys = Keys::new(
            workload.key_distributor,
            workload.key_count,
            workload.zipf_exponent,
            workload.partitions_per_topic,
        );
        let mut cumulative = 0.0;
        let pools = workload
            .message_size
            .shares()
            .iter()
            .map(|share| {
                cumulative += share.weight;
                let size = to_usize(share.bytes);
                (
                    cumulative,
                    BodyPool::new(size, workload.random_bytes_ratio, &mut random),
                )
            })
            .collect();
        Generator { random, keys, pools }
    }

    /// The next message.
    pub(super) fn draft(&mut self) -> Draft<'_> {
        let last = self.pools.len() - 1;
        let index = if last == 0 {
            0
        } else {
            let target = self.random.unit() * self.pools[last].0;
            self.pools.partition_point(|(sum, _)| *sum < target).min(last)
        };
        let body = self.pools[index].1.take();
        match &mut self.keys {
            None => Draft {
                key: None,
                partition: None,
                body,
            },
            Some(keys) => {
                let (key, partition) = keys.choose(&mut self.random);
                Draft {
                    key: Some(key),
                    partition: Some(partition),
                    body,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::HEADER_SIZE;
    use crate::workload::parse;

    #[test]
    fn sizes_come_in_their_proportion() {
        let text = "message_size = [{ bytes = 132, weight = 3 }, { bytes = 32, weight = 1 }]";
        let mut generator = Generator::new(&parse(text, &[]).unwrap(), 0);
        let sizes: Vec<usize> = (0..10_000)
            .map(|_| generator.draft().body.bytes().len())
            .collect();
        let large = sizes.iter().filter(|size| **size == 132 - HEADER_SIZE).count();
        let small = sizes.iter().filter(|size| **size == 0).count();
        assert_eq!(large + small, 10_000);
        assert!((7_200..7_800).contains(&large), "{large}");
    }

    #[test]
    fn keys_decide_the_partition() {
        let text = "key_distributor = \"random\"\npartitions_per_topic = 4";
        let mut generator = Generator::new(&parse(text, &[]).unwrap(), 0);
        let mut seen = [false; 4];
        for _ in 0..1000 {
            let draft = generator.draft();
            assert!(draft.key.is_some());
            seen[to_usize(draft.partition.unwrap())] = true;
        }
        assert_eq!(seen, [true; 4]);
    }
}
