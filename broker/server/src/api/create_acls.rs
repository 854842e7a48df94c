//! CreateAcls (API key 30): allows or denies accesses. There is no authorizer yet, which is what Kafka answers without one, too.

use corelog_protocol::ErrorCode;
use corelog_protocol::messages::create_acls::{AclCreationResult, CreateAclsRequest, CreateAclsResponse};

use crate::api::describe_acls::{NO_AUTHORIZER, are_some};
use crate::clients::RequestContext;

/// See [`are_some`].
pub(crate) fn is_request(request: &CreateAclsRequest) -> bool {
    request.creations.iter().all(|creation| {
        are_some([
            creation.resource_type,
            creation.resource_pattern_type,
            creation.operation,
            creation.permission_type,
        ])
    })
}

/// Answers SECURITY_DISABLED (Kafka's `AclApis`). Of each rule the same is said.
pub(crate) async fn handle(_context: &RequestContext, request: CreateAclsRequest) -> CreateAclsResponse {
    let refused = AclCreationResult {
        error_code: ErrorCode::SecurityDisabled.code(),
        error_message: Some(NO_AUTHORIZER.to_owned()),
    };
    CreateAclsResponse {
        results: vec![refused; request.creations.len()],
        ..Default::default()
    }
}
