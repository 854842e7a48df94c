//! One setting of the machine: what is, what is wanted, why, how to set it and how to undo that.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;

/// A file to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Change {
    pub(crate) path: PathBuf,
    pub(crate) value: String,
    /// What is in it; `None`: it is not there.
    pub(crate) before: Option<String>,
}

impl Change {
    fn command(&self) -> String {
        write_command(&self.value, &self.path)
    }

    fn undo(&self) -> String {
        match &self.before {
            Some(before) => write_command(before, &self.path),
            None => format!("rm {}", self.path.display()),
        }
    }
}

fn write_command(value: &str, path: &std::path::Path) -> String {
    format!("printf '{}\\n' > {}", value.replace('\n', "\\n"), path.display())
}

/// How a setting stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// It is as it should be.
    Well,
    /// These would make it so.
    Change(Vec<Change>),
    /// It was made so.
    Set(Vec<Change>),
    /// It could not be made so.
    Failed(Vec<Change>, String),
    /// A person has to decide or to do it.
    Manual(String),
    /// It is not there to be set.
    Absent(String),
}

/// One setting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Item {
    pub(crate) check: &'static str,
    pub(crate) found: String,
    pub(crate) wanted: &'static str,
    pub(crate) why: &'static str,
    pub(crate) state: State,
}

impl Item {
    const fn verdict(&self) -> &'static str {
        match self.state {
            State::Well => "OK",
            State::Change(_) => "CHANGE",
            State::Set(_) => "SET",
            State::Failed(..) => "FAILED",
            State::Manual(_) => "MANUAL",
            State::Absent(_) => "NONE",
        }
    }

    /// Writes what would be changed; stops at the first refusal.
    pub(crate) fn apply(&mut self) {
        let State::Change(changes) = &self.state else {
            return;
        };
        let refused = changes.iter().find_map(|change| {
            let written = fs::write(&change.path, format!("{}\n", change.value));
            written
                .err()
                .map(|error| format!("{}: {error}", change.path.display()))
        });
        let changes = changes.clone();
        self.state = match refused {
            None => State::Set(changes),
            Some(error) => State::Failed(changes, error),
        };
    }

    /// What there is to say below the first line, each with its label.
    fn details(&self) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        if self.state != State::Well {
            lines.push(("wanted", self.wanted.to_owned()));
            lines.push(("why", self.why.to_owned()));
        }
        let commands = |of: fn(&Change) -> String, changes: &[Change]| {
            changes.iter().map(of).collect::<Vec<_>>().join("; ")
        };
        match &self.state {
            State::Well => {}
            State::Change(changes) => {
                lines.push(("set", commands(Change::command, changes)));
                lines.push(("undo", commands(Change::undo, changes)));
            }
            State::Set(changes) => lines.push(("undo", commands(Change::undo, changes))),
            State::Failed(changes, error) => {
                lines.push(("error", error.clone()));
                lines.push(("set", commands(Change::command, changes)));
            }
            State::Manual(how) => lines.push(("how", how.clone())),
            State::Absent(because) => lines.push(("because", because.clone())),
        }
        lines
    }
}

pub(crate) fn print(items: &[Item], output: &mut Output<'_>) -> Result<(), CliError> {
    if output.is_json() {
        let values: Vec<_> = items
            .iter()
            .map(|item| {
                let mut value = json!({
                    "check": item.check, "verdict": item.verdict(), "found": item.found,
                    "wanted": item.wanted, "why": item.why,
                });
                for (label, text) in item.details() {
                    value[label] = text.into();
                }
                value
            })
            .collect();
        return output.json(&values);
    }
    let width = items.iter().map(|item| item.check.len()).max().unwrap_or(0);
    for item in items {
        output.line(&format!(
            "{:6}  {:width$}  {}",
            item.verdict(),
            item.check,
            item.found
        ))?;
        for (label, text) in item.details() {
            output.line(&format!("{:6}  {:width$}    {label}: {text}", "", ""))?;
        }
    }
    let count = |verdict: &str| items.iter().filter(|item| item.verdict() == verdict).count();
    output.line(&format!(
        "{} to change, {} set, {} failed, {} for you to decide",
        count("CHANGE"),
        count("SET"),
        count("FAILED"),
        count("MANUAL")
    ))
}

/// Unfit if something was asked for and could not be set.
pub(crate) fn exit(items: &[Item]) -> Exit {
    if items.iter().any(|item| matches!(item.state, State::Failed(..))) {
        Exit::Unfit
    } else {
        Exit::Success
    }
}

#[cfg(test)]
mod tests {
    use crate::globals::Format;

    use super::*;

    fn item(state: State) -> Item {
        Item {
            check: "huge pages",
            found: "always".to_owned(),
            wanted: "madvise",
            why: "Compaction stalls shards.",
            state,
        }
    }

    fn text(items: &[Item]) -> String {
        let mut text = Vec::new();
        print(items, &mut Output::new(Format::Table, &mut text)).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_change_is_told_applied_and_can_be_undone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("enabled");
        fs::write(&path, "always\n").unwrap();
        let mut item = item(State::Change(vec![Change {
            path: path.clone(),
            value: "madvise".to_owned(),
            before: Some("always".to_owned()),
        }]));
        let told = text(std::slice::from_ref(&item));
        let shown = path.display();
        for part in [
            "CHANGE  huge pages  always\n",
            "why: Compaction stalls shards.\n",
            &format!("set: printf 'madvise\\n' > {shown}\n"),
            &format!("undo: printf 'always\\n' > {shown}\n"),
            "1 to change, 0 set",
        ] {
            assert!(told.contains(part), "{told}");
        }
        item.apply();
        assert_eq!(fs::read_to_string(&path).unwrap(), "madvise\n");
        assert_eq!(exit(std::slice::from_ref(&item)), Exit::Success);
        let told = text(&[item]);
        assert!(told.starts_with("SET "), "{told}");
        assert!(told.contains("undo: printf 'always"), "{told}");
    }

    #[test]
    fn a_refused_change_fails_and_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let mut item = item(State::Change(vec![Change {
            path: dir.path().join("no/such/file"),
            value: "1".to_owned(),
            before: None,
        }]));
        item.apply();
        let items = [item];
        assert_eq!(exit(&items), Exit::Unfit);
        assert!(
            text(&items).contains("no/such/file: No such file"),
            "{}",
            text(&items)
        );
    }
}
