//! A target that is started by a command, awaited, and stopped, so that the two of a comparison do not share the machine.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use corelog_runtime::local::timeout;
use corelog_runtime::{Shard, StartError};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::client::{BrokerConnection, resolve};
use crate::run::here;

/// How long it may take until it answers.
const START_MAX: Duration = Duration::from_secs(300);
/// How long it may take to end after SIGTERM.
const STOP_MAX: Duration = Duration::from_secs(120);
/// How long one that accepts a connection may take to answer on it.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(50);

/// Why a target does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The shell was not started, or its output has no place.
    #[error("cannot start {command:?}: {source}")]
    Spawn {
        /// The command.
        command: String,
        /// The cause.
        source: io::Error,
    },
    /// It cannot be watched.
    #[error("cannot watch {command:?}: {source}")]
    Watch {
        /// The command.
        command: String,
        /// The cause.
        source: io::Error,
    },
    /// The runtime that asks it did not start.
    #[error(transparent)]
    Runtime(#[from] StartError),
    /// It ended before it answered.
    #[error("{command:?} ended with {status} before it answered at {bootstrap}")]
    Ended {
        /// The command.
        command: String,
        /// How.
        status: ExitStatus,
        /// Where it should have answered.
        bootstrap: String,
    },
    /// It does not answer.
    #[error("{command:?} does not answer at {bootstrap} after {} s", START_MAX.as_secs())]
    Silent {
        /// The command.
        command: String,
        /// Where it should have answered.
        bootstrap: String,
    },
    /// Something answers before the command was run, and would be measured instead.
    #[error("something answers at {bootstrap} before {command:?} was run")]
    Occupied {
        /// The command.
        command: String,
        /// Where.
        bootstrap: String,
    },
}

/// The group of the target that runs now, for a signal that ends the generator: in a group of its own it would go on.
static RUNNING: Mutex<Option<Pid>> = Mutex::new(None);

fn set_running(group: Option<Pid>) {
    if let Ok(mut running) = RUNNING.lock() {
        *running = group;
    }
}

/// From now on SIGINT and SIGTERM end the target that runs, and then this process.
///
/// # Errors
/// When the signals cannot be taken.
pub fn end_servers_with_signals() -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::Builder::new()
        .name(String::from("signals"))
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                if let Some(group) = RUNNING.lock().ok().and_then(|running| *running) {
                    // A group that is gone needs no signal.
                    let _gone = kill_process_group(group, Signal::KILL);
                }
                // As a shell has it for a process that a signal ended.
                process::exit(128 + signal);
            }
        })?;
    Ok(())
}

/// A running target; it is stopped when this is dropped.
pub struct Server {
    command: String,
    child: Child,
}

impl Server {
    /// Runs `command` with `sh -c` in a process group of its own, and waits until a broker answers at `bootstrap`. Its
    /// output goes to `log`, or nowhere.
    ///
    /// # Errors
    /// See `ServerError`.
    pub fn start(command: &str, bootstrap: &str, log: Option<&Path>) -> Result<Server, ServerError> {
        if is_there(bootstrap)? {
            return Err(ServerError::Occupied {
                command: command.to_owned(),
                bootstrap: bootstrap.to_owned(),
            });
        }
        let spawned = outputs(log).and_then(|(out, err)| {
            Command::new("sh")
                .args(["-c", command])
                .process_group(0)
                .stdin(Stdio::null())
                .stdout(out)
                .stderr(err)
                .spawn()
        });
        let child = spawned.map_err(|source| ServerError::Spawn {
            command: command.to_owned(),
            source,
        })?;
        let mut server = Server {
            command: command.to_owned(),
            child,
        };
        set_running(server.group());
        let waits = (START_MAX.as_millis() / INTERVAL.as_millis()).max(1);
        for _ in 0..waits {
            if is_there(bootstrap)? {
                return Ok(server);
            }
            if let Some(status) = server.ended()? {
                return Err(ServerError::Ended {
                    command: command.to_owned(),
                    status,
                    bootstrap: bootstrap.to_owned(),
                });
            }
            here(pause)?;
        }
        Err(ServerError::Silent {
            command: command.to_owned(),
            bootstrap: bootstrap.to_owned(),
        })
    }

    /// The process that the shell became, or the shell.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>, ServerError> {
        self.child.try_wait().map_err(|source| ServerError::Watch {
            command: self.command.clone(),
            source,
        })
    }

    fn group(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group() {
            // A group that is gone needs no signal.
            let _gone = kill_process_group(group, signal);
        }
    }

    /// Asks it to end, waits until it has, and kills it if it has not after two minutes.
    ///
    /// # Errors
    /// `Runtime`, `Watch`.
    pub fn stop(mut self) -> Result<(), ServerError> {
        self.signal(Signal::TERM);
        let waits = STOP_MAX.as_millis() / INTERVAL.as_millis();
        for _ in 0..waits {
            if self.ended()?.is_some() {
                return Ok(());
            }
            here(pause)?;
        }
        // Dropping kills.
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.signal(Signal::KILL);
            // Whoever cannot be waited for cannot be helped either.
            let _status = self.child.wait();
        }
        set_running(None);
    }
}

fn outputs(log: Option<&Path>) -> io::Result<(Stdio, Stdio)> {
    match log {
        None => Ok((Stdio::null(), Stdio::null())),
        Some(path) => {
            let file = File::options().create(true).append(true).open(path)?;
            Ok((file.try_clone()?.into(), file.into()))
        }
    }
}

/// Whether a broker answers at `bootstrap`.
///
/// # Errors
/// When the runtime that asks it does not start.
pub(super) fn is_there(bootstrap: &str) -> Result<bool, StartError> {
    here(|shard| answers(shard, bootstrap.to_owned()))
}

/// Whether a broker tells its versions there.
async fn answers(shard: Shard<()>, bootstrap: String) -> bool {
    match resolve(&bootstrap) {
        Ok(address) => {
            let clock = &*shard.handle.clock;
            let asked = BrokerConnection::open(&shard.handle, address);
            matches!(timeout(clock, clock.now() + ANSWER_MAX, asked).await, Ok(Ok(_)))
        }
        Err(_) => false,
    }
}

async fn pause(shard: Shard<()>) {
    let clock = &shard.handle.clock;
    clock.sleep_until(clock.now() + INTERVAL).await;
}
