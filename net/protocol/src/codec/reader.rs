//! Reads Kafka's primitive types from one frame.
//!
//! Invariants: nothing is read beyond the frame or beyond the tagged field being read. An array's count is checked
//! against the bytes that are left before anything is allocated for it, and all arrays of a frame together take at
//! most [`MEMORY_FACTOR`] times the frame's size and [`MEMORY_BASE`] bytes more. Strings that are copied take at most
//! the frame's size besides. One array has at most [`ARRAY_LENGTH_MAX`] elements and one struct at most
//! [`TAGGED_FIELDS_MAX`] tagged fields, known or not, as for Kafka 4.4.

use bytes::Bytes;
use corelog_model::TopicId;

use super::{ByteStr, DecodeError, Records};

/// Bytes of memory that arrays may take for each byte of the frame. What clients send takes less than 8; an array
/// of empty strings would take 24.
pub const MEMORY_FACTOR: usize = 16;
/// Bytes of memory that arrays may take besides.
pub const MEMORY_BASE: usize = 64 * 1024;

/// The most elements that one array may have; Kafka's `MessageUtil.MAX_ARRAY_LENGTH`.
pub const ARRAY_LENGTH_MAX: usize = 1_000_000;
/// The most tagged fields that one struct may have; Kafka's `MessageUtil.MAX_TAGGED_FIELD_COUNT`.
pub const TAGGED_FIELDS_MAX: u32 = 10_000;

/// A cursor over one frame. Byte fields are slices of it, without a copy.
#[derive(Clone, Debug)]
pub struct Reader {
    bytes: Bytes,
    position: usize,
    /// Where reading ends: the frame's end, or within a tagged field that field's end.
    end: usize,
    /// Bytes of memory that arrays may still take.
    memory_left: usize,
}

