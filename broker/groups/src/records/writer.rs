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

    /// A string of the classic form. The coordinator bounds every text that it stores (`ids::TEXT_SIZE_MAX`).
    pub(super) fn put_string(&mut self, text: &str) {
        let size = i16::try_from(text.len()).expect("texts were bounded when the request came");
        self.out.put_i16(size);
        self.out.put_slice(text.as_bytes());
    }

    pub(super) fn put_nullable_string(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.put_string(text),
            None => self.out.put_i16(-1),
        }
    }

    /// Bytes of the classic form. A request is far smaller than 2 GiB.
    pub(super) fn put_bytes(&mut self, bytes: &[u8]) {
        self.put_length(bytes.len());
        self.out.put_slice(bytes);
    }

    /// The length of an array or of bytes, of the classic form.
    pub(super) fn put_length(&mut self, length: usize) {
        let length = i32::try_from(length).expect("what a request carries is smaller than 2 GiB");
        self.out.put_i32(length);
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

    /// A string of the compact form.
    pub(super) fn put_compact_string(&mut self, text: &str) {
        let size = u32::try_from(text.len()).expect("texts were bounded when the request came");
        self.put_unsigned_varint(size + 1);
        self.out.put_slice(text.as_bytes());
    }

    pub(super) fn put_slice(&mut self, bytes: &[u8]) {
        self.out.put_slice(bytes);
    }

    pub(super) fn finish(self) -> Bytes {
        self.out.freeze()
    }
}
