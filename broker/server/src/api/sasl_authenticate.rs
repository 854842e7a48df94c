//! SaslAuthenticate (API key 36): a step of an authentication. No listener has SASL yet.

use corelog_protocol::ErrorCode;
use corelog_protocol::messages::sasl_authenticate::{SaslAuthenticateRequest, SaslAuthenticateResponse};

use crate::clients::RequestContext;

/// Answers ILLEGAL_SASL_STATE, as Kafka does on a listener without SASL.
pub(crate) async fn handle(
    _context: &RequestContext,
    _request: SaslAuthenticateRequest,
) -> SaslAuthenticateResponse {
    SaslAuthenticateResponse {
        error_code: ErrorCode::IllegalSaslState.code(),
        error_message: Some("this listener has no SASL".to_owned()),
        ..Default::default()
    }
}
