//! Writes Kafka's primitive types.
//!
//! Invariant: what was handed over as shared bytes is not copied (unless it is small); it is kept beside the position
//! in the head at which it belongs, and [`Writer::into_pieces`] puts the two together.

use bytes::{BufMut, Bytes, BytesMut};
use corelog_model::TopicId;
use smallvec::SmallVec;

use super::{ByteStr, EncodeError, Records};

/// Shared bytes below this size are copied into the head: a piece of their own costs more than the copy.
const SHARED_SIZE_MIN: usize = 512;

/// What was encoded, in wire order; one piece where nothing is shared.
pub type Pieces = SmallVec<[Bytes; 1]>;

/// What a message is encoded into.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    head: BytesMut,
    /// Bytes that go between two parts of `head`, and the length of `head` before them; ascending.
    shared: Vec<(usize, Bytes)>,
    shared_size: usize,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// An empty writer with room for `size` bytes, shared ones not counted.
    pub fn with_capacity(size: usize) -> Writer {
        Writer {
            head: BytesMut::with_capacity(size),
            ..Writer::default()
        }
    }

    /// The bytes written, shared ones included.
    pub fn size(&self) -> usize {
        self.head.len() + self.shared_size
    }

    /// Everything in one piece; copies if any bytes are shared.
    pub fn into_bytes(self) -> Bytes {
        if self.shared.is_empty() {
            return self.head.freeze();
        }
        let mut whole = BytesMut::with_capacity(self.size());
        for piece in self.into_pieces() {
            whole.extend_from_slice(&piece);
        }
        whole.freeze()
    }

    /// Everything in wire order as pieces for a vectored write; shared bytes are not copied.
    pub fn into_pieces(self) -> Pieces {
        let mut head = self.head.freeze();
        let mut pieces = Pieces::with_capacity(2 * self.shared.len() + 1);
        let mut split = 0;
        for (position, bytes) in self.shared {
            if position > split {
                pieces.push(head.split_to(position - split));
                split = position;
            }
            pieces.push(bytes);
        }
        if !head.is_empty() {
            pieces.push(head);
        }
        pieces
    }

    /// Replaces the four bytes at `position`.
    pub(crate) fn patch_i32(&mut self, position: usize, value: i32) {
        self.head[position..position + 4].copy_from_slice(&value.to_be_bytes());
    }

    /// One byte.
    pub fn bool(&mut self, value: bool) {
        self.head.put_u8(u8::from(value));
    }

    /// One byte.
    pub fn i8(&mut self, value: i8) {
        self.head.put_i8(value);
    }

    /// Two bytes, big-endian.
    pub fn i16(&mut self, value: i16) {
        self.head.put_i16(value);
    }

    /// Two bytes, big-endian.
    pub fn u16(&mut self, value: u16) {
        self.head.put_u16(value);
    }

    /// Four bytes, big-endian.
    pub fn i32(&mut self, value: i32) {
        self.head.put_i32(value);
    }

    /// Eight bytes, big-endian.
    pub fn i64(&mut self, value: i64) {
        self.head.put_i64(value);
    }

    /// Eight bytes, IEEE 754, big-endian.
    pub fn f64(&mut self, value: f64) {
        self.head.put_f64(value);
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self, value: TopicId) {
        self.head.put_slice(&value.get());
    }

    /// An unsigned variable-length integer: seven bits a byte, the lowest first.
    pub fn unsigned_varint(&mut self, value: u32) {
        let mut rest = value;
        loop {
            let [low, ..] = rest.to_le_bytes();
            rest >>= 7;
            if rest == 0 {
                self.head.put_u8(low & 0x7f);
                return;
            }
            self.head.put_u8(low | 0x80);
        }
    }

    fn compact_length(&mut self, what: &'static str, length: Option<usize>) -> Result<(), EncodeError> {
        let value = match length {
            None => 0,
            // Kafka reads the varint into an i32.
            Some(length) => match i32::try_from(length).map(i32::unsigned_abs) {
                Ok(short) if short < i32::MAX.unsigned_abs() => short + 1,
                Ok(_) | Err(_) => return Err(EncodeError::TooLong { what, length }),
            },
        };
        self.unsigned_varint(value);
        Ok(())
    }

    fn length(
        &mut self,
        flexible: bool,
        what: &'static str,
        length: Option<usize>,
    ) -> Result<(), EncodeError> {
        if flexible {
            return self.compact_length(what, length);
        }
        let value = match length {
            None => -1,
            Some(length) => i32::try_from(length).map_err(|_| EncodeError::TooLong { what, length })?,
        };
        self.i32(value);
        Ok(())
    }

    /// A string; its length is two bytes, or a varint in flexible form.
    ///
    /// # Errors
    /// `TooLong` beyond 32,767 bytes, which is Kafka's bound in both forms.
    pub fn string(&mut self, flexible: bool, value: &str) -> Result<(), EncodeError> {
        self.nullable_string(flexible, Some(value))
    }

    /// A string that may be null.
    ///
    /// # Errors
    /// As for [`Writer::string`].
    pub fn nullable_string(&mut self, flexible: bool, value: Option<&str>) -> Result<(), EncodeError> {
        self.text(flexible, value.map(str::as_bytes))
    }

    /// A string that is a slice of a frame; it is UTF-8 by its type, and not looked at again.
    ///
    /// # Errors
    /// As for [`Writer::string`].
    pub fn byte_str(&mut self, flexible: bool, value: &ByteStr) -> Result<(), EncodeError> {
        self.text(flexible, Some(value.as_bytes()))
    }

    /// A string that is a slice of a frame and may be null.
    ///
    /// # Errors
    /// As for [`Writer::string`].
    pub fn nullable_byte_str(&mut self, flexible: bool, value: Option<&ByteStr>) -> Result<(), EncodeError> {
        self.text(flexible, value.map(|text| text.as_bytes().as_ref()))
    }

    fn text(&mut self, flexible: bool, value: Option<&[u8]>) -> Result<(), EncodeError> {
        let short = match value {
            None => -1,
            Some(text) => i16::try_from(text.len()).map_err(|_| EncodeError::TooLong {
                what: "a string",
                length: text.len(),
            })?,
        };
        if flexible {
            self.compact_length("a string", value.map(<[u8]>::len))?;
        } else {
            self.i16(short);
        }
        self.head.put_slice(value.unwrap_or_default());
        Ok(())
    }

    /// Bytes, copied; their length is four bytes, or a varint in flexible form.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn bytes(&mut self, flexible: bool, value: &[u8]) -> Result<(), EncodeError> {
        self.nullable_bytes(flexible, Some(value))
    }

    /// Bytes that may be null, copied.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn nullable_bytes(&mut self, flexible: bool, value: Option<&[u8]>) -> Result<(), EncodeError> {
        self.length(flexible, "a byte array", value.map(<[u8]>::len))?;
        self.head.put_slice(value.unwrap_or_default());
        Ok(())
    }

    /// Bytes, shared and not copied unless they are small.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn shared_bytes(&mut self, flexible: bool, value: &Bytes) -> Result<(), EncodeError> {
        self.nullable_shared_bytes(flexible, Some(value))
    }

    /// Bytes that may be null, shared and not copied unless they are small.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn nullable_shared_bytes(
        &mut self,
        flexible: bool,
        value: Option<&Bytes>,
    ) -> Result<(), EncodeError> {
        self.nullable_shared_pieces(flexible, value.map(std::slice::from_ref))
    }

    /// Bytes that may be null and that lie in several pieces, shared and not copied unless they are small.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn nullable_shared_pieces(
        &mut self,
        flexible: bool,
        pieces: Option<&[Bytes]>,
    ) -> Result<(), EncodeError> {
        let size = pieces.map(|pieces| pieces.iter().map(Bytes::len).sum());
        self.length(flexible, "a byte array", size)?;
        for piece in pieces.unwrap_or_default() {
            if piece.len() < SHARED_SIZE_MIN {
                self.head.put_slice(piece);
            } else {
                self.shared_size += piece.len();
                self.shared.push((self.head.len(), piece.clone()));
            }
        }
        Ok(())
    }

    /// Records, shared and not copied unless they are small.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn records(&mut self, flexible: bool, value: &Records) -> Result<(), EncodeError> {
        self.nullable_records(flexible, Some(value))
    }

    /// Records that may be null, shared and not copied unless they are small.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn nullable_records(&mut self, flexible: bool, value: Option<&Records>) -> Result<(), EncodeError> {
        self.nullable_shared_pieces(flexible, value.map(Records::pieces))
    }

    /// An array.
    ///
    /// # Errors
    /// `TooLong`; what `element` returns.
    pub fn array<T>(
        &mut self,
        flexible: bool,
        items: &[T],
        element: impl FnMut(&mut Writer, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.nullable_array(flexible, Some(items), element)
    }

    /// An array that may be null.
    ///
    /// # Errors
    /// As for [`Writer::array`].
    pub fn nullable_array<T>(
        &mut self,
        flexible: bool,
        items: Option<&[T]>,
        mut element: impl FnMut(&mut Writer, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.length(flexible, "an array", items.map(<[T]>::len))?;
        for item in items.unwrap_or_default() {
            element(self, item)?;
        }
        Ok(())
    }

    /// An array of integers, booleans or ids.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn plain_array<T>(
        &mut self,
        flexible: bool,
        items: &[T],
        element: impl FnMut(&mut Writer, &T),
    ) -> Result<(), EncodeError> {
        self.nullable_plain_array(flexible, Some(items), element)
    }

    /// An array of integers, booleans or ids that may be null.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn nullable_plain_array<T>(
        &mut self,
        flexible: bool,
        items: Option<&[T]>,
        mut element: impl FnMut(&mut Writer, &T),
    ) -> Result<(), EncodeError> {
        self.nullable_array(flexible, items, |writer, item| {
            element(writer, item);
            Ok(())
        })
    }

    /// A struct that may be null.
    ///
    /// # Errors
    /// What `encode` returns.
    pub fn nullable_struct<T>(
        &mut self,
        value: Option<&T>,
        encode: impl FnOnce(&mut Writer, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        match value {
            None => self.i8(-1),
            Some(value) => {
                self.i8(1);
                encode(self, value)?;
            }
        }
        Ok(())
    }

    /// The end of a struct in flexible form that has no tagged fields.
    pub fn no_tagged_fields(&mut self) {
        self.unsigned_varint(0);
    }

    /// The end of a struct in flexible form.
    pub fn tagged_fields(&mut self, fields: &TaggedFields) {
        self.unsigned_varint(fields.count);
        self.head.put_slice(&fields.body.head);
    }
}

/// The tagged fields of one struct, collected because their number and sizes come before them.
#[derive(Clone, Debug, Default)]
pub struct TaggedFields {
    count: u32,
    body: Writer,
}

impl TaggedFields {
    /// None yet.
    pub fn new() -> TaggedFields {
        TaggedFields::default()
    }

    /// Appends a field. Tags are added in ascending order.
    ///
    /// # Errors
    /// `TooLong`; what `value` returns.
    pub fn add(
        &mut self,
        tag: u32,
        value: impl FnOnce(&mut Writer) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let mut writer = Writer::new();
        value(&mut writer)?;
        let bytes = writer.into_bytes();
        let size = u32::try_from(bytes.len()).map_err(|_| EncodeError::TooLong {
            what: "a tagged field",
            length: bytes.len(),
        })?;
        self.count += 1;
        self.body.unsigned_varint(tag);
        self.body.unsigned_varint(size);
        self.body.head.put_slice(&bytes);
        Ok(())
    }
}
