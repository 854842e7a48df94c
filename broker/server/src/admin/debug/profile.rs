//! `/debug/profile?seconds=N&hz=M`: where the processor's time goes, as folded stacks (`thread;outer;inner count`).
//!
//! SIGPROF interrupts whichever thread runs, and its stack is taken within the handler. Every waiting call of a shard
//! takes an interruption for what it is: the rings go on at EINTR. The samples are gathered and resolved on a thread of
//! its own, so that no shard waits for debug information to be read.

use std::collections::BTreeMap;
use std::sync::mpsc::{TryRecvError, channel};
use std::time::Duration;

use corelog_runtime::Clock;
use hyper::StatusCode;
use pprof::{ProfilerGuardBuilder, Report};

use crate::admin::reply::Reply;

pub(super) const PATH: &str = "/debug/profile";
const SECONDS: u64 = 5;
const SECONDS_MAX: u64 = 120;
/// A prime, so that it does not march in step with anything that happens every so many milliseconds.
const HERTZ: i32 = 199;
const HERTZ_MAX: i32 = 2000;
/// How often to ask whether the profile is there.
const GLANCE: Duration = Duration::from_millis(50);
/// From this release on the C library finds unwind tables without a lock (_dl_find_object), so that a stack may be taken
/// anywhere. Before, it may not be taken within these libraries: the interrupted code may hold that lock.
const GLIBC_LOCK_FREE: (u32, u32) = (2, 35);
const LOCKING: [&str; 4] = ["libc", "libgcc", "pthread", "vdso"];

/// A request that cannot be answered.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum AskedError {
    /// A parameter is not known.
    #[error("there are the parameters seconds and hz, not {0:?}")]
    Unknown(String),
    /// A number is none, or beyond its bounds.
    #[error("{name} is a number of 1 to {most}, not {value:?}")]
    Number {
        /// The parameter.
        name: &'static str,
        /// Its bound.
        most: u64,
        /// What was given.
        value: String,
    },
}

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    seconds: u64,
    hertz: i32,
}

impl Asked {
    /// Of a request's target; `None` if it is not for a profile.
    pub(super) fn parse(target: &str) -> Option<Result<Asked, AskedError>> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        (path == PATH).then(|| Asked::of_query(query))
    }

    fn of_query(query: &str) -> Result<Asked, AskedError> {
        let mut asked = Asked {
            seconds: SECONDS,
            hertz: HERTZ,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "seconds" => asked.seconds = number("seconds", value, SECONDS_MAX)?,
                "hz" => asked.hertz = number("hz", value, HERTZ_MAX)?,
                other => return Err(AskedError::Unknown(other.to_owned())),
            }
        }
        Ok(asked)
    }

    /// How long samples are taken.
    pub(super) fn duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

fn number<N>(name: &'static str, value: &str, most: N) -> Result<N, AskedError>
where
    N: std::str::FromStr + Ord + From<u8> + Copy + TryInto<u64>,
{
    match value.parse::<N>() {
        Ok(number) if (N::from(1)..=most).contains(&number) => Ok(number),
        Ok(_) | Err(_) => Err(AskedError::Number {
            name,
            most: most.try_into().unwrap_or(u64::MAX),
            value: value.to_owned(),
        }),
    }
}

/// Takes a profile; the shard goes on meanwhile.
pub(super) async fn take(clock: &dyn Clock, asked: Asked) -> Reply {
    let (sender, receiver) = channel();
    let profiler = std::thread::Builder::new().name("profiler".into());
    let started = profiler.spawn(move || {
        // Whoever asked may have gone.
        let _ = sender.send(sample(asked));
    });
    if let Err(error) = started {
        return Reply::new(
            StatusCode::SERVICE_UNAVAILABLE,
            &format!("cannot start the profiler's thread: {error}\n"),
        );
    }
    loop {
        match receiver.try_recv() {
            Ok(Ok(folded)) => return Reply::new(StatusCode::OK, &folded),
            Ok(Err(error)) => return Reply::new(StatusCode::SERVICE_UNAVAILABLE, &format!("{error}\n")),
            Err(TryRecvError::Disconnected) => {
                return Reply::new(StatusCode::SERVICE_UNAVAILABLE, "the profiler's thread failed\n");
            }
            Err(TryRecvError::Empty) => clock.sleep_until(clock.now() + GLANCE).await,
        }
    }
}

/// Samples the process. Blocks.
#[expect(
    clippy::disallowed_methods,
    reason = "a thread of its own, which nothing waits for but a person"
)]
fn sample(asked: Asked) -> Result<String, pprof::Error> {
    let mut builder = ProfilerGuardBuilder::default().frequency(asked.hertz);
    if glibc_version() < GLIBC_LOCK_FREE {
        builder = builder.blocklist(&LOCKING);
    }
    let guard = builder.build()?;
    std::thread::sleep(asked.duration());
    let report = guard.report().build()?;
    drop(guard);
    Ok(fold(&report))
}

