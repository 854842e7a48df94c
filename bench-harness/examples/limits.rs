//! What the machine does at most of the things that a produce is made of, without any broker: bytes over loopback TCP,
//! copies of memory, CRC-32C. Each probe gives its rate, and the processor's time a GiB, all threads and the kernel
//! included.

// The probes measure the machine itself: there is no shard, and no simulation of them.
#![expect(
    clippy::disallowed_methods,
    reason = "a probe of the machine has no Clock seam"
)]

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use corelog_bench::number::to_u64;
use corelog_bench::report::Environment;
use corelog_bench::run::ServerSample;
use serde::Serialize;

/// What is sent, copied or summed at a time: a large batch.
const BLOCK: usize = 1 << 20;
/// Blocks that are gone through in turn: together larger than the processor's caches.
const BLOCKS: usize = 128;

/// Measures loopback TCP, copying and CRC-32C, and prints JSON.
#[derive(Parser, Debug)]
struct Args {
    /// Of each probe
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// A folder on the file system to report
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Serialize)]
struct Rate {
    bytes_per_s: f64,
    /// Of this whole process, the kernel's part included.
    cpu_s_per_gib: f64,
}

#[derive(Serialize)]
struct Limits {
    environment: Environment,
    loopback_1: Rate,
    loopback_8: Rate,
    copy: Rate,
    checksum: Rate,
    copy_and_checksum: Rate,
}

fn main() -> ExitCode {
    match go(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn go(args: &Args) -> anyhow::Result<()> {
    let time = Duration::try_from_secs_f64(args.seconds).context("the seconds of a probe")?;
    let source = vec![0xa5u8; BLOCK * BLOCKS];
    let mut target = vec![0u8; BLOCK * BLOCKS];
    let limits = Limits {
        environment: Environment::detect(args.data.as_deref()),
        loopback_1: loopback(1, time)?,
        loopback_8: loopback(8, time)?,
        copy: blocks(time, |index| copy(&source, &mut target, index))?,
        checksum: blocks(time, |index| sum(&source, index))?,
        copy_and_checksum: blocks(time, |index| {
            copy(&source, &mut target, index);
            sum(&target, index);
        })?,
    };
    writeln!(io::stdout(), "{}", serde_json::to_string(&limits)?)?;
    Ok(())
}

fn copy(source: &[u8], target: &mut [u8], index: usize) {
    let range = index * BLOCK..(index + 1) * BLOCK;
    target[range.clone()].copy_from_slice(&source[range]);
    black_box(target);
}

fn sum(source: &[u8], index: usize) {
    black_box(crc32c::crc32c(&source[index * BLOCK..(index + 1) * BLOCK]));
}

/// Works on one block after the other for so long, on this thread.
fn blocks(time: Duration, mut work: impl FnMut(usize)) -> anyhow::Result<Rate> {
    let meter = Meter::start()?;
    let mut done = 0;
    while meter.begun.elapsed() < time {
        work(done % BLOCKS);
        done += 1;
    }
    meter.stop(to_u64(done * BLOCK))
}

/// One thread sends on all connections in turn, another receives from them in turn.
fn loopback(connections: usize, time: Duration) -> anyhow::Result<Rate> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let (mut senders, mut receivers) = (Vec::new(), Vec::new());
    for _ in 0..connections {
        senders.push(TcpStream::connect(listener.local_addr()?)?);
        receivers.push(listener.accept()?.0);
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let meter = Meter::start()?;
    let sending = {
        let is_over = Arc::clone(&is_over);
        thread::spawn(move || send(senders, &is_over))
    };
    let receiving = thread::spawn(move || receive(receivers));
    // It ends by the sender's end: a block that was begun is sent whole, and then the connections close.
    thread::sleep(time);
    is_over.store(true, Ordering::Relaxed);
    sending.join().expect("the sender does not panic")?;
    let received = receiving.join().expect("the receiver does not panic")?;
    meter.stop(received)
}

fn send(mut connections: Vec<TcpStream>, is_over: &AtomicBool) -> io::Result<()> {
    let block = vec![0x5au8; BLOCK];
    while !is_over.load(Ordering::Relaxed) {
        for connection in &mut connections {
            connection.write_all(&block)?;
        }
    }
    Ok(())
}

fn receive(mut connections: Vec<TcpStream>) -> io::Result<u64> {
    let mut block = vec![0u8; BLOCK];
    let mut received = 0;
    while !connections.is_empty() {
        let mut index = 0;
        while index < connections.len() {
            match read_block(&mut connections[index], &mut block)? {
                0 => drop(connections.swap_remove(index)),
                count => {
                    received += to_u64(count);
                    index += 1;
                }
            }
        }
    }
    Ok(received)
}

/// Fills the block unless the other end closes before.
fn read_block(connection: &mut TcpStream, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match connection.read(&mut block[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

struct Meter {
    begun: Instant,
    cpu_s: f64,
}

impl Meter {
    fn start() -> io::Result<Meter> {
        Ok(Meter {
            begun: Instant::now(),
            cpu_s: ServerSample::take(std::process::id())?.cpu_s,
        })
    }

    fn stop(&self, bytes: u64) -> anyhow::Result<Rate> {
        let elapsed = self.begun.elapsed();
        let cpu_s = ServerSample::take(std::process::id())?.cpu_s - self.cpu_s;
        Ok(Rate {
            bytes_per_s: bytes as f64 / elapsed.as_secs_f64(),
            cpu_s_per_gib: cpu_s * f64::from(1 << 30) / bytes as f64,
        })
    }
}
