//! SaslHandshake (API key 17): chooses how to authenticate. No listener has SASL yet.

use corelog_protocol::ErrorCode;
use corelog_protocol::messages::sasl_handshake::{SaslHandshakeRequest, SaslHandshakeResponse};

use crate::clients::RequestContext;

/// Answers ILLEGAL_SASL_STATE without mechanisms, as Kafka does on a listener without SASL: a client that is set up for
/// SASL then says so and ends, while one whose connection closes tries again for ever.
pub(crate) async fn handle(
    _context: &RequestContext,
    _request: SaslHandshakeRequest,
) -> SaslHandshakeResponse {
    SaslHandshakeResponse {
        error_code: ErrorCode::IllegalSaslState.code(),
        ..Default::default()
    }
}
