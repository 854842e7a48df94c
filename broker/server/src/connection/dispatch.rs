//! From a frame to the handler of its API: one line an API.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use corelog_protocol::codec::MEMORY_BASE;
use corelog_protocol::messages::alter_configs::AlterConfigsRequest;
use corelog_protocol::messages::alter_partition_reassignments::AlterPartitionReassignmentsRequest;
use corelog_protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use corelog_protocol::messages::create_acls::CreateAclsRequest;
use corelog_protocol::messages::create_partitions::CreatePartitionsRequest;
use corelog_protocol::messages::create_topics::CreateTopicsRequest;
use corelog_protocol::messages::delete_acls::DeleteAclsRequest;
use corelog_protocol::messages::delete_groups::DeleteGroupsRequest;
use corelog_protocol::messages::delete_records::DeleteRecordsRequest;
use corelog_protocol::messages::delete_topics::DeleteTopicsRequest;
use corelog_protocol::messages::describe_acls::DescribeAclsRequest;
use corelog_protocol::messages::describe_cluster::DescribeClusterRequest;
use corelog_protocol::messages::describe_configs::DescribeConfigsRequest;
use corelog_protocol::messages::describe_groups::DescribeGroupsRequest;
use corelog_protocol::messages::describe_log_dirs::DescribeLogDirsRequest;
use corelog_protocol::messages::describe_producers::DescribeProducersRequest;
use corelog_protocol::messages::describe_topic_partitions::DescribeTopicPartitionsRequest;
use corelog_protocol::messages::elect_leaders::ElectLeadersRequest;
use corelog_protocol::messages::fetch::FetchRequest;
use corelog_protocol::messages::find_coordinator::FindCoordinatorRequest;
use corelog_protocol::messages::heartbeat::HeartbeatRequest;
use corelog_protocol::messages::incremental_alter_configs::IncrementalAlterConfigsRequest;
use corelog_protocol::messages::init_producer_id::InitProducerIdRequest;
use corelog_protocol::messages::join_group::JoinGroupRequest;
use corelog_protocol::messages::leave_group::LeaveGroupRequest;
use corelog_protocol::messages::list_config_resources::ListConfigResourcesRequest;
use corelog_protocol::messages::list_groups::ListGroupsRequest;
use corelog_protocol::messages::list_offsets::ListOffsetsRequest;
use corelog_protocol::messages::list_partition_reassignments::ListPartitionReassignmentsRequest;
use corelog_protocol::messages::metadata::MetadataRequest;
use corelog_protocol::messages::offset_commit::OffsetCommitRequest;
use corelog_protocol::messages::offset_delete::OffsetDeleteRequest;
use corelog_protocol::messages::offset_fetch::OffsetFetchRequest;
use corelog_protocol::messages::offset_for_leader_epoch::OffsetForLeaderEpochRequest;
use corelog_protocol::messages::produce::ProduceRequest;
use corelog_protocol::messages::sasl_authenticate::SaslAuthenticateRequest;
use corelog_protocol::messages::sasl_handshake::SaslHandshakeRequest;
use corelog_protocol::messages::sync_group::SyncGroupRequest;
use corelog_protocol::{ApiKey, DecodeError, ErrorCode, Message, Reader, Request, RequestHeader};
use corelog_runtime::{LocalFuture, Monotonic};

use super::frame::Frame;
use crate::api;
use crate::clients::{Answer, Client, RequestContext};
use crate::shard::Shard;
use crate::shard::metrics::errors_of;

/// Why a request is not begun; its connection closes.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    /// The header is none, or names an API that Kafka does not have.
    #[error("the request's header is malformed: {0}")]
    Header(#[source] DecodeError),
    /// The body is not what API and version say.
    #[error("the {api} request of version {version} is malformed: {source}")]
    Body {
        /// The API.
        api: ApiKey,
        /// The version.
        version: i16,
        /// Why.
        source: DecodeError,
    },
    /// An API or version that ApiVersions does not name.
    #[error("{api} in version {version} is not supported")]
    Unsupported {
        /// The API.
        api: ApiKey,
        /// The version.
        version: i16,
    },
    /// What it names is nothing to Kafka, which closes the connection, too.
    #[error("the {api} request of version {version} names what is UNKNOWN")]
    Unknown {
        /// The API.
        api: ApiKey,
        /// The version.
        version: i16,
    },
}

/// Bytes of memory that a Produce request's arrays may take for each of its own. The smallest batch there is takes 83
/// bytes with its topic and partition, and 112 bytes of arrays.
const PRODUCE_MEMORY_FACTOR: usize = 2;

