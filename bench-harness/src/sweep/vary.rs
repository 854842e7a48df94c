//! Reads `KEY=VALUE,VALUE,...`, and puts the values of several keys together.

use std::str::FromStr;

use serde::Serialize;

/// A key and the values to run it with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Variation {
    /// The workload's key.
    pub key: String,
    /// Its values, as they were written.
    pub values: Vec<String>,
}

/// Why a text varies nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text:?} is not of the form key=value,value,...")]
pub struct VaryError {
    /// As it was written.
    text: String,
}

impl FromStr for Variation {
    type Err = VaryError;

    fn from_str(text: &str) -> Result<Variation, VaryError> {
        let error = || VaryError {
            text: text.to_owned(),
        };
        let (key, list) = text.split_once('=').ok_or_else(error)?;
        let values = split(list);
        if key.trim().is_empty() || values.iter().any(String::is_empty) {
            return Err(error());
        }
        Ok(Variation {
            key: key.trim().to_owned(),
            values,
        })
    }
}

/// At the commas that are outside of brackets and quotes: a value may be an array.
fn split(list: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let (mut depth, mut is_quoted) = (0u32, false);
    for letter in list.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '[' | '{' if !is_quoted => depth += 1,
            ']' | '}' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        match values.last_mut() {
            Some(value) if letter != ',' || depth > 0 || is_quoted => value.push(letter),
            Some(_) | None => values.push(String::new()),
        }
    }
    values.iter().map(|value| value.trim().to_owned()).collect()
}

/// Every combination of the values as `key=value` settings, the last key's changing fastest.
pub fn combinations(variations: &[Variation]) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    for variation in variations {
        let mut longer = Vec::with_capacity(all.len() * variation.values.len());
        for settings in &all {
            for value in &variation.values {
                let mut settings: Vec<String> = settings.clone();
                settings.push(format!("{}={value}", variation.key));
                longer.push(settings);
            }
        }
        all = longer;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_split_at_commas() {
        let check = |text: &str, key: &str, values: &[&str]| {
            let found: Variation = text.parse().expect(text);
            assert_eq!(
                (found.key.as_str(), found.values),
                (key, values.iter().map(ToString::to_string).collect())
            );
        };
        check(
            "message_size=100, 1kb,10kb",
            "message_size",
            &["100", "1kb", "10kb"],
        );
        check("acks=\"a,b\",all", "acks", &["\"a,b\"", "all"]);
        let mix = "[{bytes=100,weight=1},{bytes=200,weight=2}]";
        check(&format!("message_size={mix},100"), "message_size", &[mix, "100"]);
        for text in ["", "topics", "topics=", "topics=1,,2", "=1"] {
            assert!(text.parse::<Variation>().is_err(), "{text}");
        }
    }

    #[test]
    fn keys_are_combined() {
        let vary: Vec<Variation> = ["a=1,2", "b=x,y"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let expected = [["a=1", "b=x"], ["a=1", "b=y"], ["a=2", "b=x"], ["a=2", "b=y"]];
        assert_eq!(combinations(&vary), expected);
        assert_eq!(combinations(&[]), [Vec::<String>::new()]);
    }
}
