//! From a parsed command to an exit code.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use serde_json::json;

use crate::args::Command;
use crate::error::CliError;
use crate::exit::Exit;
use crate::globals::{Format, Globals};
use crate::output::Output;
use crate::{
    broker, client_settings, cluster, config, connections, consume, debug, doctor, generate, group, log,
    produce, profile, topic, transaction, tune,
};

/// Runs a command on the process's own standard streams. `program` is the whole command line, for completions.
pub fn run(globals: &Globals, command: &Command, program: clap::Command) -> ExitCode {
    let mut stdout = BufWriter::new(io::stdout().lock());
    let result = execute(globals, command, program, &mut stdout).and_then(|exit| {
        stdout.flush().map_err(CliError::Output)?;
        Ok(exit)
    });
    let exit = match result {
        Ok(exit) => exit,
        Err(error) if error.is_closed_output() => Exit::Success,
        Err(error) => {
            // What was printed before the fault stands; if even that fails, the fault is what counts.
            let _ = stdout.flush();
            report(globals.output, &error);
            error.exit()
        }
    };
    // Whatever a closed output still holds is given up here, not written by a destructor.
    let _ = stdout.into_parts();
    exit.into()
}

/// Prints on standard output what a broker with this configuration runs with, and who set each key.
pub fn print_config(format: Format, config: &corelog_config::BrokerConfig) -> ExitCode {
    let mut stdout = BufWriter::new(io::stdout().lock());
    let result = config::print_config(config, true, &mut Output::new(format, &mut stdout))
        .and_then(|()| stdout.flush().map_err(CliError::Output));
    match result {
        Ok(()) => Exit::Success.into(),
        Err(error) if error.is_closed_output() => Exit::Success.into(),
        Err(error) => {
            report(format, &error);
            error.exit().into()
        }
    }
}

/// Runs a command and prints its results to `writer`. `produce` reads standard input.
///
/// # Errors
/// See [`CliError`]; its `exit` is the code.
pub fn execute(
    globals: &Globals,
    command: &Command,
    mut program: clap::Command,
    writer: &mut dyn Write,
) -> Result<Exit, CliError> {
    client_settings::check(&globals.settings, command.scopes())?;
    let mut output = Output::new(globals.output, writer);
    match command {
        Command::Doctor(args) => return doctor::run(args, &mut output),
        Command::Tune(args) => return tune::run(args, &mut output),
        Command::Log(command) => return log::run(command, &mut output),
        Command::Cluster(command) => cluster::run(globals, command, &mut output)?,
        Command::Broker(command) => broker::run(globals, command, &mut output)?,
        Command::Connections(args) => connections::run(globals, args, &mut output)?,
        Command::Debug(command) => debug::run(globals, command, &mut output)?,
        Command::Profile(command) => profile::run(command, &mut output)?,
        Command::Topic(command) => topic::run(globals, command, &mut output)?,
        Command::Group(command) => group::run(globals, command, &mut output)?,
        Command::Transaction(command) => transaction::run(globals, command, &mut output)?,
        Command::Produce(args) => produce::run(globals, args, io::stdin(), &mut output)?,
        Command::Consume(args) => consume::run(globals, args, &mut output)?,
        Command::Config(command) => config::run(command, &mut output)?,
        Command::Generate(command) => generate::run(command, program, &mut output)?,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            let name = program.get_name().to_owned();
            clap_complete::generate(*shell, &mut program, name, &mut script);
            output.bytes(&script)?;
        }
    }
    Ok(Exit::Success)
}

fn report(format: Format, error: &CliError) {
    let text = match format {
        Format::Table => format!("error: {error}"),
        Format::Json => json!({ "error": error.to_string(), "exit": error.exit().code() }).to_string(),
    };
    // Nobody is left to be told if standard error is closed.
    let _ = writeln!(io::stderr(), "{text}");
}
