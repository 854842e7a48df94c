//! `corelog debug`.

mod bundle;

use clap::Subcommand;

use crate::error::CliError;
use crate::globals::Globals;
use crate::output::Output;

use bundle::BundleArgs;
pub(crate) use bundle::BundleError;

/// The commands for whoever looks for a fault.
#[derive(Clone, PartialEq, Debug, Subcommand)]
pub enum DebugCommand {
    /// Gather in one file what helps to find a fault: settings, metrics, reports on the machine, the last log lines.
    #[command(after_help = "\
Examples:
  corelog debug bundle
  corelog debug bundle --config /etc/corelog/corelog.toml --data-dir /var/lib/corelog --file bundle.tar.gz
Run it on the broker's machine. What cannot be had is named in errors.txt in the bundle. Secrets among the settings are left
out; names of topics, groups and clients, addresses and log lines are in it. No record is.")]
    Bundle(BundleArgs),
}

pub(crate) fn run(
    globals: &Globals,
    command: &DebugCommand,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let DebugCommand::Bundle(args) = command;
    bundle::run(globals, args, output)
}
