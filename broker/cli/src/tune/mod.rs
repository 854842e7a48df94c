//! `corelog tune`: sets the machine up for a broker, and probes the device under the data directory.
//!
//! Looking changes nothing. `--apply` writes what can be written and says how to undo it; nothing is set that could
//! lose data (a device's write cache is left to whoever knows the device).

mod advice;
mod block;
pub(crate) mod failure;
mod host;
mod item;
mod probe;
mod root;

use std::path::PathBuf;

use clap::Args;
use corelog_config::{BrokerConfig, ConfigSources};

use crate::config_args::environment;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;

use root::Root;

/// The arguments of `tune`.
#[derive(Clone, PartialEq, Eq, Debug, Args)]
#[command(after_help = "\
Examples:
  corelog tune --data-dir /var/lib/corelog
  sudo corelog tune --apply --data-dir /var/lib/corelog
  corelog tune --probe --data-dir /var/lib/corelog
Each setting is OK, CHANGE (--apply would set it; what is set lasts until the next boot unless it is a file), MANUAL
(it is for you to decide or to do) or NONE (it cannot be set here), with what is wanted, why, how to set it and how to
undo that. The exit code is 5 when --apply could not set something.
--probe writes up to 128 MiB into the data directory for a few seconds, removes them again, and keeps its answer there;
`serve` commits by it from its next start, unless journal.sync.method says otherwise.")]
pub struct TuneArgs {
    /// The broker's configuration file.
    #[arg(long, short, value_name = "FILE", env = "CORELOG_CONFIG")]
    config: Option<PathBuf>,

    /// The data directory; the configuration's log.dirs if it is not given.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Set what can be set; most of it needs root.
    #[arg(long)]
    apply: bool,

    /// Measure the device under the data directory, and keep the answer for serve.
    #[arg(long, conflicts_with = "apply")]
    probe: bool,
}

impl TuneArgs {
    /// Those that only look.
    pub(crate) fn look(config: Option<PathBuf>, data_dir: Option<PathBuf>) -> TuneArgs {
        TuneArgs {
            config,
            data_dir,
            apply: false,
            probe: false,
        }
    }
}

pub(crate) fn run(args: &TuneArgs, output: &mut Output<'_>) -> Result<Exit, CliError> {
    let config = BrokerConfig::load(&ConfigSources {
        file: args.config.clone(),
        environment: environment(),
        flags: Vec::new(),
    })?;
    let data_dir = args
        .data_dir
        .clone()
        .unwrap_or_else(|| config.storage.data_dir.clone());
    if args.probe {
        let answer = probe::run(&data_dir, config.storage.is_buffered_io_allowed)?;
        advice::print(&answer, &config, output)?;
        return Ok(Exit::Success);
    }
    let root = Root::machine();
    let mut items = host::look(&root);
    items.extend(block::look(&root, &data_dir));
    items.push(advice::look(&data_dir, &config));
    if args.apply {
        items.iter_mut().for_each(item::Item::apply);
    }
    item::print(&items, output)?;
    Ok(item::exit(&items))
}
