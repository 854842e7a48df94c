//! Protocol Buffers' zigzag varints as Kafka's `ByteUtils` writes them: `varint` (i32) and `varlong` (i64).
//!
//! Both readers are bounded (5 and 10 bytes) and refuse bits that do not fit.

/// Why bytes are not a varint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum VarintError {
    /// The bytes end before the number does.
    Truncated,
    /// The number has more bits than its type.
    TooLong,
}

/// A place in a byte slice that reads move forward.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: bytes }
    }

    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn varint(&mut self) -> Result<i32, VarintError> {
        // A 32-bit value takes five bytes, whose last holds four bits.
        let raw = u32::try_from(self.unsigned(5)?).map_err(|_| VarintError::TooLong)?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    pub(crate) fn varlong(&mut self) -> Result<i64, VarintError> {
        let raw = self.unsigned(10)?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    fn unsigned(&mut self, bytes_max: u32) -> Result<u64, VarintError> {
        let mut value = 0u64;
        for index in 0..bytes_max {
            let byte = self.byte().ok_or(VarintError::Truncated)?;
            let bits = u64::from(byte & 0x7f);
            let shift = 7 * index;
            if (bits << shift) >> shift != bits {
                return Err(VarintError::TooLong);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(VarintError::TooLong)
    }
}

pub(crate) fn put_varint(out: &mut Vec<u8>, value: i32) {
    put_varlong(out, i64::from(value));
}

pub(crate) fn put_varlong(out: &mut Vec<u8>, value: i64) {
    let mut rest = zigzag(value);
    loop {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// The bytes that `value` takes. A varint and a varlong of one value have the same bytes.
pub(crate) fn size(value: i64) -> usize {
    let bits = u64::BITS - zigzag(value).leading_zeros();
    usize::try_from(bits.div_ceil(7).max(1)).expect("at most ten")
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_forms() {
        // ByteUtilsTest.testVarintSerde and testVarlongSerde (Kafka).
        let check = |value: i64, expected: &[u8]| {
            let mut out = Vec::new();
            put_varlong(&mut out, value);
            assert_eq!(out, expected, "{value}");
            assert_eq!(size(value), expected.len(), "{value}");
            assert_eq!(Cursor::new(expected).varlong(), Ok(value));
            if let Ok(value) = i32::try_from(value) {
                assert_eq!(Cursor::new(expected).varint(), Ok(value));
            } else {
                assert_eq!(Cursor::new(expected).varint(), Err(VarintError::TooLong));
            }
        };
        check(0, &[0]);
        check(-1, &[1]);
        check(1, &[2]);
        check(63, &[0x7e]);
        check(-64, &[0x7f]);
        check(64, &[0x80, 0x01]);
        check(-8192, &[0xff, 0x7f]);
        check(8192, &[0x80, 0x80, 0x01]);
        check(i64::from(i32::MAX), &[0xfe, 0xff, 0xff, 0xff, 0x0f]);
        check(i64::from(i32::MIN), &[0xff, 0xff, 0xff, 0xff, 0x0f]);
        check(i64::from(i32::MAX) + 1, &[0x80, 0x80, 0x80, 0x80, 0x10]);
        check(
            i64::MAX,
            &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        );
        check(
            i64::MIN,
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        );
    }

    #[test]
    fn bounds() {
        assert_eq!(Cursor::new(&[0x80; 5]).varint(), Err(VarintError::TooLong));
        assert_eq!(Cursor::new(&[0x80; 4]).varint(), Err(VarintError::Truncated));
        assert_eq!(Cursor::new(&[0xff; 10]).varlong(), Err(VarintError::TooLong));
        assert_eq!(Cursor::new(&[0x80; 9]).varlong(), Err(VarintError::Truncated));
        assert_eq!(Cursor::new(&[]).varint(), Err(VarintError::Truncated));
    }

    proptest! {
        #[test]
        fn round_trip(value: i64) {
            let mut out = Vec::new();
            put_varlong(&mut out, value);
            prop_assert_eq!(out.len(), size(value));
            let mut cursor = Cursor::new(&out);
            prop_assert_eq!(cursor.varlong(), Ok(value));
            prop_assert_eq!(cursor.remaining(), 0);
        }
    }
}
