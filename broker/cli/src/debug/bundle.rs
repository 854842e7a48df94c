//! `corelog debug bundle`: one .tar.gz with what helps to find a fault.
//!
//! Each part is asked for by itself, and one that cannot be had is a line in errors.txt. A part has [`PART_BYTES_MAX`] at most,
//! and parts that wait for a broker have [`PART_SECONDS_MAX`] each.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;
use corelog_client::{Client, ConfigResource};
use corelog_config::{BrokerConfig, ConfigSources};
use corelog_model::TimestampMs;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::admin::Admin;
use crate::cluster;
use crate::config::print_config;
use crate::config_args::environment;
use crate::doctor::{self, DoctorArgs};
use crate::error::CliError;
use crate::globals::{Format, Globals};
use crate::output::Output;
use crate::parse::{duration, show_time};
use crate::tune::{self, TuneArgs};

/// The most bytes of one part; the end of a log is kept, of all others the beginning.
const PART_BYTES_MAX: u64 = 16 << 20;
/// The most seconds that one answer of the admin port may take.
const PART_SECONDS_MAX: u64 = 15;
/// Lines of the journal that are asked for.
const JOURNAL_LINES: &str = "5000";
/// Readable and writable by its owner.
const MODE: u32 = 0o600;

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct BundleError {
    path: PathBuf,
    source: io::Error,
}

/// The arguments of `debug bundle`.
#[derive(Clone, PartialEq, Eq, Debug, Args)]
pub struct BundleArgs {
    /// Where to write it; corelog-debug-TIME.tar.gz here if it is not given. The file must not be there.
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,

    /// The broker's configuration file.
    #[arg(long, short, value_name = "FILE", env = "CORELOG_CONFIG")]
    config: Option<PathBuf>,

    /// The data directory, for doctor and tune; the configuration's log.dirs if it is not given.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// The broker's admin port; without it that of the profile, else port 9644 of the broker.
    #[arg(long, value_name = "HOST:PORT", env = "CORELOG_ADMIN")]
    admin: Option<String>,

    /// The broker's log; without it the lines of the service corelog in systemd's journal.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,

    /// Between the two looks at the metrics; a minute at most.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    interval: Duration,
}

/// What was gathered.
#[derive(Default)]
struct Parts {
    files: Vec<(String, Vec<u8>)>,
    errors: String,
}

impl Parts {
    fn add<E: ToString>(&mut self, name: &str, part: Result<impl Into<Vec<u8>>, E>) {
        match part {
            Ok(bytes) => {
                let mut bytes = bytes.into();
                let most = usize::try_from(PART_BYTES_MAX).unwrap_or(usize::MAX);
                if bytes.len() > most {
                    bytes.truncate(most);
                    self.note(name, &format!("cut after {PART_BYTES_MAX} bytes"));
                }
                self.files.push((name.to_owned(), bytes));
            }
            Err(error) => self.note(name, &error.to_string()),
        }
    }

    fn note(&mut self, name: &str, text: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.errors, "{name}: {text}");
    }
}

pub(super) fn run(globals: &Globals, args: &BundleArgs, output: &mut Output<'_>) -> Result<(), CliError> {
    let now = crate::clock::now();
    let path = args.file.clone().unwrap_or_else(|| default_path(now));
    // Before anything is asked: it may not be writable.
    let file = create(&path)?;
    let mut parts = Parts::default();
    about(now, &mut parts);
    of_machine(args, &mut parts);
    of_admin_port(globals, args, &mut parts);
    of_cluster(globals, &mut parts);
    let log = match &args.log {
        Some(path) => tail(path).map_err(|error| format!("{}: {error}", path.display())),
        None => journal(),
    };
    parts.add("log.txt", log);
    let size = write(file, &path, now, &parts)?;
    let names: Vec<_> = parts.files.iter().map(|(name, _)| name.as_str()).collect();
    let errors: Vec<_> = parts.errors.lines().collect();
    if output.is_json() {
        return output.json(&json!({ "file": path, "bytes": size, "parts": names, "errors": errors }));
    }
    output.line(&format!(
        "{}  {size} bytes  {} parts",
        path.display(),
        names.len()
    ))?;
    for error in errors {
        output.line(&format!("not in it: {error}"))?;
    }
    Ok(())
}

