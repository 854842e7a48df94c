//! A target that only parses and acknowledges: what the generator reaches against it is the generator's own limit.
//!
//! It answers ApiVersions, Metadata (any topic exists, with the partitions it was told), InitProducerId and Produce,
//! and keeps nothing. Anything else closes the connection.
//!
//! A durable one writes the batches first, those that came meanwhile together, and does nothing else with them: what the
//! generator reaches against that is about what the disk leaves to a broker whose acknowledgements are durable.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use corelog_model::batch::parse_header;
use corelog_protocol::frame::{REQUEST_SIZE_MAX_DEFAULT, encode_frame};
use corelog_protocol::messages::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use corelog_protocol::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use corelog_protocol::messages::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use corelog_protocol::messages::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use corelog_protocol::{ApiKey, DecodeError, EncodeError, ErrorCode, Message, Reader, RequestHeader};
use corelog_runtime::local::{Either, select};
use corelog_runtime::{Accepted, Connection, Handle, ListenOptions, Shard, WorkClass};

use crate::client::{ClientError, FrameReader};
use crate::number::to_usize;
use crate::sink_log::SinkLog;

pub use crate::sink_log::DurableOptions;

/// The sink's node id.
const NODE: i32 = 1;
/// What it has.
const APIS: [ApiKey; 4] = [
    ApiKey::Produce,
    ApiKey::Metadata,
    ApiKey::ApiVersions,
    ApiKey::InitProducerId,
];

/// What the sink pretends to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SinkOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Partitions of every topic.
    pub partitions: u32,
    /// How batches are written, durably, before they are acknowledged; `None`: not at all.
    pub durable: Option<DurableOptions>,
}

/// A connection on its way to its shard, and the address that the sink listens on.
pub type Incoming = (SocketAddr, Accepted);

/// Runs a shard of the sink until a shutdown is asked for. Shard 0 listens and tells its address; connections go to
/// the shards in turn.
///
/// # Errors
/// When the address cannot be bound, or the file cannot be made.
pub async fn serve(
    shard: Shard<Incoming>,
    options: SinkOptions,
    listening: Arc<dyn Fn(SocketAddr) + Send + Sync>,
) -> std::io::Result<()> {
    let log = match &options.durable {
        None => None,
        Some(durable) => match SinkLog::start(&shard.handle, durable, shard.id).await {
            Ok(log) => Some(log),
            Err(error) => {
                shard.shutdown.stopper().stop();
                return Err(std::io::Error::other(error));
            }
        },
    };
    let served = |address| Served {
        partitions: options.partitions,
        address,
        log: log.clone(),
    };
    if shard.id.get() != 0 {
        loop {
            match select(shard.mailbox.receive(), shard.shutdown.requested()).await {
                Either::Left((_, (address, accepted))) => start(&shard.handle, accepted, served(address)),
                Either::Right(()) => return Ok(()),
            }
        }
    }
    let listener = match shard
        .handle
        .net
        .listen(options.listen, ListenOptions::default())
        .await
    {
        Ok(listener) => listener,
        Err(error) => {
            shard.shutdown.stopper().stop();
            return Err(error);
        }
    };
    let address = listener.local_address();
    listening(address);
    let mut next = 0u16;
    loop {
        let accepted = match select(listener.accept(), shard.shutdown.requested()).await {
            Either::Left(accepted) => accepted?,
            Either::Right(()) => return Ok(()),
        };
        if next == 0 {
            start(&shard.handle, accepted, served(address));
        } else {
            shard
                .mailbox
                .send(corelog_model::ShardId::new(next), (address, accepted))
                .await;
        }
        next = (next + 1) % shard.mailbox.shard_count();
    }
}

/// What the connections of a shard have in common.
struct Served {
    partitions: u32,
    address: SocketAddr,
    log: Option<Rc<SinkLog>>,
}

fn start(handle: &Handle, accepted: Accepted, served: Served) {
    // One that has gone already needs no service.
    let Ok(connection) = handle.net.adopt(accepted) else {
        return;
    };
    let session = Rc::new(Session {
        served,
        next_offset: Cell::new(0),
        next_producer: Cell::new(1),
    });
    handle.spawn(WorkClass::Latency, "sink", async move {
        // Whoever speaks anything else is not served; there is nobody to tell.
        let _gone = session.run(connection).await;
    });
}

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
enum SessionError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error("the sink has no {0}")]
    Unsupported(ApiKey),
    #[error("the disk refused a batch")]
    NotKept,
    #[error(transparent)]
    Broken(#[from] std::io::Error),
}

struct Session {
    served: Served,
    next_offset: Cell<i64>,
    next_producer: Cell<i64>,
}

