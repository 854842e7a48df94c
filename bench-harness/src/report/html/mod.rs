//! The report as one HTML page that needs nothing else: its charts are SVG, drawn here.
//!
//! Invariants: whatever the results hold, nothing of it becomes markup (`escape`); a field that a result lacks is left
//! out of the page and is no error (`stored`).

mod chart;
mod document;
mod escape;
mod findings;
mod group;
mod notices;
mod page;
mod plots;
mod scale;
mod sections;
mod stored;
mod tables;

pub use document::{DocumentError, page};