/// The C library's release; the oldest there can be if it does not tell.
fn glibc_version() -> (u32, u32) {
    let text = super::c_library::version();
    let mut numbers = text.split('.').map_while(|part| part.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

fn fold(report: &Report) -> String {
    let mut stacks: BTreeMap<String, isize> = BTreeMap::new();
    for (frames, count) in &report.data {
        let outermost_first = frames.frames.iter().rev();
        let names = outermost_first.flat_map(|symbols| symbols.iter().rev().map(ToString::to_string));
        let thread = [frames.thread_name_or_id()].into_iter();
        let stack: Vec<String> = thread.chain(names).map(|name| name.replace(';', ":")).collect();
        *stacks.entry(stack.join(";")).or_default() += count;
    }
    let lines = stacks.iter().map(|(stack, count)| format!("{stack} {count}\n"));
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read() {
        let check = |target: &str, expected: Option<Result<(u64, i32), &str>>| {
            let parsed = Asked::parse(target).map(|asked| {
                asked
                    .map(|asked| (asked.seconds, asked.hertz))
                    .map_err(|error| error.to_string())
            });
            match (parsed, expected) {
                (Some(Err(message)), Some(Err(part))) => assert!(message.contains(part), "{message}"),
                (parsed, expected) => {
                    let expected = expected.map(|result| result.map_err(str::to_owned));
                    assert_eq!(parsed, expected, "{target}");
                }
            }
        };
        check("/debug/profile", Some(Ok((5, 199))));
        check("/debug/profile?seconds=30&hz=1000", Some(Ok((30, 1000))));
        check("/debug/profile?seconds=0", Some(Err("1 to 120")));
        check("/debug/profile?seconds=121", Some(Err("1 to 120")));
        check("/debug/profile?hz=x", Some(Err("1 to 2000")));
        check("/debug/profile?second=1", Some(Err("seconds and hz")));
        check("/debug/profiles", None);
    }

    #[test]
    fn what_a_thread_does_is_seen() {
        let (stop, stopped) = channel::<()>();
        let busy = std::thread::Builder::new().name("busy-one".into());
        let busy = busy.spawn(move || {
            let mut state = 1u64;
            while stopped.try_recv() == Err(TryRecvError::Empty) {
                state = std::hint::black_box(state.wrapping_mul(6_364_136_223_846_793_005));
            }
        });
        let asked = Asked {
            seconds: 1,
            hertz: 199,
        };
        let folded = sample(asked).unwrap();
        drop(stop);
        busy.unwrap().join().unwrap();
        let line = folded.lines().find(|line| line.starts_with("busy-one;"));
        let (stack, count) = line
            .unwrap_or_else(|| panic!("{folded}"))
            .rsplit_once(' ')
            .unwrap();
        assert!(stack.contains("what_a_thread_does_is_seen"), "{stack}");
        assert!(count.parse::<u32>().unwrap() > 0);
        assert!(glibc_version() > (2, 0));
    }
}
