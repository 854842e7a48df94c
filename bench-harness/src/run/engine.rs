//! A run from its topics to its verdict.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use corelog_runtime::{Shard, ShardsOptions, StartError, run_shard_here, start_shards};

use super::barrier::{Abandoned, Control};
use super::behind::Pace;
use super::monitor::{Monitor, ServerSeen};
use super::server_usage::{ServerUsage, command_line};
use super::shard::{Failure, Job, Outcome, live, run_shard};
use super::watch::Watch;
use crate::client::{
    BrokerConnection, ClientError, Cluster, Versions, await_leaders, create_topics, delete_topics,
    learn_cluster, resolve, topic_config,
};
use crate::consumer::{ShareError, ToShare, Verification, check_shares, verify};
use crate::deck::Deck;
use crate::measure::{Measured, SecondRow, Seconds};
use crate::number::to_usize;
use crate::progress::announce;
use crate::workload::{Mode, PayloadFileError, Workload};

/// When to end a run early.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum GiveUp {
    /// Never.
    #[default]
    Never,
    /// When acknowledgements fall behind.
    Behind,
    /// When acknowledgements or consumers do.
    BehindOrUnread,
}

/// How to run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Any broker of the target, `host:port`.
    pub bootstrap: String,
    /// Threads, each pinned to a core of its own while there are enough.
    pub threads: u16,
    /// The cores to pin them to; none means all that may be used, in order.
    pub cores: Vec<usize>,
    /// The server's process, to be looked at.
    pub server_pid: Option<u32>,
    /// Leave the topics behind.
    pub keeps_topics: bool,
    /// No progress line.
    pub is_quiet: bool,
    /// End an open loop early when the target falls ever further behind it.
    pub gives_up: GiveUp,
}

