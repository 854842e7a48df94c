//! Kafka's wire protocol, for a server first and for a client too: the versions of Apache Kafka 4.4.
//!
//! Invariants:
//! - No bytes panic, and no length allocates before it was checked: the arrays of a frame take at most
//!   [`codec::MEMORY_FACTOR`] times its size. A server that limits frames limits memory.
//! - Byte fields are slices of the frame. Produce and Fetch copy neither text nor records; a Fetch response leaves as
//!   pieces for one vectored write.
//! - Nothing here does I/O.
//!
//! # A server
//! ```
//! use bytes::{Bytes, BytesMut};
//! use corelog_protocol::frame::{REQUEST_SIZE_MAX_DEFAULT, encode_frame, split_frame};
//! use corelog_protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
//! use corelog_protocol::{ApiKey, ErrorCode, Reader, RequestHeader};
//!
//! fn answer(frame: Bytes) -> Result<Bytes, Box<dyn std::error::Error>> {
//!     let mut reader = Reader::new(frame);
//!     let header = RequestHeader::decode(&mut reader)?;
//!     let (key, version) = (header.api_key, header.api_version);
//!     if !header.is_supported() {
//!         // ApiVersions is then answered in version 0 with UNSUPPORTED_VERSION, the rest closes the connection.
//!         return Err("unsupported version".into());
//!     }
//!     match key {
//!         ApiKey::Heartbeat => {
//!             let request = HeartbeatRequest::decode(&mut reader, version)?;
//!             assert_eq!(request.group_id, "g");
//!             let response = HeartbeatResponse {
//!                 error_code: ErrorCode::RebalanceInProgress.code(),
//!                 ..HeartbeatResponse::default()
//!             };
//!             Ok(encode_frame(header.correlation_id, key.response_header_version(version), |writer| {
//!                 response.encode(writer, version)
//!             })?)
//!         }
//!         other => Err(format!("{other} has no handler").into()),
//!     }
//! }
//!
//! # use corelog_protocol::frame::encode_request_frame;
//! # let header = RequestHeader {
//! #     api_key: ApiKey::Heartbeat, api_version: 4, correlation_id: 9, client_id: Some("me".into()),
//! # };
//! # let request = HeartbeatRequest { group_id: "g".into(), ..HeartbeatRequest::default() };
//! # let sent = encode_request_frame(&header, |writer| request.encode(writer, 4)).unwrap();
//! let mut received = BytesMut::from(&sent[..]);
//! let frame = split_frame(&mut received, REQUEST_SIZE_MAX_DEFAULT).unwrap().expect("it is whole");
//! let response = answer(frame).unwrap();
//! // size, correlation id, no tags; throttle time, error code, no tags
//! assert_eq!(response[..], [0, 0, 0, 12, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 27, 0][..]);
//! ```
//! A Fetch response goes out by [`frame::encode_frame_pieces`] instead: its pieces share the records.
//!
//! # Versions and defaults
//! A field that a version lacks has its default after decoding. Encoding drops it silently where Kafka allows that,
//! else a value other than the default is an [`EncodeError`]. Defaults are Kafka's; mind that a nullable string or
//! array is empty by default, not null, unless its docs say otherwise.
//!
//! Every UUID of the protocol is a [`corelog_model::TopicId`], the few that name a directory or a client too.
//!
//! # Where the code comes from
//! `schema/` holds the field tables; `cargo run -p corelog-protocol-gen` turns them into `src/messages/*.rs`,
//! `src/api_table.rs` and `src/metadata_record.rs`. Everything else is written by hand.
//!
//! The records of the metadata log are messages, too: [`MetadataRecord`] is any of them, [`metadata_log`] frames them.
//!
//! Produce and Fetch are generated too. Their hot paths rest on two types of the schema: `text`, a string that stays a
//! slice of its frame, and `pieces`, records in the slices in which a log has them. In instructions under callgrind
//! (rustc 1.95, release profile, topics by name unless a version says otherwise), against a codec written by hand for
//! them, and against the same schema with `string` for `text`:
//!
//! | path | by hand | generated | with `string` |
//! |---|---|---|---|
//! | Produce request of 16 partitions, decoded | 5,463 | 5,510 | 5,623 |
//! | Produce request of 16 topics, decoded | 18,303 | 18,351 | 18,755 |
//! | Produce request of one partition, decoded | 1,517 | 1,521 | 1,634 |
//! | Fetch request of 16 partitions, decoded | 5,194 | 5,204 | 5,277 |
//! | Fetch request of 16 topics, decoded | 17,543 | 17,703 | 18,255 |
//! | Fetch response of 16 partitions, version 16, encoded | 14,237 | 13,629 | 13,628 |
//! | Fetch response of 16 topics, encoded | 19,394 | 16,881 | 16,896 |
//! | Produce response of 16 partitions, encoded | 6,368 | 6,183 | 6,199 |
//!
//! APIs that neither the broker nor a client of ours speaks, `unserved` in the schema, have messages with the feature
//! `unserved` alone; the tests and the fuzz targets set it. Without it the crate compiles in 4.0 s of processor time
//! instead of 9.3 (release profile), and its library has 6.9 MB instead of 15.0. A program's size is the same: the linker
//! leaves out what nobody calls.
//! `cargo +nightly fuzz run requests` fuzzes every request; `fuzz/` has targets for headers, responses and batches too.

mod api_key;
mod api_table;
mod broker_versions;
pub mod codec;
pub mod consumer_protocol;
mod error_code;
pub mod frame;
mod header;
mod message;
pub mod messages;
pub mod metadata_log;
mod metadata_record;
pub mod routing;

pub use api_key::ApiKey;
pub use broker_versions::BrokerVersions;
pub use codec::{ByteStr, DecodeError, EncodeError, Reader, Records, Writer};
pub use error_code::ErrorCode;
pub use header::{RequestHeader, ResponseHeader};
pub use message::{Message, Request, Response};
pub use metadata_record::MetadataRecord;
