//! The last values of a figure as a row of little bars.

/// From the lowest to the highest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The last `width` values, each a bar between zero and the highest of them; a value that is missing is a blank.
pub(super) fn sparkline(values: &[Option<f64>], width: usize) -> String {
    let shown = &values[values.len().saturating_sub(width)..];
    let most = shown.iter().flatten().copied().fold(0.0, f64::max);
    shown
        .iter()
        .map(|value| match value {
            Some(value) if most > 0.0 => {
                let height = crate::number::round_to_usize(value / most * (BARS.len() - 1) as f64);
                BARS[height.min(BARS.len() - 1)]
            }
            Some(_) => BARS[0],
            None => ' ',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_zero() {
        let check = |values: &[f64], width: usize, expected: &str| {
            let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
            assert_eq!(sparkline(&values, width), expected);
        };
        check(&[], 8, "");
        check(&[0.0, 0.0], 8, "▁▁");
        check(&[0.0, 50.0, 100.0], 8, "▁▅█");
        check(&[99.0, 100.0], 8, "██");
        check(&[100.0, 1.0, 2.0], 2, "▅█");
        assert_eq!(sparkline(&[Some(1.0), None, Some(1.0)], 8), "█ █");
    }
}
