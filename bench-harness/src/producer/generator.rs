//! Chooses the keys of one producer's messages, and with them the partitions.

use crate::keys::Keys;
use crate::random::Random;
use crate::workload::Workload;

/// Chooses keys.
#[derive(Clone, Debug)]
pub(super) struct Generator {
    random: Random,
    keys: Option<Keys>,
}

impl Generator {
    /// The keys of producer number `producer`.
    pub(super) fn new(workload: &Workload, producer: u32) -> Generator {
        Generator {
            // Producers differ, runs of one seed do not.
            random: Random::new(workload.seed ^ (u64::from(producer) << 32)),
            keys: Keys::new(
                workload.key_distributor,
                workload.key_count,
                workload.zipf_exponent,
                workload.partitions_per_topic,
            ),
        }
    }

    /// The next message's key and the partition that it goes to; none without keys.
    pub(super) fn choose(&mut self) -> Option<(&[u8], u32)> {
        let keys = self.keys.as_mut()?;
        Some(keys.choose(&mut self.random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::to_usize;
    use crate::workload::parse;

    #[test]
    fn keys_decide_the_partition() {
        let text = "key_distributor = \"random\"\npartitions_per_topic = 4";
        let mut generator = Generator::new(&parse(text, &[]).unwrap(), 0);
        let mut seen = [false; 4];
        for _ in 0..1000 {
            let (key, partition) = generator.choose().expect("there are keys");
            assert!(!key.is_empty());
            seen[to_usize(partition)] = true;
        }
        assert_eq!(seen, [true; 4]);
        assert!(Generator::new(&parse("", &[]).unwrap(), 0).choose().is_none());
    }
}
