//! Kafka's wire protocol: one file an API, every length bounded by the bytes that are left.

mod api_key;
mod api_table;
pub mod codec;
mod error_code;
pub mod frame;
mod header;
pub mod leader;
mod message;
pub mod messages;

pub use api_key::ApiKey;
pub use codec::{ByteStr, DecodeError, EncodeError, Reader, Writer};
pub use error_code::ErrorCode;
pub use header::{RequestHeader, ResponseHeader};
pub use message::{Message, Request};
