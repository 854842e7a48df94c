//! Every subcommand of `corelog` but `serve`, as a library: the binary flattens [`Command`] into its own commands and
//! hands what was parsed to [`run`].
//!
//! Invariants:
//! - What people read and what `--output json` prints come from the same values.
//! - Results go to standard output, everything else to standard error; a closed standard output ends silently.
//! - The process's exit code is one of [`Exit`].

mod admin;
mod args;
mod broker;
mod client_settings;
mod clock;
mod cluster;
mod config;
mod config_args;
mod connections;
mod consume;
mod debug;
mod doctor;
mod error;
mod exit;
mod failures;
mod generate;
mod globals;
mod group;
mod json;
mod log;
mod output;
mod parse;
mod produce;
mod profile;
mod run;
mod topic;
mod transaction;
mod tune;
mod words;

pub use args::Command;
pub use config_args::ConfigArgs;
pub use error::CliError;
pub use exit::Exit;
pub use generate::{PROMETHEUS_RULES, grafana_dashboard};
pub use globals::{Format, Globals};
pub use run::{execute, print_config, run};
pub use words::advice;
