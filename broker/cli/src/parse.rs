//! Arguments with a form of their own.

use std::time::Duration;

use corelog_model::{Offset, PartitionIndex, TimestampMs};
use jiff::SignedDuration;

/// Why an argument is malformed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ParseError {
    /// Not a pair.
    #[error("{text:?} is not {form}")]
    Pair {
        /// As it was written.
        text: String,
        /// The form.
        form: &'static str,
    },
    /// Not topics with partitions.
    #[error("{0:?} is not a topic, or a topic with partitions such as orders:0,2")]
    TopicPartitions(String),
    /// Not a point in time.
    #[error(
        "{0:?} is not a point in time: give 2026-01-31T12:00:00Z, 2026-01-31T12:00:00 (UTC), 2026-01-31, or \
         milliseconds since 1970"
    )]
    Time(String),
    /// Not a place to begin.
    #[error("{0:?} is not an offset: give a number, earliest, latest, or -N for N before the end")]
    Offset(String),
    /// Not a duration.
    #[error("{0:?} is not a duration: give a number with its unit, such as 500ms, 90s, 15m or 1h30m")]
    Duration(String),
    /// Not the number of a partition, or an offset.
    #[error("{0:?} is not a number from 0")]
    Number(String),
}

/// Parses `KEY=VALUE`; the value may hold further equals signs.
pub(crate) fn key_value(text: &str) -> Result<(String, String), ParseError> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        Some(_) | None => Err(ParseError::Pair {
            text: text.to_owned(),
            form: "KEY=VALUE",
        }),
    }
}

/// A topic, all its partitions or some.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TopicPartitions {
    pub(crate) topic: String,
    /// `None`: all.
    pub(crate) partitions: Option<Vec<PartitionIndex>>,
}

/// Parses `topic` or `topic:0,2`, as Kafka's tool takes them.
pub(crate) fn topic_partitions(text: &str) -> Result<TopicPartitions, ParseError> {
    let refuse = || ParseError::TopicPartitions(text.to_owned());
    let (topic, partitions) = match text.split_once(':') {
        None => (text, None),
        Some((topic, list)) => {
            let index = |part: &str| match part.trim().parse::<i32>() {
                Ok(index) if index >= 0 => Ok(PartitionIndex::new(index)),
                Ok(_) | Err(_) => Err(refuse()),
            };
            (
                topic,
                Some(list.split(',').map(index).collect::<Result<Vec<_>, _>>()?),
            )
        }
    };
    if topic.is_empty() {
        return Err(refuse());
    }
    Ok(TopicPartitions {
        topic: topic.to_owned(),
        partitions,
    })
}

/// Parses a point in time: RFC 3339, a date and time in UTC, a date, or milliseconds since 1970.
pub(crate) fn time(text: &str) -> Result<TimestampMs, ParseError> {
    let refuse = || ParseError::Time(text.to_owned());
    if let Ok(milliseconds) = text.parse::<i64>() {
        return if milliseconds >= 0 {
            Ok(TimestampMs::new(milliseconds))
        } else {
            Err(refuse())
        };
    }
    let timestamp = text.parse::<jiff::Timestamp>().or_else(|_| {
        let civil = text.parse::<jiff::civil::DateTime>()?;
        civil
            .to_zoned(jiff::tz::TimeZone::UTC)
            .map(|zoned| zoned.timestamp())
    });
    match timestamp.map_err(|_| refuse())?.as_millisecond() {
        milliseconds if milliseconds >= 0 => Ok(TimestampMs::new(milliseconds)),
        _ => Err(refuse()),
    }
}

/// Parses a duration with its unit.
pub(crate) fn duration(text: &str) -> Result<Duration, ParseError> {
    let refuse = || ParseError::Duration(text.to_owned());
    let signed = text.parse::<SignedDuration>().map_err(|_| refuse())?;
    Duration::try_from(signed).map_err(|_| refuse())
}

/// Parses a duration, or a number of minutes, as Kafka's tool takes it.
pub(crate) fn minutes_or_duration(text: &str) -> Result<Duration, ParseError> {
    match text.parse::<u32>() {
        Ok(minutes) => Ok(Duration::from_secs(60 * u64::from(minutes))),
        Err(_) => duration(text),
    }
}

/// Shows a duration, to the second if it is one.
pub(crate) fn show_duration(milliseconds: i64) -> String {
    let duration = if milliseconds.abs() < 1_000 {
        SignedDuration::from_millis(milliseconds)
    } else {
        SignedDuration::from_secs(milliseconds / 1_000)
    };
    format!("{duration:#}")
}

/// Parses the number of a partition.
pub(crate) fn partition_index(text: &str) -> Result<PartitionIndex, ParseError> {
    match text.parse::<i32>() {
        Ok(index) if index >= 0 => Ok(PartitionIndex::new(index)),
        Ok(_) | Err(_) => Err(ParseError::Number(text.to_owned())),
    }
}

/// Parses an offset.
pub(crate) fn offset(text: &str) -> Result<Offset, ParseError> {
    let offset = text.parse::<i64>().ok().and_then(Offset::new);
    offset.ok_or_else(|| ParseError::Number(text.to_owned()))
}