macro_rules! handlers {
    (
        $($api:ident: $request:ident => $handler:path $(where $is_request:path)?,)+;
        $($long:ident: $long_request:ident => $long_handler:path,)+
    ) => {
        /// The APIs that are served, and that ApiVersions names.
        pub const SUPPORTED: &[ApiKey] = &[ApiKey::Produce, ApiKey::Fetch, $(ApiKey::$api,)+ $(ApiKey::$long,)+];

        fn begin(
            shard: &Rc<Shard>,
            context: RequestContext,
            reader: &mut Reader,
        ) -> Result<LocalFuture<Answer>, StartError> {
            match context.api {
                ApiKey::Produce => {
                    let request = decode::<ProduceRequest>(&context, reader)?;
                    Ok(api::produce::start(shard, context, request))
                }
                ApiKey::Fetch => {
                    let request = decode::<FetchRequest>(&context, reader)?;
                    Ok(Box::pin(api::fetch::answer(Rc::clone(shard), context, request)))
                }
                $(ApiKey::$api => {
                    let request = decode::<$request>(&context, reader)?;
                    $(if !$is_request(&request) {
                        let (api, version) = (context.api, context.version);
                        return Err(StartError::Unknown { api, version });
                    })?
                    Ok(answer(Rc::clone(shard), context, request, $handler))
                })+
                $(ApiKey::$long => {
                    let request = decode::<$long_request>(&context, reader)?;
                    Ok(long_answer(Rc::clone(shard), context, request, $long_handler))
                })+
                api => Err(StartError::Unsupported { api, version: context.version }),
            }
        }
    };
}

handlers! {
    ListOffsets: ListOffsetsRequest => api::list_offsets::handle,
    OffsetCommit: OffsetCommitRequest => api::offset_commit::handle,
    FindCoordinator: FindCoordinatorRequest => api::find_coordinator::handle,
    JoinGroup: JoinGroupRequest => api::join_group::handle,
    Heartbeat: HeartbeatRequest => api::heartbeat::handle,
    LeaveGroup: LeaveGroupRequest => api::leave_group::handle,
    SyncGroup: SyncGroupRequest => api::sync_group::handle,
    SaslHandshake: SaslHandshakeRequest => api::sasl_handshake::handle,
    ApiVersions: ApiVersionsRequest => api_versions,
    DeleteRecords: DeleteRecordsRequest => api::delete_records::handle,
    InitProducerId: InitProducerIdRequest => api::init_producer_id::handle,
    OffsetForLeaderEpoch: OffsetForLeaderEpochRequest => api::offset_for_leader_epoch::handle,
    DeleteGroups: DeleteGroupsRequest => api::delete_groups::handle,
    OffsetDelete: OffsetDeleteRequest => api::offset_delete::handle,
    CreateTopics: CreateTopicsRequest => api::create_topics::handle,
    DeleteTopics: DeleteTopicsRequest => api::delete_topics::handle,
    CreatePartitions: CreatePartitionsRequest => api::create_partitions::handle,
    DescribeAcls: DescribeAclsRequest => api::describe_acls::handle where api::describe_acls::is_request,
    CreateAcls: CreateAclsRequest => api::create_acls::handle where api::create_acls::is_request,
    DeleteAcls: DeleteAclsRequest => api::delete_acls::handle where api::delete_acls::is_request,
    AlterConfigs: AlterConfigsRequest => api::alter_configs::handle,
    IncrementalAlterConfigs: IncrementalAlterConfigsRequest => api::incremental_alter_configs::handle,
    DescribeCluster: DescribeClusterRequest => api::describe_cluster::handle,
    SaslAuthenticate: SaslAuthenticateRequest => api::sasl_authenticate::handle,
    ListPartitionReassignments: ListPartitionReassignmentsRequest => api::list_partition_reassignments::handle,
    AlterPartitionReassignments: AlterPartitionReassignmentsRequest => api::alter_partition_reassignments::handle,
    ElectLeaders: ElectLeadersRequest => api::elect_leaders::handle,
    ;
    // Of these an answer may tell of much more than the request names.
    Metadata: MetadataRequest => api::metadata::handle,
    OffsetFetch: OffsetFetchRequest => api::offset_fetch::handle,
    DescribeGroups: DescribeGroupsRequest => api::describe_groups::handle,
    ListGroups: ListGroupsRequest => api::list_groups::handle,
    DescribeConfigs: DescribeConfigsRequest => api::describe_configs::handle,
    DescribeTopicPartitions: DescribeTopicPartitionsRequest => api::describe_topic_partitions::handle,
    DescribeLogDirs: DescribeLogDirsRequest => api::describe_log_dirs::handle,
    DescribeProducers: DescribeProducersRequest => api::describe_producers::handle,
    ListConfigResources: ListConfigResourcesRequest => api::list_config_resources::handle,
}

