//! What all commands share.

use clap::{Args, ValueEnum};
use corelog_client::{Address, Client, ClientOptions};

use crate::error::CliError;

/// The form of results.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Default)]
pub enum Format {
    /// Tables for people.
    #[default]
    Table,
    /// JSON for scripts.
    Json,
}

/// What all commands share.
#[derive(Clone, PartialEq, Eq, Debug, Args)]
pub struct Globals {
    /// Brokers to ask first, separated by commas; one that answers is enough.
    #[arg(
        long,
        short,
        global = true,
        value_name = "HOST:PORT,...",
        env = "CORELOG_BOOTSTRAP",
        default_value = "127.0.0.1:9092",
        help_heading = "Global options"
    )]
    pub bootstrap: String,

    /// The form of results.
    #[arg(
        long,
        short,
        global = true,
        value_enum,
        env = "CORELOG_OUTPUT",
        default_value_t = Format::Table,
        help_heading = "Global options"
    )]
    pub output: Format,
}

impl Globals {
    /// Connects to the cluster.
    pub(crate) fn client(&self) -> Result<Client, CliError> {
        let bootstrap = Address::parse_list(&self.bootstrap)?;
        Ok(Client::connect(ClientOptions::new(bootstrap))?)
    }
}
