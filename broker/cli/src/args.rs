//! The list of commands.

use clap::Subcommand;
use clap_complete::Shell;

use crate::broker::BrokerCommand;
use crate::client_settings::Scope;
use crate::cluster::ClusterCommand;
use crate::config::ConfigCommand;
use crate::connections::ConnectionsArgs;
use crate::consume::ConsumeArgs;
use crate::debug::DebugCommand;
use crate::doctor::DoctorArgs;
use crate::generate::GenerateCommand;
use crate::group::GroupCommand;
use crate::log::LogCommand;
use crate::produce::ProduceArgs;
use crate::profile::ProfileCommand;
use crate::topic::TopicCommand;
use crate::transaction::TransactionCommand;
use crate::tune::TuneArgs;

/// The commands, but for `serve`.
#[derive(Clone, PartialEq, Debug, Subcommand)]
pub enum Command {
    /// Check whether this machine is fit to run a broker.
    Doctor(DoctorArgs),

    /// Check how this machine is set up, set it up for a broker, and probe the device.
    Tune(TuneArgs),

    /// Show the cluster and its brokers.
    #[command(subcommand)]
    Cluster(ClusterCommand),

    /// Show and change the settings of brokers that run.
    #[command(subcommand, visible_alias = "brokers")]
    Broker(BrokerCommand),

    /// Show who is connected to a broker.
    Connections(ConnectionsArgs),

    /// Create, list, describe, alter, measure, trim and delete topics.
    #[command(subcommand, visible_alias = "topics")]
    Topic(TopicCommand),

    /// List, describe and delete consumer groups, and move their offsets.
    #[command(subcommand, visible_alias = "groups")]
    Group(GroupCommand),

    /// List and describe transactions, find those that hang, and end them.
    #[command(subcommand, visible_alias = "transactions")]
    Transaction(TransactionCommand),

    /// Write records from standard input to a topic, one a line.
    Produce(ProduceArgs),

    /// Print the records of a topic.
    Consume(ConsumeArgs),

    /// Look into the files of a data directory.
    #[command(subcommand)]
    Log(LogCommand),

    /// Gather what helps to find a fault.
    #[command(subcommand)]
    Debug(DebugCommand),

    /// Name clusters, and choose which one commands talk to.
    #[command(subcommand, visible_alias = "profiles")]
    Profile(ProfileCommand),

    /// Explain and check the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),

    /// Generate files for the programs around a broker.
    #[command(subcommand)]
    Generate(GenerateCommand),

    /// Print a script that completes commands in a shell.
    #[command(after_help = "\
Examples:
  corelog completions bash > /etc/bash_completion.d/corelog
  corelog completions zsh > ~/.zfunc/_corelog
  corelog completions fish > ~/.config/fish/completions/corelog.fish")]
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: Shell,
    },
}

impl Command {
    /// Of which clients it takes settings.
    pub(crate) fn scopes(&self) -> &'static [Scope] {
        match self {
            Command::Cluster(_)
            | Command::Broker(_)
            | Command::Connections(_)
            | Command::Debug(_)
            | Command::Topic(_)
            | Command::Group(_)
            | Command::Transaction(_) => &[Scope::Client],
            Command::Produce(_) => &[Scope::Client, Scope::Producer],
            Command::Consume(_) => &[Scope::Client, Scope::Consumer],
            Command::Doctor(_)
            | Command::Tune(_)
            | Command::Log(_)
            | Command::Profile(_)
            | Command::Config(_)
            | Command::Generate(_)
            | Command::Completions { .. } => &[],
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::globals::{Format, Globals};

    /// The commands as a program of their own.
    #[derive(Debug, Parser)]
    #[command(name = "corelog")]
    pub(crate) struct Cli {
        #[command(flatten)]
        pub(crate) globals: Globals,
        #[command(subcommand)]
        pub(crate) command: Command,
    }

    pub(crate) fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("corelog").chain(line.split_whitespace()))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_has_a_help_text() {
        fn check(command: &clap::Command) {
            let path = command.get_name();
            for argument in command.get_arguments() {
                let is_built_in = matches!(argument.get_id().as_str(), "help" | "version");
                assert!(
                    is_built_in || argument.get_help().is_some(),
                    "{path} {}",
                    argument.get_id()
                );
            }
            for sub in command.get_subcommands() {
                assert!(sub.get_about().is_some(), "{path} {}", sub.get_name());
                check(sub);
            }
        }
        check(&Cli::command());
    }

    #[test]
    fn globals_stand_before_and_after_the_command() {
        for line in [
            "-b h:1 -o json topic list",
            "topic list --bootstrap h:1 --output json",
        ] {
            let cli = parse(line).unwrap();
            assert_eq!(
                (cli.globals.bootstrap.as_deref(), cli.globals.output),
                (Some("h:1"), Format::Json)
            );
        }
    }

    #[test]
    fn what_does_not_parse_is_refused() {
        for line in [
            "topic create",
            "topic alter a --partitions 0",
            "topic create a --config nothing",
            "group reset-offsets g --to-earliest --to-latest --all-topics",
            "group reset-offsets g --all-topics",
            "group reset-offsets g --to-earliest",
            "group reset-offsets g --to-earliest --all-topics --topic t",
            "consume t --from-beginning --offset 5",
            "consume t --exit-eof --follow",
            "produce t --acks 2",
            "produce t --compression brotli",
            "transaction describe",
            "transaction list --longer-than 15",
            "transaction find-hanging --partition 1",
            "transaction abort --topic t --start-offset 5",
            "completions nushell",
            "topic list -X sasl.mechanism=PLAIN",
            "broker alter 1",
            "serve",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
