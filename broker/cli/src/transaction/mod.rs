//! `corelog transaction`.

mod abort;
mod coordinated;
mod describe;
mod hanging;
mod list;
mod producers;
mod terminate;

use clap::Subcommand;

use crate::error::CliError;
use crate::globals::Globals;
use crate::output::Output;

use abort::AbortArgs;
use hanging::HangingArgs;
use list::ListArgs;
use producers::ProducersArgs;

/// The commands on transactions.
#[derive(Clone, PartialEq, Debug, Subcommand)]
pub enum TransactionCommand {
    /// List transactional ids with their state and producer.
    #[command(
        visible_alias = "ls",
        after_help = "\
Examples:
  corelog transaction list --state Ongoing --longer-than 5m
  corelog transaction list --pattern 'payments-.*'
An id stays in the list after its last transaction until transactional.id.expiration.ms is over."
    )]
    List(ListArgs),

    /// Show state, producer, timeout, age and partitions of transactional ids.
    #[command(after_help = "\
Of a transaction that is decided (PrepareCommit, PrepareAbort) those partitions are shown that have
no marker yet.
Example:
  corelog transaction describe payments-1")]
    Describe {
        /// The transactional ids.
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },

    /// Show the producers that partitions remember, and where their open transactions begin.
    #[command(after_help = "\
START-OFFSET is the first offset of a transaction that is open in the partition: readers of
committed records wait there.
Examples:
  corelog transaction describe-producers orders
  corelog transaction describe-producers orders --partition 3 --output json")]
    DescribeProducers(ProducersArgs),

    /// Find transactions that are open in partitions, and that no coordinator is going to end.
    #[command(after_help = "\
A transaction hangs if it is open in a partition, its last record there is older than
--max-transaction-timeout, and the coordinator of its producer does not know it as open there.
Readers of committed records wait for it forever.
Examples:
  corelog transaction find-hanging
  corelog transaction find-hanging --topic orders --partition 3
  corelog transaction find-hanging --broker-id 1 --max-transaction-timeout 1h
`corelog transaction abort` ends one.")]
    FindHanging(HangingArgs),

    /// End a transaction that hangs, in one partition, as aborted.
    #[command(after_help = "\
The marker goes into this partition alone. A transaction that its coordinator knows as open here is
refused without --force: it would be aborted in part, and its producer might commit the rest.
`corelog transaction force-terminate` aborts all of it.
Examples:
  corelog transaction abort --topic orders --partition 3 --start-offset 1042
  corelog transaction abort --topic orders --partition 3 \\
    --producer-id 4000 --producer-epoch 2 --coordinator-epoch 7
The first form looks the producer up, for which a Kafka broker has to be of 3.0 or newer.")]
    Abort(AbortArgs),

    /// Abort the transaction of a transactional id in all its partitions, and fence its producer.
    #[command(after_help = "\
The producer is refused from then on, as if another one had begun with its transactional id.
Example:
  corelog transaction force-terminate payments-1")]
    ForceTerminate {
        /// The transactional id.
        #[arg(value_name = "ID")]
        id: String,
    },
}

pub(crate) fn run(
    globals: &Globals,
    command: &TransactionCommand,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let mut client = globals.client()?;
    match command {
        TransactionCommand::List(args) => list::run(&mut client, args, output),
        TransactionCommand::Describe { ids } => describe::run(&mut client, ids, output),
        TransactionCommand::DescribeProducers(args) => producers::run(&mut client, args, output),
        TransactionCommand::FindHanging(args) => hanging::run(&mut client, args, output),
        TransactionCommand::Abort(args) => abort::run(&mut client, args, output),
        TransactionCommand::ForceTerminate { id } => terminate::run(&mut client, id, output),
    }
}
