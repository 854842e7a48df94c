//! Places in a log: logical (`Offset`) and physical (`FilePosition`). `Offset + Offset` does not compile.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A record's logical place in its partition, from zero. Never negative: Kafka's `-1` is `Option::None`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Offset(i64);

impl Offset {
    /// The first offset of every log.
    pub const ZERO: Offset = Offset(0);
    /// Greater than any offset that a log can hold.
    pub const MAX: Offset = Offset(i64::MAX);

    /// Wraps a wire value; `None` if it is negative.
    pub const fn new(value: i64) -> Option<Offset> {
        if value < 0 { None } else { Some(Offset(value)) }
    }

    /// The value as it goes on the wire.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The offset after this one.
    pub const fn next(self) -> Offset {
        Offset(self.0 + 1)
    }
}

/// The distance between two offsets, in records.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct OffsetDelta(i64);

impl OffsetDelta {
    /// A distance of `records`.
    pub const fn new(records: i64) -> OffsetDelta {
        OffsetDelta(records)
    }

    /// The distance in records; negative when the left side was the smaller.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl Sub for Offset {
    type Output = OffsetDelta;
    fn sub(self, other: Offset) -> OffsetDelta {
        OffsetDelta(self.0 - other.0)
    }
}

impl Add<OffsetDelta> for Offset {
    type Output = Offset;
    fn add(self, delta: OffsetDelta) -> Offset {
        let sum = self.0.checked_add(delta.0).expect("an offset stays within i64");
        assert!(sum >= 0, "an offset is never negative: {} + {}", self.0, delta.0);
        Offset(sum)
    }
}

impl AddAssign<OffsetDelta> for Offset {
    fn add_assign(&mut self, delta: OffsetDelta) {
        *self = *self + delta;
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A byte's place in a file, from zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct FilePosition(u64);

impl FilePosition {
    /// The start of a file.
    pub const ZERO: FilePosition = FilePosition(0);

    /// The byte at `position`.
    pub const fn new(position: u64) -> FilePosition {
        FilePosition(position)
    }

    /// The position in bytes.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The start of the `page`-sized block that this byte lies in. `page` is a power of two.
    pub const fn page_floor(self, page: u64) -> FilePosition {
        FilePosition(self.0 & !(page - 1))
    }

    /// The first multiple of `page` at or after this byte. `page` is a power of two.
    pub const fn page_ceil(self, page: u64) -> FilePosition {
        FilePosition((self.0 + page - 1) & !(page - 1))
    }
}

impl Add<u64> for FilePosition {
    type Output = FilePosition;
    fn add(self, bytes: u64) -> FilePosition {
        FilePosition(self.0 + bytes)
    }
}

impl Sub for FilePosition {
    type Output = u64;
    fn sub(self, other: FilePosition) -> u64 {
        self.0
            .checked_sub(other.0)
            .expect("positions are subtracted from later ones")
    }
}

impl fmt::Display for FilePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
