//! Requests about several things, of which some may fail.

use corelog_client::ApiError;
use serde_json::Value;

use crate::error::{CliError, exit_of_code};
use crate::exit::Exit;
use crate::output::{Output, Table};

/// What the broker refused of several things.
#[derive(Default)]
pub(crate) struct Failures {
    sentences: Vec<String>,
    exits: Vec<Exit>,
}

impl Failures {
    pub(crate) fn add(&mut self, name: &str, error: &ApiError) {
        self.sentences.push(format!("{name}: {error}"));
        self.exits.push(error.code().map_or(Exit::Failure, exit_of_code));
    }

    pub(crate) fn into_result(self) -> Result<(), CliError> {
        let Some(first) = self.exits.first().copied() else {
            return Ok(());
        };
        let exit = if self.exits.iter().all(|exit| *exit == first) {
            first
        } else {
            Exit::Failure
        };
        Err(CliError::Some {
            sentences: self.sentences,
            exit,
        })
    }
}

/// Prints what was done, if anything was, and then fails if anything failed.
pub(crate) fn finish(
    output: &mut Output<'_>,
    done: &Table,
    values: &[Value],
    failures: Failures,
) -> Result<(), CliError> {
    if !values.is_empty() {
        output.table_or_json(done, &values)?;
        output.flush()?;
    }
    failures.into_result()
}
