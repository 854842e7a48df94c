//! `-X KEY=VALUE`: settings of our clients by the names that Kafka's clients have for them.
//!
//! The table below has all of them. One that our clients lack is refused, with those that there are.

use std::time::Duration;

use corelog_client::{Acks, ClientOptions, ConsumerOptions, Isolation, ProducerOptions};
use corelog_model::batch::Compression;

use crate::parse::ParseError;

/// Which of our clients a setting is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// All of them.
    Client,
    /// The one of `produce`.
    Producer,
    /// The one of `consume`.
    Consumer,
}

/// A key that our clients have.
struct Key {
    name: &'static str,
    scope: Scope,
    /// What its value is, for an error.
    form: &'static str,
    parse: fn(&str) -> Option<Value>,
}

/// What a key is set to.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Value {
    Profile(String),
    Bootstrap(String),
    Admin(String),
    ClientId(String),
    RequestTimeout(Duration),
    ConnectTimeout(Duration),
    RetryTime(Duration),
    Acks(Acks),
    Compression(Compression),
    BatchBytes(usize),
    IsIdempotent(bool),
    CreateTopic(bool),
    Isolation(Isolation),
    FetchBytes(i32),
    PartitionBytes(i32),
    FetchWait(Duration),
}

const MILLISECONDS: &str = "a number of milliseconds";
const BYTES: &str = "a number of bytes";
const BOOLEAN: &str = "true or false";

#[rustfmt::skip]
const KEYS: &[Key] = &[
    Key { name: "profile", scope: Scope::Client, form: "the name of a profile",
        parse: |text| some(text).map(Value::Profile) },
    Key { name: "bootstrap.servers", scope: Scope::Client, form: "HOST:PORT,...",
        parse: |text| some(text).map(Value::Bootstrap) },
    Key { name: "admin.listener", scope: Scope::Client, form: "HOST:PORT",
        parse: |text| some(text).map(Value::Admin) },
    Key { name: "client.id", scope: Scope::Client, form: "a name", parse: |text| some(text).map(Value::ClientId) },
    Key { name: "request.timeout.ms", scope: Scope::Client, form: MILLISECONDS,
        parse: |text| milliseconds(text).map(Value::RequestTimeout) },
    Key { name: "socket.connection.setup.timeout.ms", scope: Scope::Client, form: MILLISECONDS,
        parse: |text| milliseconds(text).map(Value::ConnectTimeout) },
    Key { name: "default.api.timeout.ms", scope: Scope::Client, form: MILLISECONDS,
        parse: |text| milliseconds(text).map(Value::RetryTime) },
    Key { name: "acks", scope: Scope::Producer, form: "all, 1 or 0", parse: |text| acks(text).map(Value::Acks) },
    Key { name: "compression.type", scope: Scope::Producer, form: "none, gzip, snappy, lz4 or zstd",
        parse: |text| compression(text).map(Value::Compression) },
    Key { name: "batch.size", scope: Scope::Producer, form: BYTES,
        parse: |text| text.parse().ok().filter(|bytes| *bytes > 0).map(Value::BatchBytes) },
    Key { name: "enable.idempotence", scope: Scope::Producer, form: BOOLEAN,
        parse: |text| text.parse().ok().map(Value::IsIdempotent) },
    Key { name: "allow.auto.create.topics", scope: Scope::Producer, form: BOOLEAN,
        parse: |text| text.parse().ok().map(Value::CreateTopic) },
    Key { name: "isolation.level", scope: Scope::Consumer, form: "read_committed or read_uncommitted",
        parse: |text| isolation(text).map(Value::Isolation) },
    Key { name: "fetch.max.bytes", scope: Scope::Consumer, form: BYTES,
        parse: |text| text.parse().ok().filter(|bytes| *bytes > 0).map(Value::FetchBytes) },
    Key { name: "max.partition.fetch.bytes", scope: Scope::Consumer, form: BYTES,
        parse: |text| text.parse().ok().filter(|bytes| *bytes > 0).map(Value::PartitionBytes) },
    Key { name: "fetch.max.wait.ms", scope: Scope::Consumer, form: MILLISECONDS,
        parse: |text| milliseconds(text).map(Value::FetchWait) },
];

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A day at most: the network's limits are in milliseconds of 32 bits.
fn milliseconds(text: &str) -> Option<Duration> {
    let milliseconds = text.parse::<u64>().ok()?;
    (milliseconds <= 86_400_000).then(|| Duration::from_millis(milliseconds))
}

