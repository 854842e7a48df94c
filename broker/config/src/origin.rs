//! Where a value was set.

use std::fmt;
use std::path::PathBuf;

/// Where a static value was set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The profile of that name.
    Profile(&'static str),
    /// A configuration file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A flag of the command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Profile(name) => write!(f, "the profile {name}"),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Environment(variable) => write!(f, "the environment variable {variable}"),
            Origin::Flag => f.write_str("the command line"),
        }
    }
}

/// Where a value comes from (`DescribeConfigsResponse.ConfigSource`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ConfigSource {
    /// Set on the topic.
    DynamicTopic,
    /// Set on this broker by AlterConfigs.
    DynamicBroker,
    /// Set on all brokers by AlterConfigs.
    DynamicDefaultBroker,
    /// Set in the profile, the file, the environment or a flag.
    StaticBroker,
    /// Set nowhere.
    Default,
}

impl ConfigSource {
    /// Kafka's number of the source.
    pub const fn wire_id(self) -> i8 {
        match self {
            ConfigSource::DynamicTopic => 1,
            ConfigSource::DynamicBroker => 2,
            ConfigSource::DynamicDefaultBroker => 3,
            ConfigSource::StaticBroker => 4,
            ConfigSource::Default => 5,
        }
    }
}

/// One of the values that stand behind an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigSynonym {
    /// The key under which it is set.
    pub name: &'static str,
    /// As it was set, in that key's unit.
    pub value: String,
    /// Where.
    pub source: ConfigSource,
}
