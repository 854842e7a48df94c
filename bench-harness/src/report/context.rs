//! What every result of more than one run says of itself.

use serde::Serialize;

use super::Environment;

/// The form of such results; grows when a field changes its meaning.
const FORMAT: u32 = 1;

/// Where and how a result was made.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Context {
    /// The form of the result.
    pub format: u32,
    /// What it is: `comparison`, `find-max` or `sweep`.
    pub kind: &'static str,
    /// The generator's version.
    pub generator_version: String,
    /// The commit that was measured, if `CORELOG_BENCH_COMMIT` says it.
    pub commit: Option<String>,
    /// When it began, in milliseconds since 1970-01-01 UTC.
    pub started_at_ms: i64,
    /// The command line.
    pub command: Vec<String>,
    /// The machine.
    pub environment: Environment,
    /// The generator's threads.
    pub threads: u16,
}

impl Context {
    /// Describes this process, which begins at `started_at_ms`.
    pub fn new(kind: &'static str, started_at_ms: i64, environment: Environment, threads: u16) -> Context {
        Context {
            format: FORMAT,
            kind,
            generator_version: String::from(env!("CARGO_PKG_VERSION")),
            commit: std::env::var("CORELOG_BENCH_COMMIT").ok(),
            started_at_ms,
            command: std::env::args().collect(),
            environment,
            threads,
        }
    }
}
