//! What the service manager is told of this broker: sd_notify(3), by datagrams of `NAME=value` lines.
//!
//! Whoever has something to tell leaves it in [`ServiceManager`]; one thread sends it, so no shard waits for the other
//! end. The same thread keeps systemd's watchdog quiet, for as long as every shard answers it.
//!
//! ```text
//! starting   STATUS=… EXTEND_TIMEOUT_USEC=…   as long as a recovery gets on
//! serving    READY=1
//!            RELOADING=1 MONOTONIC_USEC=…     at SIGHUP, and READY=1 when it is done
//!            WATCHDOG=1                       every half of WATCHDOG_USEC
//! stopping   STOPPING=1
//! ```

use std::env;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use corelog_runtime::Liveness;

/// How much longer a start may take from each sign that it gets on; the unit's TimeoutStartSec is as long.
const EXTENSION: Duration = Duration::from_secs(300);
/// How often shards that have not answered are looked at again.
const RETRY: Duration = Duration::from_millis(50);
/// How long the thread sleeps when there is nothing to do; whoever has something wakes it.
const IDLE: Duration = Duration::from_secs(3600);
/// Messages that wait for a manager that takes none; further ones but the last words are dropped.
const WAITING_MAX: usize = 32;

/// The one who is told; by default nobody is.
#[derive(Clone, Default)]
pub struct ServiceManager(Option<Arc<Post>>);

/// What waits to be told.
#[derive(Default)]
struct Post {
    desk: Mutex<Desk>,
    changed: Condvar,
}

#[derive(Default)]
struct Desk {
    phase: Phase,
    messages: Vec<String>,
    watch: Option<Watch>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Phase {
    #[default]
    Starting,
    Serving,
    Stopping,
}

/// What the watchdog's pings depend on.
struct Watch {
    liveness: Liveness,
    interval: Duration,
}

/// Why the service manager cannot be told anything.
#[derive(Debug, thiserror::Error)]
#[error("NOTIFY_SOCKET is {address:?}, and it cannot be used: {source}")]
pub struct NotifyError {
    address: std::ffi::OsString,
    source: io::Error,
}

impl ServiceManager {
    /// The one that `NOTIFY_SOCKET` names, if it names one. Starts the thread that tells it.
    ///
    /// # Errors
    /// When the socket cannot be reached, or no thread be started.
    pub fn of_environment() -> Result<ServiceManager, NotifyError> {
        let Some(address) = env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty()) else {
            return Ok(ServiceManager::default());
        };
        ServiceManager::at(address.as_bytes()).map_err(|source| NotifyError { address, source })
    }

    fn at(address: &[u8]) -> io::Result<ServiceManager> {
        let address = match address.strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(address))?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        let post = Arc::new(Post::default());
        let manager = ServiceManager(Some(Arc::clone(&post)));
        let send = move |message: &str| {
            if let Err(error) = socket.send(message.as_bytes()) {
                tracing::warn!(%error, message, "the service manager is not told");
            }
        };
        thread::Builder::new()
            .name("service".into())
            .spawn(move || post.tell_all(&send))?;
        Ok(manager)
    }

    /// The start has got on with what `status` says.
    pub(crate) fn progress(&self, status: &str) {
        self.with(|desk| {
            if desk.phase == Phase::Starting {
                let usec = EXTENSION.as_micros();
                desk.say(format!("STATUS={status}\nEXTEND_TIMEOUT_USEC={usec}"));
            }
        });
    }

    /// Clients are served.
    pub(crate) fn ready(&self, status: &str) {
        self.with(|desk| {
            if desk.phase == Phase::Starting {
                desk.phase = Phase::Serving;
                desk.must_say(format!("READY=1\nSTATUS={status}"));
            }
        });
    }

    /// The broker stops.
    pub fn stopping(&self) {
        self.with(|desk| {
            if desk.phase != Phase::Stopping {
                desk.phase = Phase::Stopping;
                desk.must_say("STOPPING=1\nSTATUS=stopping".to_owned());
            }
        });
    }

    /// The configuration is read again, while `reload` runs.
    pub fn reloading(&self, reload: impl FnOnce()) {
        let mut told = false;
        self.with(|desk| {
            if desk.phase == Phase::Serving {
                told = true;
                let usec = monotonic().as_micros();
                desk.must_say(format!("RELOADING=1\nMONOTONIC_USEC={usec}"));
            }
        });
        reload();
        self.with(|desk| {
            // A stop that came meanwhile stands.
            if told && desk.phase == Phase::Serving {
                desk.must_say("READY=1".to_owned());
            }
        });
    }

    /// The shards run: from now on the watchdog's pings depend on them.
    pub(crate) fn watch(&self, liveness: Liveness) {
        let Some(interval) = watchdog_interval(|name| env::var(name).ok()) else {
            return;
        };
        self.with(|desk| desk.watch = Some(Watch { liveness, interval }));
    }

    fn with(&self, change: impl FnOnce(&mut Desk)) {
        if let Some(post) = &self.0 {
            change(&mut post.desk());
            post.changed.notify_one();
        }
    }
}

impl Desk {
    fn say(&mut self, message: String) {
        if self.messages.len() < WAITING_MAX {
            self.messages.push(message);
        }
    }

