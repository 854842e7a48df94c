//! `corelog serve`: options, logs, signals.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use corelog_broker::server::{self, ServeError};
use corelog_cli::ConfigArgs;
use corelog_config::{BrokerConfig, ConfigSources, LogFormat};
use corelog_runtime::Stopper;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The exit code when a configuration key or value is wrong.
const EXIT_CONFIGURATION: u8 = 18;

/// Start a broker.
///
/// Settings come from, weakest first: the profile, the file of --config, the environment (CORELOG_ and the key in
/// capitals, dots as underscores: CORELOG_NUM_PARTITIONS), and the flags here. `corelog config reference` lists all
/// keys; those that Kafka has are named as in Kafka.
///
/// Exit codes: 0 stopped cleanly; 10 the kernel or a limit forbids io_uring; 11 an address cannot be listened on;
/// 12 the data directory belongs to a running broker; 13 it was written by a newer release; 14 it cannot be used;
/// 15 too little memory for the budget; 16 more shards than cores; 17 the data cannot be opened; 18 a setting is wrong.
#[derive(Args, Debug, Default)]
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
    #[command(flatten)]
    config: ConfigArgs,
}

impl ServeArgs {
    /// A development broker in ./data, for `corelog` without a command.
    pub(crate) fn development() -> ServeArgs {
        let mut args = ServeArgs::default();
        args.config
            .flags
            .push(("profile".to_owned(), "development".to_owned()));
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
pub(crate) fn run(args: ServeArgs) -> ExitCode {
    let config = match BrokerConfig::load(&args.sources()) {
        Ok(config) => config,
        Err(error) => return refuse(&chain(&error), EXIT_CONFIGURATION),
    };
    init_logs(config.log_format);
    let signals = match Signals::new([SIGTERM, SIGINT]) {
        Ok(signals) => signals,
        Err(error) => return refuse(&format!("cannot wait for signals: {error}"), 1),
    };
    match server::serve(config, |stopper| stop_on_signal(signals, stopper)) {
        Ok(()) => {
            tracing::info!("stopped");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

/// The first signal closes cleanly, the second ends the process at once.
fn stop_on_signal(mut signals: Signals, stopper: Stopper) {
    std::thread::spawn(move || {
        for (count, signal) in signals.forever().enumerate() {
            if count == 0 {
                tracing::info!("stopping; a second signal ends at once");
                stopper.stop();
            } else {
                std::process::exit(128 + signal);
            }
        }
    });
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
    refuse(&chain(error), error.exit_code())
}

fn refuse(text: &str, code: u8) -> ExitCode {
    // The logs may not be there yet, and a person reads this.
    eprintln!("corelog: {text}");
    ExitCode::from(code)
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