/// What a run found.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// When it began, in milliseconds since 1970-01-01 UTC.
    pub started_at_ms: i64,
    /// The target's id.
    pub cluster_id: Option<String>,
    /// The target's versions.
    pub versions: Versions,
    /// The settings of its topics that bear on durability and storage.
    pub topic_config: BTreeMap<String, String>,
    /// The server's command line, if its process is known.
    pub server_command: Option<String>,
    /// What was measured.
    pub measured: Measured,
    /// Each second.
    pub seconds: Vec<SecondRow>,
    /// Messages of the schedule that were never sent, because the target did not keep up.
    pub unsent: u64,
    /// What the consumers found; none without consumers.
    pub verification: Option<Verification>,
    /// What the server used, if its process is known.
    pub server: Option<ServerUsage>,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The threads did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The target did not do what it should.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// There is nothing to send.
    #[error(transparent)]
    Payload(#[from] PayloadFileError),
    /// The consumers did not have each partition once between them.
    #[error(transparent)]
    Shares(#[from] ShareError),
    /// A thread gave up, and did not say why.
    #[error("a thread has given up")]
    Abandoned,
    /// The run was ended early, as it was asked for.
    #[error("after {after_s:.1} s the target was {lag_s:.1} s behind the schedule, and fell further behind")]
    FellBehind {
        /// Seconds since the traffic began.
        after_s: f64,
        /// Seconds of the schedule.
        lag_s: f64,
    },
    /// The monitor did not start.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

struct Prepared {
    run: u64,
    started_at_ms: i64,
    names: Vec<String>,
    versions: Versions,
    cluster: Cluster,
    topic_config: BTreeMap<String, String>,
    server_command: Option<String>,
}

/// Runs `workload`.
///
/// # Errors
/// See `RunError`. Messages that fail, and messages that are lost, are a result and no error.
pub fn run(options: &RunOptions, workload: &Workload) -> Result<RunResult, RunError> {
    let deck = Deck::new(workload, workload.read_payload_file()?);
    announce("creating topics", options.is_quiet);
    let prepared = here(|shard| prepare(shard, options.bootstrap.clone(), workload.clone()))??;
    let prepared = Prepared {
        server_command: options.server_pid.and_then(command_line),
        ..prepared
    };
    let result = run_prepared(options, workload, deck, &prepared);
    // A run that failed leaves no topics behind either.
    if !options.keeps_topics {
        let removed = here(|shard| remove(shard, options.bootstrap.clone(), prepared.names.clone()))?;
        // What was measured is worth more than tidiness, and so is why it failed.
        if let Err(error) = removed
            && result.is_ok()
        {
            eprintln!("warning: the topics were not removed: {error}");
        }
    }
    result
}

fn run_prepared(
    options: &RunOptions,
    workload: &Workload,
    deck: Deck,
    prepared: &Prepared,
) -> Result<RunResult, RunError> {
    let (events, news) = channel();
    let (more_events, more_news) = channel();
    let live = live(options.threads);
    let monitor = Monitor {
        title: format!("{}  {}", workload.name, options.bootstrap),
        live: live.clone(),
        server_pid: options.server_pid,
        groups: u64::from(workload.subscriptions_per_topic),
        seconds: workload.warm_up_s + workload.duration_s,
        is_quiet: options.is_quiet,
    };
    let monitor = monitor.start(news).map_err(RunError::Thread)?;
    let job = Arc::new(Job {
        run: prepared.run,
        shards: options.threads,
        cluster: Arc::new(prepared.cluster.clone()),
        workload: workload.clone(),
        deck: Arc::new(deck),
        live: live.clone(),
        events: vec![events, more_events],
    });
    let shards = ShardsOptions {
        shards: options.threads,
        cores: options.cores.clone(),
        allow_more_shards_than_cores: true,
        ..ShardsOptions::default()
    };
    let started = start_shards(&shards, move |shard: Shard<Control>| {
        run_shard(shard, Arc::clone(&job))
    })?;
    let watch = pace(options.gives_up, workload).map(|pace| Watch {
        live,
        pace,
        stopper: started.stopper(),
    });
    let watch = watch
        .map(|watch| watch.start(more_news))
        .transpose()
        .map_err(RunError::Thread)?;
    let outcomes = started.join();
    let server = join(monitor);
    if let Some(behind) = watch.and_then(join) {
        return Err(RunError::FellBehind {
            after_s: behind.after_s,
            lag_s: behind.lag_s,
        });
    }
    put_together(prepared, outcomes, workload, &server)
}

fn pace(gives_up: GiveUp, workload: &Workload) -> Option<Pace> {
    let groups = match gives_up {
        GiveUp::Never => return None,
        GiveUp::Behind => 0,
        GiveUp::BehindOrUnread => workload.subscriptions_per_topic,
    };
    (workload.mode == Mode::Open).then_some(Pace {
        rate: workload.producer_rate,
        groups,
        duration_s: workload.duration_s,
    })
}

fn join<T>(thread: thread::JoinHandle<T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Runs `main` on a shard of its own, on this thread.
///
/// # Errors
/// When the shard does not start.
pub fn here<T: 'static, Fut: Future<Output = T> + 'static>(
    main: impl FnOnce(Shard<()>) -> Fut,
) -> Result<T, StartError> {
    run_shard_here(&ShardsOptions::default(), main)
}

async fn prepare(shard: Shard<()>, bootstrap: String, workload: Workload) -> Result<Prepared, ClientError> {
    let run = shard.handle.rng.next_u64();
    let names: Vec<String> = (0..workload.topics)
        .map(|topic| format!("bench-{:08x}-{topic:05}", run >> 32))
        .collect();
    let mut broker = BrokerConnection::open(&shard.handle, resolve(&bootstrap)?).await?;
    create_topics(&mut broker, &names, &workload).await?;
    let partitions = to_usize(workload.partitions_per_topic);
    let cluster = learn_cluster(&shard.handle, &mut broker, &names, partitions).await?;
    await_leaders(&shard.handle, &cluster).await?;
    let topic_config = match names.first() {
        // One that cannot tell is measured all the same.
        Some(topic) => topic_config(&mut broker, topic).await.unwrap_or_default(),
        None => BTreeMap::new(),
    };
    Ok(Prepared {
        run,
        started_at_ms: shard.handle.clock.wall().get(),
        versions: Versions::clone(broker.versions()),
        cluster,
        names,
        topic_config,
        server_command: None,
    })
}

async fn remove(shard: Shard<()>, bootstrap: String, names: Vec<String>) -> Result<(), ClientError> {
    let mut broker = BrokerConnection::open(&shard.handle, resolve(&bootstrap)?).await?;
    delete_topics(&mut broker, &names).await
}

fn put_together(
    prepared: &Prepared,
    outcomes: Vec<Outcome>,
    workload: &Workload,
    server: &ServerSeen,
) -> Result<RunResult, RunError> {
    let mut measured = Measured::default();
    let (mut seconds, mut produced, mut consumed) = (Vec::new(), Vec::new(), Vec::new());
    let (mut unsent, mut is_abandoned) = (0, false);
    for outcome in outcomes {
        match outcome.failure {
            // The one who has a reason is among the others.
            Some(Failure::Abandoned(Abandoned)) => is_abandoned = true,
            Some(Failure::Client(error)) => return Err(error.into()),
            None => {}
        }
        measured.merge(&outcome.measured);
        seconds.extend(outcome.seconds);
        produced.extend(outcome.produced);
        consumed.extend(outcome.consumed);
        unsent += outcome.unsent;
    }
    if is_abandoned {
        return Err(RunError::Abandoned);
    }
    let groups = workload.subscriptions_per_topic;
    if workload.consumers() > 0 {
        let all = ToShare {
            topics: workload.topics,
            groups,
            partitions: workload.partitions_per_topic,
        };
        check_shares(&consumed, all)?;
    }
    let verification = (workload.consumers() > 0)
        .then(|| verify(&produced, &consumed, groups, workload.producers_per_topic));
    let usage = server.usage.map(|usage| ServerUsage {
        cpu_s_per_gib: usage.cpu_s * f64::from(1 << 30) / measured.totals.published_bytes.max(1) as f64,
        cpu_s_per_million: usage.cpu_s * 1e6 / measured.totals.published.max(1) as f64,
        ..usage
    });
    let mut rows = Seconds::merge(seconds, u64::from(groups), measured.backlog_built);
    for (row, used) in rows.iter_mut().zip(&server.seconds) {
        row.server = *used;
    }
    Ok(RunResult {
        started_at_ms: prepared.started_at_ms,
        cluster_id: prepared.cluster.cluster_id.clone(),
        versions: prepared.versions.clone(),
        topic_config: prepared.topic_config.clone(),
        server_command: prepared.server_command.clone(),
        seconds: rows,
        measured,
        unsent,
        verification,
        server: usage,
    })
}
