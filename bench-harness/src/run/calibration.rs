//! The generator against its own sink: how much it can do at all, so that nobody measures the generator.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};

use corelog_runtime::{Shard, ShardsHandle, ShardsOptions, StartError, start_shards};
use serde::Serialize;

use super::engine::{GiveUp, RunError, RunOptions, run};
use crate::progress::announce;
use crate::sink::{Incoming, SinkOptions, serve};
use crate::workload::{Mode, Workload};

/// Seconds that are not measured.
const WARM_UP_S: f64 = 0.5;

/// What the generator does when the target does nothing.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Calibration {
    /// Seconds measured.
    pub duration_s: f64,
    /// Messages a second.
    pub messages_per_s: f64,
    /// Their bytes a second.
    pub bytes_per_s: f64,
}

/// A running sink.
pub struct SinkHandle {
    shards: ShardsHandle<std::io::Result<()>>,
    address: SocketAddr,
}

impl SinkHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it.
    ///
    /// # Errors
    /// What it ended with.
    pub fn stop(self) -> std::io::Result<()> {
        self.shards.stopper().stop();
        self.join()
    }

    /// Waits until it ends, for ever if nobody stops it.
    ///
    /// # Errors
    /// What it ended with.
    pub fn join(self) -> std::io::Result<()> {
        self.shards.join().into_iter().collect()
    }
}

/// Why the sink does not run.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The threads did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It cannot listen, or not write where it is to.
    #[error("the sink cannot serve on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
}

/// Starts a sink, and waits until it listens.
///
/// # Errors
/// See `SinkError`.
pub fn start_sink(options: SinkOptions, threads: u16) -> Result<SinkHandle, SinkError> {
    let (sender, receiver) = sync_channel(1);
    let shards = ShardsOptions {
        shards: threads,
        allow_more_shards_than_cores: true,
        ..ShardsOptions::default()
    };
    let sender = Arc::new(Mutex::new(Some(sender)));
    let address = options.listen;
    let shards = start_shards(&shards, move |shard: Shard<Incoming>| {
        // Only shard 0's counts, and it drops with that shard's future if it cannot listen.
        let sender = if shard.id.get() == 0 {
            sender.lock().ok().and_then(|mut sender| sender.take())
        } else {
            None
        };
        let listening = move |address| {
            if let Some(sender) = &sender {
                // Whoever started the sink waits for this.
                let _gone = sender.send(address);
            }
        };
        serve(shard, options.clone(), Arc::new(listening))
    })?;
    match receiver.recv() {
        Ok(address) => Ok(SinkHandle { shards, address }),
        Err(_not_listening) => {
            let ended: std::io::Result<()> = shards.join().into_iter().collect();
            let source = ended.err().unwrap_or_else(|| std::io::ErrorKind::Other.into());
            Err(SinkError::Listen { address, source })
        }
    }
}

/// Why there is no calibration.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// The sink does not run.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The run against it failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The sink ended with an error.
    #[error("the sink failed: {0}")]
    Ended(#[source] std::io::Error),
}

/// Runs the producers of `workload` at the maximum rate for `duration_s` seconds against a sink of one thread.
///
/// # Errors
/// See `CalibrationError`.
pub fn calibrate(
    options: &RunOptions,
    workload: &Workload,
    duration_s: f64,
) -> Result<Calibration, CalibrationError> {
    announce(
        "calibrating: the generator against its own sink",
        options.is_quiet,
    );
    let sink = start_sink(
        SinkOptions {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            partitions: workload.partitions_per_topic,
            durable: None,
        },
        1,
    )?;
    let options = RunOptions {
        bootstrap: sink.address().to_string(),
        server_pid: None,
        is_quiet: true,
        gives_up: GiveUp::Never,
        ..options.clone()
    };
    let workload = Workload {
        mode: Mode::Max,
        subscriptions_per_topic: 0,
        backlog_bytes: 0,
        // The sink has no transactions.
        transaction_ms: 0.0,
        transaction_messages: 0,
        open_transactions: 0,
        warm_up_s: WARM_UP_S,
        duration_s,
        ..workload.clone()
    };
    let result = run(&options, &workload);
    sink.stop().map_err(CalibrationError::Ended)?;
    let totals = result?.measured.totals;
    Ok(Calibration {
        duration_s,
        messages_per_s: totals.published as f64 / duration_s,
        bytes_per_s: totals.published_bytes as f64 / duration_s,
    })
}
