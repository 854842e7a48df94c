//! How often a Produce of one message allocates memory, from its frame's arrival to its answer's bytes. All threads count.
//!
//! ```text
//! alone   a Produce and the commit of the journal that makes it durable
//! each    one of sixteen that came together and share a commit: what one more of them costs
//! ```
//!
//! `ALLOCATION_SITES=1` prints where:
//! `ALLOCATION_SITES=1 cargo test -p corelog-broker --test allocations -- --nocapture`.

mod counter;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use corelog_broker::cluster::{FIRST, owner_of};
use corelog_broker::memory::MemoryPlan;
use corelog_broker::shard::{Shard, ShardMessage};
use corelog_broker::start::{CommitPlan, Plan, ServiceManager, ShardSeat, live};
use corelog_broker::{connection, metadata};
use corelog_config::BrokerConfig;
use corelog_controller::{ControllerRequest, NewTopic};
use corelog_model::{PartitionId, PartitionIndex, ShardId, TimestampMs};
use corelog_protocol::frame::encode_request_frame;
use corelog_protocol::messages::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData,
};
use corelog_protocol::{ApiKey, Reader, RequestHeader, ResponseHeader};
use corelog_records::{BatchOptions, NewRecord, RecordBatchBuilder};
use corelog_runtime::buffer::FillBuf;
use corelog_runtime::descriptors::DescriptorPlan;
use corelog_runtime::{
    Connection, Handle, LocalFuture, ShardsOptions, WorkClass, run_shard_here, start_shards,
};
use corelog_storage::{SyncMethod, prepare_layout};

const VERSION: i16 = 9;
const TOPIC: &str = "topic";
const SHARDS: u16 = 2;
/// Rounds before the first that counts: by then what grows once has grown.
const WARM_UP: usize = 200;
/// Rounds that count, of which the median is taken: now and then a background task comes between.
const COUNTED: usize = 101;

/// Requests that come together, to share a commit.
const TOGETHER: usize = 16;

/// What it may be where the connection's shard owns the partition: seven of those alone are the commit's.
const HERE_MAX: Figures = Figures { alone: 17, each: 10 };
/// What it may be where another shard does. What the executor takes to sleep and to wake, up to twelve at a time, is in it.
const ACROSS_MAX: Figures = Figures { alone: 60, each: 19 };

/// Allocations of a Produce.
#[derive(Clone, Copy, Debug)]
struct Figures {
    alone: u64,
    each: u64,
}

/// A connection that counts from the arrival of requests to the last of their answers.
#[derive(Default)]
struct Wire {
    requests: RefCell<VecDeque<Bytes>>,
    reader: RefCell<Option<Waker>>,
    awaited: Cell<usize>,
    answers: RefCell<Vec<Bytes>>,
    client: RefCell<Option<Waker>>,
    is_ended: Cell<bool>,
}

/// The broker's end of a [`Wire`].
struct BrokerEnd(Rc<Wire>);

impl Connection for BrokerEnd {
    fn receive(&self) -> LocalFuture<io::Result<Bytes>> {
        let wire = Rc::clone(&self.0);
        Box::pin(poll_fn(move |cx| {
            if wire.is_ended.get() {
                return Poll::Ready(Ok(Bytes::new()));
            }
            let request = wire.requests.borrow_mut().pop_front();
            if let Some(request) = request {
                counter::begin();
                return Poll::Ready(Ok(request));
            }
            *wire.reader.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        }))
    }

    fn receive_exact(&self, _: FillBuf, _: usize) -> LocalFuture<io::Result<FillBuf>> {
        unreachable!("a small frame comes whole")
    }

    fn send(&self, data: Vec<Bytes>) -> LocalFuture<io::Result<()>> {
        let wire = &self.0;
        // An answer without records is one piece.
        wire.awaited.set(wire.awaited.get() - data.len());
        if wire.awaited.get() == 0 {
            counter::end();
            let client = wire.client.borrow_mut().take();
            if let Some(client) = client {
                client.wake();
            }
        }
        wire.answers.borrow_mut().extend(data);
        Box::pin(std::future::ready(Ok(())))
    }

    fn shutdown(&self) {
        self.0.is_ended.set(true);
    }

    fn peer_address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 9))
    }
}

