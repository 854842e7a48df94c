//! Checking a written value against its key, and its canonical form.

use crate::error::ConfigError;
use crate::key::{ConfigKey, Kind, Unit, Valid};
use crate::list;
use crate::listener::Listener;
use crate::log_levels;
use crate::shards::ShardCount;

/// A checked value, in the form in which DescribeConfigs shows it.
pub(crate) type Canonical = String;

/// Checks `text` against `key` and returns its canonical form.
pub(crate) fn check(key: &ConfigKey, text: &str) -> Result<Canonical, ConfigError> {
    let refuse = |expected: String| ConfigError::InvalidValue {
        name: key.name,
        value: if key.is_sensitive() {
            "(hidden)".to_owned()
        } else {
            text.to_owned()
        },
        expected,
    };
    let trimmed = text.trim();
    let canonical = match key.kind {
        Kind::Boolean => match trimmed.to_ascii_lowercase().as_str() {
            "true" => "true".to_owned(),
            "false" => "false".to_owned(),
            _ => return Err(refuse("true or false".to_owned())),
        },
        Kind::Int => match integer(trimmed, key.unit).and_then(|n| i32::try_from(n).ok()) {
            Some(number) => number.to_string(),
            None => return Err(refuse(format!("an integer of at most {}", i32::MAX))),
        },
        Kind::Long => match integer(trimmed, key.unit) {
            Some(number) => number.to_string(),
            None => return Err(refuse(format!("an integer of at most {}", i64::MAX))),
        },
        Kind::Double => match trimmed.parse::<f64>() {
            Ok(number) if number.is_finite() => number.to_string(),
            Ok(_) | Err(_) => return Err(refuse("a number".to_owned())),
        },
        Kind::List => list::elements(trimmed).join(","),
        Kind::String => trimmed.to_owned(),
        Kind::Password => text.to_owned(),
    };
    match violation(key, &canonical) {
        None => Ok(canonical),
        Some(expected) => Err(refuse(expected)),
    }
}

/// An integer, with a binary suffix if it counts bytes.
fn integer(text: &str, unit: Unit) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    if unit != Unit::Bytes {
        return None;
    }
    let suffixes = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];
    let (number, shift) = suffixes
        .iter()
        .find_map(|(suffix, shift)| Some((text.strip_suffix(suffix)?, *shift)))?;
    number.trim_end().parse::<i64>().ok()?.checked_mul(1 << shift)
}

/// What the value should have been, if it breaks the key's bounds.
fn violation(key: &ConfigKey, canonical: &str) -> Option<String> {
    let number = || canonical.parse::<i64>().ok();
    let holds = match key.valid {
        Valid::Any => true,
        Valid::AtLeast(least) => number().is_some_and(|n| n >= least),
        Valid::Between(first, last) => number().is_some_and(|n| (first..=last).contains(&n)),
        Valid::BetweenOr(first, last, or) => number().is_some_and(|n| (first..=last).contains(&n) || n == or),
        Valid::Fraction => canonical.parse::<f64>().is_ok_and(|n| (0.0..=1.0).contains(&n)),
        Valid::OneOf(words) => words.contains(&canonical),
        Valid::EachOf(words) => {
            let elements = list::elements(canonical);
            elements.iter().all(|e| words.contains(e)) && is_distinct(&elements)
        }
        Valid::NotEmpty => !canonical.is_empty(),
        Valid::One => {
            let elements = list::elements(canonical);
            elements.len() == 1 && !elements[0].is_empty()
        }
        Valid::ThrottledReplicas => is_throttled_replicas(canonical),
        Valid::Listeners => match Listener::parse_list(canonical) {
            Ok(_) => true,
            Err(error) => return Some(error.to_string()),
        },
        Valid::HostPort => match Listener::parse_host_port(canonical) {
            Ok(_) => true,
            Err(error) => return Some(error.to_string()),
        },
        Valid::Shards => match canonical.parse::<ShardCount>() {
            Ok(_) => true,
            Err(error) => return Some(error.to_string()),
        },
        Valid::LogLevels => log_levels::is_valid(canonical),
    };
    (!holds).then(|| expected(key.valid))
}