fn acks(text: &str) -> Option<Acks> {
    match text {
        "all" | "-1" => Some(Acks::All),
        "1" => Some(Acks::Leader),
        "0" => Some(Acks::None),
        _ => None,
    }
}

fn compression(text: &str) -> Option<Compression> {
    match text {
        "none" => Some(Compression::None),
        "gzip" => Some(Compression::Gzip),
        "snappy" => Some(Compression::Snappy),
        "lz4" => Some(Compression::Lz4),
        "zstd" => Some(Compression::Zstd),
        _ => None,
    }
}

fn isolation(text: &str) -> Option<Isolation> {
    match text {
        "read_committed" => Some(Isolation::ReadCommitted),
        "read_uncommitted" => Some(Isolation::ReadUncommitted),
        _ => None,
    }
}

/// One `-X KEY=VALUE`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientSetting {
    name: &'static str,
    scope: Scope,
    value: Value,
}

/// Why a setting is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SettingError {
    /// Not a pair.
    #[error(transparent)]
    Pair(#[from] ParseError),
    /// Our clients have no such key.
    #[error("our clients have no setting {name}; they have {}", names(|_| true))]
    Unknown {
        /// As it was written.
        name: String,
    },
    /// The value is none.
    #[error("{name} is {form}, not {value:?}")]
    Value {
        /// The key.
        name: &'static str,
        /// What its value is.
        form: &'static str,
        /// As it was written.
        value: String,
    },
    /// The command has no client, or not the one that the setting is of.
    #[error("this command does nothing with the setting {name}{}", those_of(allowed))]
    Elsewhere {
        /// The key.
        name: &'static str,
        /// Those that the command takes.
        allowed: String,
    },
}

fn those_of(allowed: &str) -> String {
    if allowed.is_empty() {
        return ": it talks to no broker".to_owned();
    }
    format!("; it takes {allowed}")
}

fn names(is_meant: impl Fn(&Key) -> bool) -> String {
    let names: Vec<_> = KEYS
        .iter()
        .filter(|key| is_meant(key))
        .map(|key| key.name)
        .collect();
    names.join(", ")
}

/// Parses one setting.
pub(crate) fn client_setting(text: &str) -> Result<ClientSetting, SettingError> {
    let (name, value) = crate::parse::key_value(text)?;
    let key = KEYS
        .iter()
        .find(|key| key.name == name)
        .ok_or(SettingError::Unknown { name })?;
    match (key.parse)(value.trim()) {
        Some(value) => Ok(ClientSetting {
            name: key.name,
            scope: key.scope,
            value,
        }),
        None => Err(SettingError::Value {
            name: key.name,
            form: key.form,
            value,
        }),
    }
}

/// Refuses settings that a command with clients of these kinds does nothing with.
pub(crate) fn check(settings: &[ClientSetting], scopes: &[Scope]) -> Result<(), SettingError> {
    match settings.iter().find(|setting| !scopes.contains(&setting.scope)) {
        None => Ok(()),
        Some(setting) => Err(SettingError::Elsewhere {
            name: setting.name,
            allowed: names(|key| scopes.contains(&key.scope)),
        }),
    }
}

/// The last of the settings that `pick` takes.
fn last<'a>(
    settings: &'a [ClientSetting],
    pick: impl Fn(&'a Value) -> Option<&'a String>,
) -> Option<&'a str> {
    settings
        .iter()
        .rev()
        .find_map(|setting| pick(&setting.value))
        .map(String::as_str)
}

/// The profile to go by, if one is named.
pub(crate) fn profile(settings: &[ClientSetting]) -> Option<&str> {
    last(settings, |value| match value {
        Value::Profile(name) => Some(name),
        _ => None,
    })
}

