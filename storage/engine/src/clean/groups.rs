//! Which neighbouring segments become one when they are cleaned (Kafka's `Cleaner.groupSegmentsBySize`): as many as fit into a
//! segment as they are now.

use crate::log::segment::Segment;

/// The groups, in order. The offsets of each span no more than 31 bits, and its bytes no more than `bytes_max`, unless it is a
/// single segment.
pub(crate) fn groups(segments: &[Segment], bytes_max: u64) -> Vec<Vec<Segment>> {
    let mut all: Vec<Vec<Segment>> = Vec::new();
    let mut bytes = 0u64;
    for (nth, segment) in segments.iter().enumerate() {
        let end = segments.get(nth + 1).map_or(segment.base, |next| next.base);
        let fits = all.last().is_some_and(|group: &Vec<Segment>| {
            let span = (end.max(segment.base) - group[0].base).get();
            bytes.saturating_add(segment.size) <= bytes_max && span <= i64::from(i32::MAX)
        });
        match all.last_mut() {
            Some(group) if fits => {
                group.push(*segment);
                bytes += segment.size;
            }
            Some(_) | None => {
                all.push(vec![*segment]);
                bytes = segment.size;
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use corelog_model::Offset;

    use super::*;

    #[test]
    fn neighbours_that_fit_are_one_group() {
        let check = |sizes: &[(i64, u64)], expected: &[&[i64]]| {
            let segments: Vec<Segment> = sizes
                .iter()
                .map(|(base, size)| Segment {
                    size: *size,
                    ..Segment::new(Offset::new(*base).unwrap())
                })
                .collect();
            let found: Vec<Vec<i64>> = groups(&segments, 100)
                .into_iter()
                .map(|group| group.iter().map(|segment| segment.base.get()).collect())
                .collect();
            assert_eq!(found, expected, "{sizes:?}");
        };
        check(&[], &[]);
        check(&[(0, 40), (10, 60), (20, 1)], &[&[0, 10], &[20]]);
        check(&[(0, 400), (10, 60), (20, 40)], &[&[0], &[10, 20]]);
        check(&[(0, 1), (10, 400), (20, 1)], &[&[0], &[10], &[20]]);
        let far = i64::from(i32::MAX);
        check(
            &[(0, 1), (10, 1), (far + 1, 1), (far + 2, 1)],
            &[&[0], &[10, far + 1, far + 2]],
        );
    }
}
