//! A coordinator that follows a script, in the oldest versions of a member's requests or in the newest.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use corelog_protocol::frame::encode_frame;
use corelog_protocol::messages::api_versions::{ApiVersion, ApiVersionsResponse};
use corelog_protocol::messages::find_coordinator::{Coordinator, FindCoordinatorResponse};
use corelog_protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use corelog_protocol::messages::join_group::{JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember};
use corelog_protocol::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse};
use corelog_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use corelog_protocol::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};
use corelog_protocol::{ApiKey, ErrorCode, Message, Reader, RequestHeader};
use corelog_runtime::Connection;

use crate::client::FrameReader;

const APIS: [ApiKey; 7] = [
    ApiKey::ApiVersions,
    ApiKey::FindCoordinator,
    ApiKey::JoinGroup,
    ApiKey::SyncGroup,
    ApiKey::Heartbeat,
    ApiKey::OffsetCommit,
    ApiKey::LeaveGroup,
];

/// What is asked next, and with what it is answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Turn {
    Find(ErrorCode),
    /// With a member id, and if it is granted with so many members, of which this one is the leader.
    Join(ErrorCode, &'static str, usize),
    /// If it is granted, with what the leader assigned.
    Sync(ErrorCode),
    Heartbeat(ErrorCode),
    Commit(ErrorCode),
    Leave(ErrorCode),
}

pub(super) struct Script {
    pub(super) is_oldest: bool,
    pub(super) address: SocketAddr,
    pub(super) turns: RefCell<VecDeque<Turn>>,
    /// Who asked for what.
    pub(super) asked: RefCell<Vec<String>>,
}

impl Script {
    pub(super) async fn serve(self: Rc<Script>, connection: Rc<dyn Connection>) {
        let mut frames = FrameReader::new(Rc::clone(&connection), 1 << 20);
        while let Ok(Some(frame)) = frames.next().await {
            let Some(answer) = self.answer(frame) else {
                return;
            };
            if connection.send(vec![answer]).await.is_err() {
                return;
            }
        }
    }

    fn answer(&self, frame: Bytes) -> Option<Bytes> {
        let mut reader = Reader::new(frame);
        let header = RequestHeader::decode(&mut reader).expect("a header");
        let version = header.api_version;
        if header.api_key == ApiKey::ApiVersions {
            return Some(encoded(&header, &self.versions()));
        }
        let turn = self.turns.borrow_mut().pop_front();
        let (told, answer) = match (turn, header.api_key) {
            (Some(Turn::Find(error)), ApiKey::FindCoordinator) => {
                (String::new(), encoded(&header, &self.found(error, version)))
            }
            (Some(Turn::Join(error, id, members)), ApiKey::JoinGroup) => {
                let request = JoinGroupRequest::decode(&mut reader, version).expect("a request");
                (request.member_id, encoded(&header, &joined(error, id, members)))
            }
            (Some(Turn::Sync(error)), ApiKey::SyncGroup) => {
                let request = SyncGroupRequest::decode(&mut reader, version).expect("a request");
                let mut assignments = request.assignments.into_iter();
                let response = SyncGroupResponse {
                    error_code: error.code(),
                    assignment: assignments.next().expect("it leads").assignment,
                    ..SyncGroupResponse::default()
                };
                (request.member_id, encoded(&header, &response))
            }
            (Some(Turn::Heartbeat(error)), ApiKey::Heartbeat) => {
                let request = HeartbeatRequest::decode(&mut reader, version).expect("a request");
                let response = HeartbeatResponse {
                    error_code: error.code(),
                    ..HeartbeatResponse::default()
                };
                (request.member_id, encoded(&header, &response))
            }
            (Some(Turn::Commit(error)), ApiKey::OffsetCommit) => {
                let request = OffsetCommitRequest::decode(&mut reader, version).expect("a request");
                let topic = &request.topics[0];
                let offsets = topic
                    .partitions
                    .iter()
                    .map(|it| format!(" {}={}", it.partition_index, it.committed_offset));
                let told = request.member_id + &offsets.collect::<String>();
                let partitions = topic.partitions.iter().map(|it| OffsetCommitResponsePartition {
                    partition_index: it.partition_index,
                    error_code: error.code(),
                });
                let response = OffsetCommitResponse {
                    topics: vec![OffsetCommitResponseTopic {
                        partitions: partitions.collect(),
                        ..OffsetCommitResponseTopic::default()
                    }],
                    ..OffsetCommitResponse::default()
                };
                (told, encoded(&header, &response))
            }
            (Some(Turn::Leave(error)), ApiKey::LeaveGroup) => {
                let request = LeaveGroupRequest::decode(&mut reader, version).expect("a request");
                let members = request.members.into_iter().map(|member| member.member_id);
                let response = LeaveGroupResponse {
                    error_code: error.code(),
                    ..LeaveGroupResponse::default()
                };
                let told = request.member_id + &members.collect::<String>();
                (told, encoded(&header, &response))
            }
            (turn, api) => {
                let asked = format!("{api} instead of {turn:?}");
                self.asked.borrow_mut().push(asked);
                return None;
            }
        };
        let asked = format!("{} {told}", header.api_key);
        self.asked.borrow_mut().push(asked.trim_end().to_owned());
        Some(answer)
    }

    fn versions(&self) -> ApiVersionsResponse {
        let range = |api: ApiKey| {
            let (min, max) = (*api.versions().start(), *api.versions().end());
            let is_oldest = self.is_oldest && api != ApiKey::ApiVersions;
            ApiVersion {
                api_key: api.key(),
                min_version: min,
                max_version: if is_oldest { min } else { max },
            }
        };
        ApiVersionsResponse {
            api_keys: APIS.into_iter().map(range).collect(),
            ..ApiVersionsResponse::default()
        }
    }

    fn found(&self, error: ErrorCode, version: i16) -> FindCoordinatorResponse {
        let (host, port) = (self.address.ip().to_string(), i32::from(self.address.port()));
        // The broker that is asked, or another one.
        let node_id = if self.is_oldest { 1 } else { 2 };
        if version < 4 {
            return FindCoordinatorResponse {
                error_code: error.code(),
                node_id,
                host,
                port,
                ..FindCoordinatorResponse::default()
            };
        }
        FindCoordinatorResponse {
            coordinators: vec![Coordinator {
                key: String::from("t-0"),
                node_id,
                host,
                port,
                error_code: error.code(),
                ..Coordinator::default()
            }],
            ..FindCoordinatorResponse::default()
        }
    }
}

fn joined(error: ErrorCode, id: &str, members: usize) -> JoinGroupResponse {
    let others = (1..members).map(|number| format!("other-{number}"));
    let members = std::iter::once(id.to_owned()).chain(others);
    JoinGroupResponse {
        error_code: error.code(),
        generation_id: 1,
        protocol_type: Some(String::from("consumer")),
        protocol_name: Some(String::from("range")),
        leader: id.to_owned(),
        member_id: id.to_owned(),
        members: members
            .map(|member_id| JoinGroupResponseMember {
                member_id,
                ..JoinGroupResponseMember::default()
            })
            .collect(),
        ..JoinGroupResponse::default()
    }
}

fn encoded<M: Message>(header: &RequestHeader, message: &M) -> Bytes {
    let version = header.api_key.response_header_version(header.api_version);
    let encode = |writer: &mut corelog_protocol::Writer| message.encode(writer, header.api_version);
    encode_frame(header.correlation_id, version, encode).expect("it can be written")
}
