//! The TOML file: Kafka's dotted names, quoted (`"num.partitions" = 3`) or as tables (`num.partitions = 3`,
//! `[num]` `partitions = 3`).

use std::collections::BTreeMap;
use std::path::Path;

use toml::Value;

use crate::error::LoadError;

/// Reads a file's text as a flat map from dotted name to value.
pub(crate) fn parse(path: &Path, text: &str) -> Result<BTreeMap<String, String>, LoadError> {
    let table = text.parse::<toml::Table>().map_err(|source| LoadError::Toml {
        path: path.to_owned(),
        line: source
            .span()
            .and_then(|span| text.get(..span.start))
            .map_or(1, |before| before.matches('\n').count() + 1),
        cause: Box::new(source),
    })?;
    let mut flat = BTreeMap::new();
    flatten(path, "", &table, &mut flat)?;
    Ok(flat)
}

fn flatten(
    path: &Path,
    prefix: &str,
    table: &toml::Table,
    flat: &mut BTreeMap<String, String>,
) -> Result<(), LoadError> {
    for (part, value) in table {
        let name = if prefix.is_empty() {
            part.clone()
        } else {
            format!("{prefix}.{part}")
        };
        if let Value::Table(inner) = value {
            flatten(path, &name, inner, flat)?;
            continue;
        }
        let text = match value {
            Value::Array(elements) => elements
                .iter()
                .map(|element| scalar(path, &name, element))
                .collect::<Result<Vec<_>, _>>()?
                .join(","),
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Table(_) => scalar(path, &name, value)?,
        };
        if flat.insert(name.clone(), text).is_some() {
            return Err(LoadError::TomlTwice {
                path: path.to_owned(),
                name,
            });
        }
    }
    Ok(())
}

fn scalar(path: &Path, name: &str, value: &Value) -> Result<String, LoadError> {
    let refuse = |found: &'static str| {
        Err(LoadError::TomlValue {
            path: path.to_owned(),
            name: name.to_owned(),
            found,
        })
    };
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(truth) => Ok(truth.to_string()),
        Value::Datetime(_) => refuse("a date"),
        Value::Array(_) => refuse("a list within a list"),
        Value::Table(_) => refuse("a table within a list"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Vec<(String, String)>, String> {
        parse(Path::new("corelog.toml"), text)
            .map(|flat| flat.into_iter().collect())
            .map_err(|error| error.to_string())
    }

    fn pairs(expected: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        Ok(expected
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect())
    }

    #[test]
    fn quoted_dotted_and_nested_names_are_one() {
        assert_eq!(check("\"num.partitions\" = 3"), pairs(&[("num.partitions", "3")]));
        assert_eq!(check("num.partitions = 3"), pairs(&[("num.partitions", "3")]));
        assert_eq!(check("[num]\npartitions = 3"), pairs(&[("num.partitions", "3")]));
        assert_eq!(
            check("[log]\ndirs = \"/d\"\nretention.ms = -1\n[log.segment]\nbytes = \"1GiB\""),
            pairs(&[
                ("log.dirs", "/d"),
                ("log.retention.ms", "-1"),
                ("log.segment.bytes", "1GiB")
            ])
        );
    }

    #[test]
    fn lists_and_scalars_become_text() {
        assert_eq!(
            check("a = [\"x\", 2]\nb = true\nc = 0.5"),
            pairs(&[("a", "x,2"), ("b", "true"), ("c", "0.5")])
        );
    }

    #[test]
    fn what_no_key_can_take_is_refused() {
        assert!(check("a = 2020-01-01").unwrap_err().contains("a is a date"));
        assert!(check("a = [[1]]").unwrap_err().contains("list within a list"));
        assert!(check("\"a.b\" = 1\na.b = 2").unwrap_err().contains("set twice"));
        assert!(check("a = = 1").unwrap_err().contains("not valid TOML"));
    }
}
