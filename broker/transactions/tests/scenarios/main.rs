//! The coordinator on virtual time, one behaviour a test, through `World`.

mod completion;
mod decisions;
mod expiry;
mod figures;
mod histories;
mod known_bugs;
mod load;
mod parking;
mod properties;
mod queries;
mod timeouts;
mod transactions;
mod world;
