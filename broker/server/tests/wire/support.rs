//! A shard on a real disk that serves connections on loopback, and a client of frames, in one executor.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use bytes::{Buf as _, Bytes, BytesMut};
use corelog_broker::cluster::{FIRST, Identity};
use corelog_broker::connection;
use corelog_broker::metadata;
use corelog_broker::shard::{Shard, ShardMessage, ShardParts};
use corelog_config::BrokerConfig;
use corelog_controller::{BrokerRegistration, ControllerRequest, NewTopic};
use corelog_metadata::{Endpoint, FeatureRange, Incarnation, METADATA_VERSION, METADATA_VERSION_LEVEL};
use corelog_model::batch::{BatchProducer, Compression};
use corelog_model::{BrokerId, PartitionId, ProducerEpoch, ProducerId, Sequence, TimestampMs, TopicId};
use corelog_protocol::frame::encode_request_frame;
use corelog_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use corelog_protocol::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, TopicProduceData,
};
use corelog_protocol::{ApiKey, Message, Reader, Request, RequestHeader, ResponseHeader};
use corelog_records::{BatchOptions, NewRecord, RecordBatchBuilder};
use corelog_runtime::{Connection, ListenOptions, ShardsOptions, WorkClass, run_shard_here};
use corelog_storage::{Storage, StorageOptions, prepare_layout};

/// Memory for fetches, in bytes.
pub(crate) const FETCH_MEMORY: usize = 8 << 20;
/// Memory for long answers of other requests, in bytes.
pub(crate) const ANSWER_MEMORY: usize = 2 << 20;
pub(crate) const TOPIC: &str = "topic";
/// A time that no bound of a topic excludes.
pub(crate) const NOW: TimestampMs = TimestampMs::new(1_700_000_000_000);

/// The broker under test.
#[derive(Clone)]
pub(crate) struct Broker {
    pub(crate) shard: Rc<Shard>,
    address: SocketAddr,
}

/// Runs `test` against a fresh broker.
pub(crate) fn with_broker<F>(test: fn(Broker) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().to_owned();
    let options = ShardsOptions {
        allow_buffered: true,
        ..ShardsOptions::default()
    };
    let ran = run_shard_here::<ShardMessage, _, _>(&options, move |parts| async move {
        let owner = |_: &PartitionId| FIRST;
        let layout = prepare_layout(parts.handle.clone(), &path, true, 1, owner, |_| {}).await;
        let data_dir = path.display().to_string();
        let mut storage = StorageOptions::new(path, FIRST, layout.expect("a layout"));
        storage.journal_file_bytes = 8 << 20;
        storage.checkpoint_bytes = 8 << 20;
        let storage = Storage::open(parts.handle.clone(), storage, |_| {}).await;
        let storage = storage.expect("the data opens");
        let config =
            BrokerConfig::from_pairs(&[("auto.create.topics.enable", "true"), ("log.dirs", &data_dir)]);
        let shard = Shard::new(ShardParts {
            activity: Rc::default(),
            id: FIRST,
            shard_count: 1,
            handle: parts.handle.clone(),
            mailbox: parts.mailbox,
            storage: Rc::clone(&storage),
            config: Arc::new(config.expect("a good configuration")),
            identity: Arc::new(Identity {
                cluster_id: "cluster".to_owned(),
                broker: BrokerId::new(1),
                listener: "PLAINTEXT".into(),
                shard_listeners: None,
            }),
            request_memory: 64 << 20,
            fetch_memory: FETCH_MEMORY,
            answer_memory: ANSWER_MEMORY,
        });
        let image = metadata::load(&shard).await.expect("the metadata loads");
        let published = metadata::publish(&shard, image).await;
        published.expect("the partitions open");
        let any = "127.0.0.1:0".parse().expect("an address");
        let listener = shard
            .handle
            .net
            .listen(any, ListenOptions::default())
            .await
            .expect("a listener");
        let broker = Broker {
            address: listener.local_address(),
            shard: Rc::clone(&shard),
        };
        let accepting = Rc::clone(&shard);
        shard.handle.spawn(WorkClass::Normal, "accept", async move {
            while let Ok(accepted) = listener.accept().await {
                let connection = accepting.handle.net.adopt(accepted).expect("a socket");
                let serving = Rc::clone(&accepting);
                let serve = connection::serve(serving, connection, "PLAINTEXT".into());
                accepting.handle.spawn(WorkClass::Latency, "serve", serve);
            }
        });
        broker.register(1).await;
        test(broker).await;
        storage.close().await.expect("the data closes");
    });
    ran.expect("a shard");
}