/// The bounds in words, for messages and the reference page; empty if there are none.
pub(crate) fn expected(valid: Valid) -> String {
    match valid {
        Valid::Any => String::new(),
        Valid::AtLeast(least) => format!("at least {least}"),
        Valid::Between(first, last) => format!("{first} to {last}"),
        Valid::BetweenOr(first, last, or) => format!("{first} to {last}, or {or}"),
        Valid::Fraction => "0 to 1".to_owned(),
        Valid::OneOf(&[word]) => word.to_owned(),
        Valid::OneOf(words) => format!("one of {}", words.join(", ")),
        Valid::EachOf(words) => format!("a list of {}, each at most once", words.join(", ")),
        Valid::NotEmpty => "not empty".to_owned(),
        Valid::One => "exactly one element".to_owned(),
        Valid::ThrottledReplicas => "*, none, or a list such as 0:1,1:2 (partition:broker)".to_owned(),
        Valid::Listeners => "a list such as PLAINTEXT://host:9092".to_owned(),
        Valid::HostPort => "host:port".to_owned(),
        Valid::Shards => "auto, a count, or a list of cores such as 0,2,4-7".to_owned(),
        Valid::LogLevels => {
            "off, error, warn, info, debug, trace, or a list such as info,corelog_storage=debug".to_owned()
        }
    }
}

fn is_distinct(elements: &[&str]) -> bool {
    elements
        .iter()
        .enumerate()
        .all(|(index, element)| !elements[..index].contains(element))
}

fn is_throttled_replicas(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text == "*"
        || text == "none"
        || list::elements(text).iter().all(|element| {
            element
                .split_once(':')
                .is_some_and(|(partition, broker)| number(partition) && number(broker))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_as(kind: Kind, unit: Unit, valid: Valid, text: &str) -> Option<String> {
        let key = ConfigKey::topic("k", kind, "").unit(unit).valid(valid);
        check(&key, text).ok()
    }

    #[test]
    fn values_are_checked_and_made_canonical() {
        let table: &[(Kind, Unit, Valid, &str, Option<&str>)] = &[
            (Kind::Boolean, Unit::None, Valid::Any, " TRUE ", Some("true")),
            (Kind::Boolean, Unit::None, Valid::Any, "yes", None),
            (Kind::Int, Unit::None, Valid::Any, " 7 ", Some("7")),
            (Kind::Int, Unit::None, Valid::Any, "2147483648", None),
            (Kind::Int, Unit::None, Valid::Any, "1KiB", None),
            (Kind::Int, Unit::Bytes, Valid::Any, "1KiB", Some("1024")),
            (Kind::Int, Unit::Bytes, Valid::Any, "2 MiB", Some("2097152")),
            (Kind::Long, Unit::Bytes, Valid::Any, "8388608TiB", None),
            (Kind::Long, Unit::Bytes, Valid::AtLeast(-1), "-1", Some("-1")),
            (Kind::Long, Unit::Bytes, Valid::AtLeast(-1), "-2", None),
            (Kind::Long, Unit::None, Valid::Between(1, 3), "3", Some("3")),
            (Kind::Long, Unit::None, Valid::Between(1, 3), "4", None),
            (
                Kind::Int,
                Unit::None,
                Valid::BetweenOr(1, 9, -1),
                "-1",
                Some("-1"),
            ),
            (Kind::Int, Unit::None, Valid::BetweenOr(1, 9, -1), "0", None),
            (Kind::Double, Unit::None, Valid::Fraction, "0.50", Some("0.5")),
            (Kind::Double, Unit::None, Valid::Fraction, "1.1", None),
            (Kind::Double, Unit::None, Valid::Any, "NaN", None),
            (
                Kind::List,
                Unit::None,
                Valid::EachOf(&["a", "b"]),
                " a , b ",
                Some("a,b"),
            ),
            (Kind::List, Unit::None, Valid::EachOf(&["a", "b"]), "", Some("")),
            (Kind::List, Unit::None, Valid::EachOf(&["a", "b"]), "a,a", None),
            (Kind::List, Unit::None, Valid::EachOf(&["a", "b"]), "a,c", None),
            (Kind::List, Unit::None, Valid::One, "a,b", None),
            (Kind::List, Unit::None, Valid::One, "", None),
            (Kind::String, Unit::None, Valid::OneOf(&["x"]), "X", None),
            (
                Kind::List,
                Unit::None,
                Valid::ThrottledReplicas,
                "0:1,12:3",
                Some("0:1,12:3"),
            ),
            (Kind::List, Unit::None, Valid::ThrottledReplicas, "*", Some("*")),
            (Kind::List, Unit::None, Valid::ThrottledReplicas, "0:", None),
        ];
        for (kind, unit, valid, text, expected) in table {
            assert_eq!(
                check_as(*kind, *unit, *valid, text).as_deref(),
                *expected,
                "{text:?} as {kind:?} {valid:?}"
            );
        }
    }

    #[test]
    fn a_password_is_not_repeated_in_the_error() {
        let key = ConfigKey::fixed("secret", Kind::Password, "").valid(Valid::OneOf(&["x"]));
        let message = check(&key, "hunter2").unwrap_err().to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }
}
