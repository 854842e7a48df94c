//! The coordinator on virtual time, one behaviour a test, through `World`.

mod admin;
mod expiry;
mod joining;
mod load;
mod offsets;
mod properties;
mod rebalance;
mod requests;
mod static_members;
mod transactions;
mod world;
