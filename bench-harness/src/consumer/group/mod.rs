//! Consumer groups by the classic protocol: joining, heartbeats, commits, leaving.

mod assign;
mod crew;
mod member;
mod reaction;
mod requests;

pub use crew::{Assigned, Crew};
