//! DescribeAcls (API key 29): which accesses are allowed. There is no authorizer yet, which is what Kafka answers without one, too.

use std::rc::Rc;

use corelog_protocol::ErrorCode;
use corelog_protocol::messages::describe_acls::{DescribeAclsRequest, DescribeAclsResponse};

use crate::clients::RequestContext;
use crate::shard::Shard;

/// What Kafka's tools print of it.
pub(crate) const NO_AUTHORIZER: &str =
    "there is no authorizer on this broker: every client may do everything";

/// Answers SECURITY_DISABLED (Kafka's `AclApis`).
pub(crate) async fn handle(
    _shard: Rc<Shard>,
    _context: RequestContext,
    _request: DescribeAclsRequest,
) -> DescribeAclsResponse {
    DescribeAclsResponse {
        error_code: ErrorCode::SecurityDisabled.code(),
        error_message: Some(NO_AUTHORIZER.to_owned()),
        ..Default::default()
    }
}
