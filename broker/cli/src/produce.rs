//! `corelog produce`: records from standard input, one a line.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;

use bytes::Bytes;
use clap::{Args, ValueEnum};
use corelog_client::{Acks, Delivery, Producer, ProducerOptions, Record, RecordHeader};
use corelog_model::batch::Compression;
use corelog_model::{PartitionIndex, TimestampMs};
use serde_json::json;

use crate::client_settings;
use crate::clock::now;
use crate::error::CliError;
use crate::globals::Globals;
use crate::json::{RecordError, parse_record};
use crate::output::Output;
use crate::parse::{key_value, separator};

/// Lines that wait between reading and sending; reading waits when there are more.
const LINES_MAX: usize = 4096;

/// The arguments of `produce`.
#[derive(Clone, PartialEq, Debug, Args)]
#[command(after_help = "\
Examples:
  echo hello | corelog produce orders
  printf 'k1:v1\\nk2:v2\\n' | corelog produce orders --key-separator :
  corelog consume orders --from-beginning --exit-eof --format json | corelog produce copy --format json
Lines are sent as they come; many at once are sent in large batches.")]
pub struct ProduceArgs {
    /// The topic.
    #[arg(value_name = "TOPIC")]
    topic: String,

    /// What stands between key and value in a line; \t is a tab. Without it there are no keys.
    #[arg(long, short, value_name = "TEXT", value_parser = separator)]
    key_separator: Option<String>,

    /// A header of every record; may be given several times.
    #[arg(long = "header", short = 'H', value_name = "KEY=VALUE", value_parser = key_value)]
    headers: Vec<(String, String)>,

    /// Send everything to this partition.
    #[arg(long, short, value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,

    /// The codec of batches.
    #[arg(long, short = 'z', value_enum, default_value_t = Codec::None)]
    compression: Codec,

    /// Who must have a record: all in-sync replicas, the leader, or nobody.
    #[arg(long, value_enum, default_value_t = AcksArg::All)]
    acks: AcksArg,

    /// The form of a line: its text, or a record in JSON as `consume --format json` prints it.
    #[arg(long, short, value_enum, default_value_t = LineFormat::Text)]
    format: LineFormat,

    /// A key or value that is exactly this text is null.
    #[arg(long, value_name = "TEXT")]
    null_marker: Option<String>,

    /// Let retries write a record twice; otherwise the broker removes duplicates (with acks all).
    #[arg(long)]
    no_idempotence: bool,

    /// Fail if the topic is not there, even if the broker would create it.
    #[arg(long)]
    no_create: bool,
}

/// A codec.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Codec {
    /// Not compressed.
    None,
    /// Gzip.
    Gzip,
    /// Snappy.
    Snappy,
    /// LZ4.
    Lz4,
    /// Zstandard.
    Zstd,
}

impl Codec {
    const fn compression(self) -> Compression {
        match self {
            Codec::None => Compression::None,
            Codec::Gzip => Compression::Gzip,
            Codec::Snappy => Compression::Snappy,
            Codec::Lz4 => Compression::Lz4,
            Codec::Zstd => Compression::Zstd,
        }
    }
}

/// Who must have a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum AcksArg {
    /// Every in-sync replica.
    #[value(alias = "-1")]
    All,
    /// The leader.
    #[value(name = "1", alias = "leader")]
    One,
    /// Nobody; faults stay unseen.
    #[value(name = "0", alias = "none")]
    Zero,
}

/// The form of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum LineFormat {
    /// Its text.
    Text,
    /// A record in JSON.
    Json,
}

