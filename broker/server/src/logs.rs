//! The log lines: their form, and which of them are written, which may change while the broker runs.

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use corelog_config::{BrokerConfig, LogFormat};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt, reload};

/// Without anybody's word.
const DEFAULT: &str = "info,glommio=warn";

/// The process has one log, so what decides about it is the process's, too.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Begins to write log lines. The first call of a process stands.
pub fn init(config: &BrokerConfig) {
    let is_human = match config.log_format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let (filter, handle) = reload::Layer::new(filter(config));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = if is_human {
        let ansi = std::io::stderr().is_terminal();
        lines.with_target(false).with_ansi(ansi).boxed()
    } else {
        lines.json().flatten_event(true).boxed()
    };
    let logs = tracing_subscriber::registry().with(filter).with(lines);
    // A second initialization is a test's.
    if logs.try_init().is_ok() {
        // Nobody else sets it.
        let _first = FILTER.set(handle);
    }
}

/// From now on the lines that the configuration asks for are written.
pub(crate) fn set_level(config: &BrokerConfig) {
    // A simulator's brokers have no log of their own.
    let Some(handle) = FILTER.get() else { return };
    let wanted = filter(config);
    let now = handle.with_current(ToString::to_string).unwrap_or_default();
    if now == wanted.to_string() {
        return;
    }
    tracing::info!(from = now, to = %wanted, "log.level changes");
    if let Err(error) = handle.reload(wanted) {
        tracing::warn!(%error, "log.level stays as it was");
    }
}

/// `log.level`, else the environment's word, else ours.
fn filter(config: &BrokerConfig) -> EnvFilter {
    let default = || EnvFilter::new(DEFAULT);
    match &config.log_level {
        // The key's check takes what this takes.
        Some(levels) => EnvFilter::try_new(levels).unwrap_or_else(|_| default()),
        None => EnvFilter::try_from_env("CORELOG_LOG").unwrap_or_else(|_| default()),
    }
}
