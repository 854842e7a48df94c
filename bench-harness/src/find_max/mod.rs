//! Finds the highest open-loop rate at which the target keeps a service level.

mod drive;
mod search;
mod slo;

pub use drive::{FindMaxOptions, FindMaxResult, Step, find_max};
pub use search::{Found, Next, Search, SearchOptions};
pub use slo::{Figure, Slo, SloError, Span, StepFigures, violations};