/// The brokers to ask first, if they are named.
pub(crate) fn bootstrap(settings: &[ClientSetting]) -> Option<&str> {
    last(settings, |value| match value {
        Value::Bootstrap(list) => Some(list),
        _ => None,
    })
}

/// The admin port, if it is named.
pub(crate) fn admin(settings: &[ClientSetting]) -> Option<&str> {
    last(settings, |value| match value {
        Value::Admin(address) => Some(address),
        _ => None,
    })
}

/// Sets what all clients have.
pub(crate) fn set_client(settings: &[ClientSetting], options: &mut ClientOptions) {
    for setting in settings {
        match &setting.value {
            Value::ClientId(id) => options.connection.client_id.clone_from(id),
            Value::RequestTimeout(time) => options.connection.request_timeout = *time,
            Value::ConnectTimeout(time) => options.connection.connect_timeout = *time,
            Value::RetryTime(time) => options.retry_time_max = *time,
            _ => {}
        }
    }
}

/// Sets what a producer has.
pub(crate) fn set_producer(settings: &[ClientSetting], options: &mut ProducerOptions) {
    for setting in settings {
        match setting.value {
            Value::Acks(acks) => options.acks = acks,
            Value::Compression(compression) => options.compression = compression,
            Value::BatchBytes(bytes) => options.batch_bytes = bytes,
            Value::IsIdempotent(is_idempotent) => options.is_idempotent = is_idempotent,
            Value::CreateTopic(create) => options.create_topic = create,
            _ => {}
        }
    }
}

/// Sets what a consumer has.
pub(crate) fn set_consumer(settings: &[ClientSetting], options: &mut ConsumerOptions) {
    for setting in settings {
        match setting.value {
            Value::Isolation(isolation) => options.isolation = isolation,
            Value::FetchBytes(bytes) => options.bytes_max = bytes,
            Value::PartitionBytes(bytes) => options.partition_bytes_max = bytes,
            Value::FetchWait(wait) => options.wait_max = wait,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(texts: &[&str]) -> Vec<ClientSetting> {
        texts.iter().map(|text| client_setting(text).unwrap()).collect()
    }

    #[test]
    fn each_key_sets_its_option() {
        let given = settings(&[
            "client.id=me",
            "request.timeout.ms=7",
            "acks=1",
            "compression.type=zstd",
            "enable.idempotence=false",
            "isolation.level=read_committed",
            "fetch.max.wait.ms=9",
            "bootstrap.servers=a:1",
            "bootstrap.servers=b:1",
        ]);
        let mut client = ClientOptions::new(Vec::new());
        set_client(&given, &mut client);
        assert_eq!(client.connection.client_id, "me");
        assert_eq!(client.connection.request_timeout, Duration::from_millis(7));
        let mut producer = ProducerOptions::default();
        set_producer(&given, &mut producer);
        assert_eq!(
            (producer.acks, producer.compression, producer.is_idempotent),
            (Acks::Leader, Compression::Zstd, false)
        );
        let mut consumer = ConsumerOptions::default();
        set_consumer(&given, &mut consumer);
        assert_eq!(
            (consumer.isolation, consumer.wait_max),
            (Isolation::ReadCommitted, Duration::from_millis(9))
        );
        assert_eq!(bootstrap(&given), Some("b:1"), "the last one counts");
    }

    #[test]
    fn what_our_clients_lack_is_refused_with_what_they_have() {
        let check = |text: &str, part: &str| {
            let message = client_setting(text).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        };
        check("sasl.mechanism=PLAIN", "they have profile, bootstrap.servers, ");
        check("acks=2", "acks is all, 1 or 0, not \"2\"");
        check("request.timeout.ms=soon", "a number of milliseconds");
        check("acks", "KEY=VALUE");
    }

    #[test]
    fn a_setting_of_another_client_is_refused() {
        let given = settings(&["acks=1"]);
        assert_eq!(check(&given, &[Scope::Client, Scope::Producer]), Ok(()));
        let message = check(&given, &[Scope::Client]).unwrap_err().to_string();
        assert!(
            message.contains("it takes profile, bootstrap.servers"),
            "{message}"
        );
        let message = check(&given, &[]).unwrap_err().to_string();
        assert!(message.contains("talks to no broker"), "{message}");
    }
}
