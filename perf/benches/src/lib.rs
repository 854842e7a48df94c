//! What `perf/benches` measures: the hot paths, each as a function that does it once.
//!
//! The same cases are measured by the clock (`cargo bench -p corelog-perf`) and counted in instructions
//! (`perf/instructions`). A case's inputs are the same in every run.

mod cases;
mod hop;
mod validation;

pub use cases::{Case, cases};
pub use hop::round_trips;
pub use validation::{Checked, Validation};
