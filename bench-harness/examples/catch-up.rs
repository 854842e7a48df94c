//! Reads a topic that is there already from its start to where it ended at first, as fast as it can, and says how fast
//! that was. Every batch's checksum is checked, and that offsets have no gap; what the messages say is not looked at,
//! so that the reader needs little of the cores that it shares with the broker.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use clap::Parser;
use corelog_bench::client::{
    BrokerConnection, ClientError, TopicPlan, end_offsets, learn_cluster, refuse, resolve,
};
use corelog_bench::number::to_u64;
use corelog_bench::task::{TaskGroup, yield_now};
use corelog_model::{BatchError, ValidatedBatch};
use corelog_protocol::ByteStr;
use corelog_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use corelog_runtime::{Handle, Monotonic, Shard, ShardsOptions, run_shard_here};
use serde::Serialize;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Reads a topic from its start to its end, and prints bytes, records and seconds as JSON.
#[derive(Parser, Clone, Debug)]
struct Args {
    /// Any broker of the target
    #[arg(long, value_name = "HOST:PORT")]
    bootstrap: String,
    /// What to read
    #[arg(long)]
    topic: String,
    /// Readers of the whole topic
    #[arg(long, default_value_t = 1)]
    groups: u32,
    /// Milliseconds from the begin of one group to that of the next
    #[arg(long, default_value_t = 0)]
    apart_ms: u64,
    /// Connections of a group, which share the partitions; each has one fetch under way
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// Most bytes of a partition in an answer
    #[arg(long, default_value_t = 1 << 20)]
    partition_bytes: i32,
    /// Most bytes of an answer
    #[arg(long, default_value_t = 50 << 20)]
    fetch_bytes: i32,
}

/// What was read, by all groups.
#[derive(Clone, Copy, Default, Serialize)]
struct Totals {
    /// Of whole batches, heads included.
    bytes: u64,
    records: u64,
    /// In which any group read.
    seconds: f64,
    bytes_per_s: f64,
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
    anyhow::ensure!(args.connections > 0, "reading needs a connection");
    let totals = run_shard_here(&ShardsOptions::default(), |shard: Shard<()>| {
        read_all(shard.handle, args)
    })?;
    let totals = totals.context("the topic was not read")?;
    writeln!(io::stdout(), "{}", serde_json::to_string(&totals)?)?;
    Ok(())
}

async fn read_all(handle: Handle, args: Args) -> Result<Totals, ClientError> {
    let mut broker = BrokerConnection::open(&handle, resolve(&args.bootstrap)?).await?;
    let cluster = learn_cluster(&handle, &mut broker, std::slice::from_ref(&args.topic), 1).await?;
    let plan = &cluster.topics[0];
    let (totals, busy) = (Rc::new(RefCell::new(Totals::default())), Rc::new(Busy::default()));
    let mut groups = Vec::new();
    for _ in 0..args.groups {
        groups.push(open_group(&handle, &args, plan, &cluster.brokers, &totals).await?);
    }
    let begun = handle.clock.now();
    let reading = TaskGroup::new();
    for (number, readers) in (0u64..).zip(groups) {
        let starts = begun + Duration::from_millis(number * args.apart_ms);
        for reader in readers {
            let (handle_of, busy) = (handle.clone(), Rc::clone(&busy));
            reading.spawn(&handle, "read", async move {
                handle_of.clock.sleep_until(starts).await;
                busy.begin(handle_of.clock.now());
                let result = reader.run().await;
                busy.end(handle_of.clock.now());
                result
            });
        }
    }
    reading.join().await?;
    let mut totals = *totals.borrow();
    totals.seconds = busy.total.get().as_secs_f64();
    totals.bytes_per_s = totals.bytes as f64 / totals.seconds;
    Ok(totals)
}

