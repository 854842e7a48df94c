//! `corelog doctor`: is this machine fit to run a broker, and what should be changed.
//!
//! Each check is a look (it reads the system) and a judgement (a function of what was read, tested by a table).

mod data;
mod machine;
mod report;

use std::path::PathBuf;

use clap::Args;
use corelog_config::{BrokerConfig, ConfigSources};

use crate::config_args::environment;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;

pub(crate) use report::Line;
#[cfg(test)]
pub(crate) use report::Verdict;

/// The arguments of `doctor`.
#[derive(Clone, PartialEq, Eq, Debug, Args)]
#[command(after_help = "\
Examples:
  corelog doctor --data-dir /var/lib/corelog
  corelog doctor --config corelog.toml --strict
Each line is OK, WARN (it works, but slower or not under load) or FAIL (serve will not start or would not be
durable) and says what to do. The exit code is 5 after a FAIL, with --strict after a WARN too.")]
pub struct DoctorArgs {
    /// The broker's configuration file.
    #[arg(long, short, value_name = "FILE", env = "CORELOG_CONFIG")]
    config: Option<PathBuf>,

    /// The data directory; the configuration's log.dirs if it is not given.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Count warnings as failures.
    #[arg(long)]
    strict: bool,
}

impl DoctorArgs {
    /// Without strictness.
    pub(crate) fn of(config: Option<PathBuf>, data_dir: Option<PathBuf>) -> DoctorArgs {
        DoctorArgs {
            config,
            data_dir,
            strict: false,
        }
    }
}

pub(crate) fn run(args: &DoctorArgs, output: &mut Output<'_>) -> Result<Exit, CliError> {
    let config = BrokerConfig::load(&ConfigSources {
        file: args.config.clone(),
        environment: environment(),
        flags: Vec::new(),
    })?;
    let data_dir = args
        .data_dir
        .clone()
        .unwrap_or_else(|| config.storage.data_dir.clone());
    let mut lines = machine::look(&config);
    lines.extend(data::look(&data_dir, &config));
    report::print(&lines, output)?;
    Ok(report::exit(&lines, args.strict))
}
