//! The narrowing of numbers, in one place.

/// `value` rounded to a whole number; zero if it is negative or not a number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of an f64 saturates, and NaN becomes zero"
)]
pub fn round_to_u64(value: f64) -> u64 {
    value.round() as u64
}

/// As [`round_to_u64`].
pub fn round_to_usize(value: f64) -> usize {
    usize::try_from(round_to_u64(value)).unwrap_or(usize::MAX)
}

/// A length as a count of bytes.
pub fn to_u64(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits into 64 bits")
}

/// A small count as an index.
pub fn to_usize(count: u32) -> usize {
    usize::try_from(count).expect("at least 32 bits")
}
