//! What all commands share.

use clap::{Args, ValueEnum};
use corelog_client::{Address, Client, ClientOptions};

use crate::client_settings::{self, ClientSetting, client_setting};
use crate::error::CliError;
use crate::profile::{Chosen, Profile};

/// Where a broker listens that was told nothing else.
const BOOTSTRAP: &str = "127.0.0.1:9092";
/// The admin port of such a broker.
const ADMIN_PORT: u16 = 9644;

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
    /// Brokers to ask first, separated by commas; one that answers is enough. Without it those of the profile in use, else
    /// 127.0.0.1:9092.
    #[arg(
        long,
        short,
        global = true,
        value_name = "HOST:PORT,...",
        env = "CORELOG_BOOTSTRAP",
        help_heading = "Global options"
    )]
    pub bootstrap: Option<String>,

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

    /// A setting of the client, by Kafka's name, or profile=NAME; may be given several times.
    #[arg(
        short = 'X',
        global = true,
        value_name = "KEY=VALUE",
        value_parser = client_setting,
        help_heading = "Global options"
    )]
    pub settings: Vec<ClientSetting>,
}

impl Globals {
    /// Connects to the cluster.
    pub(crate) fn client(&self) -> Result<Client, CliError> {
        let bootstrap = Address::parse_list(&self.bootstrap()?)?;
        let mut options = ClientOptions::new(bootstrap);
        client_settings::set_client(&self.settings, &mut options);
        Ok(Client::connect(options)?)
    }

    /// The brokers to ask first: of a flag, of the environment, of the profile, the default.
    pub(crate) fn bootstrap(&self) -> Result<String, CliError> {
        let named = client_settings::bootstrap(&self.settings).or(self.bootstrap.as_deref());
        match named {
            Some(named) => Ok(named.to_owned()),
            None => Ok(self.profile()?.bootstrap.unwrap_or_else(|| BOOTSTRAP.to_owned())),
        }
    }

    /// The admin port: `given` by a flag or the environment, else of the profile, else that of the first broker to ask, by the
    /// port that brokers have.
    pub(crate) fn admin(&self, given: Option<&str>) -> Result<String, CliError> {
        let named = given.or(client_settings::admin(&self.settings));
        if let Some(named) = named {
            return Ok(named.to_owned());
        }
        if let Some(admin) = self.profile()?.admin {
            return Ok(admin);
        }
        let brokers = Address::parse_list(&self.bootstrap()?)?;
        let host = brokers.first().map(|broker| Address {
            host: broker.host.clone(),
            port: ADMIN_PORT,
        });
        Ok(host.map_or_else(String::new, |address| address.to_string()))
    }

    /// The profile in use; an empty one if there is none.
    fn profile(&self) -> Result<Profile, CliError> {
        let chosen = client_settings::profile(&self.settings).map_or(Chosen::Current, Chosen::Named);
        Ok(crate::profile::load(chosen)?)
    }
}
