//! What every handler knows of its request, and how it answers.

use std::rc::Rc;

use corelog_protocol::frame::encode_frame_pieces;
use corelog_protocol::{ApiKey, ByteStr, EncodeError, RequestHeader, Writer};

use super::answer::Answer;
use super::client::Client;

/// A request without its body.
#[derive(Clone)]
pub struct RequestContext {
    /// The API.
    pub(crate) api: ApiKey,
    /// The version of the request and of its response.
    pub(crate) version: i16,
    /// Returned with the response.
    pub(crate) correlation_id: i32,
    /// How the client calls itself.
    pub(crate) client_id: Option<ByteStr>,
    /// The connection.
    pub(crate) client: Rc<Client>,
}

impl RequestContext {
    /// The context of a request with this header.
    pub fn new(header: RequestHeader, client: Rc<Client>) -> RequestContext {
        RequestContext {
            api: header.api_key,
            version: header.api_version,
            correlation_id: header.correlation_id,
            client_id: header.client_id,
            client,
        }
    }

    /// Encodes a response with its header. One that cannot be encoded is our fault: the connection closes.
    pub(crate) fn answer(&self, body: impl FnOnce(&mut Writer) -> Result<(), EncodeError>) -> Answer {
        let header_version = self.api.response_header_version(self.version);
        match encode_frame_pieces(self.correlation_id, header_version, body) {
            Ok(pieces) => Answer::Send(pieces),
            Err(error) => Answer::Close(format!(
                "the {} response in version {} cannot be encoded: {error}",
                self.api, self.version
            )),
        }
    }
}
