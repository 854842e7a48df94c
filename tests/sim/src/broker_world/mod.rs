//! The whole broker under simulation: real shards on a simulated machine, clients that speak Kafka's protocol to them
//! over the simulated network, faults, and an oracle that knows what clients were told.

mod admin;
mod asker;
mod assignment;
mod batches;
mod broker;
mod checker;
mod choices;
mod clients;
mod commits;
mod every;
mod group;
mod hasty;
mod ledger;
mod leftovers;
mod liar;
mod loner;
mod masses;
mod oracle;
mod position;
mod probe;
mod producer;
mod reader;
mod run;
mod scenario;
mod scraper;
mod topics;
mod transactor;
mod wire;

pub use run::{check_plan, run, run_plan, simpler};
