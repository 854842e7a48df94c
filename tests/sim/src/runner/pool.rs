//! Worker processes, and what they say.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::Arguments;

/// How often progress is said.
const PROGRESS: Duration = Duration::from_secs(15);

/// A seed that broke a promise.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) seed: u64,
    pub(crate) text: String,
}

/// What all seeds together did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) seeds: u64,
    operations: u64,
    pub(crate) acknowledged: u64,
    pub(crate) reads: u64,
    pub(crate) lives: u64,
    pub(crate) losses_after_damage: u64,
    core_time: Duration,
}

impl Totals {
    /// Requests of clients that were answered, a second of one core.
    pub(crate) fn operations_a_second(&self) -> u64 {
        let operations = u128::from(self.operations);
        let nanos = self.core_time.as_nanos().max(1);
        u64::try_from(operations * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
    }

    fn add(&mut self, words: &[u64]) {
        if let [operations, acknowledged, reads, lives, losses, nanos] = words {
            self.operations += operations;
            self.acknowledged += acknowledged;
            self.reads += reads;
            self.lives += lives;
            self.losses_after_damage += losses;
            self.core_time += Duration::from_nanos(*nanos);
        }
    }
}

enum Said {
    Line(String),
    /// The worker ended; the last seed that it began, and whether it came to that one's end.
    Ended {
        worker: usize,
        last: Option<u64>,
    },
}

/// A worker that is killed when it is given up.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(
    arguments: &Arguments,
    worker: usize,
    from: u64,
    end: u64,
    left: Duration,
    say: &Sender<Said>,
) -> anyhow::Result<Worker> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["--world", arguments.world.name()])
        .args(["--plan", &arguments.plan.to_string()])
        .args(["--from", &from.to_string()])
        .args(["--seeds", &end.saturating_sub(from).to_string()])
        .args(["--step", &arguments.jobs().to_string()]);
    if left < Duration::MAX {
        command.args(["--minutes", &(left.as_secs_f64() / 60.0).to_string()]);
    }
    if arguments.keep_going {
        command.arg("--keep-going");
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("a worker process")?;
    let lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    let say = say.clone();
    std::thread::spawn(move || {
        let mut last = None;
        for line in lines.map_while(Result::ok) {
            if let Some(seed) = line.strip_prefix("> ") {
                last = seed.parse().ok();
            }
            if say.send(Said::Line(line)).is_err() {
                return;
            }
        }
        // Nobody listens any more once enough was found.
        let _ = say.send(Said::Ended { worker, last });
    });
    Ok(Worker(child))
}

/// Runs the seeds on all workers; returns what was found and what was done.
pub(crate) fn run_pool(arguments: &Arguments) -> anyhow::Result<(Vec<Finding>, Totals)> {
    let began = Instant::now();
    let (seeds, limit) = arguments.bounds();
    let end = arguments.from.saturating_add(seeds);
    let jobs = arguments.jobs();
    let (say, heard): (Sender<Said>, Receiver<Said>) = channel();
    let mut workers = Vec::new();
    for worker in 0..jobs {
        let from = arguments.from.saturating_add(u64::try_from(worker).unwrap_or(0));
        workers.push(Some(start(arguments, worker, from, end, limit, &say)?));
    }
    let mut totals = Totals::default();
    let mut findings: Vec<Finding> = Vec::new();
    let mut next_progress = PROGRESS;
    while workers.iter().any(Option::is_some) {
        if began.elapsed() > next_progress {
            next_progress += PROGRESS;
            eprintln!(
                "{} seeds, {} failed, {:.1} seeds a second",
                totals.seeds,
                findings.len(),
                totals.seeds as f64 / began.elapsed().as_secs_f64()
            );
        }
        let said = match heard.recv_timeout(Duration::from_secs(1)) {
            Ok(said) => said,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        match said {
            Said::Line(line) => {
                let (mark, rest) = line.split_at_checked(2).unwrap_or(("", &line));
                match mark {
                    "> " => totals.seeds += 1,
                    "= " => {
                        let words: Vec<u64> = rest.split(' ').filter_map(|word| word.parse().ok()).collect();
                        if arguments.verbose {
                            println!("seed {rest}");
                        }
                        totals.add(words.get(1..).unwrap_or_default());
                    }
                    "! " => {
                        let (seed, text) = rest.split_once(' ').unwrap_or((rest, ""));
                        let seed = seed.parse().unwrap_or(0);
                        println!("FAILED seed {seed}: {text}");
                        findings.push(Finding {
                            seed,
                            text: text.to_owned(),
                        });
                        if !arguments.keep_going {
                            return Ok((findings, totals));
                        }
                    }
                    _ => println!("{line}"),
                }
            }
            Said::Ended { worker, last } => {
                workers[worker] = None;
                let next = last
                    .unwrap_or(end)
                    .saturating_add(u64::try_from(jobs).unwrap_or(1));
                let left = limit.saturating_sub(began.elapsed());
                // A panic that does not unwind has ended it before its time.
                let has_failed = findings.iter().any(|finding| Some(finding.seed) == last);
                if has_failed && next < end && left > Duration::ZERO {
                    workers[worker] = Some(start(arguments, worker, next, end, left, &say)?);
                }
            }
        }
    }
    Ok((findings, totals))
}
