//! `corelog serve`: options, logs, signals.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Args;
use corelog_broker::logs;
use corelog_broker::start::{self, Running, ServeError, ServiceManager};
use corelog_cli::{ConfigArgs, Exit, Format};
use corelog_config::{BrokerConfig, ConfigSources, service_variables};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
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
    logs::init(&config);
    warn_of_service_variables(&sources);
    for (key, origin, reason) in config.without_effect() {
        tracing::warn!(key, %origin, reason, "this setting has no effect");
    }
    let service = match ServiceManager::of_environment() {
        Ok(service) => service,
        Err(error) => return refuse(&error.to_string(), Exit::Failure),
    };
    let signals = match watch_signals(sources, service.clone()) {
        Ok(signals) => signals,
        Err(error) => return refuse(&format!("cannot wait for signals: {error}"), Exit::Failure),
    };
    match start::serve(config, &service, |running| signals.are_for(running)) {
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

/// What signals are about: nothing before the shards run, and then what has come before is done as soon as they do.
#[derive(Clone)]
struct Target(Arc<TargetInner>);

struct TargetInner {
    sources: ConfigSources,
    service: ServiceManager,
    state: Mutex<TargetState>,
}

#[derive(Default)]
struct TargetState {
    running: Option<Running>,
    is_stop_asked: bool,
    is_reload_asked: bool,
}

impl Target {
    fn state(&self) -> MutexGuard<'_, TargetState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn are_for(&self, running: Running) {
        let mut state = self.state();
        if state.is_stop_asked {
            running.stopper.stop();
        }
        if state.is_reload_asked {
            self.reload_of(&running);
        }
        state.running = Some(running);
    }

    fn stop(&self) {
        self.0.service.stopping();
        let mut state = self.state();
        state.is_stop_asked = true;
        if let Some(running) = &state.running {
            running.stopper.stop();
        }
    }

    fn reload(&self) {
        let mut state = self.state();
        match &state.running {
            Some(running) => self.reload_of(running),
            None => state.is_reload_asked = true,
        }
    }

    /// The environment and the flags are those of the start: only the file can be another one.
    fn reload_of(&self, running: &Running) {
        self.0.service.reloading(|| {
            if let Err(error) = running.configs.reload(&self.0.sources) {
                tracing::error!("the configuration stays as it is: {}", chain(&error));
            }
        });
    }
}

/// The first SIGTERM or SIGINT closes cleanly, the second ends the process at once, also amid a recovery. SIGHUP reads
/// the configuration again; to who was started at a terminal it says that the terminal is gone, and closes cleanly.
fn watch_signals(sources: ConfigSources, service: ServiceManager) -> std::io::Result<Target> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let target = Target(Arc::new(TargetInner {
        sources,
        service,
        state: Mutex::default(),
    }));
    let watched = target.clone();
    let has_terminal = std::io::stdin().is_terminal();
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            let mut is_stopping = false;
            for signal in signals.forever() {
                if signal == SIGHUP && !has_terminal {
                    watched.reload();
                } else if std::mem::replace(&mut is_stopping, true) {
                    std::process::exit(128 + signal);
                } else {
                    tracing::info!("stopping; a second signal ends at once");
                    watched.stop();
                }
            }
        })?;
    Ok(target)
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