impl Reader {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: Bytes) -> Reader {
        let end = bytes.len();
        Reader {
            bytes,
            position: 0,
            end,
            memory_left: end.saturating_mul(MEMORY_FACTOR).saturating_add(MEMORY_BASE),
        }
    }

    /// Lets arrays take at most `max` bytes of memory from here on, for a message that is mostly records.
    pub fn limit_memory(&mut self, max: usize) {
        self.memory_left = self.memory_left.min(max);
    }

    /// The bytes of memory that arrays may still take.
    pub fn memory_left(&self) -> usize {
        self.memory_left
    }

    /// The bytes that are left.
    pub fn remaining(&self) -> usize {
        self.end - self.position
    }

    /// The bytes that were read.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Checks that everything was read.
    ///
    /// # Errors
    /// `Trailing`.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.remaining() {
            0 => Ok(()),
            excess => Err(DecodeError::Trailing { excess }),
        }
    }

    fn advance(&mut self, size: usize) -> Result<usize, DecodeError> {
        let available = self.remaining();
        if size > available {
            return Err(DecodeError::Truncated {
                position: self.position,
                needed: size,
                available,
            });
        }
        let start = self.position;
        self.position += size;
        Ok(start)
    }

    fn array_of<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let start = self.advance(N)?;
        let mut out = [0; N];
        out.copy_from_slice(&self.bytes[start..start + N]);
        Ok(out)
    }

    fn slice(&mut self, size: usize) -> Result<Bytes, DecodeError> {
        let start = self.advance(size)?;
        Ok(self.bytes.slice(start..start + size))
    }

    /// One byte; anything but 0 is true, as for Kafka.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        Ok(self.i8()? != 0)
    }

    /// One byte.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn i8(&mut self) -> Result<i8, DecodeError> {
        self.array_of().map(i8::from_be_bytes)
    }

    /// Two bytes, big-endian.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn i16(&mut self) -> Result<i16, DecodeError> {
        self.array_of().map(i16::from_be_bytes)
    }

    /// Two bytes, big-endian.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array_of().map(u16::from_be_bytes)
    }

    /// Four bytes, big-endian.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.array_of().map(i32::from_be_bytes)
    }

    /// Eight bytes, big-endian.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array_of().map(i64::from_be_bytes)
    }

    /// Eight bytes, IEEE 754, big-endian.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn f64(&mut self) -> Result<f64, DecodeError> {
        self.array_of().map(f64::from_be_bytes)
    }

    /// Sixteen bytes.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn uuid(&mut self) -> Result<TopicId, DecodeError> {
        self.array_of().map(TopicId::new)
    }

    /// An unsigned variable-length integer: seven bits a byte, the lowest first, at most 32 bits.
    ///
    /// # Errors
    /// `Truncated` or `Varint`.
    pub fn unsigned_varint(&mut self) -> Result<u32, DecodeError> {
        let mut value: u32 = 0;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array_of::<1>()?;
            // The fifth byte has room for four bits, and no sixth follows.
            if shift == 28 && byte > 0x0f {
                break;
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Varint {
            position: self.position,
        })
    }

    /// A compact length: the length plus one, zero for null.
    fn compact_length(&mut self) -> Result<Option<usize>, DecodeError> {
        let value = self.unsigned_varint()?;
        match value.checked_sub(1) {
            None => Ok(None),
            Some(length) => usize::try_from(length).map(Some).map_err(|_| self.varint_error()),
        }
    }

    fn varint_error(&self) -> DecodeError {
        DecodeError::Varint {
            position: self.position,
        }
    }

    /// The length of an array or of bytes; any negative one is null, as for Kafka.
    fn length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        if flexible {
            self.compact_length()
        } else {
            Ok(usize::try_from(self.i32()?).ok())
        }
    }

    fn string_length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        if !flexible {
            return Ok(usize::try_from(self.i16()?).ok());
        }
        match self.compact_length()? {
            Some(length) if i16::try_from(length).is_err() => Err(DecodeError::StringLength {
                position: self.position,
                length,
            }),
            length => Ok(length),
        }
    }

    fn not_null<T>(&self, value: Option<T>, position: usize) -> Result<T, DecodeError> {
        value.ok_or(DecodeError::Null { position })
    }

    fn text(&mut self, size: usize) -> Result<String, DecodeError> {
        let start = self.advance(size)?;
        match std::str::from_utf8(&self.bytes[start..start + size]) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(DecodeError::Utf8 {
                position: self.position,
            }),
        }
    }

    /// A string, copied; its length is two bytes, or a varint in flexible form.
    ///
    /// # Errors
    /// `Truncated`, `Null`, `Varint`, `StringLength` or `Utf8`.
    pub fn string(&mut self, flexible: bool) -> Result<String, DecodeError> {
        let position = self.position;
        let length = self.string_length(flexible)?;
        let size = self.not_null(length, position)?;
        self.text(size)
    }

    /// A string that may be null, copied.
    ///
    /// # Errors
    /// `Truncated`, `Varint`, `StringLength` or `Utf8`.
    pub fn nullable_string(&mut self, flexible: bool) -> Result<Option<String>, DecodeError> {
        match self.string_length(flexible)? {
            Some(size) => self.text(size).map(Some),
            None => Ok(None),
        }
    }

    /// A string as a slice of the frame.
    ///
    /// # Errors
    /// As for [`Reader::string`].
    pub fn byte_str(&mut self, flexible: bool) -> Result<ByteStr, DecodeError> {
        let position = self.position;
        let text = self.nullable_byte_str(flexible)?;
        self.not_null(text, position)
    }

    /// A string that may be null, as a slice of the frame.
    ///
    /// # Errors
    /// As for [`Reader::nullable_string`].
    pub fn nullable_byte_str(&mut self, flexible: bool) -> Result<Option<ByteStr>, DecodeError> {
        let Some(size) = self.string_length(flexible)? else {
            return Ok(None);
        };
        let bytes = self.slice(size)?;
        ByteStr::from_utf8(bytes)
            .map(Some)
            .map_err(|_| DecodeError::Utf8 {
                position: self.position,
            })
    }

    /// Bytes, as a slice of the frame; their length is four bytes, or a varint in flexible form.
    ///
    /// # Errors
    /// `Truncated`, `Null` or `Varint`.
    pub fn bytes(&mut self, flexible: bool) -> Result<Bytes, DecodeError> {
        let position = self.position;
        let bytes = self.nullable_bytes(flexible)?;
        self.not_null(bytes, position)
    }

    /// Bytes that may be null, as a slice of the frame.
    ///
    /// # Errors
    /// `Truncated` or `Varint`.
    pub fn nullable_bytes(&mut self, flexible: bool) -> Result<Option<Bytes>, DecodeError> {
        match self.length(flexible)? {
            Some(size) => self.slice(size).map(Some),
            None => Ok(None),
        }
    }

    /// Records, as one slice of the frame.
    ///
    /// # Errors
    /// As for [`Reader::bytes`].
    pub fn records(&mut self, flexible: bool) -> Result<Records, DecodeError> {
        self.bytes(flexible).map(Records::from)
    }

    /// Records that may be null, as one slice of the frame.
    ///
    /// # Errors
    /// As for [`Reader::nullable_bytes`].
    pub fn nullable_records(&mut self, flexible: bool) -> Result<Option<Records>, DecodeError> {
        Ok(self.nullable_bytes(flexible)?.map(Records::from))
    }

    /// An array whose elements take at least `element_size_min` bytes each.
    ///
    /// # Errors
    /// `ArrayLength`, `ArrayTooLong` or `Memory` before anything is allocated; `Null`; what `element` returns.
    pub fn array<T>(
        &mut self,
        flexible: bool,
        element_size_min: usize,
        element: impl FnMut(&mut Reader) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let position = self.position;
        let items = self.nullable_array(flexible, element_size_min, element)?;
        self.not_null(items, position)
    }

    /// An array that may be null.
    ///
    /// # Errors
    /// As for [`Reader::array`], `Null` excepted.
    pub fn nullable_array<T>(
        &mut self,
        flexible: bool,
        element_size_min: usize,
        mut element: impl FnMut(&mut Reader) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let Some(count) = self.length(flexible)? else {
            return Ok(None);
        };
        let available = self.remaining();
        // INV-7: the bytes that are left, the longest array, the frame's memory; then the allocation.
        if count > available / element_size_min {
            return Err(DecodeError::ArrayLength {
                position: self.position,
                count,
                available,
            });
        }
        if count > ARRAY_LENGTH_MAX {
            return Err(DecodeError::ArrayTooLong {
                position: self.position,
                count,
            });
        }
        let memory = count.saturating_mul(size_of::<T>());
        let Some(memory_left) = self.memory_left.checked_sub(memory) else {
            return Err(DecodeError::Memory {
                position: self.position,
                count,
                memory_left: self.memory_left,
            });
        };
        self.memory_left = memory_left;
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(element(self)?);
        }
        Ok(Some(items))
    }

    /// A struct that may be null: one byte, negative for null, comes before it.
    ///
    /// # Errors
    /// `Truncated`; what `decode` returns.
    pub fn nullable_struct<T>(
        &mut self,
        decode: impl FnOnce(&mut Reader) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.i8()? < 0 {
            Ok(None)
        } else {
            decode(self).map(Some)
        }
    }

    /// The tagged fields at the end of a struct in flexible form. `field` reads the value of a tag that it knows,
    /// bounded by that field's size, and returns `false` for one that it does not, which is skipped.
    ///
    /// # Errors
    /// `TagCount`, `TagOrder`, `TagSize`, `Truncated`, `Varint`; what `field` returns.
    pub fn tagged_fields(
        &mut self,
        mut field: impl FnMut(u32, &mut Reader) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        let count = self.unsigned_varint()?;
        if count > TAGGED_FIELDS_MAX {
            return Err(DecodeError::TagCount {
                position: self.position,
                count,
            });
        }
        let mut previous = None;
        for _ in 0..count {
            let tag = self.unsigned_varint()?;
            if let Some(previous) = previous
                && tag <= previous
            {
                return Err(DecodeError::TagOrder { tag, previous });
            }
            previous = Some(tag);
            let size = usize::try_from(self.unsigned_varint()?).map_err(|_| self.varint_error())?;
            let value = self.advance(size)?;
            let (outer_end, value_end) = (self.end, self.position);
            (self.position, self.end) = (value, value_end);
            let known = field(tag, self)?;
            let excess = self.remaining();
            if known && excess > 0 {
                return Err(DecodeError::TagSize { tag, excess });
            }
            (self.position, self.end) = (value_end, outer_end);
        }
        Ok(())
    }

    /// The tagged fields of a struct that knows none.
    ///
    /// # Errors
    /// As for [`Reader::tagged_fields`].
    pub fn skip_tagged_fields(&mut self) -> Result<(), DecodeError> {
        self.tagged_fields(|_, _| Ok(false))
    }
}
