//! Environment variables: `CORELOG_` and the key's name in capitals, dots as underscores.

use crate::error::ConfigError;
use crate::key::ConfigKey;
use crate::registry::{nearest, registry};

/// What the variables begin with.
pub const ENVIRONMENT_PREFIX: &str = "CORELOG_";

/// Variables with the prefix that are not configuration keys: they belong to the command line.
pub const RESERVED_ENVIRONMENT: &[&str] = &[
    "CORELOG_BOOTSTRAP",
    "CORELOG_CONFIG",
    "CORELOG_LOG",
    "CORELOG_OUTPUT",
];

/// The variable that sets the key `name`: `CORELOG_NUM_PARTITIONS` for `num.partitions`.
pub fn environment_name(name: &str) -> String {
    format!(
        "{ENVIRONMENT_PREFIX}{}",
        name.replace(['.', '-'], "_").to_ascii_uppercase()
    )
}

/// The key that a variable sets; `None` if the variable is none of ours.
pub(crate) fn key_of(variable: &str) -> Result<Option<&'static ConfigKey>, ConfigError> {
    let Some(rest) = variable.strip_prefix(ENVIRONMENT_PREFIX) else {
        return Ok(None);
    };
    if RESERVED_ENVIRONMENT.contains(&variable) {
        return Ok(None);
    }
    match registry()
        .broker_keys()
        .find(|key| environment_name(key.name) == variable)
    {
        Some(key) => Ok(Some(key)),
        None => Err(ConfigError::UnknownKey {
            name: variable.to_owned(),
            nearest: nearest(rest, registry().broker_keys().map(|key| key.name)),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_variable_of_its_own() {
        for key in registry().broker_keys() {
            let variable = environment_name(key.name);
            assert_eq!(key_of(&variable).unwrap().map(|k| k.name), Some(key.name));
            assert!(
                !RESERVED_ENVIRONMENT.contains(&variable.as_str()),
                "{variable} is reserved"
            );
        }
    }

    #[test]
    fn foreign_and_reserved_variables_are_left_alone() {
        assert!(key_of("PATH").unwrap().is_none());
        assert!(key_of("CORELOG_BOOTSTRAP").unwrap().is_none());
    }

    #[test]
    fn a_misspelt_variable_is_refused() {
        let message = key_of("CORELOG_NUM_PARTITION").unwrap_err().to_string();
        assert!(message.contains("num.partitions"), "{message}");
    }
}
