//! The `corelog` command: `serve`, and the tools of `corelog-cli`.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use corelog_cli::{Exit, Globals};

mod serve;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A message broker that speaks Kafka's protocol; what it acknowledges is on stable storage.
///
/// Without a command it starts a development broker on 127.0.0.1:9092 with its data in ./data.
#[derive(Parser, Debug)]
#[command(name = "corelog", version, max_term_width = 100, after_long_help = Exit::help())]
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
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&without_far_tip(error)),
    };
    match cli.command {
        Some(Command::Serve(args)) => serve::run(cli.globals.output, *args),
        Some(Command::Tool(command)) => corelog_cli::run(&cli.globals, &command, Cli::command()),
        None => serve::run(cli.globals.output, serve::ServeArgs::development()),
    }
}

/// Takes out the tip of a flag that is not near the one that was written: clap's measure finds `--output` like `--count`.
fn without_far_tip(mut error: clap::Error) -> clap::Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.trim_start_matches('-')),
        Some(_) | None => None,
    };
    if let (Some(written), Some(tip)) = (text(ContextKind::InvalidArg), text(ContextKind::SuggestedArg))
        && !tip.starts_with(written)
        && !corelog_config::is_slip(written, tip)
    {
        error.remove(ContextKind::SuggestedArg);
    }
    error
}

/// Tells what is wrong with the command line. A flag of `serve` is a configuration key, so a misspelt one is refused as
/// a misspelt key is elsewhere: in one line, with the nearest name.
fn refuse(error: &clap::Error) -> ExitCode {
    let is_serve = std::env::args_os().nth(1).is_some_and(|first| first == "serve");
    if let (true, ErrorKind::UnknownArgument, Some(ContextValue::String(flag))) =
        (is_serve, error.kind(), error.get(ContextKind::InvalidArg))
    {
        let nearest = match error.get(ContextKind::SuggestedArg) {
            Some(ContextValue::String(nearest)) => format!("did you mean {nearest}?"),
            Some(_) | None => "see corelog serve --help".to_owned(),
        };
        eprintln!("corelog: the command line: there is no flag {flag}; {nearest}");
        return Exit::Configuration.into();
    }
    // Nobody is left to be told if standard error is closed.
    let _ = error.print();
    if let Some(advice) = advice(error, std::env::args_os().skip(1)) {
        eprintln!("\n  tip: {advice}");
    }
    if error.use_stderr() {
        Exit::Usage.into()
    } else {
        Exit::Success.into()
    }
}

/// What to type instead of a word that is Kafka's or rpk's.
fn advice(error: &clap::Error, line: impl Iterator<Item = OsString>) -> Option<String> {
    let line: Vec<String> = line.map(|word| word.to_string_lossy().into_owned()).collect();
    match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(flag))) if flag.starts_with('-') => {
            corelog_cli::advice(&line, Some(flag))
        }
        (ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand, _) => corelog_cli::advice(&line, None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a wrong command line.
    fn said(line: &str) -> String {
        let error = Cli::try_parse_from(line.split_whitespace()).expect_err(line);
        without_far_tip(error).to_string()
    }

    /// Completions and manual pages are named by it.
    #[test]
    fn the_program_has_its_own_name_and_not_its_crates() {
        let version = Cli::command().render_version();
        assert!(version.starts_with("corelog "), "{version}");
    }

    #[test]
    fn the_words_of_others_get_advice() {
        for (line, part) in [
            (
                "corelog topic list --bootstrap-server h:1",
                "--bootstrap HOST:PORT",
            ),
            ("corelog topic describe --topic t", "corelog topic describe TOPIC"),
            (
                "corelog topic alter-config t --set a=b",
                "corelog topic alter TOPIC --set",
            ),
            ("corelog group seek g --to start", "corelog group reset-offsets"),
        ] {
            let error = Cli::try_parse_from(line.split_whitespace()).expect_err(line);
            let said = advice(&error, line.split_whitespace().skip(1).map(OsString::from));
            assert!(
                said.as_ref().is_some_and(|said| said.contains(part)),
                "{line}: {said:?}"
            );
        }
    }

    #[test]
    fn a_tip_is_near_what_was_written() {
        for (line, tip) in [
            ("corelog consume t --offst 3", "'--offset'"),
            ("corelog consume t --max 3", "'--max-messages'"),
            ("corelog topic create t --partitons 3", "'--partitions'"),
        ] {
            assert!(said(line).contains(tip), "{}", said(line));
        }
        for line in ["corelog produce t --count 5", "corelog topic list --count"] {
            assert!(!said(line).contains("similar"), "{}", said(line));
        }
    }
}
