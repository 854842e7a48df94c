//! Axes: where a value lies, and which values are written beside it.

use crate::figures::{compact, grouped, without_zeros};

/// How values are laid out along an axis.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Scale {
    /// In proportion.
    Linear {
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
    /// By their magnitude.
    Log {
        /// The least, above zero.
        low: f64,
        /// The most.
        high: f64,
    },
    /// Percentiles by how little is above them: 90 %, 99 % and 99.9 % are equally far apart, as HdrHistogram plots them.
    Nines {
        /// How many nines there are at the end.
        most: f64,
    },
}

/// A mark on an axis.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Tick {
    /// Where.
    pub(super) value: f64,
    /// What is written.
    pub(super) label: String,
}

/// Nines of a percentile: 0 has none, 90 one, 99 two.
pub(super) fn nines(percentile: f64) -> f64 {
    -(1.0 - percentile / 100.0).max(f64::MIN_POSITIVE).log10()
}

impl Scale {
    /// A linear axis from zero that holds `most`, and ends on a tick.
    pub(super) fn from_zero(most: f64) -> Scale {
        let most = if most > 0.0 { most } else { 1.0 };
        let step = nice_step(most / 5.0);
        Scale::Linear {
            low: 0.0,
            high: (most / step - 1e-9).ceil() * step,
        }
    }

    /// A linear axis of exactly this range.
    pub(super) fn span(low: f64, high: f64) -> Scale {
        let high = if high > low { high } else { low + 1.0 };
        Scale::Linear { low, high }
    }

    /// A linear axis around these values, that need not begin at zero: for ratios.
    pub(super) fn around(low: f64, high: f64) -> Scale {
        let step = nice_step(((high - low).max(1e-9 + high.abs() * 1e-3)) / 5.0);
        Scale::Linear {
            low: (low / step + 1e-9).floor() * step,
            high: (high / step - 1e-9).ceil() * step,
        }
    }

    /// A logarithmic axis that holds `low` to `high`, rounded outwards to 1, 2 or 5 times a power of ten.
    pub(super) fn magnitude(low: f64, high: f64) -> Scale {
        let low = if low > 0.0 && low.is_finite() { low } else { 1e-3 };
        let high = if high.is_finite() { high.max(low) } else { low };
        let (low, high) = (round_magnitude(low, false), round_magnitude(high, true));
        Scale::Log {
            low,
            high: if high > low { high } else { low * 10.0 },
        }
    }

    /// The percentile axis that shows what `count` values can tell: the last nine is that of the largest.
    pub(super) fn nines_of(count: f64) -> Scale {
        Scale::Nines {
            most: count.max(1.0).log10().clamp(2.0, 7.0),
        }
    }

    /// Where `value` lies: 0 at the beginning, 1 at the end. What lies beyond is put to the end.
    pub(super) fn position(&self, value: f64) -> f64 {
        let place = match *self {
            Scale::Linear { low, high } => (value - low) / (high - low),
            Scale::Log { low, high } => (value.max(low) / low).ln() / (high / low).ln(),
            Scale::Nines { most } => nines(value) / most,
        };
        place.clamp(0.0, 1.0)
    }

    /// The marks, in order, about `wanted` of them at most.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<Tick> {
        match *self {
            Scale::Linear { low, high } => linear_ticks(low, high, wanted),
            Scale::Log { low, high } => log_ticks(low, high, wanted),
            Scale::Nines { most } => percentile_ticks(most),
        }
    }
}

/// The least of 1, 2, 5 times a power of ten that is not below `rough`.
fn nice_step(rough: f64) -> f64 {
    let magnitude = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * magnitude >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0);
    factor * magnitude
}

