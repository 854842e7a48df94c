//! The commands without a broker, to try them against any Kafka-compatible one:
//! `cargo run -p corelog-cli --example corelog-tools -- --bootstrap host:9092 topic list`.

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use corelog_cli::{Command, Globals};

#[derive(Debug, Parser)]
#[command(name = "corelog-tools", about = "Corelog's commands, without the broker")]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    corelog_cli::run(&cli.globals, &cli.command, Cli::command())
}
