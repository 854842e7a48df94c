//! DeleteAcls (API key 31): takes such rules back. There is no authorizer yet, which is what Kafka answers without one, too.

use corelog_protocol::ErrorCode;
use corelog_protocol::messages::delete_acls::{
    DeleteAclsFilterResult, DeleteAclsRequest, DeleteAclsResponse,
};

use crate::api::describe_acls::{NO_AUTHORIZER, are_some};
use crate::clients::RequestContext;

/// See [`are_some`].
pub(crate) fn is_request(request: &DeleteAclsRequest) -> bool {
    request.filters.iter().all(|filter| {
        are_some([
            filter.resource_type_filter,
            filter.pattern_type_filter,
            filter.operation,
            filter.permission_type,
        ])
    })
}

/// Answers SECURITY_DISABLED (Kafka's `AclApis`). Of each filter the same is said.
pub(crate) async fn handle(_context: &RequestContext, request: DeleteAclsRequest) -> DeleteAclsResponse {
    let refused = DeleteAclsFilterResult {
        error_code: ErrorCode::SecurityDisabled.code(),
        error_message: Some(NO_AUTHORIZER.to_owned()),
        matching_acls: Vec::new(),
    };
    DeleteAclsResponse {
        filter_results: vec![refused; request.filters.len()],
        ..Default::default()
    }
}