fn default_path(now: TimestampMs) -> PathBuf {
    let time: String = show_time(now)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    PathBuf::from(format!("corelog-debug-{time}.tar.gz"))
}

fn create(path: &Path) -> Result<File, BundleError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path)
        .map_err(|source| BundleError {
            path: path.to_owned(),
            source,
        })
}

fn about(now: TimestampMs, parts: &mut Parts) {
    let kernel = std::fs::read_to_string("/proc/version").unwrap_or_default();
    let text = format!(
        "gathered at {}\ncorelog {}\n{}\n",
        show_time(now),
        env!("CARGO_PKG_VERSION"),
        kernel.trim()
    );
    parts.add("about.txt", Ok::<_, io::Error>(text));
}

/// What a command prints for scripts.
fn printed<T>(command: impl FnOnce(&mut Output<'_>) -> Result<T, CliError>) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    command(&mut Output::new(Format::Json, &mut bytes))?;
    Ok(bytes)
}

fn of_machine(args: &BundleArgs, parts: &mut Parts) {
    let config = BrokerConfig::load(&ConfigSources {
        file: args.config.clone(),
        environment: environment(),
        flags: Vec::new(),
    });
    let config = config.map_err(CliError::from);
    parts.add(
        "config-of-file.json",
        config.and_then(|config| printed(|output| print_config(&config, true, output))),
    );
    let doctor = DoctorArgs::of(args.config.clone(), args.data_dir.clone());
    parts.add("doctor.json", printed(|output| doctor::run(&doctor, output)));
    let tune = TuneArgs::look(args.config.clone(), args.data_dir.clone());
    parts.add("tune.json", printed(|output| tune::run(&tune, output)));
}

fn of_admin_port(globals: &Globals, args: &BundleArgs, parts: &mut Parts) {
    let admin = globals
        .admin(args.admin.as_deref())
        .and_then(|address| Admin::new(&address));
    let admin = match admin {
        Ok(admin) => admin,
        Err(error) => return parts.note("admin port", &error.to_string()),
    };
    let get = |path: &str| admin.bounded(path, PART_SECONDS_MAX, PART_BYTES_MAX + 1);
    let first = get("/metrics");
    // Where nobody answers, the other pages would only wait.
    if let Err(error) = first {
        return parts.note("admin port", &error.to_string());
    }
    parts.add("metrics-1.txt", first);
    parts.add("health.txt", get("/health/ready"));
    parts.add("connections.json", get("/debug/connections"));
    parts.add("shards-1.txt", get("/debug/shards"));
    pause(args.interval.min(Duration::from_secs(60)));
    parts.add("metrics-2.txt", get("/metrics"));
    parts.add("shards-2.txt", get("/debug/shards"));
}

#[expect(
    clippy::disallowed_methods,
    reason = "a tool of its own process waits between two looks"
)]
fn pause(interval: Duration) {
    std::thread::sleep(interval);
}

fn of_cluster(globals: &Globals, parts: &mut Parts) {
    let mut client = match globals.client() {
        Ok(client) => client,
        Err(error) => return parts.note("cluster", &error.to_string()),
    };
    parts.add(
        "cluster.json",
        printed(|output| cluster::info(globals, true, output)),
    );
    parts.add("topics.json", topics(&mut client));
    parts.add("groups.json", groups(&mut client));
    let brokers: Vec<i32> = client.cluster().brokers.keys().copied().collect();
    for id in brokers {
        parts.add(&format!("config-of-broker-{id}.json"), config_of(&mut client, id));
    }
}

