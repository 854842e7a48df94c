//! From a frame to the handler of its API: one line an API.

use std::cell::RefCell;
use std::rc::Rc;

use corelog_protocol::codec::MEMORY_BASE;
use corelog_protocol::messages::add_offsets_to_txn::AddOffsetsToTxnRequest;
use corelog_protocol::messages::add_partitions_to_txn::AddPartitionsToTxnRequest;
use corelog_protocol::messages::alter_configs::AlterConfigsRequest;
use corelog_protocol::messages::alter_partition_reassignments::AlterPartitionReassignmentsRequest;
use corelog_protocol::messages::api_versions::ApiVersionsRequest;
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
use corelog_protocol::messages::describe_transactions::DescribeTransactionsRequest;
use corelog_protocol::messages::elect_leaders::ElectLeadersRequest;
use corelog_protocol::messages::end_txn::EndTxnRequest;
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
use corelog_protocol::messages::list_transactions::ListTransactionsRequest;
use corelog_protocol::messages::metadata::MetadataRequest;
use corelog_protocol::messages::offset_commit::OffsetCommitRequest;
use corelog_protocol::messages::offset_delete::OffsetDeleteRequest;
use corelog_protocol::messages::offset_fetch::OffsetFetchRequest;
use corelog_protocol::messages::offset_for_leader_epoch::OffsetForLeaderEpochRequest;
use corelog_protocol::messages::produce::ProduceRequest;
use corelog_protocol::messages::sasl_authenticate::SaslAuthenticateRequest;
use corelog_protocol::messages::sasl_handshake::SaslHandshakeRequest;
use corelog_protocol::messages::sync_group::SyncGroupRequest;
use corelog_protocol::messages::txn_offset_commit::TxnOffsetCommitRequest;
use corelog_protocol::messages::write_txn_markers::WriteTxnMarkersRequest;
use corelog_protocol::{ApiKey, DecodeError, ErrorCode, Message, Reader, Request, RequestHeader};
use corelog_runtime::{LocalFuture, Monotonic};

use super::frame::Frame;
use crate::api;
use crate::clients::{Answer, Client, RequestContext};
use crate::metrics::errors_of;
use crate::shard::Shard;

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
        $($api:ident: $request:ident => $module:ident($($service:ident),*) $(where $is_request:ident)?,)+;
        $($long:ident: $long_request:ident => $long_module:ident($($long_service:ident),*),)+
    ) => {
        /// The APIs that are served, and that ApiVersions names.
        pub const SUPPORTED: &[ApiKey] =
            &[ApiKey::Produce, ApiKey::Fetch, ApiKey::ApiVersions, $(ApiKey::$api,)+ $(ApiKey::$long,)+];

        fn begin(
            shard: &Rc<Shard>,
            context: RequestContext,
            reader: &mut Reader,
        ) -> Result<LocalFuture<Answer>, StartError> {
            match context.api {
                ApiKey::Produce => {
                    let request = decode::<ProduceRequest>(&context, reader)?;
                    Ok(produce(shard, context, request))
                }
                ApiKey::Fetch => {
                    let request = decode::<FetchRequest>(&context, reader)?;
                    Ok(fetch(Rc::clone(shard), context, request))
                }
                ApiKey::ApiVersions => {
                    let request = decode::<ApiVersionsRequest>(&context, reader)?;
                    Ok(answer(Rc::clone(shard), context, request, async |shard, context, request| {
                        api::api_versions::handle(&shard.metadata, context, request, SUPPORTED).await
                    }))
                }
                $(ApiKey::$api => {
                    let request = decode::<$request>(&context, reader)?;
                    $(if !api::$module::$is_request(&request) {
                        let (api, version) = (context.api, context.version);
                        return Err(StartError::Unknown { api, version });
                    })?
                    Ok(answer(Rc::clone(shard), context, request, async |_shard, context, request| {
                        api::$module::handle($(&_shard.$service,)* context, request).await
                    }))
                })+
                $(ApiKey::$long => {
                    let request = decode::<$long_request>(&context, reader)?;
                    Ok(long_answer(Rc::clone(shard), context, request, async |shard, context, request| {
                        api::$long_module::handle($(&shard.$long_service,)* context, request).await
                    }))
                })+
                api => Err(StartError::Unsupported { api, version: context.version }),
            }
        }
    };
}