    /// As `say`, for what must arrive: a progress makes room for it.
    fn must_say(&mut self, message: String) {
        if self.messages.len() >= WAITING_MAX {
            self.messages.remove(0);
        }
        self.messages.push(message);
    }
}

impl Post {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of the thread: it ends with the process.
    fn tell_all(&self, send: &dyn Fn(&str)) {
        let mut pings = None;
        loop {
            let wait = pings.as_ref().map_or(IDLE, Pings::wait);
            let mut desk = self.desk();
            if desk.messages.is_empty() && desk.watch.is_none() {
                let waited = self.changed.wait_timeout(desk, wait);
                desk = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            let messages = std::mem::take(&mut desk.messages);
            if let Some(watch) = desk.watch.take() {
                pings = Some(Pings::new(watch));
            }
            drop(desk);
            for message in messages {
                send(&message);
            }
            if let Some(pings) = &mut pings
                && pings.is_due()
            {
                send("WATCHDOG=1");
            }
        }
    }
}

/// When to ping: each interval the shards are asked, and the ping goes when all have answered.
struct Pings {
    watch: Watch,
    next: Instant,
    is_asked: bool,
    is_reported: bool,
}

#[expect(
    clippy::disallowed_methods,
    reason = "no shard runs here, and the manager goes by the machine's time"
)]
impl Pings {
    fn new(watch: Watch) -> Pings {
        Pings {
            watch,
            next: Instant::now(),
            is_asked: false,
            is_reported: false,
        }
    }

    fn wait(&self) -> Duration {
        if self.is_asked {
            RETRY.min(self.watch.interval)
        } else {
            self.next.saturating_duration_since(Instant::now())
        }
    }

    /// Whether to ping now.
    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        if !self.is_asked {
            if now >= self.next {
                self.watch.liveness.ask();
                self.is_asked = true;
            }
            return false;
        }
        if let Some(shard) = self.watch.liveness.silent() {
            let is_late = now >= self.next + self.watch.interval;
            if is_late && !std::mem::replace(&mut self.is_reported, true) {
                tracing::error!(%shard, "a shard does not answer: the service manager is not told that this broker lives");
            }
            return false;
        }
        self.next = now + self.watch.interval;
        (self.is_asked, self.is_reported) = (false, false);
        true
    }
}

/// Half of `WATCHDOG_USEC`, if that is meant for this process (sd_watchdog_enabled(3)).
fn watchdog_interval(variable: impl Fn(&str) -> Option<String>) -> Option<Duration> {
    let own = std::process::id().to_string();
    if variable("WATCHDOG_PID").is_some_and(|pid| pid != own) {
        return None;
    }
    let usec: u64 = variable("WATCHDOG_USEC")?.parse().ok()?;
    (usec > 0).then(|| Duration::from_micros(usec) / 2)
}

/// CLOCK_MONOTONIC, which the standard library keeps to itself.
fn monotonic() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_is_for_the_process_that_it_names() {
        let own = std::process::id().to_string();
        let check = |usec: Option<&str>, pid: Option<&str>, want: Option<u64>| {
            let got = watchdog_interval(|name| {
                let value = if name == "WATCHDOG_PID" { pid } else { usec };
                value.map(str::to_owned)
            });
            assert_eq!(got, want.map(Duration::from_micros), "{usec:?} {pid:?}");
        };
        check(None, None, None);
        check(Some("30000000"), None, Some(15_000_000));
        check(Some("30000000"), Some(&own), Some(15_000_000));
        check(Some("30000000"), Some("1"), None);
        check(Some("0"), None, None);
        check(Some("soon"), None, None);
    }

    #[test]
    fn phases_only_go_forward() {
        let manager = ServiceManager(Some(Arc::default()));
        let said = || {
            let post = manager.0.as_ref().unwrap();
            std::mem::take(&mut post.desk().messages)
        };
        manager.reloading(|| {});
        assert_eq!(
            said(),
            Vec::<String>::new(),
            "what starts has no reload to tell of"
        );
        manager.progress("recovering shard 0: 5 %");
        assert_eq!(
            said(),
            ["STATUS=recovering shard 0: 5 %\nEXTEND_TIMEOUT_USEC=300000000"]
        );
        manager.ready("serving");
        manager.progress("late");
        manager.ready("again");
        assert_eq!(said(), ["READY=1\nSTATUS=serving"]);
        manager.reloading(|| {});
        let reload = said();
        assert!(
            reload[0].starts_with("RELOADING=1\nMONOTONIC_USEC="),
            "{reload:?}"
        );
        assert_eq!(reload[1..], ["READY=1"]);
        manager.reloading(|| manager.stopping());
        assert_eq!(said()[1..], ["STOPPING=1\nSTATUS=stopping"]);
        manager.ready("too late");
        manager.stopping();
        assert_eq!(said(), Vec::<String>::new());
    }

    #[test]
    fn what_must_arrive_has_room() {
        let mut desk = Desk::default();
        for number in 0..2 * WAITING_MAX {
            desk.say(number.to_string());
        }
        desk.must_say("READY=1".to_owned());
        assert_eq!(desk.messages.len(), WAITING_MAX);
        assert_eq!(desk.messages.last().unwrap(), "READY=1");
    }
}
