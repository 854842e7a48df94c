//! The coordinator on virtual time, one behaviour a test, through `world`.

mod admin;
mod expiry;
mod load;
mod offsets;
mod properties;
mod rebalance;
mod static_members;
mod world;