/// The readers of one group, connected, each with its share of the partitions.
async fn open_group(
    handle: &Handle,
    args: &Args,
    plan: &TopicPlan,
    brokers: &BTreeMap<i32, SocketAddr>,
    totals: &Rc<RefCell<Totals>>,
) -> Result<Vec<Reader>, ClientError> {
    let mut readers = Vec::new();
    for (leader, address) in brokers {
        let mut shares = vec![BTreeMap::new(); args.connections];
        for (number, partition) in led(plan, *leader).enumerate() {
            shares[number % args.connections].insert(partition, Span { next: 0, end: 0 });
        }
        shares.retain(|share| !share.is_empty());
        for mut spans in shares {
            let mut connection = BrokerConnection::open(handle, *address).await?;
            let partitions: Vec<i32> = spans.keys().copied().collect();
            for (partition, end) in end_offsets(handle, &mut connection, &plan.name, &partitions).await? {
                spans.insert(partition, Span { next: 0, end });
            }
            readers.push(Reader {
                connection,
                plan: plan.clone(),
                args: args.clone(),
                spans,
                totals: Rc::clone(totals),
            });
        }
    }
    Ok(readers)
}

/// The time in which any reader is under way.
#[derive(Default)]
struct Busy {
    readers: Cell<usize>,
    since: Cell<Option<Monotonic>>,
    total: Cell<Duration>,
}

impl Busy {
    fn begin(&self, now: Monotonic) {
        self.readers.set(self.readers.get() + 1);
        self.since.set(self.since.get().or(Some(now)));
    }

    fn end(&self, now: Monotonic) {
        self.readers.set(self.readers.get() - 1);
        if self.readers.get() == 0
            && let Some(since) = self.since.take()
        {
            self.total.set(self.total.get() + now.since(since));
        }
    }
}

fn led(plan: &TopicPlan, leader: i32) -> impl Iterator<Item = i32> {
    let all = (0i32..).zip(&plan.leaders);
    all.filter(move |(_, of)| **of == leader)
        .map(|(partition, _)| partition)
}

/// What is left to read of a partition: from `next` up to, and without, `end`.
#[derive(Clone, Copy)]
struct Span {
    next: i64,
    end: i64,
}

struct Reader {
    connection: BrokerConnection,
    plan: TopicPlan,
    args: Args,
    spans: BTreeMap<i32, Span>,
    totals: Rc<RefCell<Totals>>,
}

impl Reader {
    async fn run(mut self) -> Result<(), ClientError> {
        loop {
            self.spans.retain(|_, span| span.next < span.end);
            if self.spans.is_empty() {
                return Ok(());
            }
            let response = self.connection.call(&self.request()).await?;
            refuse("Fetch", response.error_code)?;
            for part in response.topics.into_iter().flat_map(|topic| topic.partitions) {
                refuse("Fetch", part.error_code)?;
                let records = part.records.map(|records| records.into_bytes());
                self.take(part.partition_index, records.unwrap_or_default())?;
                yield_now().await;
            }
        }
    }

    /// All that is left, outside of a session.
    fn request(&self) -> FetchRequest {
        let partitions = self.spans.iter().map(|(partition, span)| FetchPartition {
            partition: *partition,
            fetch_offset: span.next,
            partition_max_bytes: self.args.partition_bytes,
            ..FetchPartition::default()
        });
        FetchRequest {
            max_wait_ms: 500,
            min_bytes: 1,
            max_bytes: self.args.fetch_bytes,
            session_id: 0,
            session_epoch: -1,
            topics: vec![FetchTopic {
                topic: ByteStr::from(self.plan.name.as_str()),
                topic_id: self.plan.id,
                partitions: partitions.collect(),
            }],
            ..FetchRequest::default()
        }
    }

    fn take(&mut self, partition: i32, mut bytes: Bytes) -> Result<(), ClientError> {
        let Some(span) = self.spans.get_mut(&partition) else {
            return Ok(());
        };
        let mut totals = self.totals.borrow_mut();
        while !bytes.is_empty() {
            let batch = match ValidatedBatch::split_from(&mut bytes) {
                Ok(batch) => batch,
                // The last batch of an answer may be cut.
                Err(BatchError::Truncated { .. }) => return Ok(()),
                Err(error) => return Err(ClientError::Batch(error)),
            };
            let header = batch.header();
            let (first, next) = (header.base_offset.get(), header.next_offset().get());
            if first != span.next {
                let reason = format!("after offset {} comes {first}", span.next);
                return Err(ClientError::Damaged { partition, reason });
            }
            span.next = next;
            totals.bytes += to_u64(batch.bytes().len());
            totals.records += u64::try_from(next - first).unwrap_or_default();
        }
        Ok(())
    }
}
