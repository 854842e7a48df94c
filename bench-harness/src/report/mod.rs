//! What a run says at its end: a table and a page with plots for people, JSON for programs.

mod context;
mod environment;
mod html;
mod result;
mod table;

pub use context::Context;
pub use environment::Environment;
pub use html::{DocumentError, page};
pub use result::{Publication, Report};
pub use table::render;
