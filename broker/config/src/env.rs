//! Environment variables: `CORELOG_` and the key's name in capitals, dots as underscores.
//!
//! Kubernetes sets variables for each Service of a namespace in each of its pods (Docker's links had the same form), and
//! those of a Service whose name begins with `corelog` begin with our prefix, too. They are told from misspelt keys by
//! their form and their value, and are left alone.

use std::net::IpAddr;

use crate::error::ConfigError;
use crate::key::ConfigKey;
use crate::registry::{nearest, registry};

/// What the variables begin with.
pub const ENVIRONMENT_PREFIX: &str = "CORELOG_";

/// Variables with the prefix that are not configuration keys: they belong to the command line.
pub const RESERVED_ENVIRONMENT: &[&str] = &[
    "CORELOG_ADMIN",
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

/// The variables that look like ours and are what Kubernetes says of a Service, sorted.
pub fn service_variables(environment: &[(String, String)]) -> Vec<&str> {
    let ours = environment.iter().filter(|(variable, value)| {
        variable.starts_with(ENVIRONMENT_PREFIX)
            && !RESERVED_ENVIRONMENT.contains(&variable.as_str())
            && named_key(variable).is_none()
            && is_of_service(variable, value)
    });
    let mut names: Vec<&str> = ours.map(|(variable, _)| variable.as_str()).collect();
    names.sort_unstable();
    names
}

/// Whether Kubernetes sets such a variable to such a value, for a Service of whatever name:
///
/// ```text
/// NAME_SERVICE_HOST=10.0.0.7    NAME_SERVICE_PORT=9092           NAME_SERVICE_PORT_<port's name>=9092
/// NAME_PORT=tcp://10.0.0.7:9092 NAME_PORT_9092_TCP=tcp://10.0.0.7:9092
/// NAME_PORT_9092_TCP_PROTO=tcp  NAME_PORT_9092_TCP_PORT=9092     NAME_PORT_9092_TCP_ADDR=10.0.0.7
/// ```
///
/// Source: Kubernetes, `pkg/kubelet/envvars/envvars.go`.
fn is_of_service(variable: &str, value: &str) -> bool {
    if variable.ends_with("_SERVICE_HOST") {
        return is_address(value);
    }
    if variable.ends_with("_SERVICE_PORT") || variable.contains("_SERVICE_PORT_") {
        return is_port(value);
    }
    if variable.ends_with("_PORT") && is_url(value) {
        return true;
    }
    let Some((_, rest)) = variable.split_once("_PORT_") else {
        return false;
    };
    let mut parts = rest.split('_');
    let is_of_port = parts.next().is_some_and(is_port) && parts.next().is_some_and(is_protocol);
    let is_value = match (parts.next(), parts.next()) {
        (None, _) => is_url(value),
        (Some("PROTO"), None) => is_protocol(value),
        (Some("PORT"), None) => is_port(value),
        (Some("ADDR"), None) => is_address(value),
        (Some(_), _) => false,
    };
    is_of_port && is_value
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

fn is_protocol(text: &str) -> bool {
    ["tcp", "udp", "sctp"]
        .iter()
        .any(|name| text.eq_ignore_ascii_case(name))
}

fn is_url(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(protocol, _)| is_protocol(protocol))
}

fn named_key(variable: &str) -> Option<&'static ConfigKey> {
    registry()
        .broker_keys()
        .find(|key| environment_name(key.name) == variable)
}

