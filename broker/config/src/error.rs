//! What can be wrong with a configuration, in sentences that say what to do.

use std::io;
use std::path::PathBuf;

use crate::origin::Origin;

/// Why a key or its value is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no such key.
    #[error("there is no configuration key {name:?}{}", did_you_mean(nearest.as_deref()))]
    UnknownKey {
        /// As it was written.
        name: String,
        /// The known key that is spelt most alike, if one is near.
        nearest: Option<&'static str>,
    },
    /// A Kafka key that Corelog does without.
    #[error("Corelog has no {name}: {advice}")]
    Replaced {
        /// Kafka's name.
        name: &'static str,
        /// What to do instead.
        advice: &'static str,
    },
    /// The value has the wrong type or lies outside its bounds.
    #[error("{name} cannot be {value:?}: it should be {expected}")]
    InvalidValue {
        /// The key.
        name: &'static str,
        /// As it was written.
        value: String,
        /// What it should be.
        expected: String,
    },
    /// Two values that contradict each other.
    #[error("{first} and {second} contradict each other: {rule}")]
    Conflict {
        /// One key.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// What must hold.
        rule: String,
    },
    /// An operation on lists on a key that is none.
    #[error("{name} is no list: set it to a value, there is nothing to append to or subtract from")]
    NotAList {
        /// The key.
        name: &'static str,
    },
    /// An operation that needs a value has none.
    #[error("{name} needs a value; to give it its default back, delete it")]
    NoValue {
        /// The key.
        name: &'static str,
    },
    /// A key that only a restart changes.
    #[error("{name} cannot be changed while the broker runs: set it in the configuration file and restart")]
    NeedsRestart {
        /// The key.
        name: &'static str,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    match nearest {
        Some(name) => format!("; did you mean {name}?"),
        None => "; `corelog config reference` lists them all".to_owned(),
    }
}

/// Why a broker's configuration cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{}:{line}: not valid TOML: {}", path.display(), cause.message())]
    Toml {
        /// The file.
        path: PathBuf,
        /// The line of the fault, from one.
        line: usize,
        /// The cause. Not the `source`: as text it is a drawing of several lines, and `Display` says all that counts.
        cause: Box<toml::de::Error>,
    },
    /// A TOML value that no key can take.
    #[error("{}: {name} is {found}; give text, a number, true or false, or a list of them", path.display())]
    TomlValue {
        /// The file.
        path: PathBuf,
        /// The key.
        name: String,
        /// What it is.
        found: &'static str,
    },
    /// One key twice in the file: quoted, and as a nested table.
    #[error("{}: {name} is set twice, quoted and in a table; remove one", path.display())]
    TomlTwice {
        /// The file.
        path: PathBuf,
        /// The key.
        name: String,
    },
    /// A key or value is refused.
    #[error("{origin}: {source}")]
    Key {
        /// Where it was set.
        origin: Origin,
        /// Why.
        source: ConfigError,
    },
    /// Values that do not go together.
    #[error(transparent)]
    Together(#[from] ConfigError),
}
