//! The file of profiles.
//!
//! ```toml
//! current = "staging"
//!
//! [profiles.staging]
//! bootstrap = "a.example:9092,b.example:9092"
//! admin = "a.example:9644"
//! ```
//! The file is its owner's alone, since credentials will be in it. It is written anew as a whole and takes the old one's
//! place in one moment.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

/// Readable and writable by its owner.
const MODE: u32 = 0o600;

/// Why profiles cannot be had, or kept.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Neither variable is set.
    #[error("there is no place for profiles: set HOME or XDG_CONFIG_HOME")]
    NoHome,
    /// The file cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not of the form above.
    #[error("{} is no file of profiles: {source}; put it right, or move it away and create the profiles anew", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<toml::de::Error>,
    },
    /// The profile is not there.
    #[error("there is no profile {name}; {}", those_there(there))]
    Unknown {
        /// As it was asked for.
        name: String,
        /// Those that are there.
        there: Vec<String>,
    },
    /// The profile is there already.
    #[error("there is a profile {0} already; --force replaces it")]
    Exists(String),
    /// Nothing is in use.
    #[error("no profile is in use; `corelog profile use NAME` chooses one")]
    NoneInUse,
}

fn those_there(there: &[String]) -> String {
    if there.is_empty() {
        return "there is none, and `corelog profile create NAME` makes one".to_owned();
    }
    format!("those that are: {}", there.join(", "))
}

/// How to reach one cluster. Credentials will have their place here.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// Brokers to ask first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bootstrap: Option<String>,
    /// The admin port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) admin: Option<String>,
}

/// All profiles.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profiles {
    /// The one in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<String>,
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

impl Profiles {
    /// The profile of that name.
    pub(crate) fn get(&self, name: &str) -> Result<&Profile, ProfileError> {
        self.profiles.get(name).ok_or_else(|| ProfileError::Unknown {
            name: name.to_owned(),
            there: self.profiles.keys().cloned().collect(),
        })
    }

    /// Reads the file; there are none if it is not there.
    pub(crate) fn load(path: &Path) -> Result<Profiles, ProfileError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Profiles::default()),
            Err(source) => return Err(failed("read", path, source)),
        };
        toml::from_str(&text).map_err(|source| ProfileError::Form {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// Writes the file and its directory.
    pub(crate) fn save(&self, path: &Path) -> Result<(), ProfileError> {
        let text = toml::to_string(self).expect("names and addresses have a form in TOML");
        let new = path.with_extension("toml.new");
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(|source| failed("create", directory, source))?;
        }
        // One that an ended process has left may have another mode.
        match fs::remove_file(&new) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(failed("remove", &new, source)),
        }
        let written = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(MODE)
            .open(&new)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&new, path));
        written.map_err(|source| failed("write", path, source))
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> ProfileError {
    ProfileError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

/// Where the file is: `corelog/profiles.toml` under XDG_CONFIG_HOME, else under `.config` of HOME.
pub(crate) fn path() -> Result<PathBuf, ProfileError> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let configuration = match (named("XDG_CONFIG_HOME"), named("HOME")) {
        (Some(directory), _) => PathBuf::from(directory),
        (None, Some(home)) => PathBuf::from(home).join(".config"),
        (None, None) => return Err(ProfileError::NoHome),
    };
    Ok(configuration.join("corelog/profiles.toml"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn profiles_come_back_as_they_went_and_are_their_owners() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("corelog/profiles.toml");
        assert_eq!(Profiles::load(&path).unwrap(), Profiles::default());
        let profile = Profile {
            bootstrap: Some("a:1,b:2".into()),
            admin: None,
        };
        let profiles = Profiles {
            current: Some("it's".into()),
            profiles: BTreeMap::from([("it's".into(), profile)]),
        };
        profiles.save(&path).unwrap();
        profiles.save(&path).unwrap();
        assert_eq!(Profiles::load(&path).unwrap(), profiles);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
    }

    #[test]
    fn what_is_no_file_of_profiles_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("profiles.toml");
        for text in ["[profiles.a]\nbrokers = \"a:1\"\n", "nothing"] {
            fs::write(&path, text).unwrap();
            let message = Profiles::load(&path).unwrap_err().to_string();
            assert!(message.contains("is no file of profiles"), "{message}");
        }
        let message = Profiles::default().get("a").unwrap_err().to_string();
        assert!(message.contains("corelog profile create"), "{message}");
    }
}