// Each with the services of its shard that its handler takes.
handlers! {
    ListOffsets: ListOffsetsRequest => list_offsets(metadata, shards),
    OffsetCommit: OffsetCommitRequest => offset_commit(metadata, shards),
    FindCoordinator: FindCoordinatorRequest => find_coordinator(metadata, controller),
    JoinGroup: JoinGroupRequest => join_group(handle, metadata, shards),
    Heartbeat: HeartbeatRequest => heartbeat(metadata, shards),
    LeaveGroup: LeaveGroupRequest => leave_group(metadata, shards),
    SyncGroup: SyncGroupRequest => sync_group(metadata, shards),
    SaslHandshake: SaslHandshakeRequest => sasl_handshake(),
    DeleteRecords: DeleteRecordsRequest => delete_records(metadata, shards),
    InitProducerId: InitProducerIdRequest => init_producer_id(metadata, controller, shards),
    AddPartitionsToTxn: AddPartitionsToTxnRequest => add_partitions_to_txn(metadata, shards),
    AddOffsetsToTxn: AddOffsetsToTxnRequest => add_offsets_to_txn(metadata, controller, shards),
    EndTxn: EndTxnRequest => end_txn(metadata, shards),
    WriteTxnMarkers: WriteTxnMarkersRequest => write_txn_markers(metadata, shards),
    TxnOffsetCommit: TxnOffsetCommitRequest => txn_offset_commit(metadata, shards),
    DescribeTransactions: DescribeTransactionsRequest => describe_transactions(metadata, shards),
    OffsetForLeaderEpoch: OffsetForLeaderEpochRequest => offset_for_leader_epoch(metadata, shards),
    DeleteGroups: DeleteGroupsRequest => delete_groups(metadata, shards),
    OffsetDelete: OffsetDeleteRequest => offset_delete(metadata, shards),
    CreateTopics: CreateTopicsRequest => create_topics(metadata, controller, memory),
    DeleteTopics: DeleteTopicsRequest => delete_topics(metadata, controller),
    CreatePartitions: CreatePartitionsRequest => create_partitions(controller),
    DescribeAcls: DescribeAclsRequest => describe_acls() where is_request,
    CreateAcls: CreateAclsRequest => create_acls() where is_request,
    DeleteAcls: DeleteAclsRequest => delete_acls() where is_request,
    AlterConfigs: AlterConfigsRequest => alter_configs(metadata, controller),
    IncrementalAlterConfigs: IncrementalAlterConfigsRequest => incremental_alter_configs(metadata, controller),
    DescribeCluster: DescribeClusterRequest => describe_cluster(metadata),
    SaslAuthenticate: SaslAuthenticateRequest => sasl_authenticate(),
    ListPartitionReassignments: ListPartitionReassignmentsRequest => list_partition_reassignments(),
    AlterPartitionReassignments: AlterPartitionReassignmentsRequest => alter_partition_reassignments(metadata),
    ElectLeaders: ElectLeadersRequest => elect_leaders(metadata),
    ;
    // Of these an answer may tell of much more than the request names.
    Metadata: MetadataRequest => metadata(metadata, controller, memory),
    OffsetFetch: OffsetFetchRequest => offset_fetch(metadata, shards, memory),
    DescribeGroups: DescribeGroupsRequest => describe_groups(metadata, shards, memory),
    ListGroups: ListGroupsRequest => list_groups(shards, memory),
    DescribeConfigs: DescribeConfigsRequest => describe_configs(metadata, memory),
    DescribeTopicPartitions: DescribeTopicPartitionsRequest => describe_topic_partitions(metadata, memory),
    DescribeLogDirs: DescribeLogDirsRequest => describe_log_dirs(handle, metadata, shards, memory),
    DescribeProducers: DescribeProducersRequest => describe_producers(metadata, shards, memory),
    ListTransactions: ListTransactionsRequest => list_transactions(shards, memory),
    ListConfigResources: ListConfigResourcesRequest => list_config_resources(metadata, memory),
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
    client.told.request(length, header.client_id.as_ref());
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

fn produce(shard: &Rc<Shard>, context: RequestContext, request: ProduceRequest) -> LocalFuture<Answer> {
    let services = api::produce::Services {
        clock: &*shard.handle.clock,
        metadata: &shard.metadata,
        shards: &shard.shards,
        long_work: &shard.long_work,
        metrics: &shard.metrics,
    };
    api::produce::start(services, context, request)
}

fn fetch(shard: Rc<Shard>, context: RequestContext, request: FetchRequest) -> LocalFuture<Answer> {
    Box::pin(async move {
        let services = api::fetch::Services {
            handle: &shard.handle,
            metadata: &shard.metadata,
            shards: &shard.shards,
            fetches: &shard.fetches,
            memory: &shard.memory,
            metrics: &shard.metrics,
        };
        api::fetch::answer(services, &context, request).await
    })
}

fn answer<R, H>(shard: Rc<Shard>, context: RequestContext, request: R, handler: H) -> LocalFuture<Answer>
where
    R: Request + 'static,
    H: AsyncFnOnce(&Shard, &RequestContext, R) -> R::Response + 'static,
{
    Box::pin(async move {
        let response = handler(&shard, &context, request).await;
        shard.metrics.count_errors(context.api, &response);
        context.answer(|writer| response.encode(writer, context.version))
    })
}

/// As `answer`, for a handler that may begin a long answer.
fn long_answer<R, H>(shard: Rc<Shard>, context: RequestContext, request: R, handler: H) -> LocalFuture<Answer>
where
    R: Request + Clone + 'static,
    H: AsyncFn(&Shard, &RequestContext, R) -> R::Response + 'static,
{
    Box::pin(async move {
        // Of the answer that was put together last: that is the one which is sent.
        let codes = RefCell::new(Vec::new());
        let respond = || async {
            let response = handler(&shard, &context, request.clone()).await;
            codes.replace(errors_of(&response));
            response
        };
        let answer = shard.memory.long_answer(&context, respond).await;
        for code in codes.take() {
            shard.metrics.failed(context.api, code);
        }
        answer
    })
}
