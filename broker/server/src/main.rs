//! The `corelog` command: `serve`, and the tools of `corelog-cli`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod serve;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A message broker that speaks Kafka's protocol; what it acknowledges is on stable storage.
///
/// Without a command it starts a development broker on 127.0.0.1:9092 with its data in ./data.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    Serve(serve::ServeArgs),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Some(Command::Serve(args)) => serve::run(args),
        None => serve::run(serve::ServeArgs::development()),
    }
}
