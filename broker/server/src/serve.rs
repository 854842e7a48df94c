//! `corelog serve`: options, logs, signals.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use corelog_broker::start::{self, ServeError};
use corelog_cli::{ConfigArgs, Exit, Format};
use corelog_config::{BrokerConfig, ConfigSources, LogFormat, service_variables};
use corelog_runtime::Stopper;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Start a broker.
///
/// Settings come from, weakest first: the profile, the file of --config, the environment (CORELOG_ and the key in
/// capitals, dots as underscores: CORELOG_NUM_PARTITIONS), and the flags here. `corelog config reference` lists all
/// keys; those that Kafka has are named as in Kafka.
#[derive(Args, Debug, Default)]
#[command(after_long_help = Exit::help())]
pub(crate) struct ServeArgs {
    /// Keep all data in this directory (log.dirs)
    #[arg(long, short, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Serve Kafka clients on this address (listeners); port 0 takes a free one
    #[arg(long, short, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// Tell clients to connect to this address instead (advertised.listeners)
    #[arg(long, value_name = "HOST:PORT")]
    advertise: Option<String>,
    /// Serve /metrics and /health on this address (admin.listener)
    #[arg(long, value_name = "HOST:PORT")]
    admin_listen: Option<String>,
    /// Print what the broker would run with and who set each key, and start nothing
    #[arg(long)]
    print_config: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

impl ServeArgs {
    /// A development broker in ./data, for `corelog` without a command.
    pub(crate) fn development() -> ServeArgs {
        let mut args = ServeArgs::default();
        args.config.flags.push(("profile".to_owned(), "dev".to_owned()));
        args
    }

    fn sources(self) -> ConfigSources {
        let mut sources = self.config.sources();
        let mut flag = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                sources.flags.push((key.to_owned(), value));
            }
        };
        flag("log.dirs", self.data_dir.map(|dir| dir.display().to_string()));
        flag(
            "listeners",
            self.listen.map(|address| format!("PLAINTEXT://{address}")),
        );
        flag(
            "advertised.listeners",
            self.advertise.map(|address| format!("PLAINTEXT://{address}")),
        );
        flag("admin.listener", self.admin_listen);
        sources
    }
}

/// Runs until a signal or a fault.
pub(crate) fn run(format: Format, args: ServeArgs) -> ExitCode {
    let prints_only = args.print_config;
    let sources = args.sources();
    let config = match BrokerConfig::load(&sources) {
        Ok(config) => config,
        Err(error) => return refuse(&chain(&error), Exit::Configuration),
    };
    if prints_only {
        return corelog_cli::print_config(format, &config);
    }
    init_logs(config.log_format);
    warn_of_service_variables(&sources);
    for (key, origin, reason) in config.without_effect() {
        tracing::warn!(key, %origin, reason, "this setting has no effect");
    }
    let stop = match watch_signals() {
        Ok(stop) => stop,
        Err(error) => return refuse(&format!("cannot wait for signals: {error}"), Exit::Failure),
    };
    match start::serve(config, |stopper| stop.is_for(stopper)) {
        Ok(()) => {
            tracing::info!("stopped");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

/// Kubernetes' variables of a Service look like keys. They are left alone, and said, in case one was meant as a key.
fn warn_of_service_variables(sources: &ConfigSources) {
    let names = service_variables(&sources.environment).join(", ");
    if !names.is_empty() {
        tracing::warn!(
            "these environment variables are taken for what Kubernetes says of a Service, not for keys: {names}. \
             enableServiceLinks: false in the pod's spec leaves them out"
        );
    }
}

/// What the first signal stops: nothing before the shards run, and then it is stopped as soon as it runs.
#[derive(Clone, Default)]
struct Stop(Arc<Mutex<(Option<Stopper>, bool)>>);

impl Stop {
    fn is_for(&self, stopper: Stopper) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.1 {
            stopper.stop();
        }
        state.0 = Some(stopper);
    }

    fn request(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 = true;
        if let Some(stopper) = &state.0 {
            stopper.stop();
        }
    }
}

/// The first signal closes cleanly, the second ends the process at once, also amid a recovery.
fn watch_signals() -> std::io::Result<Stop> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let stop = Stop::default();
    let watched = stop.clone();
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for (count, signal) in signals.forever().enumerate() {
                if count == 0 {
                    tracing::info!("stopping; a second signal ends at once");
                    watched.request();
                } else {
                    std::process::exit(128 + signal);
                }
            }
        })?;
    Ok(stop)
}

fn init_logs(format: LogFormat) {
    let is_human = match format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("CORELOG_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,glommio=warn"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second initialization is a test's; the first one stands.
    let _ = if is_human {
        logs.with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .try_init()
    } else {
        logs.json().flatten_event(true).try_init()
    };
}

fn fail(error: &ServeError) -> ExitCode {
    refuse(&chain(error), error.exit())
}

fn refuse(text: &str, exit: Exit) -> ExitCode {
    // The logs may not be there yet, and a person reads this.
    eprintln!("corelog: {text}");
    exit.into()
}

/// An error and its causes in one line, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