/// The key that a variable sets; `None` if the variable is none of ours.
pub(crate) fn key_of(variable: &str, value: &str) -> Result<Option<&'static ConfigKey>, ConfigError> {
    let Some(rest) = variable.strip_prefix(ENVIRONMENT_PREFIX) else {
        return Ok(None);
    };
    if RESERVED_ENVIRONMENT.contains(&variable) {
        return Ok(None);
    }
    match named_key(variable) {
        Some(key) => Ok(Some(key)),
        None if is_of_service(variable, value) => Ok(None),
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
            assert_eq!(key_of(&variable, "1").unwrap().map(|k| k.name), Some(key.name));
            assert!(
                !RESERVED_ENVIRONMENT.contains(&variable.as_str()),
                "{variable} is reserved"
            );
        }
    }

    #[test]
    fn foreign_and_reserved_variables_are_left_alone() {
        assert!(key_of("PATH", "/bin").unwrap().is_none());
        assert!(key_of("CORELOG_BOOTSTRAP", "h:1").unwrap().is_none());
    }

    #[test]
    fn a_misspelt_variable_is_refused() {
        let message = key_of("CORELOG_NUM_PARTITION", "1").unwrap_err().to_string();
        assert!(message.contains("num.partitions"), "{message}");
    }

    const SERVICE: &[(&str, &str)] = &[
        ("CORELOG_PORT", "tcp://10.0.0.7:9092"),
        ("CORELOG_PORT_9092_TCP", "tcp://10.0.0.7:9092"),
        ("CORELOG_PORT_9092_TCP_ADDR", "10.0.0.7"),
        ("CORELOG_PORT_9092_TCP_PORT", "9092"),
        ("CORELOG_PORT_9092_TCP_PROTO", "tcp"),
        ("CORELOG_PORT_9999_UDP", "udp://[fd00::7]:9999"),
        ("CORELOG_SERVICE_HOST", "fd00::7"),
        ("CORELOG_SERVICE_PORT", "9092"),
        ("CORELOG_SERVICE_PORT_KAFKA", "9092"),
        // A Service called corelog-admin.
        ("CORELOG_ADMIN_PORT", "tcp://10.0.0.8:9644"),
        ("CORELOG_ADMIN_SERVICE_HOST", "10.0.0.8"),
    ];

    #[test]
    fn what_kubernetes_says_of_a_service_is_no_key() {
        for (variable, value) in SERVICE {
            assert!(key_of(variable, value).unwrap().is_none(), "{variable}");
        }
        let mut environment = vec![
            ("CORELOG_NUM_PARTITIONS".to_owned(), "3".to_owned()),
            ("KAFKA_PORT".to_owned(), "tcp://10.0.0.7:9092".to_owned()),
        ];
        let pair = |(variable, value): &(&str, &str)| ((*variable).to_owned(), (*value).to_owned());
        environment.extend(SERVICE.iter().map(pair));
        let mut expected: Vec<&str> = SERVICE.iter().map(|(variable, _)| *variable).collect();
        expected.sort_unstable();
        assert_eq!(service_variables(&environment), expected);
    }

    #[test]
    fn a_name_like_a_services_with_another_value_is_a_misspelt_key() {
        for (variable, value) in [
            ("CORELOG_PORT", "9092"),
            ("CORELOG_LISTENER_PORT", "9092"),
            ("CORELOG_SERVICE_HOST", "kafka.example"),
            ("CORELOG_SERVICE_PORT", "yes"),
            ("CORELOG_PORT_9092_TCP", "9092"),
            ("CORELOG_PORT_9092_TCP_NAME", "tcp"),
            ("CORELOG_PORT_KAFKA_TCP_PORT", "9092"),
        ] {
            assert!(key_of(variable, value).is_err(), "{variable}={value}");
        }
    }

    #[test]
    fn a_key_is_a_key_whatever_its_value() {
        // It ends as a Service's variable does.
        let key = key_of("CORELOG_SHARD_LISTENERS_PORT", "tcp://10.0.0.7:9092").unwrap();
        assert_eq!(key.map(|key| key.name), Some("shard.listeners.port"));
        let taken: Vec<_> = registry()
            .broker_keys()
            .map(|key| environment_name(key.name))
            .filter(|variable| SERVICE.iter().any(|(name, _)| name == variable))
            .collect();
        assert!(taken.is_empty(), "a Service called corelog sets {taken:?}");
    }
}
