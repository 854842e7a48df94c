//! From a frame to the handler of its API. One line an API.

use std::rc::Rc;

use bytes::Bytes;
use corelog_protocol::{ApiKey, DecodeError, EncodeError, RequestHeader};
use corelog_runtime::LocalFuture;

use crate::api;
use crate::connection::Client;
use crate::shard::Shard;

/// What becomes of a request.
pub enum Answer {
    /// A whole response frame, its size included.
    Send(Vec<Bytes>),
    /// No response is due (acks=0).
    Silence,
    /// The connection is to be closed, for this reason.
    Close(String),
}