fn topics(client: &mut Client) -> Result<String, CliError> {
    let topics: Vec<_> = client
        .topics()?
        .iter()
        .map(|topic| {
            let leaderless = topic
                .partitions
                .iter()
                .filter(|partition| partition.leader.is_none());
            json!({
                "topic": topic.name, "id": topic.id.to_string(), "internal": topic.is_internal,
                "partitions": topic.partitions.len(), "without_leader": leaderless.count(),
            })
        })
        .collect();
    Ok(json!(topics).to_string())
}

fn groups(client: &mut Client) -> Result<String, CliError> {
    let groups: Vec<_> = client
        .list_groups()?
        .iter()
        .map(|group| json!({ "group": group.id, "state": group.state, "type": group.protocol_type }))
        .collect();
    Ok(json!(groups).to_string())
}

/// What a broker runs with; it withholds secrets itself.
fn config_of(client: &mut Client, id: i32) -> Result<String, CliError> {
    let values: Vec<_> = client
        .describe_configs(&ConfigResource::Broker(id), false)?
        .iter()
        .map(|value| {
            let text = value.value.as_ref().filter(|_| !value.is_sensitive);
            json!({ "key": value.name, "value": text, "source": value.source.name() })
        })
        .collect();
    Ok(json!(values).to_string())
}

/// The end of a file.
fn tail(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(PART_BYTES_MAX)))?;
    let mut bytes = Vec::new();
    file.take(PART_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The last lines of the service in systemd's journal.
fn journal() -> Result<Vec<u8>, String> {
    let run = Command::new("journalctl")
        .args([
            "--unit",
            "corelog",
            "--lines",
            JOURNAL_LINES,
            "--no-pager",
            "--output",
            "short-iso",
        ])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("journalctl: {error}; --log FILE names the broker's log"))?;
    if run.status.success() {
        return Ok(run.stdout);
    }
    let said = String::from_utf8_lossy(&run.stderr);
    Err(format!(
        "journalctl: {}; --log FILE names the broker's log",
        said.trim()
    ))
}

/// Writes the archive; returns its size.
fn write(file: File, path: &Path, now: TimestampMs, parts: &Parts) -> Result<u64, BundleError> {
    let written = || -> io::Result<u64> {
        let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::default()));
        let errors = ("errors.txt".to_owned(), parts.errors.clone().into_bytes());
        for (name, bytes) in parts.files.iter().chain([&errors]) {
            let mut header = tar::Header::new_gnu();
            header.set_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            header.set_mode(MODE);
            header.set_mtime(u64::try_from(now.get() / 1000).unwrap_or(0));
            archive.append_data(&mut header, format!("corelog-debug/{name}"), bytes.as_slice())?;
        }
        let file = archive.into_inner()?.finish()?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    };
    written().map_err(|source| BundleError {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn what_was_gathered_is_in_the_archive_with_what_was_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bundle.tar.gz");
        let mut parts = Parts::default();
        parts.add("a.txt", Ok::<_, io::Error>("text"));
        parts.add("b.txt", Err::<Vec<u8>, _>("nobody answers"));
        let size = write(create(&path).unwrap(), &path, TimestampMs::new(5000), &parts).unwrap();
        assert!(size > 0);
        let mut archive = tar::Archive::new(GzDecoder::new(File::open(&path).unwrap()));
        let found: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let name = entry.path().unwrap().display().to_string();
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                (name, text)
            })
            .collect();
        let expected = [
            ("corelog-debug/a.txt", "text"),
            ("corelog-debug/errors.txt", "b.txt: nobody answers\n"),
        ];
        assert_eq!(
            found,
            expected.map(|(name, text)| (name.to_owned(), text.to_owned()))
        );
        assert!(create(&path).is_err(), "what is there stays");
    }

    #[test]
    fn a_log_is_kept_from_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let size = usize::try_from(PART_BYTES_MAX).unwrap();
        let mut bytes = vec![b'a'; size];
        bytes.extend_from_slice(b"the end");
        std::fs::write(&path, bytes).unwrap();
        let kept = tail(&path).unwrap();
        assert_eq!(kept.len(), size);
        assert!(kept.ends_with(b"the end"));
    }
}