/// A request under way.
pub(super) struct Started {
    /// Its answer.
    pub answer: LocalFuture<Answer>,
    api: ApiKey,
    /// When it came; `None` of one whose time does not count.
    arrival: Option<Monotonic>,
}

impl Started {
    /// The answer is there: counts the time that it took.
    pub(super) fn answered(&self, shard: &Shard) {
        if let Some(arrival) = self.arrival {
            let took = shard.handle.clock.now().since(arrival);
            shard.metrics.answered(self.api, took);
        }
    }
}

/// Begins a request. Produce is admitted to its logs, or on its way to them, when this returns; every other API begins
/// when the future is first polled. From then on the memory is what the decoded request really takes.
///
/// # Errors
/// See [`StartError`].
pub(super) fn start(
    shard: &Rc<Shard>,
    client: &Rc<Client>,
    frame: &mut Frame,
) -> Result<Started, StartError> {
    let arrival = shard.handle.clock.now();
    let length = frame.bytes.len();
    shard.metrics.bytes_received(length);
    let mut reader = Reader::new(std::mem::take(&mut frame.bytes));
    let header = RequestHeader::decode(&mut reader).map_err(StartError::Header)?;
    // A version that there is a codec for and that is not advertised is one that Kafka calls unstable, and refuses.
    let is_known =
        header.is_supported() && header.api_key.advertised_versions().contains(&header.api_version);
    let context = RequestContext::new(header, Rc::clone(client));
    let (api, version) = (context.api, context.version);
    if !is_known {
        return if api == ApiKey::ApiVersions {
            shard.metrics.failed(api, ErrorCode::UnsupportedVersion.code());
            Ok(Started {
                answer: Box::pin(std::future::ready(api::api_versions::refuse(&context))),
                api,
                arrival: None,
            })
        } else {
            Err(StartError::Unsupported { api, version })
        };
    }
    if api == ApiKey::Produce {
        reader.limit_memory(PRODUCE_MEMORY_FACTOR * length + MEMORY_BASE);
    }
    let memory_before = reader.memory_left();
    let answer = begin(shard, context, &mut reader)?;
    let taken = memory_before - reader.memory_left();
    frame.memory.shrink_to(length + taken);
    Ok(Started {
        answer,
        api,
        arrival: Some(arrival),
    })
}

fn decode<R: Request>(context: &RequestContext, reader: &mut Reader) -> Result<R, StartError> {
    let (api, version) = (context.api, context.version);
    R::decode(reader, version).map_err(|source| StartError::Body { api, version, source })
}

fn answer<R, F>(
    shard: Rc<Shard>,
    context: RequestContext,
    request: R,
    handler: fn(Rc<Shard>, RequestContext, R) -> F,
) -> LocalFuture<Answer>
where
    R: Request + 'static,
    F: Future<Output = R::Response> + 'static,
{
    Box::pin(async move {
        let response = handler(Rc::clone(&shard), context.clone(), request).await;
        shard.metrics.count_errors(context.api, &response);
        context.answer(|writer| response.encode(writer, context.version))
    })
}

/// As `answer`, for a handler that may begin a long answer.
fn long_answer<R, F>(
    shard: Rc<Shard>,
    context: RequestContext,
    request: R,
    handler: fn(Rc<Shard>, RequestContext, R) -> F,
) -> LocalFuture<Answer>
where
    R: Request + Clone + 'static,
    F: Future<Output = R::Response> + 'static,
{
    Box::pin(async move {
        // Of the answer that was put together last: that is the one which is sent.
        let codes = RefCell::new(Vec::new());
        let respond = || async {
            let response = handler(Rc::clone(&shard), context.clone(), request.clone()).await;
            codes.replace(errors_of(&response));
            response
        };
        let (clock, connections) = (&*shard.handle.clock, &shard.connections);
        let answers = &shard.long_answers;
        let answer = answers.answer(&context, clock, connections, respond).await;
        for code in codes.take() {
            shard.metrics.failed(context.api, code);
        }
        answer
    })
}

async fn api_versions(
    shard: Rc<Shard>,
    context: RequestContext,
    request: ApiVersionsRequest,
) -> ApiVersionsResponse {
    api::api_versions::handle(shard, context, request, SUPPORTED).await
}
