//! The traits that all messages implement, for code that works with any of them.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::ApiKey;
use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// A message with versions. Every one has these as inherent functions too, so that handlers need no import.
pub trait Message: Sized {
    /// Kafka's name, such as `CreateTopicsRequest`.
    const NAME: &'static str;
    /// The versions there are.
    const VERSIONS: RangeInclusive<i16>;

    /// Decodes a message.
    ///
    /// # Errors
    /// See [`DecodeError`].
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError>;

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError>;

    /// Decodes the message that begins `bytes`.
    ///
    /// # Errors
    /// See [`DecodeError`].
    fn from_bytes(bytes: Bytes, version: i16) -> Result<Self, DecodeError> {
        Self::decode(&mut Reader::new(bytes), version)
    }

    /// Encodes the message by itself.
    ///
    /// # Errors
    /// See [`EncodeError`].
    fn to_bytes(&self, version: i16) -> Result<Bytes, EncodeError> {
        let mut writer = Writer::new();
        self.encode(&mut writer, version)?;
        Ok(writer.into_bytes())
    }
}

/// A request.
pub trait Request: Message {
    /// Its API.
    const KEY: ApiKey;
    /// What answers it.
    type Response: Response;
}

/// A response.
pub trait Response: Message {
    /// Gives `tell` every error code of the answer, that of no error included (Kafka's `errorCounts`).
    fn error_codes(&self, tell: &mut impl FnMut(i16));
}

macro_rules! data_message {
    ($($path:ident)::+) => {
        impl crate::message::Message for $($path)::+ {
            const NAME: &'static str = crate::message::last_segment(stringify!($($path)::+));
            const VERSIONS: std::ops::RangeInclusive<i16> = <$($path)::+>::VERSIONS;

            // The inherent functions take precedence over the trait's of the same name.
            fn decode(
                reader: &mut crate::codec::Reader,
                version: i16,
            ) -> Result<Self, crate::codec::DecodeError> {
                <$($path)::+>::decode(reader, version)
            }

            fn encode(
                &self,
                writer: &mut crate::codec::Writer,
                version: i16,
            ) -> Result<(), crate::codec::EncodeError> {
                <$($path)::+>::encode(self, writer, version)
            }
        }
    };
}

macro_rules! api_messages {
    ($($api:ident: $module:ident::$request:ident => $module2:ident::$response:ident;)+) => {
        $(
            crate::message::data_message!($module::$request);
            crate::message::data_message!($module2::$response);

            impl crate::message::Request for $module::$request {
                const KEY: crate::ApiKey = crate::ApiKey::$api;
                type Response = $module2::$response;
            }

            impl crate::message::Response for $module2::$response {
                fn error_codes(&self, tell: &mut impl FnMut(i16)) {
                    <$module2::$response>::error_codes(self, tell);
                }
            }
        )+
    };
}

pub(crate) use {api_messages, data_message};

/// What follows the last colon or white space of a path in macro-made text, where a long path is broken into lines.
pub(crate) const fn last_segment(path: &'static str) -> &'static str {
    let bytes = path.as_bytes();
    let mut start = bytes.len();
    while start > 0 && bytes[start - 1] != b':' && !bytes[start - 1].is_ascii_whitespace() {
        start -= 1;
    }
    path.split_at(start).1
}
