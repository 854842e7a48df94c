//! One member of a group and what it waits for.

use std::time::Duration;

use bytes::Bytes;

use crate::{InstanceId, JoinRequest, MemberId, RequestToken};

/// A member (Kafka's `ClassicGroupMember`).
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: MemberId,
    pub(crate) instance_id: Option<InstanceId>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) session_timeout: Duration,
    /// The preferred one first. After a load only the chosen protocol is known.
    pub(crate) protocols: Vec<(String, Bytes)>,
    pub(crate) assignment: Bytes,
    /// Has not been through a rebalance: it does not know its id for certain, so it is not expected to heartbeat.
    pub(crate) is_new: bool,
    /// The JoinGroup request that waits for the rebalance, or for a static member's record.
    pub(crate) awaiting_join: Option<RequestToken>,
    /// The SyncGroup request that waits for the leader's assignment to be durable.
    pub(crate) awaiting_sync: Option<RequestToken>,
}

impl Member {
    /// Makes a member that joins with `request` under `id`.
    pub(crate) fn joining(request: &JoinRequest, id: MemberId, token: RequestToken) -> Member {
        Member {
            id,
            instance_id: request.group_instance_id.clone(),
            client_id: request.client_id.clone(),
            client_host: request.client_host.clone(),
            rebalance_timeout: request.rebalance_timeout,
            session_timeout: request.session_timeout,
            protocols: request.protocols.clone(),
            assignment: Bytes::new(),
            is_new: true,
            awaiting_join: Some(token),
            awaiting_sync: None,
        }
    }

    /// The metadata that the member gave for `protocol`; empty if it gave none.
    pub(crate) fn metadata(&self, protocol: &str) -> Bytes {
        self.protocols
            .iter()
            .find(|(name, _)| name == protocol)
            .map_or_else(Bytes::new, |(_, metadata)| metadata.clone())
    }

    pub(crate) fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| name == protocol)
    }

    /// A member that waits for the coordinator is alive, unless it is new: a new one may be a retry whose
    /// predecessor nobody listens to (Kafka's `hasSatisfiedHeartbeat`).
    pub(crate) fn is_excused_from_heartbeats(&self) -> bool {
        !self.is_new && (self.awaiting_join.is_some() || self.awaiting_sync.is_some())
    }
}
