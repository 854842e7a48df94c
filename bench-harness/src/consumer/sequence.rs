//! Follows the sequence of one producer in one partition.

use std::ops::Range;

/// What was seen of a sequence that should come as 0, 1, 2, ...
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SequenceCheck {
    /// The one after the highest seen.
    pub next: u64,
    /// What was skipped and has not come since; ascending.
    pub missing: Vec<Range<u64>>,
    /// How many came again.
    pub duplicates: u64,
    /// How many came after a later one.
    pub late: u64,
}

impl SequenceCheck {
    /// The message `sequence` has come.
    pub fn see(&mut self, sequence: u64) {
        if sequence >= self.next {
            if sequence > self.next {
                self.missing.push(self.next..sequence);
            }
            self.next = sequence + 1;
            return;
        }
        let after = self.missing.partition_point(|gap| gap.end <= sequence);
        match self.missing.get(after) {
            Some(gap) if gap.contains(&sequence) => {
                let parts = [gap.start..sequence, sequence + 1..gap.end];
                let parts = parts.into_iter().filter(|part| !part.is_empty());
                self.missing.splice(after..=after, parts);
                self.late += 1;
            }
            Some(_) | None => self.duplicates += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seen: &[u64], next: u64, missing: &[(u64, u64)], duplicates: u64, late: u64) {
        let mut found = SequenceCheck::default();
        for sequence in seen {
            found.see(*sequence);
        }
        let expected = SequenceCheck {
            next,
            missing: missing.iter().map(|(start, end)| *start..*end).collect(),
            duplicates,
            late,
        };
        assert_eq!(found, expected, "{seen:?}");
    }

    #[test]
    fn sequences_are_followed() {
        check(&[0, 1, 2], 3, &[], 0, 0);
        check(&[0, 1, 1, 0], 2, &[], 2, 0);
        check(&[0, 5], 6, &[(1, 5)], 0, 0);
        check(&[0, 5, 3], 6, &[(1, 3), (4, 5)], 0, 1);
        check(&[0, 5, 1, 4, 2, 3], 6, &[], 0, 4);
        check(&[2, 4, 3, 3], 5, &[(0, 2)], 1, 1);
        check(&[], 0, &[], 0, 0);
    }
}