/// What a start tells the controller.
fn registration(incarnation: u128) -> BrokerRegistration {
    let level = FeatureRange {
        min: METADATA_VERSION_LEVEL,
        max: METADATA_VERSION_LEVEL,
    };
    BrokerRegistration {
        id: BrokerId::new(1),
        incarnation: Incarnation::new(incarnation),
        endpoints: vec![Endpoint {
            name: "PLAINTEXT".to_owned(),
            host: "localhost".to_owned(),
            port: 9092,
            security_protocol: 0,
        }],
        features: [(METADATA_VERSION.to_owned(), level)].into(),
        rack: None,
        log_dirs: Vec::new(),
    }
}

impl Broker {
    pub(crate) async fn change(&self, request: ControllerRequest) {
        for result in metadata::change(&self.shard.controller, vec![request], false).await {
            result.expect("the change is made");
        }
    }

    /// As at a start, which raises the leader epoch of every partition.
    pub(crate) async fn register(&self, incarnation: u128) {
        let registered = metadata::register(&self.shard.controller, registration(incarnation)).await;
        registered.expect("the broker is registered");
    }

    pub(crate) async fn create(&self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> TopicId {
        let configs = configs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let topic = NewTopic {
            name: name.to_owned(),
            partition_count: partitions,
            replication_factor: 1,
            assignments: Vec::new(),
            configs: configs.collect(),
        };
        self.change(ControllerRequest::CreateTopic(topic)).await;
        self.shard.metadata.image().topic(name).expect("just made").id
    }

    pub(crate) async fn connect(&self) -> Client {
        let connection = self.shard.handle.net.connect(self.address).await;
        Client {
            connection: connection.expect("a connection"),
            received: RefCell::default(),
            correlation_id: Cell::new(0),
        }
    }
}

/// A client that sends what it is told.
pub(crate) struct Client {
    connection: Rc<dyn Connection>,
    received: RefCell<BytesMut>,
    correlation_id: Cell<i32>,
}

impl Client {
    pub(crate) async fn send_raw(&self, frame: Bytes) {
        self.connection.send(vec![frame]).await.expect("a sent frame");
    }

    /// Sends a request; its answer is to be taken with `receive`, in order.
    pub(crate) async fn send<R: Request>(&self, version: i16, request: &R) -> i32 {
        let correlation_id = self.correlation_id.get() + 1;
        self.correlation_id.set(correlation_id);
        let header = RequestHeader {
            api_key: R::KEY,
            api_version: version,
            correlation_id,
            client_id: None,
        };
        let frame = encode_request_frame(&header, |writer| request.encode(writer, version));
        self.send_raw(frame.expect("a request")).await;
        correlation_id
    }

    /// Sends a request whose body is given as bytes.
    pub(crate) async fn send_body(&self, api_key: ApiKey, version: i16, body: &[u8]) {
        let correlation_id = self.correlation_id.get() + 1;
        self.correlation_id.set(correlation_id);
        let header = RequestHeader {
            api_key,
            api_version: version,
            correlation_id,
            client_id: None,
        };
        let frame = encode_request_frame(&header, |writer| {
            body.iter().for_each(|byte| writer.i8(byte.cast_signed()));
            Ok(())
        });
        self.send_raw(frame.expect("a request")).await;
    }

    /// The next frame without its size; `None` when the broker has closed the connection.
    pub(crate) async fn receive_raw(&self) -> Option<Bytes> {
        loop {
            {
                let mut received = self.received.borrow_mut();
                if let Some(prefix) = received.first_chunk::<4>() {
                    let size = usize::try_from(i32::from_be_bytes(*prefix)).expect("a size");
                    if received.len() >= 4 + size {
                        received.advance(4);
                        return Some(received.split_to(size).freeze());
                    }
                }
            }
            match self.connection.receive().await {
                Ok(piece) if !piece.is_empty() => self.received.borrow_mut().extend_from_slice(&piece),
                Ok(_) | Err(_) => return None,
            }
        }
    }