/// Shows a point in time in UTC, to the millisecond.
pub(crate) fn show_time(time: TimestampMs) -> String {
    match jiff::Timestamp::from_millisecond(time.get()) {
        Ok(timestamp) => format!("{timestamp:.3}"),
        Err(_) => time.get().to_string(),
    }
}

/// Where reading a partition begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum StartOffset {
    Earliest,
    Latest,
    At(i64),
    /// So many before the end.
    BeforeEnd(i64),
}

/// Parses `earliest`, `latest`, a number, or `-N`.
pub(crate) fn start_offset(text: &str) -> Result<StartOffset, ParseError> {
    match text {
        "earliest" | "beginning" => Ok(StartOffset::Earliest),
        "latest" | "end" => Ok(StartOffset::Latest),
        number => match number.parse::<i64>() {
            Ok(offset) if offset >= 0 => Ok(StartOffset::At(offset)),
            Ok(offset) if offset > i64::MIN => Ok(StartOffset::BeforeEnd(-offset)),
            Ok(_) | Err(_) => Err(ParseError::Offset(text.to_owned())),
        },
    }
}

/// Turns `\t`, `\n`, `\0` and `\\` into what they stand for, so that they can be typed in any shell.
pub(crate) fn separator(text: &str) -> Result<String, ParseError> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let c = if c == '\\' {
            match chars.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('0') => '\0',
                Some('\\') => '\\',
                Some(_) | None => {
                    return Err(ParseError::Pair {
                        text: text.to_owned(),
                        form: r"text with \t, \n, \0 or \\",
                    });
                }
            }
        } else {
            c
        };
        out.push(c);
    }
    if out.is_empty() {
        return Err(ParseError::Pair {
            text: text.to_owned(),
            form: "a separator: it is empty",
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_are_parsed_and_shown() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(time(text).ok().map(show_time).as_deref(), expected, "{text}");
        };
        check("2026-01-31T12:00:00Z", Some("2026-01-31T12:00:00.000Z"));
        check("2026-01-31T12:00:00.5+02:00", Some("2026-01-31T10:00:00.500Z"));
        check("2026-01-31T12:00:00", Some("2026-01-31T12:00:00.000Z"));
        check("2026-01-31", Some("2026-01-31T00:00:00.000Z"));
        check("1700000000123", Some("2023-11-14T22:13:20.123Z"));
        check("-5", None);
        check("yesterday", None);
        check("1960-01-01", None);
    }

    #[test]
    fn durations_are_parsed_and_shown() {
        let check = |text: &str, expected: Option<&str>| {
            let shown = duration(text)
                .ok()
                .map(|duration| show_duration(i64::try_from(duration.as_millis()).unwrap()));
            assert_eq!(shown.as_deref(), expected, "{text}");
        };
        check("500ms", Some("500ms"));
        check("90s", Some("1m 30s"));
        check("15m", Some("15m"));
        check("1h30m", Some("1h 30m"));
        check("1 hour 2 seconds", Some("1h 2s"));
        check("26h", Some("26h"));
        check("0s", Some("0s"));
        check("90", None);
        check("-5m", None);
        check("soon", None);
        assert_eq!(minutes_or_duration("15"), Ok(Duration::from_secs(900)));
        assert_eq!(minutes_or_duration("15s"), Ok(Duration::from_secs(15)));
        assert!(minutes_or_duration("-15").is_err());
    }

    #[test]
    fn numbers_are_parsed() {
        assert_eq!(partition_index("7"), Ok(PartitionIndex::new(7)));
        assert!(partition_index("-1").is_err());
        assert_eq!(offset("7").ok(), Offset::new(7));
        assert!(offset("-1").is_err());
    }

    #[test]
    fn topics_with_partitions_are_parsed() {
        let check = |text: &str, expected: Option<(&str, Option<Vec<i32>>)>| {
            let parsed = topic_partitions(text).ok().map(|parsed| {
                let indexes = parsed
                    .partitions
                    .map(|list| list.into_iter().map(PartitionIndex::get).collect());
                (parsed.topic, indexes)
            });
            assert_eq!(
                parsed,
                expected.map(|(topic, list)| (topic.to_owned(), list)),
                "{text}"
            );
        };
        check("orders", Some(("orders", None)));
        check("orders:0,2", Some(("orders", Some(vec![0, 2]))));
        check("orders:", None);
        check("orders:-1", None);
        check(":0", None);
    }

    #[test]
    fn offsets_are_parsed() {
        assert_eq!(start_offset("5"), Ok(StartOffset::At(5)));
        assert_eq!(start_offset("-5"), Ok(StartOffset::BeforeEnd(5)));
        assert_eq!(start_offset("end"), Ok(StartOffset::Latest));
        assert!(start_offset("5x").is_err());
    }

    #[test]
    fn pairs_and_separators_are_parsed() {
        assert_eq!(key_value("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(key_value("=b").is_err());
        assert!(key_value("a").is_err());
        assert_eq!(separator(r"\t"), Ok("\t".into()));
        assert_eq!(separator(r"a\\b"), Ok(r"a\b".into()));
        assert!(separator(r"\x").is_err());
        assert!(separator("").is_err());
    }
}
