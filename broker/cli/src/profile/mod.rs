//! `corelog profile`: names for clusters, and which of them commands talk to.
//!
//! A flag comes before the environment, that before the profile in use, and that before the default.

mod store;

use clap::Subcommand;
use corelog_client::Address;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::output::{Output, Table, cell};

pub(crate) use store::Profile;
pub(crate) use store::ProfileError;
use store::{Profiles, path};

/// The commands on profiles.
#[derive(Clone, PartialEq, Eq, Debug, Subcommand)]
pub enum ProfileCommand {
    /// Make a profile and use it from now on.
    #[command(after_help = "\
Examples:
  corelog profile create staging --brokers a.example:9092,b.example:9092
  corelog profile create local --brokers 127.0.0.1:9092 --admin 127.0.0.1:9644 --no-use")]
    Create {
        /// The name.
        #[arg(value_name = "NAME")]
        name: String,

        /// Brokers to ask first, separated by commas.
        #[arg(long, value_name = "HOST:PORT,...")]
        brokers: Option<String>,

        /// A broker's admin port, for `connections` and `debug bundle`.
        #[arg(long, value_name = "HOST:PORT")]
        admin: Option<String>,

        /// Replace a profile of that name.
        #[arg(long)]
        force: bool,

        /// Leave the profile in use as it is.
        #[arg(long)]
        no_use: bool,
    },

    /// List profiles.
    #[command(visible_alias = "ls")]
    List,

    /// Use a profile from now on.
    Use {
        /// The name.
        #[arg(value_name = "NAME")]
        name: String,
    },

    /// Show a profile.
    Show {
        /// The name; the one in use if it is not given.
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },

    /// Delete a profile.
    #[command(visible_alias = "rm")]
    Delete {
        /// The name.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Which profile.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Chosen<'a> {
    /// The one in use, if there is one.
    Current,
    /// The one of that name.
    Named(&'a str),
}

/// Reads a profile; an empty one if none is in use.
pub(crate) fn load(chosen: Chosen<'_>) -> Result<Profile, ProfileError> {
    let path = match (path(), chosen) {
        (Ok(path), _) => path,
        (Err(ProfileError::NoHome), Chosen::Current) => return Ok(Profile::default()),
        (Err(error), _) => return Err(error),
    };
    let profiles = Profiles::load(&path)?;
    match (chosen, &profiles.current) {
        (Chosen::Named(name), _) => profiles.get(name).cloned(),
        (Chosen::Current, Some(name)) => profiles.get(name).cloned(),
        (Chosen::Current, None) => Ok(Profile::default()),
    }
}

pub(crate) fn run(command: &ProfileCommand, output: &mut Output<'_>) -> Result<(), CliError> {
    let path = path()?;
    let mut profiles = Profiles::load(&path)?;
    match command {
        ProfileCommand::Create {
            name,
            brokers,
            admin,
            force,
            no_use,
        } => {
            if profiles.profiles.contains_key(name) && !force {
                return Err(ProfileError::Exists(name.clone()).into());
            }
            for addresses in [brokers, admin].into_iter().flatten() {
                Address::parse_list(addresses)?;
            }
            let profile = Profile {
                bootstrap: brokers.clone(),
                admin: admin.clone(),
            };
            profiles.profiles.insert(name.clone(), profile);
            if !no_use {
                profiles.current = Some(name.clone());
            }
            profiles.save(&path)?;
            done(name, "created", output)
        }
        ProfileCommand::List => list(&profiles, output),
        ProfileCommand::Use { name } => {
            profiles.get(name)?;
            profiles.current = Some(name.clone());
            profiles.save(&path)?;
            done(name, "in use", output)
        }
        ProfileCommand::Show { name } => {
            let name = match (name, &profiles.current) {
                (Some(name), _) | (None, Some(name)) => name,
                (None, None) => return Err(ProfileError::NoneInUse.into()),
            };
            show(&profiles, name, output)
        }
        ProfileCommand::Delete { name } => {
            profiles.get(name)?;
            profiles.profiles.remove(name);
            profiles.current = profiles.current.filter(|current| current != name);
            profiles.save(&path)?;
            done(name, "deleted", output)
        }
    }
}

fn done(name: &str, result: &'static str, output: &mut Output<'_>) -> Result<(), CliError> {
    if output.is_json() {
        return output.json(&json!({ "profile": name, "result": result }));
    }
    output.line(&format!("{name} {result}"))
}

fn profile_json(profiles: &Profiles, name: &str, profile: &Profile) -> Value {
    json!({
        "profile": name, "in_use": profiles.current.as_deref() == Some(name), "bootstrap": profile.bootstrap,
        "admin": profile.admin,
    })
}

fn list(profiles: &Profiles, output: &mut Output<'_>) -> Result<(), CliError> {
    let mut table = Table::new(&["PROFILE", "IN USE", "BROKERS", "ADMIN"]);
    let mut values = Vec::new();
    for (name, profile) in &profiles.profiles {
        let is_current = profiles.current.as_ref() == Some(name);
        table.row([
            name.clone(),
            if is_current {
                "yes".to_owned()
            } else {
                String::new()
            },
            cell(profile.bootstrap.as_deref()),
            cell(profile.admin.as_deref()),
        ]);
        values.push(profile_json(profiles, name, profile));
    }
    output.table_or_json(&table, &values)
}

fn show(profiles: &Profiles, name: &str, output: &mut Output<'_>) -> Result<(), CliError> {
    let profile = profiles.get(name)?;
    if output.is_json() {
        return output.json(&profile_json(profiles, name, profile));
    }
    let mut table = Table::new(&["KEY", "VALUE"]);
    table.row(["bootstrap".into(), cell(profile.bootstrap.as_deref())]);
    table.row(["admin".into(), cell(profile.admin.as_deref())]);
    output.line(name)?;
    output.table(&table)
}
