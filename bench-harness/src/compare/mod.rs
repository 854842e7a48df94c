//! Compares two targets by interleaved pairs of runs: A B A B ...
//!
//! The result as JSON; fields are only ever added while `format` stays the same:
//!
//! ```text
//! {
//!   "format": 1, "kind": "comparison",
//!   "generator_version", "commit", "started_at_ms", "command", "environment", "threads",
//!   "calibration":     the generator's own limit with A's workload, or null
//!   "pairs":           5
//!   "targets": { "a": { "label", "bootstrap", "start", "settings": ["key=value"], "workload": {..} }, "b": {..} },
//!   "metrics": [ {
//!     "name":          "publish_p99_ms"; the unit stands at its end
//!     "better":        "lower" or "higher"
//!     "a":             [4.1, 4.3, ..]   a value a pair, null where a run has none
//!     "b":             [9.0, 8.7, ..]
//!     "a_spread":      { "median", "min", "max" }, or null
//!     "b_spread":      { "median", "min", "max" }, or null
//!     "ratios":        [0.46, 0.49, ..] a / b of each pair, null where there is none
//!     "ratio":         { "median", "min", "max" } of them, or null
//!   } ],
//!   "holds":           whether no run lost, repeated, disordered, damaged or failed a message
//!   "runs": [ { "pair": 1, "target": "a", "report": {..} }, .. ]   in the order they were made;
//!                      a report is what `corelog-bench run --output json` gives
//! }
//! ```
//! A metric that no run has is left out. Ratios are taken pair by pair, so that what changes on the machine from one
//! pair to the next does not count.

mod drive;
mod metrics;
mod server;
mod spread;
mod table;

pub use drive::{
    CompareError, CompareOptions, Comparison, MetricComparison, RunOfPair, Side, Sides, TargetDescription,
    TargetOptions, compare,
};
pub use metrics::{Better, Metric, metrics};
pub use server::{Server, ServerError, end_servers_with_signals};
pub use spread::{Spread, ratios};
pub use table::render_comparison;
