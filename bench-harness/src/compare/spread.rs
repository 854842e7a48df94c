//! Values of pairs of runs, their ratios and how far these lie apart.

use serde::Serialize;

/// The middle and the ends of some values.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Spread {
    /// The middle one, or the mean of the two in the middle.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// That of `values`; none of nothing, and none if one is not a number.
    pub fn of(values: &[f64]) -> Option<Spread> {
        if values.is_empty() || values.iter().any(|value| value.is_nan()) {
            return None;
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Spread {
            median: if low == high {
                low
            } else {
                f64::midpoint(low, high)
            },
            min: sorted[0],
            max: sorted[sorted.len() - 1],
        })
    }
}

/// `a / b`, pair by pair; none where `b` is zero, or a pair is not whole.
pub fn ratios(a: &[Option<f64>], b: &[Option<f64>]) -> Vec<Option<f64>> {
    a.iter()
        .zip(b)
        .map(|(a, b)| match (a, b) {
            (Some(a), Some(b)) if *b != 0.0 => Some(a / b),
            (_, _) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ends_are_found() {
        let check = |values: &[f64], expected: Option<(f64, f64, f64)>| {
            let found = Spread::of(values).map(|spread| (spread.median, spread.min, spread.max));
            assert_eq!(found, expected, "{values:?}");
        };
        check(&[], None);
        check(&[f64::NAN, 1.0], None);
        check(&[2.0], Some((2.0, 2.0, 2.0)));
        check(&[3.0, 1.0, 2.0], Some((2.0, 1.0, 3.0)));
        check(&[4.0, 1.0, 2.0, 10.0], Some((3.0, 1.0, 10.0)));
        check(
            &[f64::INFINITY, 1.0, f64::INFINITY],
            Some((f64::INFINITY, 1.0, f64::INFINITY)),
        );
    }

    #[test]
    fn ratios_are_those_of_the_pairs() {
        let a = [Some(2.0), Some(9.0), None, Some(1.0), Some(0.0)];
        let b = [Some(1.0), Some(3.0), Some(1.0), Some(0.0), Some(4.0)];
        assert_eq!(ratios(&a, &b), [Some(2.0), Some(3.0), None, None, Some(0.0)]);
        assert_eq!(
            ratios(&a[..1], &b),
            [Some(2.0)],
            "a pair that is not whole has no ratio"
        );
    }
}
