//! DescribeAcls (API key 29): which accesses are allowed. There is no authorizer yet, which is what Kafka answers without one, too.

use corelog_protocol::ErrorCode;
use corelog_protocol::messages::describe_acls::{DescribeAclsRequest, DescribeAclsResponse};

use crate::clients::RequestContext;

/// What Kafka's tools print of it.
pub(crate) const NO_AUTHORIZER: &str =
    "there is no authorizer on this broker: every client may do everything";

/// The number of what there is none of, in each of the enumerations of a rule.
const UNKNOWN: i8 = 0;

/// Whether the numbers of a rule or a filter are some: with 0 (UNKNOWN) it is no request to Kafka, which closes the
/// connection (`DescribeAclsRequest.normalizeAndValidate`).
pub(super) fn are_some(numbers: [i8; 4]) -> bool {
    !numbers.contains(&UNKNOWN)
}

/// See [`are_some`].
pub(crate) fn is_request(request: &DescribeAclsRequest) -> bool {
    are_some([
        request.resource_type_filter,
        request.pattern_type_filter,
        request.operation,
        request.permission_type,
    ])
}

/// Answers SECURITY_DISABLED (Kafka's `AclApis`).
pub(crate) async fn handle(_context: &RequestContext, _request: DescribeAclsRequest) -> DescribeAclsResponse {
    DescribeAclsResponse {
        error_code: ErrorCode::SecurityDisabled.code(),
        error_message: Some(NO_AUTHORIZER.to_owned()),
        ..Default::default()
    }
}