impl Session {
    async fn run(&self, connection: Rc<dyn Connection>) -> Result<(), SessionError> {
        let mut frames = FrameReader::new(Rc::clone(&connection), REQUEST_SIZE_MAX_DEFAULT);
        while let Some(frame) = frames.next().await? {
            let mut batches = Vec::new();
            let answer = self.answer(frame, &mut batches)?;
            if let Some(log) = self.served.log.as_ref().filter(|_| !batches.is_empty()) {
                log.keep(&batches).await.ok_or(SessionError::NotKept)?;
            }
            if let Some(answer) = answer {
                connection.send(vec![answer]).await?;
            }
        }
        Ok(())
    }

    /// The answer to a request, and what is to be kept before it is given.
    fn answer(&self, frame: Bytes, batches: &mut Vec<Bytes>) -> Result<Option<Bytes>, SessionError> {
        let mut reader = Reader::new(frame);
        let header = RequestHeader::decode(&mut reader)?;
        let version = header.api_version;
        let reader = &mut reader;
        let frame = match header.api_key {
            ApiKey::ApiVersions if !header.is_supported() => {
                let response = ApiVersionsResponse {
                    error_code: ErrorCode::UnsupportedVersion.code(),
                    ..api_versions()
                };
                return Ok(Some(encode_frame(header.correlation_id, 0, |writer| {
                    response.encode(writer, 0)
                })?));
            }
            ApiKey::ApiVersions => {
                ApiVersionsRequest::decode(reader, version)?;
                encoded(&header, &api_versions())?
            }
            ApiKey::Metadata => {
                let request = MetadataRequest::decode(reader, version)?;
                encoded(&header, &self.metadata(request))?
            }
            ApiKey::InitProducerId => {
                InitProducerIdRequest::decode(reader, version)?;
                let producer_id = self.next_producer.get();
                self.next_producer.set(producer_id + 1);
                let response = InitProducerIdResponse {
                    producer_id,
                    ..InitProducerIdResponse::default()
                };
                encoded(&header, &response)?
            }
            ApiKey::Produce => {
                let request = ProduceRequest::decode(reader, version)?;
                let acks = request.acks;
                if self.served.log.is_some() {
                    let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
                    batches.extend(partitions.filter_map(|partition| partition.records.clone()));
                }
                let response = self.produce(request);
                if acks == 0 {
                    return Ok(None);
                }
                encoded(&header, &response)?
            }
            other => return Err(SessionError::Unsupported(other)),
        };
        Ok(Some(frame))
    }

    fn metadata(&self, request: MetadataRequest) -> MetadataResponse {
        let topics = request.topics.unwrap_or_default();
        let partitions = (0i32..).take(to_usize(self.served.partitions));
        let partitions: Vec<_> = partitions
            .map(|partition_index| MetadataResponsePartition {
                partition_index,
                leader_id: NODE,
                replica_nodes: vec![NODE],
                isr_nodes: vec![NODE],
                ..MetadataResponsePartition::default()
            })
            .collect();
        MetadataResponse {
            brokers: vec![MetadataResponseBroker {
                node_id: NODE,
                host: self.served.address.ip().to_string(),
                port: i32::from(self.served.address.port()),
                rack: None,
            }],
            cluster_id: Some(String::from("corelog-bench-sink")),
            controller_id: NODE,
            topics: topics
                .into_iter()
                .map(|topic| MetadataResponseTopic {
                    name: topic.name,
                    partitions: partitions.clone(),
                    ..MetadataResponseTopic::default()
                })
                .collect(),
            ..MetadataResponse::default()
        }
    }

    /// Parses the batches' headers, as any broker must to assign offsets; checksums are left to the brokers.
    fn produce(&self, request: ProduceRequest) -> ProduceResponse {
        let topics = request.topics.into_iter().map(|topic| TopicProduceResponse {
            partitions: topic
                .partitions
                .iter()
                .map(|partition| {
                    let records = partition.records.as_deref().unwrap_or_default();
                    let (base_offset, error) = match parse_header(records) {
                        Ok(batch) => {
                            let base = self.next_offset.get();
                            self.next_offset.set(base + i64::from(batch.record_count));
                            (base, ErrorCode::None)
                        }
                        Err(_) => (-1, ErrorCode::CorruptMessage),
                    };
                    PartitionProduceResponse {
                        index: partition.index,
                        error_code: error.code(),
                        base_offset,
                        ..PartitionProduceResponse::default()
                    }
                })
                .collect(),
            name: topic.name,
            topic_id: topic.topic_id,
        });
        ProduceResponse {
            topics: topics.collect(),
            ..ProduceResponse::default()
        }
    }
}

fn api_versions() -> ApiVersionsResponse {
    let api_keys = APIS.iter().map(|api| ApiVersion {
        api_key: api.key(),
        min_version: *api.versions().start(),
        max_version: *api.versions().end(),
    });
    ApiVersionsResponse {
        api_keys: api_keys.collect(),
        ..ApiVersionsResponse::default()
    }
}

fn encoded<M: Message>(header: &RequestHeader, response: &M) -> Result<Bytes, EncodeError> {
    let header_version = header.api_key.response_header_version(header.api_version);
    encode_frame(header.correlation_id, header_version, |writer| {
        response.encode(writer, header.api_version)
    })
}