pub(crate) fn run(
    globals: &Globals,
    args: &ProduceArgs,
    input: impl Read + Send + 'static,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let mut client = globals.client()?;
    let mut options = ProducerOptions {
        acks: match args.acks {
            AcksArg::All => Acks::All,
            AcksArg::One => Acks::Leader,
            AcksArg::Zero => Acks::None,
        },
        compression: args.compression.compression(),
        is_idempotent: !args.no_idempotence,
        create_topic: !args.no_create,
        ..ProducerOptions::default()
    };
    client_settings::set_producer(&globals.settings, &mut options);
    let mut producer = Producer::new(&mut client, &args.topic, options)?;
    let mut totals = Totals::default();
    let result = produce_lines(args, &lines(input), &mut producer, &mut totals);
    totals.print(&args.topic, output)?;
    result
}

/// Sends lines as they come: what has gathered goes out as soon as no further line waits.
fn produce_lines(
    args: &ProduceArgs,
    lines: &Receiver<Result<Vec<u8>, CliError>>,
    producer: &mut Producer<'_>,
    totals: &mut Totals,
) -> Result<(), CliError> {
    let mut number = 0;
    loop {
        let line = match lines.try_recv() {
            Ok(line) => line,
            Err(TryRecvError::Empty) => {
                totals.add(producer.flush()?);
                match lines.recv() {
                    Ok(line) => line,
                    Err(_) => return Ok(()),
                }
            }
            Err(TryRecvError::Disconnected) => {
                totals.add(producer.flush()?);
                return Ok(());
            }
        };
        number += 1;
        let parsed = line.and_then(|line| {
            record(args, &line, now()).map_err(|source| CliError::Line { line: number, source })
        });
        let (record, partition) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => {
                // The lines before the faulty one are sent.
                totals.add(producer.flush()?);
                return Err(error);
            }
        };
        totals.add(producer.add(record, partition)?);
    }
}

/// Reads lines on a thread of their own, so that a slow input does not hold back what was read.
fn lines(input: impl Read + Send + 'static) -> Receiver<Result<Vec<u8>, CliError>> {
    let (sender, receiver) = sync_channel(LINES_MAX);
    thread::spawn(move || read_lines(BufReader::with_capacity(1 << 16, input), &sender));
    receiver
}

fn read_lines(mut input: impl BufRead, sender: &SyncSender<Result<Vec<u8>, CliError>>) {
    loop {
        let mut line = Vec::new();
        let read = match input.read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => {
                if line.last() == Some(&b'\n') {
                    line.pop();
                }
                Ok(line)
            }
            Err(error) => Err(CliError::Input(error)),
        };
        let is_last = read.is_err();
        // A receiver that is gone wants no more lines.
        if sender.send(read).is_err() || is_last {
            return;
        }
    }
}

fn record(
    args: &ProduceArgs,
    line: &[u8],
    now: TimestampMs,
) -> Result<(Record, Option<PartitionIndex>), RecordError> {
    let (mut record, partition) = match args.format {
        LineFormat::Text => (text_record(args, line, now)?, None),
        LineFormat::Json => {
            let text = String::from_utf8_lossy(line);
            parse_record(&text, now)?
        }
    };
    record
        .headers
        .extend(args.headers.iter().map(|(key, value)| RecordHeader {
            key: key.clone(),
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
        }));
    Ok((record, args.partition.map(PartitionIndex::new).or(partition)))
}

fn text_record(args: &ProduceArgs, line: &[u8], now: TimestampMs) -> Result<Record, RecordError> {
    let field = |bytes: &[u8]| {
        let is_null = args
            .null_marker
            .as_ref()
            .is_some_and(|marker| marker.as_bytes() == bytes);
        (!is_null).then(|| Bytes::copy_from_slice(bytes))
    };
    let (key, value) = match &args.key_separator {
        None => (None, field(line)),
        Some(separator) => {
            let at = line
                .windows(separator.len())
                .position(|window| window == separator.as_bytes())
                .ok_or_else(|| RecordError::NoSeparator(separator.clone()))?;
            (field(&line[..at]), field(&line[at + separator.len()..]))
        }
    };
    Ok(Record {
        key,
        value,
        headers: Vec::new(),
        timestamp: now,
    })
}

