//! Flags for every broker key, made from the key tables: `--num-partitions 3`, also written `--num.partitions=3`.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use corelog_config::{ConfigKey, ConfigSources, Kind, environment_name, registry};

const FILE: &str = "config-file";
const HEADING: &str = "Configuration";

/// The configuration on `serve`'s command line. Flatten it: `#[command(flatten)] config: ConfigArgs`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConfigArgs {
    /// The file that `--config` or `CORELOG_CONFIG` names.
    pub file: Option<PathBuf>,
    /// Broker keys with the values of their flags.
    pub flags: Vec<(String, String)>,
}

impl ConfigArgs {
    /// The sources of a broker's configuration: the file, this process's environment, and the flags.
    pub fn sources(&self) -> ConfigSources {
        ConfigSources {
            file: self.file.clone(),
            environment: environment(),
            flags: self.flags.clone(),
        }
    }
}

impl FromArgMatches for ConfigArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<ConfigArgs, clap::Error> {
        let mut args = ConfigArgs::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.file = matches.get_one::<PathBuf>(FILE).cloned();
        self.flags = registry()
            .broker_keys()
            .filter_map(|key| Some((key.name.to_owned(), matches.get_one::<String>(key.name)?.clone())))
            .collect();
        Ok(())
    }
}

impl Args for ConfigArgs {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE)
            .long("config")
            .short('c')
            .value_name("FILE")
            .env("CORELOG_CONFIG")
            .value_parser(clap::value_parser!(PathBuf))
            .help("The configuration file, in TOML")
            .help_heading(HEADING);
        command.arg(file).args(registry().broker_keys().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        ConfigArgs::augment_args(command)
    }
}

fn flag(key: &'static ConfigKey) -> Arg {
    let long = key.name.replace('.', "-");
    let mut help = key.doc.to_owned();
    if let Some(default) = key.default.filter(|default| !default.is_empty()) {
        help.push_str(&format!(" [default: {default}]"));
    }
    help.push_str(&format!(" [env: {}]", environment_name(key.name)));
    let mut flag = Arg::new(key.name)
        .value_name(value_name(key))
        .help(help)
        .help_heading(HEADING)
        // The short help shows what most need; the long one shows all.
        .hide_short_help(!COMMON.contains(&key.name))
        .allow_hyphen_values(true);
    if long != key.name {
        flag = flag.alias(key.name);
    }
    flag = flag.long(long);
    if key.kind == Kind::Boolean {
        flag = flag
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true");
    }
    flag
}

/// The keys that most people set.
const COMMON: &[&str] = &[
    "advertised.listeners",
    "allow.buffered.io",
    "listeners",
    "log.dirs",
    "log.durability",
    "memory.bytes",
    "node.id",
    "num.partitions",
    "profile",
    "shards",
];

fn value_name(key: &ConfigKey) -> &'static str {
    match key.kind {
        Kind::Boolean => "BOOL",
        Kind::String => "TEXT",
        Kind::Int | Kind::Long | Kind::Double => "NUMBER",
        Kind::List => "LIST",
        Kind::Password => "SECRET",
    }
}

/// The environment, as far as it is text: a key's value is.
pub(crate) fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<ConfigArgs, clap::Error> {
        let command = ConfigArgs::augment_args(Command::new("serve"));
        command.clone().debug_assert();
        let words = std::iter::once("serve").chain(line.split_whitespace());
        ConfigArgs::from_arg_matches(&command.try_get_matches_from(words)?)
    }

    #[test]
    fn every_key_has_a_flag_in_both_spellings() {
        for key in registry().broker_keys() {
            let dashed = key.name.replace('.', "-");
            for spelling in [key.name, dashed.as_str()] {
                let args = parse(&format!("--{spelling}=-1")).unwrap();
                assert_eq!(args.flags, [(key.name.to_owned(), "-1".to_owned())], "{spelling}");
            }
        }
        for name in COMMON {
            assert!(registry().broker_key(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn the_flags_stand_beside_the_global_ones() {
        #[derive(clap::Parser)]
        struct Serve {
            #[command(flatten)]
            globals: crate::globals::Globals,
            #[command(flatten)]
            config: ConfigArgs,
        }
        <Serve as clap::CommandFactory>::command().debug_assert();
        let words = ["serve", "-o", "json", "--shards", "0,2", "--profile=development"];
        let serve = <Serve as clap::Parser>::try_parse_from(words).unwrap();
        assert_eq!(serve.globals.output, crate::globals::Format::Json);
        assert_eq!(serve.config.flags.len(), 2);
        let config = corelog_config::BrokerConfig::load(&ConfigSources {
            environment: Vec::new(),
            ..serve.config.sources()
        });
        assert_eq!(
            config.unwrap().shards,
            corelog_config::ShardCount::Cores(vec![0, 2])
        );
    }

    #[test]
    fn a_boolean_needs_no_value() {
        let args = parse("--allow-buffered-io -c x.toml").unwrap();
        assert_eq!(args.flags, [("allow.buffered.io".to_owned(), "true".to_owned())]);
        assert_eq!(args.file, Some(PathBuf::from("x.toml")));
        assert!(parse("--num-partition 3").is_err());
    }
}
