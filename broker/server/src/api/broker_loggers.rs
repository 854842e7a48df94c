//! The loggers of a broker as Kafka's tools see them: resources of the type BROKER_LOGGER, a name and a level each.
//!
//! Here they are parts of the broker's setting `log.level`, so a level that is set stays over restarts, which Kafka forgets.

use std::collections::BTreeMap;

use corelog_controller::{ConfigChange, ConfigOperation};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::describe_configs::{DescribeConfigsResourceResult, DescribeConfigsSynonym};
use corelog_protocol::messages::incremental_alter_configs::AlterableConfig;

use crate::api::changes::invalid_request;
use crate::cluster::Identity;
use crate::error_codes::Failure;

/// The setting.
const KEY: &str = "log.level";
/// What is written where nobody has set it.
const UNSET: &str = "info,glommio=warn";
/// Kafka's name of all that has no level of its own.
const ROOT: &str = "root";
/// The parts of the program that write log lines; modules within them may have levels, too.
const PARTS: [&str; 12] = [
    "corelog",
    "corelog_broker",
    "corelog_cli",
    "corelog_config",
    "corelog_controller",
    "corelog_groups",
    "corelog_metadata",
    "corelog_partition",
    "corelog_runtime",
    "corelog_storage",
    "corelog_transactions",
    "glommio",
];
/// Kafka's levels with ours.
const LEVELS: [(&str, &str); 7] = [
    ("TRACE", "trace"),
    ("DEBUG", "debug"),
    ("INFO", "info"),
    ("WARN", "warn"),
    ("ERROR", "error"),
    ("FATAL", "error"),
    ("OFF", "off"),
];
/// `DYNAMIC_BROKER_LOGGER_CONFIG` of Kafka's sources.
const SOURCE: i8 = 6;
/// Unknown, of Kafka's types of settings: what it says of loggers.
const TYPE: i8 = 0;

/// Levels by logger.
struct Levels(BTreeMap<String, String>);

impl Levels {
    /// Of the setting's value.
    fn parse(setting: Option<&str>) -> Levels {
        let parts = setting.unwrap_or(UNSET).split(',').map(str::trim);
        let level = |part: &str| match part.split_once('=') {
            Some((name, level)) => (name.to_owned(), level.to_ascii_lowercase()),
            None => (ROOT.to_owned(), part.to_ascii_lowercase()),
        };
        Levels(parts.filter(|part| !part.is_empty()).map(level).collect())
    }

    /// As the setting has them.
    fn text(&self) -> String {
        let part = |(name, level): (&String, &String)| {
            if name == ROOT {
                level.clone()
            } else {
                format!("{name}={level}")
            }
        };
        self.0.iter().map(part).collect::<Vec<_>>().join(",")
    }

