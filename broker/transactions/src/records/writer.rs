//! Writes the fields of a record.

use bytes::{BufMut, Bytes, BytesMut};

/// A key or value in the making.
#[derive(Debug)]
pub(super) struct Writer {
    out: BytesMut,
}

impl Writer {
    /// Begins with the version.
    pub(super) fn new(version: i16) -> Writer {
        let mut out = BytesMut::new();
        out.put_i16(version);
        Writer { out }
    }

    pub(super) fn put_i32(&mut self, value: i32) {
        self.out.put_i32(value);
    }

    pub(super) fn put_i64(&mut self, value: i64) {
        self.out.put_i64(value);
    }

    pub(super) fn put_i8(&mut self, value: i8) {
        self.out.put_i8(value);
    }

    pub(super) fn put_i16(&mut self, value: i16) {
        self.out.put_i16(value);
    }

    /// A string. Transactional ids are bounded when their request comes, topic names by their type.
    pub(super) fn put_string(&mut self, text: &str, flexible: bool) {
        if flexible {
            let size = u32::try_from(text.len()).expect("names are short");
            self.put_unsigned_varint(size + 1);
        } else {
            let size = i16::try_from(text.len()).expect("names are short");
            self.out.put_i16(size);
        }
        self.out.put_slice(text.as_bytes());
    }

    /// The length of an array; `None` is null. A request is far smaller than 2 GiB.
    pub(super) fn put_array_length(&mut self, length: Option<usize>, flexible: bool) {
        let length = length.map(|length| u32::try_from(length).expect("a request is smaller than 2 GiB"));
        if flexible {
            self.put_unsigned_varint(length.map_or(0, |length| length + 1));
        } else {
            let length = length.map(|length| i32::try_from(length).expect("a request is smaller than 2 GiB"));
            self.out.put_i32(length.unwrap_or(-1));
        }
    }

    /// A number in unsigned LEB128.
    pub(super) fn put_unsigned_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            let low = u8::try_from(value & 0x7f).expect("seven bits");
            self.out.put_u8(low | 0x80);
            value >>= 7;
        }
        self.out.put_u8(u8::try_from(value).expect("seven bits"));
    }

    pub(super) fn finish(self) -> Bytes {
        self.out.freeze()
    }
}