fn round_magnitude(value: f64, up: bool) -> f64 {
    let magnitude = 10f64.powf(value.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    let fits = |factor: &f64| {
        if up {
            factor * magnitude >= value * (1.0 - 1e-9)
        } else {
            factor * magnitude <= value * (1.0 + 1e-9)
        }
    };
    let found = if up {
        factors.into_iter().find(fits)
    } else {
        factors.into_iter().rev().find(fits)
    };
    found.unwrap_or(1.0) * magnitude
}

fn linear_ticks(low: f64, high: f64, wanted: usize) -> Vec<Tick> {
    let step = nice_step((high - low) / wanted.max(2) as f64);
    let first = (low / step - 1e-9).ceil();
    let mut ticks = Vec::new();
    let mut index = 0.0;
    loop {
        let value = (first + index) * step;
        if value > high + step * 1e-6 {
            return ticks;
        }
        ticks.push(Tick {
            value,
            label: linear_label(value, step, high),
        });
        index += 1.0;
    }
}

/// All of an axis' labels have the same unit.
fn linear_label(value: f64, step: f64, high: f64) -> String {
    if value.abs() < step * 1e-6 {
        return String::from("0");
    }
    if high >= 1e4 {
        return compact(value);
    }
    let decimals = crate::number::round_to_usize((-step.log10()).ceil().clamp(0.0, 6.0));
    if decimals == 0 && value >= 0.0 {
        grouped(value)
    } else {
        format!("{value:.decimals$}")
    }
}

fn log_ticks(low: f64, high: f64, wanted: usize) -> Vec<Tick> {
    let decades = (high / low).log10();
    let factors: &[f64] = if decades * 3.0 <= wanted as f64 + 1.0 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let every = (decades / wanted.max(2) as f64).ceil().max(1.0);
    let mut ticks = Vec::new();
    let mut exponent = low.log10().floor();
    while 10f64.powf(exponent) <= high * (1.0 + 1e-9) {
        for factor in factors {
            let value = factor * 10f64.powf(exponent);
            if value >= low * (1.0 - 1e-9) && value <= high * (1.0 + 1e-9) {
                ticks.push(Tick {
                    value,
                    label: log_label(value),
                });
            }
        }
        exponent += every;
    }
    ticks
}

fn log_label(value: f64) -> String {
    if value >= 1e4 {
        compact(value)
    } else if value >= 1.0 {
        grouped(value)
    } else {
        without_zeros(&format!("{value:.6}"))
    }
}

/// 0, 50, 90, 99, … as far as the axis goes.
fn percentile_ticks(most: f64) -> Vec<Tick> {
    let mut ticks = vec![tick(0.0), tick(50.0)];
    let mut count = 1;
    while f64::from(count) <= most + 1e-9 {
        ticks.push(tick(100.0 - 100.0 / 10f64.powi(count)));
        count += 1;
    }
    ticks
}

fn tick(percentile: f64) -> Tick {
    Tick {
        value: percentile,
        label: percentile_label(percentile),
    }
}

/// A percentile as it is written: `99.9 %`.
pub(super) fn percentile_label(percentile: f64) -> String {
    // Two digits beyond its nines.
    let decimals = crate::number::round_to_usize((nines(percentile) - 1.0).ceil().clamp(0.0, 7.0));
    format!("{} %", without_zeros(&format!("{percentile:.decimals$}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, wanted: usize) -> Vec<String> {
        scale.ticks(wanted).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn linear_axes_have_round_numbers() {
        let check = |most: f64, expected: &[&str]| {
            assert_eq!(labels(Scale::from_zero(most), 6), expected, "{most}");
        };
        check(0.0, &["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        check(1.0, &["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        check(97.0, &["0", "20", "40", "60", "80", "100"]);
        check(4_900.0, &["0", "1,000", "2,000", "3,000", "4,000", "5,000"]);
        check(50_123.0, &["0", "10k", "20k", "30k", "40k", "50k", "60k"]);
        check(3_000_000.0, &["0", "500k", "1M", "1.5M", "2M", "2.5M", "3M"]);
    }

    #[test]
    fn logarithmic_axes_have_decades() {
        let check = |low: f64, high: f64, expected: &[&str]| {
            assert_eq!(labels(Scale::magnitude(low, high), 7), expected, "{low} {high}");
        };
        check(0.3, 42.0, &["0.2", "0.5", "1", "2", "5", "10", "20", "50"]);
        check(0.05, 2_345.0, &["0.1", "1", "10", "100", "1,000"]);
        check(1.0, 1.0, &["1", "2", "5", "10"]);
        check(0.0, f64::NAN, &["0.001", "0.002", "0.005", "0.01"]);
        check(1e-3, 1e12, &["0.001", "1", "1,000", "1M", "1G", "1T"]);
    }

    #[test]
    fn percentiles_are_nines() {
        assert_eq!(
            labels(Scale::nines_of(250_000.0), 7),
            ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"]
        );
        assert_eq!(labels(Scale::nines_of(1.0), 7), ["0 %", "50 %", "90 %", "99 %"]);
        let scale = Scale::Nines { most: 4.0 };
        let check = |percentile: f64, position: f64| {
            let found = scale.position(percentile);
            assert!((found - position).abs() < 1e-9, "{percentile}: {found}");
        };
        check(0.0, 0.0);
        check(90.0, 0.25);
        check(99.0, 0.5);
        check(99.9, 0.75);
        check(99.99, 1.0);
        // All of them: no axis is that long.
        check(100.0, 1.0);
        assert_eq!(percentile_label(99.95), "99.95 %");
        assert_eq!(percentile_label(96.875), "96.9 %");
    }

    #[test]
    fn positions_follow_the_scale() {
        let check = |scale: Scale, value: f64, expected: f64| {
            let found = scale.position(value);
            assert!((found - expected).abs() < 1e-9, "{scale:?} {value}: {found}");
        };
        check(Scale::span(0.0, 10.0), 2.5, 0.25);
        check(Scale::span(5.0, 5.0), 5.0, 0.0);
        check(Scale::span(0.0, 10.0), 99.0, 1.0);
        check(Scale::Log { low: 0.1, high: 10.0 }, 1.0, 0.5);
        check(Scale::Log { low: 0.1, high: 10.0 }, 0.0, 0.0);
        check(Scale::around(0.93, 1.18), 0.9, 0.0);
    }
}
