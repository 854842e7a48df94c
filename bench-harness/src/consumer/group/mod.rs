//! Consumer groups by the classic protocol: joining, heartbeats, commits, leaving.

mod assign;
mod crew;
mod member;
mod reaction;
mod requests;
#[cfg(test)]
mod tests;

pub use crew::{Assigned, Crew};
