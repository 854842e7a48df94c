//! `corelog generate`: files for the programs around a broker, one file of this folder a kind.

mod config_file;
mod dashboard;
mod man;
mod prometheus;
mod systemd_unit;

use clap::Subcommand;

use crate::error::CliError;
use crate::output::Output;

pub use dashboard::grafana_dashboard;
pub use prometheus::PROMETHEUS_RULES;

/// The kinds of files.
#[derive(Clone, PartialEq, Debug, Subcommand)]
pub enum GenerateCommand {
    /// Print the unit of systemd that the packages install.
    SystemdUnit,

    /// Print a configuration file with every key, commented out but for what --set says.
    ConfigFile(config_file::ConfigFileArgs),

    /// Print the manual page, or write one a command into a directory.
    #[command(after_help = "\
Examples:
  corelog generate man | man -l -
  corelog generate man --directory /usr/share/man/man1")]
    Man(man::ManArgs),

    /// Print a dashboard for Grafana, in JSON for import.
    GrafanaDashboard,

    /// Print recording rules and alerts for Prometheus.
    PrometheusRules,

    /// Print a configuration for Prometheus that scrapes brokers.
    #[command(after_help = "\
Examples:
  corelog generate prometheus-rules > corelog-rules.yml
  corelog generate prometheus-config --target a.example:9644 --target b.example:9644 > prometheus.yml
  promtool check config prometheus.yml")]
    PrometheusConfig(prometheus::PrometheusArgs),
}

/// `program` is the whole command line, for what describes it.
pub(crate) fn run(
    command: &GenerateCommand,
    program: clap::Command,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    match command {
        GenerateCommand::SystemdUnit => output.bytes(systemd_unit::UNIT.as_bytes()),
        GenerateCommand::ConfigFile(args) => config_file::run(args, output),
        GenerateCommand::Man(args) => man::run(args, program, output),
        GenerateCommand::GrafanaDashboard => output.bytes(grafana_dashboard().as_bytes()),
        GenerateCommand::PrometheusRules => output.bytes(PROMETHEUS_RULES.as_bytes()),
        GenerateCommand::PrometheusConfig(args) => output.bytes(prometheus::config(args).as_bytes()),
    }
}