    pub(crate) async fn receive<R: Request>(&self, version: i16, correlation_id: i32) -> R::Response {
        let mut reader = Reader::new(self.receive_raw().await.expect("an answer"));
        let header_version = R::KEY.response_header_version(version);
        let header = ResponseHeader::decode(&mut reader, header_version).expect("a header");
        assert_eq!(header.correlation_id, correlation_id, "answers come in order");
        R::Response::decode(&mut reader, version).expect("a response")
    }

    pub(crate) async fn call<R: Request>(&self, version: i16, request: &R) -> R::Response {
        let correlation_id = self.send(version, request).await;
        self.receive::<R>(version, correlation_id).await
    }

    /// Produces to partition 0 of the topic.
    pub(crate) async fn produce(&self, topic: &str, records: impl Into<Bytes>) -> PartitionProduceResponse {
        let response = self.call(9, &produce(-1, topic, &[(0, records.into())])).await;
        response.topics[0].partitions[0].clone()
    }
}

pub(crate) fn produce(acks: i16, topic: &str, partitions: &[(i32, Bytes)]) -> ProduceRequest {
    ProduceRequest {
        transactional_id: None,
        acks,
        timeout_ms: 30_000,
        topics: vec![TopicProduceData {
            name: topic.into(),
            partitions: partitions
                .iter()
                .map(|(index, records)| PartitionProduceData {
                    index: *index,
                    records: Some(records.clone()),
                })
                .collect(),
            ..Default::default()
        }],
    }
}

/// What a test's batch is like.
#[derive(Clone, Default)]
pub(crate) struct Batch {
    pub(crate) records: i32,
    pub(crate) value_bytes: usize,
    pub(crate) sequence: Option<(i64, i16, i32)>,
    pub(crate) options: BatchOptions,
    pub(crate) timestamp: Option<TimestampMs>,
    pub(crate) has_key: bool,
}

impl Batch {
    pub(crate) fn of(records: i32) -> Batch {
        Batch {
            records,
            value_bytes: 10,
            has_key: true,
            ..Batch::default()
        }
    }

    pub(crate) fn compressed(mut self, compression: Compression) -> Batch {
        self.options.compression = compression;
        self
    }

    pub(crate) fn sequenced(mut self, producer: i64, epoch: i16, sequence: i32) -> Batch {
        self.sequence = Some((producer, epoch, sequence));
        self
    }

    pub(crate) fn bytes(self) -> Bytes {
        let mut options = self.options;
        options.producer = self.sequence.map(|(id, epoch, sequence)| BatchProducer {
            id: ProducerId::new(id),
            epoch: ProducerEpoch::new(epoch),
            base_sequence: Sequence::new(sequence),
        });
        let mut builder = RecordBatchBuilder::new(options);
        let value = vec![7; self.value_bytes];
        for _ in 0..self.records {
            let record = NewRecord {
                timestamp: self.timestamp.unwrap_or(NOW),
                key: self.has_key.then_some(b"key"),
                value: Some(&value),
                headers: &[],
            };
            builder.append(&record).expect("a record");
        }
        builder.build().expect("a batch").bytes().clone()
    }
}

/// A sessionless fetch of one topic's partitions from these offsets.
pub(crate) fn fetch(topic: &str, partitions: &[(i32, i64)]) -> FetchRequest {
    FetchRequest {
        max_wait_ms: 0,
        min_bytes: 1,
        max_bytes: 1 << 20,
        session_epoch: -1,
        topics: vec![FetchTopic {
            topic: topic.into(),
            partitions: partitions
                .iter()
                .map(|(partition, offset)| FetchPartition {
                    partition: *partition,
                    current_leader_epoch: -1,
                    fetch_offset: *offset,
                    last_fetched_epoch: -1,
                    log_start_offset: -1,
                    partition_max_bytes: 1 << 20,
                    replica_directory_id: TopicId::ZERO,
                    high_watermark: i64::MAX,
                })
                .collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}