/// What was acknowledged, by partition.
#[derive(Default)]
struct Totals {
    partitions: BTreeMap<PartitionIndex, PartitionTotal>,
}

#[derive(Default)]
struct PartitionTotal {
    records: usize,
    last_offset: Option<i64>,
}

impl Totals {
    fn add(&mut self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            let total = self.partitions.entry(delivery.partition).or_default();
            total.records += delivery.records;
            let count = i64::try_from(delivery.records).unwrap_or(i64::MAX);
            total.last_offset = delivery
                .base_offset
                .map(|base| base.get() + count - 1)
                .or(total.last_offset);
        }
    }

    /// Scripts get the totals; people get silence, as from cat.
    fn print(&self, topic: &str, output: &mut Output<'_>) -> Result<(), CliError> {
        if !output.is_json() {
            return Ok(());
        }
        let partitions: Vec<_> = self
            .partitions
            .iter()
            .map(|(partition, total)| {
                json!({
                    "partition": partition.get(), "records": total.records, "last_offset": total.last_offset,
                })
            })
            .collect();
        let records: usize = self.partitions.values().map(|total| total.records).sum();
        output.json(&json!({ "topic": topic, "records": records, "partitions": partitions }))
    }
}

#[cfg(test)]
mod tests {
    use crate::args::Command;
    use crate::args::tests::parse;

    use super::*;

    fn args(line: &str) -> ProduceArgs {
        match parse(line).unwrap().command {
            Command::Produce(args) => args,
            other => panic!("{other:?}"),
        }
    }

    fn check(line: &str, text: &str, expected: Option<(Option<&str>, Option<&str>)>) {
        let parsed = record(&args(line), text.as_bytes(), TimestampMs::new(1)).ok();
        let text = |bytes: Option<Bytes>| bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        let parsed = parsed.map(|(record, _)| (text(record.key), text(record.value)));
        let expected = expected.map(|(k, v)| (k.map(str::to_owned), v.map(str::to_owned)));
        assert_eq!(parsed, expected, "{line}");
    }

    #[test]
    fn lines_become_records() {
        check("produce t", "a:b", Some((None, Some("a:b"))));
        check("produce t", "", Some((None, Some(""))));
        check("produce t -k :", "a:b:c", Some((Some("a"), Some("b:c"))));
        check("produce t -k :: ", "a::b", Some((Some("a"), Some("b"))));
        check(r"produce t -k \t", "a\tb", Some((Some("a"), Some("b"))));
        check("produce t -k :", "ab", None);
        check(
            "produce t -k : --null-marker NULL",
            "k:NULL",
            Some((Some("k"), None)),
        );
        check(
            "produce t -f json",
            r#"{"key":"k","value":"v"}"#,
            Some((Some("k"), Some("v"))),
        );
        check("produce t -f json", "v", None);
    }

    #[test]
    fn headers_and_partitions_are_taken() {
        let args = args("produce t -f json -H a=1 -H b= -p 2 --acks 0 -z zstd");
        assert_eq!(args.acks, AcksArg::Zero);
        assert_eq!(args.compression, Codec::Zstd);
        let line = br#"{"value":"v","partition":1,"headers":[{"key":"own","value":null}]}"#;
        let (record, partition) = record(&args, line, TimestampMs::new(1)).unwrap();
        let keys: Vec<_> = record.headers.iter().map(|header| header.key.as_str()).collect();
        assert_eq!(keys, ["own", "a", "b"]);
        assert_eq!(partition, Some(PartitionIndex::new(2)));
    }

    #[test]
    fn lines_are_split_and_the_last_needs_no_end() {
        let receiver = lines(&b"a\n\nb\r\nc"[..]);
        let lines: Vec<_> = receiver.iter().map(|line| line.unwrap()).collect();
        assert_eq!(lines, [&b"a"[..], b"", b"b\r", b"c"]);
    }
}
