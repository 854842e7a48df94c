//! Records as JSON, one object a line: the same form that `consume` writes and `produce` reads.
//!
//! ```json
//! {"topic":"orders","partition":0,"offset":7,"timestamp":1700000000000,"key":"k","value":"v",
//!  "headers":[{"key":"h","value":"1"}]}
//! ```
//! Bytes that are not UTF-8 stand under `key_base64` and `value_base64`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use corelog_client::{Record, RecordHeader, StoredRecord};
use corelog_model::{PartitionIndex, TimestampMs};
use serde::{Deserialize, Serialize};

/// Why a line of the input is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not JSON, or not of the form.
    #[error("not a record in JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Both forms of one field.
    #[error("{field} and {field}_base64 are both there; give one")]
    Both {
        /// The field.
        field: &'static str,
    },
    /// Not base64.
    #[error("{field}_base64 is not base64: {source}")]
    Base64 {
        /// The field.
        field: &'static str,
        /// Why.
        source: base64::DecodeError,
    },
    /// No key separator.
    #[error("there is no key separator {0:?} in it")]
    NoSeparator(String),
}

#[derive(Serialize)]
struct JsonRecord<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    timestamp: i64,
    #[serde(flatten)]
    key: JsonField<'a>,
    #[serde(flatten)]
    value: JsonField<'a>,
    headers: Vec<JsonHeader<'a>>,
}

#[derive(Serialize)]
struct JsonHeader<'a> {
    key: &'a str,
    #[serde(flatten)]
    value: JsonField<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum JsonField<'a> {
    Key { key: Option<&'a str> },
    KeyBytes { key_base64: String },
    Value { value: Option<&'a str> },
    ValueBytes { value_base64: String },
}

impl<'a> JsonField<'a> {
    fn key(bytes: Option<&'a Bytes>) -> JsonField<'a> {
        match bytes.map(|bytes| std::str::from_utf8(bytes)) {
            None => JsonField::Key { key: None },
            Some(Ok(text)) => JsonField::Key { key: Some(text) },
            Some(Err(_)) => JsonField::KeyBytes {
                key_base64: bytes.map(|bytes| STANDARD.encode(bytes)).unwrap_or_default(),
            },
        }
    }

    fn value(bytes: Option<&'a Bytes>) -> JsonField<'a> {
        match bytes.map(|bytes| std::str::from_utf8(bytes)) {
            None => JsonField::Value { value: None },
            Some(Ok(text)) => JsonField::Value { value: Some(text) },
            Some(Err(_)) => JsonField::ValueBytes {
                value_base64: bytes.map(|bytes| STANDARD.encode(bytes)).unwrap_or_default(),
            },
        }
    }
}

/// Writes a record as one line, without its end.
pub(crate) fn show_record(topic: &str, partition: PartitionIndex, record: &StoredRecord) -> String {
    let json = JsonRecord {
        topic,
        partition: partition.get(),
        offset: record.offset.get(),
        timestamp: record.timestamp.get(),
        key: JsonField::key(record.key.as_ref()),
        value: JsonField::value(record.value.as_ref()),
        headers: record
            .headers
            .iter()
            .map(|header| JsonHeader {
                key: &header.key,
                value: JsonField::value(header.value.as_ref()),
            })
            .collect(),
    };
    serde_json::to_string(&json).expect("strings and numbers have JSON forms")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InputRecord {
    key: Option<String>,
    key_base64: Option<String>,
    value: Option<String>,
    value_base64: Option<String>,
    #[serde(default)]
    headers: Vec<InputHeader>,
    timestamp: Option<i64>,
    partition: Option<i32>,
    // What `consume` writes besides is read and left alone, so that its output can be produced again.
    #[serde(rename = "topic")]
    _topic: Option<String>,
    #[serde(rename = "offset")]
    _offset: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InputHeader {
    key: String,
    value: Option<String>,
    value_base64: Option<String>,
}

/// Reads a record from one line; `now` is its timestamp if it has none. The second part is the partition it names.
pub(crate) fn parse_record(
    line: &str,
    now: TimestampMs,
) -> Result<(Record, Option<PartitionIndex>), RecordError> {
    let input: InputRecord = serde_json::from_str(line)?;
    let headers = input
        .headers
        .into_iter()
        .map(|header| {
            Ok(RecordHeader {
                value: bytes("value", header.value, header.value_base64)?,
                key: header.key,
            })
        })
        .collect::<Result<_, RecordError>>()?;
    let record = Record {
        key: bytes("key", input.key, input.key_base64)?,
        value: bytes("value", input.value, input.value_base64)?,
        headers,
        timestamp: input.timestamp.map_or(now, TimestampMs::new),
    };
    Ok((record, input.partition.map(PartitionIndex::new)))
}

fn bytes(
    field: &'static str,
    text: Option<String>,
    base64: Option<String>,
) -> Result<Option<Bytes>, RecordError> {
    match (text, base64) {
        (None, None) => Ok(None),
        (Some(text), None) => Ok(Some(Bytes::from(text))),
        (None, Some(base64)) => match STANDARD.decode(base64) {
            Ok(bytes) => Ok(Some(Bytes::from(bytes))),
            Err(source) => Err(RecordError::Base64 { field, source }),
        },
        (Some(_), Some(_)) => Err(RecordError::Both { field }),
    }
}

#[cfg(test)]
mod tests {
    use corelog_model::Offset;
    use corelog_model::batch::TimestampType;

    use super::*;

    fn stored(key: Option<&'static [u8]>, value: Option<&'static [u8]>) -> StoredRecord {
        StoredRecord {
            offset: Offset::new(7).unwrap(),
            timestamp: TimestampMs::new(5),
            timestamp_type: TimestampType::CreateTime,
            key: key.map(Bytes::from_static),
            value: value.map(Bytes::from_static),
            headers: vec![RecordHeader {
                key: "h".into(),
                value: Some(Bytes::from_static(b"1")),
            }],
        }
    }

    #[test]
    fn a_record_comes_back_as_it_went() {
        for (key, value) in [
            (None, None),
            (Some(&b"k"[..]), Some(&b"v\n\"x\""[..])),
            (Some(&b""[..]), Some(&b"\xff\x00"[..])),
            (Some(&b"\xfe"[..]), None),
        ] {
            let stored = stored(key, value);
            let line = show_record("t", PartitionIndex::new(3), &stored);
            assert!(!line.contains('\n'));
            let (record, partition) = parse_record(&line, TimestampMs::new(0)).unwrap();
            assert_eq!((record.key, record.value), (stored.key, stored.value), "{line}");
            assert_eq!(
                (record.headers, record.timestamp),
                (stored.headers, stored.timestamp)
            );
            assert_eq!(partition, Some(PartitionIndex::new(3)));
        }
    }

    #[test]
    fn the_form_is_fixed() {
        let line = show_record("t", PartitionIndex::new(3), &stored(Some(b"k"), Some(b"\xff")));
        let expected = r#"{"topic":"t","partition":3,"offset":7,"timestamp":5,"key":"k","value_base64":"/w==","headers":[{"key":"h","value":"1"}]}"#;
        assert_eq!(line, expected);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let check = |line: &str, part: &str| {
            let message = parse_record(line, TimestampMs::new(0)).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        };
        check("x", "not a record in JSON");
        check(r#"{"vaule":"x"}"#, "vaule");
        check(r#"{"value":"x","value_base64":"eA=="}"#, "both there");
        check(r#"{"key_base64":"%"}"#, "key_base64 is not base64");
    }
}
