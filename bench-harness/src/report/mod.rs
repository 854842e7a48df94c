//! What a run says at its end: a table for people, JSON for programs.

mod environment;
mod result;
mod table;

pub use environment::Environment;
pub use result::{Publication, Report};
pub use table::render;