    /// That of a logger: its own, else that of the longest module around it, else the root's.
    fn of(&self, logger: &str) -> &str {
        let around = |name: &str| {
            logger
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        let found = self.0.iter().filter(|(name, _)| around(name));
        let found = found.max_by_key(|(name, _)| name.len()).map(|(_, level)| level);
        found.or_else(|| self.0.get(ROOT)).map_or("error", String::as_str)
    }
}

/// Whether these are the loggers of this broker.
///
/// # Errors
/// INVALID_REQUEST if not.
fn check_broker(name: &str, here: &Identity) -> Result<(), Failure> {
    match name.parse() {
        Ok(id) if here.is_me(id) => Ok(()),
        Ok(_) | Err(_) => Err(invalid_request(format!(
            "this is broker {}, and the loggers asked for are those of {name:?}",
            here.broker
        ))),
    }
}

/// Each logger with its level.
///
/// # Errors
/// See [`check_broker`].
pub(super) fn describe(
    name: &str,
    here: &Identity,
    setting: Option<&str>,
    with_synonyms: bool,
) -> Result<Vec<DescribeConfigsResourceResult>, Failure> {
    check_broker(name, here)?;
    let levels = Levels::parse(setting);
    let known = PARTS.iter().copied().chain([ROOT]);
    let mut names: Vec<&str> = known.chain(levels.0.keys().map(String::as_str)).collect();
    names.sort_unstable();
    names.dedup();
    let result = |logger: &str| {
        let ours = levels.of(logger);
        let level = LEVELS.iter().find(|(_, level)| *level == ours);
        let level = level.map_or("OFF", |(theirs, _)| theirs).to_owned();
        let synonym = DescribeConfigsSynonym {
            name: logger.to_owned(),
            value: Some(level.clone()),
            source: SOURCE,
        };
        DescribeConfigsResourceResult {
            name: logger.to_owned(),
            value: Some(level),
            config_source: SOURCE,
            config_type: TYPE,
            synonyms: if with_synonyms { vec![synonym] } else { Vec::new() },
            ..Default::default()
        }
    };
    Ok(names.into_iter().map(result).collect())
}

/// What is to become of the setting, if these loggers are changed.
///
/// # Errors
/// INVALID_REQUEST or INVALID_CONFIG, as Kafka's `BrokerLoggers` has them.
pub(super) fn change(
    name: &str,
    here: &Identity,
    setting: Option<&str>,
    configs: &[AlterableConfig],
) -> Result<Vec<ConfigChange>, Failure> {
    check_broker(name, here)?;
    let mut levels = Levels::parse(setting);
    for config in configs {
        let logger = config.name.as_str();
        let part = logger.split("::").next().unwrap_or_default();
        let is_path = logger
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'));
        if !is_path || (logger != ROOT && !PARTS.contains(&part)) {
            let message = format!(
                "there is no logger {logger}; there are root, {}",
                PARTS.join(", ")
            );
            return Err(Failure::new(ErrorCode::InvalidConfig, message));
        }
        match (config.config_operation, config.value.as_deref()) {
            (0, Some(level)) => {
                let found = LEVELS
                    .iter()
                    .find(|(theirs, _)| theirs.eq_ignore_ascii_case(level));
                let (_, ours) = found.ok_or_else(|| {
                    let message = format!("{level:?} is no level of the logger {logger}");
                    Failure::new(ErrorCode::InvalidConfig, message)
                })?;
                levels.0.insert(logger.to_owned(), (*ours).to_owned());
            }
            (0, None) => return Err(invalid_request(format!("the level of {logger} cannot be null"))),
            (1, _) if logger == ROOT => {
                return Err(invalid_request("the root logger always has a level"));
            }
            (1, _) => {
                levels.0.remove(logger);
            }
            (operation, _) => {
                return Err(invalid_request(format!(
                    "{operation} is no operation on the logger {logger}: its level is set or deleted"
                )));
            }
        }
    }
    Ok(vec![ConfigChange {
        key: KEY.to_owned(),
        operation: ConfigOperation::Set(levels.text()),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::test_image::identity;

    fn config(name: &str, operation: i8, value: Option<&str>) -> AlterableConfig {
        AlterableConfig {
            name: name.to_owned(),
            config_operation: operation,
            value: value.map(str::to_owned),
        }
    }

    #[test]
    fn levels_are_set_and_deleted() {
        let check = |setting: Option<&str>, config: AlterableConfig, expected: Result<&str, ErrorCode>| {
            let changed = change("1", &identity(None), setting, &[config]);
            let expected = expected.map(|text| {
                vec![ConfigChange {
                    key: KEY.to_owned(),
                    operation: ConfigOperation::Set(text.to_owned()),
                }]
            });
            assert_eq!(changed.map_err(|failure| failure.code), expected);
        };
        let set = |name, level| config(name, 0, Some(level));
        check(
            None,
            set("corelog_storage", "DEBUG"),
            Ok("corelog_storage=debug,glommio=warn,info"),
        );
        check(Some("warn"), set("root", "trace"), Ok("trace"));
        check(
            Some("warn"),
            set("corelog_broker::api", "FATAL"),
            Ok("corelog_broker::api=error,warn"),
        );
        check(Some("warn,glommio=off"), config("glommio", 1, None), Ok("warn"));
        check(None, config("root", 1, None), Err(ErrorCode::InvalidRequest));
        check(None, config("root", 0, None), Err(ErrorCode::InvalidRequest));
        check(
            None,
            config("root", 2, Some("INFO")),
            Err(ErrorCode::InvalidRequest),
        );
        check(None, set("root", "LOUD"), Err(ErrorCode::InvalidConfig));
        check(None, set("kafka", "INFO"), Err(ErrorCode::InvalidConfig));
        check(None, set("corelog=", "INFO"), Err(ErrorCode::InvalidConfig));
        assert!(change("2", &identity(None), None, &[]).is_err());
    }

    #[test]
    fn each_logger_has_a_level() {
        let setting = Some("info,corelog_storage=debug,corelog_broker::api=off");
        let described = describe("1", &identity(None), setting, true).unwrap();
        let level = |name: &str| {
            let found = described.iter().find(|result| result.name == name).unwrap();
            assert_eq!((found.config_source, found.synonyms.len()), (SOURCE, 1));
            found.value.clone().unwrap()
        };
        for (name, expected) in [
            ("root", "INFO"),
            ("corelog_storage", "DEBUG"),
            ("corelog_broker", "INFO"),
            ("corelog_broker::api", "OFF"),
            ("corelog", "INFO"),
        ] {
            assert_eq!(level(name), expected, "{name}");
        }
        assert!(describe("one", &identity(None), None, false).is_err());
    }
}