impl Wire {
    /// Sends requests, each received by itself, and waits until all are answered. Returns how often memory was allocated.
    async fn ask(&self, frames: Vec<Bytes>) -> u64 {
        let count = frames.len();
        self.answers.borrow_mut().clear();
        self.awaited.set(count);
        self.requests.borrow_mut().extend(frames);
        let reader = self.reader.borrow_mut().take();
        if let Some(reader) = reader {
            reader.wake();
        }
        poll_fn(|cx| {
            if self.awaited.get() == 0 {
                return Poll::Ready(());
            }
            *self.client.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
        let allocations = counter::count();
        self.answers.borrow().iter().for_each(check_answer);
        allocations
    }

    fn end(&self) {
        self.is_ended.set(true);
        let reader = self.reader.borrow_mut().take();
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

fn produce_frame(partition: PartitionIndex) -> Bytes {
    let mut builder = RecordBatchBuilder::new(BatchOptions::default());
    let record = NewRecord {
        timestamp: TimestampMs::new(1_700_000_000_000),
        key: Some(b"key"),
        value: Some(&[7; 100]),
        headers: &[],
    };
    builder.append(&record).expect("a record");
    let records = builder.build().expect("a batch").bytes().clone();
    let request = ProduceRequest {
        transactional_id: None,
        acks: -1,
        timeout_ms: 30_000,
        topics: vec![TopicProduceData {
            name: TOPIC.into(),
            partitions: vec![PartitionProduceData {
                index: partition.get(),
                records: Some(records),
            }],
            ..Default::default()
        }],
    };
    let header = RequestHeader {
        api_key: ApiKey::Produce,
        api_version: VERSION,
        correlation_id: 7,
        client_id: Some("a-producer".into()),
    };
    encode_request_frame(&header, |writer| request.encode(writer, VERSION)).expect("a request")
}

fn check_answer(answer: &Bytes) {
    let mut reader = Reader::new(answer.slice(4..));
    let header_version = ApiKey::Produce.response_header_version(VERSION);
    ResponseHeader::decode(&mut reader, header_version).expect("a header");
    let response = ProduceResponse::decode(&mut reader, VERSION).expect("a response");
    let partition = &response.topics[0].partitions[0];
    assert_eq!(partition.error_code, 0, "{partition:?}");
}

/// Produces `together` messages at a time to `partition` and says how often memory was allocated for them, the median of
/// many.
async fn median(wire: &Wire, partition: PartitionIndex, together: usize) -> u64 {
    // A copy of its own each, as it comes from a socket.
    let frames = || {
        let frame = || Bytes::from(produce_frame(partition).to_vec());
        (0..together).map(|_| frame()).collect()
    };
    for _ in 0..WARM_UP {
        wire.ask(frames()).await;
    }
    let mut counts = Vec::new();
    for _ in 0..COUNTED {
        counts.push(wire.ask(frames()).await);
    }
    if std::env::var_os("ALLOCATION_SITES").is_some() {
        counter::trace(true);
        wire.ask(frames()).await;
        counter::trace(false);
        println!("{together} together:");
        for (site, count) in counter::sites() {
            println!("  {count} {site}");
        }
    }
    counts.sort_unstable();
    counts[COUNTED / 2]
}

async fn measure(wire: &Wire, partition: PartitionIndex, name: &str) -> Figures {
    println!("{name}:");
    let alone = median(wire, partition, 1).await;
    let all = median(wire, partition, TOGETHER).await;
    let more = u64::try_from(TOGETHER - 1).expect("a small number");
    // Rounded up.
    let each = (all - alone).div_ceil(more);
    println!("{name}: {alone} allocations a Produce alone, {each} each of {TOGETHER} that share a commit");
    Figures { alone, each }
}

/// On the first shard, once the broker serves: the measurement.
async fn produce(shard: Rc<Shard>) -> (Figures, Figures) {
    let handle = shard.handle.clone();
    while !shard.is_ready() {
        let soon = handle.clock.now() + Duration::from_millis(1);
        handle.clock.sleep_until(soon).await;
    }
    let topic = NewTopic {
        name: TOPIC.to_owned(),
        partition_count: 8,
        replication_factor: 1,
        assignments: Vec::new(),
        configs: Default::default(),
    };
    for made in metadata::change(
        &shard.controller,
        vec![ControllerRequest::CreateTopic(topic)],
        false,
    )
    .await
    {
        made.expect("a topic");
    }
    let topic = shard.metadata.image().topic(TOPIC).expect("just made").id;
    let of_shard = |wanted: ShardId| {
        let index = |index| PartitionId {
            topic,
            index: PartitionIndex::new(index),
        };
        let mut ids = (0..8).map(index).filter(|id| owner_of(*id, SHARDS) == wanted);
        ids.next().expect("each shard owns some of eight").index
    };
    let (here, there) = (of_shard(FIRST), of_shard(ShardId::new(1)));
    let wire = Rc::new(Wire::default());
    let served = connection::serve(
        Rc::clone(&shard),
        Rc::new(BrokerEnd(Rc::clone(&wire))),
        "PLAINTEXT".into(),
    );
    handle.spawn(WorkClass::Latency, "serve", served);
    let here = measure(&wire, here, "on the partition's own shard").await;
    let across = measure(&wire, there, "from another shard").await;
    wire.end();
    (here, across)
}

fn plan(dir: &std::path::Path, handle: Handle) -> impl Future<Output = Plan> + use<> {
    let data = dir.to_owned();
    async move {
        let owner = |id: &PartitionId| owner_of(*id, SHARDS);
        let layout = prepare_layout(handle, &data, true, SHARDS, owner, |_| {}).await;
        let config = BrokerConfig::from_pairs(&[
            ("log.dirs", &data.display().to_string()),
            ("listeners", "PLAINTEXT://127.0.0.1:0"),
            ("admin.listener", "127.0.0.1:0"),
            ("journal.file.bytes", "8388608"),
            ("shards", &SHARDS.to_string()),
            ("allow.shard.oversubscription", "true"),
        ]);
        Plan {
            config: Arc::new(config.expect("a good configuration")),
            layout: layout.expect("a layout"),
            cluster_id: "AAAAAAAAAAAAAAAAAAAAAQ".to_owned(),
            directory_id: None,
            memory: MemoryPlan {
                request_bytes: 16 << 20,
                fetch_bytes: 8 << 20,
                cache_bytes: 32 << 20,
                dirty_bytes: 16 << 20,
                answer_bytes: 1 << 20,
                rest_bytes: 1 << 20,
            },
            commits: CommitPlan {
                sync_method: SyncMethod::Dsync,
                in_flight_max: 4,
            },
            descriptors: DescriptorPlan {
                limit: 1024,
                segment_files: 16,
                connections: 512,
            },
            incarnation: 1,
            service: ServiceManager::default(),
        }
    }
}

/// The figures are the same with direct and with buffered files.
#[test]
fn a_produce_of_one_message_allocates_little() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = ShardsOptions {
        allow_buffered: true,
        shards: SHARDS,
        allow_more_shards_than_cores: true,
        ..ShardsOptions::default()
    };
    let path = dir.path().to_owned();
    let plan = run_shard_here::<(), _, _>(&options, move |shard| plan(&path, shard.handle));
    let plan = Arc::new(plan.expect("a plan"));
    let shards = start_shards::<ShardMessage, _, _, _>(&options, move |parts| {
        let plan = Arc::clone(&plan);
        let stopper = parts.shutdown.stopper().clone();
        async move {
            let figures = Rc::new(Cell::new(None));
            let (kept, spawner) = (Rc::clone(&figures), parts.handle.clone());
            let begun = |shard: &Rc<Shard>| {
                if shard.shards.here != FIRST {
                    return;
                }
                let shard = Rc::clone(shard);
                spawner.spawn(WorkClass::Normal, "client", async move {
                    kept.set(Some(produce(shard).await));
                    stopper.stop();
                });
            };
            let seat = ShardSeat {
                id: parts.id,
                handle: parts.handle.clone(),
                mailbox: parts.mailbox,
                activity: parts.activity,
            };
            let shutdown = parts.shutdown;
            let stop = async move { shutdown.requested().await };
            live(seat, plan, stop, begun).await.expect("a broker");
            figures.get()
        }
    });
    let figures = shards.expect("shards").join();
    let (here, across) = figures[0].expect("the first shard measures");
    for (name, figures, max) in [("here", here, HERE_MAX), ("across", across, ACROSS_MAX)] {
        let is_within = figures.alone <= max.alone && figures.each <= max.each;
        assert!(is_within, "{name}: {figures:?}, and {max:?} at most");
    }
}
