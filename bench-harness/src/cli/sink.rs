//! `corelog-bench sink`.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use corelog_bench::run::start_sink;
use corelog_bench::sink::{DurableOptions, SinkOptions};

use super::common::UsageError;

#[derive(Args, Debug)]
pub(super) struct SinkArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, short, value_name = "IP:PORT", default_value = "127.0.0.1:9092")]
    listen: SocketAddr,
    /// Partitions of every topic
    #[arg(long, short, default_value_t = 16)]
    partitions: u32,
    /// Threads
    #[arg(long, short, default_value_t = 1)]
    threads: u16,
    /// Write all batches to a file of each thread in this directory, durably, before they are acknowledged: about what the
    /// disk leaves to a broker that does so
    #[arg(long, short, value_name = "DIR")]
    durable: Option<PathBuf>,
    /// How many durable writes a thread has under way at a time, at most; what comes while all are goes into the next
    #[arg(long, value_name = "N", default_value_t = 1, requires = "durable", value_parser = clap::value_parser!(u16).range(1..=64))]
    writes_in_flight: u16,
}

pub(super) fn sink_command(args: &SinkArgs) -> anyhow::Result<ExitCode> {
    if args.threads == 0 {
        return Err(UsageError("the sink needs at least one thread").into());
    }
    corelog_runtime::preflight::raise_open_files();
    let options = SinkOptions {
        listen: args.listen,
        partitions: args.partitions,
        durable: args.durable.clone().map(|dir| DurableOptions {
            dir,
            writes_in_flight: args.writes_in_flight,
        }),
    };
    let sink = start_sink(options, args.threads)?;
    writeln!(
        io::stdout(),
        "the sink listens on {}; every topic has {} partitions",
        sink.address(),
        args.partitions
    )?;
    sink.join()?;
    Ok(ExitCode::SUCCESS)
}
