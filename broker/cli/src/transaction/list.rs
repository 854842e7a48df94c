//! `corelog transaction list`.

use std::time::Duration;

use clap::{Args, ValueEnum};
use corelog_client::{Client, TransactionFilters};
use serde_json::json;

use crate::error::CliError;
use crate::output::{Output, Table};
use crate::parse::duration;

/// The arguments of `transaction list`.
#[derive(Clone, PartialEq, Debug, Args)]
pub struct ListArgs {
    /// Only ids in this state; may be given several times.
    #[arg(
        long = "state",
        value_name = "STATE",
        value_enum,
        ignore_case = true,
        value_delimiter = ','
    )]
    states: Vec<State>,

    /// Only the id with this producer id; may be given several times.
    #[arg(long = "producer-id", value_name = "ID", value_delimiter = ',', value_parser = clap::value_parser!(i64).range(0..))]
    producer_ids: Vec<i64>,

    /// Only ids whose last transaction began longer ago than this, such as 90s, 15m or 1h30m.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    longer_than: Option<Duration>,

    /// Only ids that this regular expression matches as a whole.
    #[arg(long, value_name = "REGEX", visible_alias = "transactional-id-pattern")]
    pattern: Option<String>,
}

/// Kafka's states of transactional ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum State {
    /// There is a producer, and no transaction yet.
    #[value(name = "Empty")]
    Empty,
    /// A transaction is open.
    #[value(name = "Ongoing")]
    Ongoing,
    /// It is to commit; markers are being written.
    #[value(name = "PrepareCommit")]
    PrepareCommit,
    /// It is to abort; markers are being written.
    #[value(name = "PrepareAbort")]
    PrepareAbort,
    /// The last transaction is committed.
    #[value(name = "CompleteCommit")]
    CompleteCommit,
    /// The last transaction is aborted.
    #[value(name = "CompleteAbort")]
    CompleteAbort,
    /// The id is about to be forgotten.
    #[value(name = "Dead")]
    Dead,
    /// The producer is about to be fenced.
    #[value(name = "PrepareEpochFence")]
    PrepareEpochFence,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::Ongoing => "Ongoing",
            State::PrepareCommit => "PrepareCommit",
            State::PrepareAbort => "PrepareAbort",
            State::CompleteCommit => "CompleteCommit",
            State::CompleteAbort => "CompleteAbort",
            State::Dead => "Dead",
            State::PrepareEpochFence => "PrepareEpochFence",
        }
    }
}

impl ListArgs {
    fn filters(&self) -> TransactionFilters {
        TransactionFilters {
            states: self.states.iter().map(|state| state.name().to_owned()).collect(),
            producer_ids: self.producer_ids.clone(),
            longer_than: self.longer_than,
            pattern: self.pattern.clone(),
        }
    }
}

pub(super) fn run(client: &mut Client, args: &ListArgs, output: &mut Output<'_>) -> Result<(), CliError> {
    let listings = client.list_transactions(&args.filters())?;
    let mut table = Table::new(&["TRANSACTIONAL-ID", "STATE", "PRODUCER-ID", "COORDINATOR"]);
    let mut values = Vec::with_capacity(listings.len());
    for listing in listings {
        values.push(json!({
            "transactional_id": listing.transactional_id, "state": listing.state,
            "producer_id": listing.producer_id, "coordinator": listing.coordinator,
        }));
        table.row([
            listing.transactional_id,
            listing.state,
            listing.producer_id.to_string(),
            listing.coordinator.to_string(),
        ]);
    }
    output.table_or_json(&table, &values)
}

#[cfg(test)]
mod tests {
    use crate::args::Command;
    use crate::args::tests::parse;
    use crate::transaction::TransactionCommand;

    use super::*;

    fn args(rest: &str) -> ListArgs {
        match parse(&format!("transaction list {rest}")).unwrap().command {
            Command::Transaction(TransactionCommand::List(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn filters_are_what_was_asked_for() {
        assert_eq!(args("").filters(), TransactionFilters::default());
        let given = args("--state ongoing,PrepareAbort --producer-id 5 --longer-than 1h30m --pattern a.*");
        let expected = TransactionFilters {
            states: vec!["Ongoing".into(), "PrepareAbort".into()],
            producer_ids: vec![5],
            longer_than: Some(Duration::from_secs(5400)),
            pattern: Some("a.*".into()),
        };
        assert_eq!(given.filters(), expected);
        assert!(parse("transaction list --state Open").is_err());
    }

    #[test]
    fn states_have_the_names_that_are_typed() {
        for state in State::value_variants() {
            let typed = state.to_possible_value().unwrap();
            assert_eq!(typed.get_name(), state.name());
        }
    }
}
