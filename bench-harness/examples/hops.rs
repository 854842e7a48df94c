//! What a hop between two shards costs a request: connections, every other one of them on either shard of a broker of
//! two, each ask for one of two partitions, one request at a time, and then for the other. One of the two ways each
//! request is for a partition of its connection's own shard, the other way for one of the other's. `perf/experiments`
//! runs it.

use std::cell::RefCell;
use std::io::{self, Write};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use clap::Parser;
use corelog_bench::batch::{BatchWriter, Slate};
use corelog_bench::client::{BrokerConnection, ClientError, TopicPlan, learn_cluster, refuse, resolve};
use corelog_bench::measure::Latencies;
use corelog_bench::task::TaskGroup;
use corelog_model::TimestampMs;
use corelog_model::batch::Compression;
use corelog_protocol::ByteStr;
use corelog_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use corelog_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use corelog_runtime::{Handle, Shard, ShardsOptions, run_shard_here};
use serde::Serialize;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Most bytes of one message's value.
const MESSAGE_BYTES: usize = 1024;

/// Asks a broker of two shards over each of their connections, for a partition of either shard, and prints JSON.
#[derive(Parser, Clone, Debug)]
struct Args {
    /// The broker
    #[arg(long, value_name = "HOST:PORT")]
    bootstrap: String,
    /// A topic of two partitions, one on either shard
    #[arg(long)]
    topic: String,
    /// Connections, an even number so that as many are on either shard
    #[arg(long, default_value_t = 2)]
    connections: usize,
    /// Rounds, in each of which everything is measured once
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Milliseconds of each measurement
    #[arg(long, default_value_t = 1000)]
    millis: u64,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
enum Api {
    /// Answered from memory: nothing but the way there and back.
    ListOffsets,
    /// A message on stable storage.
    Produce,
}

/// One measurement.
#[derive(Serialize)]
struct Found {
    round: usize,
    api: Api,
    /// Whether each connection asked for the other partition than in the first way.
    is_swapped: bool,
    requests_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
}

fn main() -> ExitCode {
    match go(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn go(args: Args) -> anyhow::Result<()> {
    anyhow::ensure!(
        args.connections > 0 && args.connections.is_multiple_of(2),
        "there have to be as many connections on either shard: give an even number"
    );
    let found = run_shard_here(&ShardsOptions::default(), |shard: Shard<()>| {
        measure_all(shard.handle, args)
    })?;
    let found = found.context("nothing was measured")?;
    writeln!(io::stdout(), "{}", serde_json::to_string(&found)?)?;
    Ok(())
}

async fn measure_all(handle: Handle, args: Args) -> Result<Vec<Found>, ClientError> {
    let address = resolve(&args.bootstrap)?;
    let mut first = BrokerConnection::open(&handle, address).await?;
    let cluster = learn_cluster(&handle, &mut first, std::slice::from_ref(&args.topic), 2).await?;
    let mut connections = Vec::new();
    for _ in 0..args.connections {
        // Each goes to the shard that has the fewest, so they alternate.
        connections.push(Rc::new(RefCell::new(Some(
            BrokerConnection::open(&handle, address).await?,
        ))));
    }
    let mut all = Vec::new();
    for round in 0..args.rounds {
        for api in [Api::ListOffsets, Api::Produce] {
            for is_swapped in [false, true] {
                let begun = handle.clock.now();
                let until = begun + Duration::from_millis(args.millis);
                let latencies = Rc::new(RefCell::new(Latencies::default()));
                let tasks = TaskGroup::new();
                for (number, connection) in connections.iter().enumerate() {
                    let request = Asked::new(
                        api,
                        &cluster.topics[0],
                        i32::from((number % 2 == 1) != is_swapped),
                    );
                    let (handle, latencies) = (handle.clone(), Rc::clone(&latencies));
                    let connection = Rc::clone(connection);
                    tasks.spawn(&handle.clone(), "ask", async move {
                        let mut taken = connection.borrow_mut().take().expect("one task a connection");
                        while handle.clock.now() < until {
                            let asked = handle.clock.now();
                            request.ask(&mut taken).await?;
                            let took = handle.clock.now().since(asked);
                            latencies.borrow_mut().record(took, 1);
                        }
                        *connection.borrow_mut() = Some(taken);
                        Ok(())
                    });
                }
                tasks.join().await?;
                let seconds = handle.clock.now().since(begun).as_secs_f64();
                let summary = latencies.borrow().summary();
                all.push(Found {
                    round,
                    api,
                    is_swapped,
                    requests_per_s: summary.count as f64 / seconds,
                    p50_ms: summary.p50_ms,
                    p99_ms: summary.p99_ms,
                });
            }
        }
    }
    Ok(all)
}

/// A request that is sent again and again.
enum Asked {
    ListOffsets(ListOffsetsRequest),
    Produce {
        topic: TopicPlan,
        partition: i32,
        batch: Bytes,
    },
}

impl Asked {
    fn new(api: Api, topic: &TopicPlan, partition: i32) -> Asked {
        match api {
            Api::ListOffsets => Asked::ListOffsets(ListOffsetsRequest {
                replica_id: -1,
                topics: vec![ListOffsetsTopic {
                    name: topic.name.clone(),
                    partitions: vec![ListOffsetsPartition {
                        partition_index: partition,
                        timestamp: -1,
                        ..ListOffsetsPartition::default()
                    }],
                }],
                ..ListOffsetsRequest::default()
            }),
            Api::Produce => {
                let time = TimestampMs::new(0);
                let mut writer = BatchWriter::new(Slate::default(), time);
                writer.push(time, None, &[], &[7; MESSAGE_BYTES]);
                let (batch, _memory) = writer
                    .finish(Compression::None, None, false)
                    .expect("nothing is compressed");
                Asked::Produce {
                    topic: topic.clone(),
                    partition,
                    batch,
                }
            }
        }
    }

    async fn ask(&self, connection: &mut BrokerConnection) -> Result<(), ClientError> {
        match self {
            Asked::ListOffsets(request) => {
                let answer = connection.call(request).await?;
                let mut partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
                partitions.try_for_each(|partition| refuse("ListOffsets", partition.error_code))
            }
            Asked::Produce {
                topic,
                partition,
                batch,
            } => {
                let request = ProduceRequest {
                    transactional_id: None,
                    acks: -1,
                    timeout_ms: 30_000,
                    topics: vec![TopicProduceData {
                        name: ByteStr::from(topic.name.as_str()),
                        topic_id: topic.id,
                        partitions: vec![PartitionProduceData {
                            index: *partition,
                            records: Some(batch.clone()),
                        }],
                    }],
                };
                let answer = connection.call(&request).await?;
                let mut partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
                partitions.try_for_each(|partition| refuse("Produce", partition.error_code))
            }
        }
    }
}
