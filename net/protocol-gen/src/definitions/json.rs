//! Reads Kafka's definitions: JSON with comments.
//!
//! An attribute that is not named here is an error, so that what a later Kafka adds to the form is seen.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::Versions;

/// One of Kafka's messages, as its file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Definition {
    /// Kafka's name, such as `FetchRequest`.
    pub name: String,
    /// What the message is for.
    #[serde(rename = "type")]
    pub kind: DefinitionKind,
    /// The API's key, of a request or a response; a metadata record's own.
    pub api_key: Option<i16>,
    /// The versions there are; `None` for a message that Kafka has given up.
    #[serde(deserialize_with = "versions")]
    pub valid_versions: Option<Versions>,
    /// The versions in flexible form.
    #[serde(default, deserialize_with = "versions")]
    pub flexible_versions: Option<Versions>,
    /// Kafka does not advertise the last version unless it is told to.
    #[serde(default)]
    pub latest_version_unstable: bool,
    /// The fields in wire order; a message that was given up may name none.
    #[serde(default)]
    pub(super) fields: Vec<FieldDefinition>,
    /// Structs that several fields name.
    #[serde(default)]
    pub(super) common_structs: Vec<StructDefinition>,
    /// Who serves the API. Not on the wire.
    #[serde(default, rename = "listeners")]
    _listeners: Value,
}

/// What a message is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DefinitionKind {
    /// It opens an exchange.
    Request,
    /// It answers a request.
    Response,
    /// It comes before a request or a response.
    Header,
    /// It lies within another message or within a record.
    Data,
    /// It is a record of the metadata log.
    Metadata,
}

/// A struct below a message.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct StructDefinition {
    pub(super) name: String,
    pub(super) fields: Vec<FieldDefinition>,
    #[serde(rename = "versions")]
    _versions: Value,
}

/// A field of a message or of a struct.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct FieldDefinition {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(deserialize_with = "versions")]
    pub(super) versions: Option<Versions>,
    #[serde(default, deserialize_with = "versions")]
    pub(super) nullable_versions: Option<Versions>,
    #[serde(default, deserialize_with = "versions")]
    pub(super) tagged_versions: Option<Versions>,
    pub(super) tag: Option<u32>,
    /// `none` where the field keeps its old form in flexible versions.
    pub(super) flexible_versions: Option<String>,
    /// A string, a number or a boolean.
    #[serde(default)]
    pub(super) default: Value,
    #[serde(default)]
    pub(super) ignorable: bool,
    #[serde(default)]
    pub(super) fields: Vec<FieldDefinition>,
    #[serde(default, rename = "about")]
    _about: Value,
    #[serde(default, rename = "entityType")]
    _entity_type: Value,
    #[serde(default, rename = "mapKey")]
    _map_key: Value,
    #[serde(default, rename = "zeroCopy")]
    _zero_copy: Value,
}

/// Why the definitions cannot be compared with.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// A file could not be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not a definition of the known form.
    #[error("{path}: {source}")]
    Form {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// There is not one definition in the folder.
    #[error("{path} holds no definitions")]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

/// Reads every `*.json` file of `folder`, ordered by file name.
///
/// # Errors
/// The first file that cannot be read or is not of the known form.
pub fn read_definitions(folder: &Path) -> Result<Vec<Definition>, DefinitionError> {
    let read_error = |path: &Path| {
        let path = path.to_owned();
        move |source| DefinitionError::Read { path, source }
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read_error(folder))? {
        let path = entry.map_err(read_error(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut definitions = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(read_error(&path))?;
        definitions.push(parse(&text).map_err(|source| DefinitionError::Form { path, source })?);
    }
    if definitions.is_empty() {
        return Err(DefinitionError::Empty {
            path: folder.to_owned(),
        });
    }
    Ok(definitions)
}

pub(super) fn parse(text: &str) -> Result<Definition, serde_json::Error> {
    serde_json::from_str(&without_comments(text))
}

/// Leaves out what stands between `//` and the end of its line, unless the slashes are within a string.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut in_comment, mut escaped) = (false, false, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if in_comment {
            in_comment = letter != '\n';
        } else if in_string {
            in_string = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
        } else if letter == '"' {
            in_string = true;
        } else if letter == '/' && letters.peek() == Some(&'/') {
            in_comment = true;
        }
        if !in_comment {
            out.push(letter);
        }
    }
    out
}

/// `0-3`, `3+`, `5`, or `none`.
fn versions<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Versions>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "none" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_left_out_and_slashes_in_text_stay() {
        let text = "// a \"remark\n{\"a\": \"http://x\\\"//y\" // another\n}";
        assert_eq!(without_comments(text), "\n{\"a\": \"http://x\\\"//y\" \n}");
    }

    #[test]
    fn an_attribute_of_a_later_kafka_is_refused() {
        let check = |attribute: &str| {
            parse(&format!(
                r#"{{"name": "X", "type": "data", "validVersions": "0", "fields": [
                    {{"name": "A", "type": "int8", "versions": "0+"{attribute}}}
                ]}}"#
            ))
        };
        assert_eq!(check("").unwrap().valid_versions, "0".parse().ok());
        let error = check(r#", "encrypted": true"#).unwrap_err().to_string();
        assert!(error.contains("encrypted"), "{error}");
    }
}
