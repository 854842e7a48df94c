//! A configuration file with every broker key in it, commented out but for what is set.

use std::fmt::Write as _;

use crate::error::ConfigError;
use crate::key::{ConfigKey, Kind};
use crate::registry::registry;
use crate::value::{check, expected};

/// The width of comments.
const COLUMNS: usize = 100;

/// Writes a TOML file that sets these keys, and has every other one that acts as a comment with its default.
///
/// # Errors
/// When a key is not known, or its value is wrong.
pub fn sample_file(set: &[(String, String)]) -> Result<String, ConfigError> {
    let mut file = String::from(
        "# The configuration of Corelog. A line that begins with #\" is a key with its default; take the # away to set it.\n\
         # CORELOG_ and the key in capitals, dots as underscores, stands over this file in the environment.\n\
         # \"changed at once\": SIGHUP (systemctl reload corelog) is enough. After an edit: corelog config check FILE\n",
    );
    for (name, text) in set {
        let key = registry().broker_key(name)?;
        let value = check(key, text)?;
        describe(&mut file, key);
        let _ = writeln!(file, "\"{}\" = {}", key.name, toml(key, &value));
    }
    let is_left = |key: &&ConfigKey| key.inert.is_none() && set.iter().all(|(name, _)| name != key.name);
    let mut left: Vec<_> = registry().broker_keys().filter(is_left).collect();
    left.sort_unstable_by_key(|key| key.name);
    for key in left {
        describe(&mut file, key);
        let _ = match key.default {
            Some(default) => writeln!(file, "#\"{}\" = {}", key.name, toml(key, default)),
            None => writeln!(file, "#\"{}\" =", key.name),
        };
    }
    Ok(file)
}

fn describe(file: &mut String, key: &ConfigKey) {
    let mut facts = vec![key.kind.name().to_owned()];
    let (unit, bounds) = (key.unit.name(), expected(key.valid));
    facts.extend(
        [unit.to_owned(), bounds]
            .into_iter()
            .filter(|fact| !fact.is_empty()),
    );
    file.push('\n');
    comment(file, key.doc);
    comment(file, &format!("({}; {})", facts.join(", "), key.scope.name()));
}

/// A text as lines of comments.
fn comment(file: &mut String, text: &str) {
    let mut column = 0;
    for word in text.split_whitespace() {
        if column == 0 || column + word.len() >= COLUMNS {
            file.push_str(if column == 0 { "#" } else { "\n#" });
            column = 1;
        }
        file.push(' ');
        file.push_str(word);
        column += 1 + word.len();
    }
    file.push('\n');
}

fn toml(key: &ConfigKey, value: &str) -> String {
    match key.kind {
        Kind::Boolean | Kind::Int | Kind::Long | Kind::Double => value.to_owned(),
        Kind::String | Kind::List | Kind::Password => toml::Value::from(value).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::broker::BrokerConfig;
    use crate::file;

    fn sample(set: &[(&str, &str)]) -> Result<String, ConfigError> {
        let set = set
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        sample_file(&set.collect::<Vec<_>>())
    }

    #[test]
    fn it_sets_what_is_asked_and_nothing_else() {
        let text = sample(&[("log.dirs", "/d \"x\""), ("journal.files", "8")]).unwrap();
        let parsed = file::parse(Path::new("x"), &text).unwrap();
        let parsed: Vec<_> = parsed.into_iter().collect();
        let want = [("journal.files", "8"), ("log.dirs", "/d \"x\"")];
        assert_eq!(
            parsed,
            want.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        assert!(text.lines().all(|line| line.len() <= 130), "{text}");
    }

    #[test]
    fn every_key_with_its_comment_sign_taken_away_is_in_force_as_before() {
        let text = sample(&[]).unwrap();
        let lines = text
            .lines()
            .filter(|line| line.starts_with("#\"") && !line.ends_with('='));
        let set: String = lines.map(|line| format!("{}\n", &line[1..])).collect();
        let parsed = file::parse(Path::new("x"), &set).unwrap();
        assert!(parsed.len() > 50, "{}", parsed.len());
        for (name, value) in &parsed {
            // Some keys refuse their default where it is set: a limit that stands for "none" among them.
            let key = registry().broker_key(name).unwrap();
            assert_eq!(check(key, value).as_deref(), Ok(key.default.unwrap()), "{name}");
        }
        let pairs: Vec<_> = parsed
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        let config = BrokerConfig::from_pairs(&pairs).unwrap();
        assert_eq!(config.network, BrokerConfig::default().network);
        assert_eq!(config.storage, BrokerConfig::default().storage);
    }

    #[test]
    fn a_wrong_key_or_value_is_refused() {
        assert!(sample(&[("log.dir", "/d")]).is_err());
        assert!(sample(&[("journal.files", "none")]).is_err());
    }
}
