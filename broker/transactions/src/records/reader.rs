//! Reads the fields of a record, checking every length against the bytes that are left.

use super::RecordError;

/// The bytes of a key or value that are not read yet.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    fn take(&mut self, size: usize) -> Result<&'a [u8], RecordError> {
        let (taken, rest) = self.rest.split_at_checked(size).ok_or(RecordError::Truncated {
            needed: size,
            available: self.rest.len(),
        })?;
        self.rest = rest;
        Ok(taken)
    }

    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub(crate) fn read_i16(&mut self) -> Result<i16, RecordError> {
        Ok(i16::from_be_bytes(self.take_array()?))
    }

    pub(crate) fn read_i32(&mut self) -> Result<i32, RecordError> {
        Ok(i32::from_be_bytes(self.take_array()?))
    }

    pub(crate) fn read_i64(&mut self) -> Result<i64, RecordError> {
        Ok(i64::from_be_bytes(self.take_array()?))
    }

    pub(crate) fn read_i8(&mut self) -> Result<i8, RecordError> {
        Ok(i8::from_be_bytes(self.take_array()?))
    }

    /// An unsigned LEB128 number of at most five bytes.
    fn read_unsigned_varint(&mut self) -> Result<u32, RecordError> {
        let mut value = 0u64;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.take_array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let length = i64::try_from(value).unwrap_or(i64::MAX);
                return u32::try_from(value).map_err(|_| RecordError::Length(length));
            }
        }
        Err(RecordError::Length(i64::from(u32::MAX)))
    }

    /// A length of the classic or the compact form; `None` is null.
    fn read_length(&mut self, form: Form) -> Result<Option<usize>, RecordError> {
        let length = match form {
            Form::Short => i64::from(self.read_i16()?),
            Form::Long => i64::from(self.read_i32()?),
            Form::Compact => i64::from(self.read_unsigned_varint()?) - 1,
        };
        match length {
            -1 => Ok(None),
            _ => usize::try_from(length)
                .map(Some)
                .map_err(|_| RecordError::Length(length)),
        }
    }

    /// A string that is not null, of the form that `flexible` says.
    pub(crate) fn read_string(&mut self, flexible: bool) -> Result<&'a str, RecordError> {
        let form = if flexible { Form::Compact } else { Form::Short };
        let size = self.read_length(form)?.ok_or(RecordError::Null("string"))?;
        std::str::from_utf8(self.take(size)?).map_err(|_| RecordError::Utf8)
    }

    /// The number of an array's elements; `None` is null. It is not to be trusted for an allocation.
    pub(crate) fn read_array_length(&mut self, flexible: bool) -> Result<Option<usize>, RecordError> {
        self.read_length(if flexible { Form::Compact } else { Form::Long })
    }

    /// Reads tagged fields (KIP-482) and hands each tag and its bytes to `field`.
    pub(crate) fn read_tagged_fields(
        &mut self,
        mut field: impl FnMut(u32, &mut Reader<'a>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let count = self.read_unsigned_varint()?;
        for _ in 0..count {
            // A tagged field takes two bytes at least, so a hostile count ends with the bytes.
            let tag = self.read_unsigned_varint()?;
            let size = self.read_unsigned_varint()?;
            let size = usize::try_from(size).map_err(|_| RecordError::Length(i64::from(size)))?;
            field(tag, &mut Reader::new(self.take(size)?))?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Form {
    Short,
    Long,
    Compact,
}
