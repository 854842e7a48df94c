//! The `corelog` command: `serve`, and the tools of `corelog-cli`.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use corelog_cli::Globals;

mod serve;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A message broker that speaks Kafka's protocol; what it acknowledges is on stable storage.
///
/// Without a command it starts a development broker on 127.0.0.1:9092 with its data in ./data.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    Serve(Box<serve::ServeArgs>),
    #[command(flatten)]
    Tool(corelog_cli::Command),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Serve(args)) => serve::run(*args),
        Some(Command::Tool(command)) => corelog_cli::run(&cli.globals, &command, Cli::command()),
        None => serve::run(serve::ServeArgs::development()),
    }
}
