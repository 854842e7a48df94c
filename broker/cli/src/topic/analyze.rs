//! `corelog topic analyze`: how fast topics grow, how large they are, how evenly they are spread, and how they are batched.
//!
//! The end of each partition is asked for twice, and the headers of its last batches are read once. Nothing is decompressed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clap::Args;
use corelog_client::{Client, ConsumerOptions, OffsetAt, TopicInfo};
use corelog_model::batch::{BatchHeader, Compression};
use corelog_model::{Offset, PartitionIndex};
use serde_json::{Value, json};

use crate::error::CliError;
use crate::output::{Output, Table, cell};
use crate::parse::duration;

/// Partitions whose headers one fetch reads.
const PARTITIONS_A_FETCH: usize = 16;

/// The arguments of `topic analyze`.
#[derive(Clone, PartialEq, Debug, Args)]
pub struct AnalyzeArgs {
    /// The topics; all if none is named.
    #[arg(value_name = "TOPIC")]
    names: Vec<String>,

    /// Between the two looks at the ends of partitions.
    #[arg(long, short, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    interval: Duration,

    /// Read batch headers from so many records before the end, up to a mebibyte of a partition.
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(i64).range(0..))]
    records: i64,
}

/// What the headers of some batches say.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
struct Batches {
    count: u64,
    records: u64,
    bytes: u64,
    /// Of each codec, as [`codec_name`] orders them.
    codecs: [u64; 5],
}

impl Batches {
    fn add(&mut self, header: &BatchHeader) {
        if header.is_control {
            return;
        }
        self.count += 1;
        self.records += u64::try_from(header.record_count).unwrap_or(0);
        self.bytes += u64::try_from(header.size).unwrap_or(0);
        self.codecs[codec_index(header.compression)] += 1;
    }

    fn record_bytes(&self) -> Option<f64> {
        mean(self.bytes, self.records)
    }

    fn batch_records(&self) -> Option<f64> {
        mean(self.records, self.count)
    }

    fn batch_bytes(&self) -> Option<f64> {
        mean(self.bytes, self.count)
    }

    /// The codecs that occur, the most frequent first.
    fn codecs(&self) -> Vec<&'static str> {
        let mut found: Vec<(u64, usize)> = self.codecs.iter().copied().zip(0..).collect();
        found.retain(|(count, _)| *count > 0);
        found.sort_by_key(|(count, index)| (std::cmp::Reverse(*count), *index));
        found.into_iter().map(|(_, index)| CODECS[index]).collect()
    }
}

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

fn codec_index(compression: Compression) -> usize {
    match compression {
        Compression::None => 0,
        Compression::Gzip => 1,
        Compression::Snappy => 2,
        Compression::Lz4 => 3,
        Compression::Zstd => 4,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a mean for people")]
fn mean(sum: u64, count: u64) -> Option<f64> {
    (count > 0).then(|| sum as f64 / count as f64)
}

/// What was found of a partition.
struct Part {
    index: PartitionIndex,
    records: i64,
    bytes: Option<i64>,
    records_per_second: f64,
    batches: Batches,
}

impl Part {
    /// Records a second, at the size that they have on the disk.
    fn bytes_per_second(&self) -> Option<f64> {
        Some(self.records_per_second * self.batches.record_bytes()?)
    }
}

/// What was found of a topic.
struct Analysis {
    topic: String,
    parts: Vec<Part>,
}

impl Analysis {
    fn records_per_second(&self) -> f64 {
        self.parts.iter().map(|part| part.records_per_second).sum()
    }

    fn bytes_per_second(&self) -> f64 {
        self.parts.iter().filter_map(Part::bytes_per_second).sum()
    }

    fn bytes(&self) -> i64 {
        self.parts.iter().filter_map(|part| part.bytes).sum()
    }

    /// The largest rate over the mean one; without arrivals that of sizes. 1 is even.
    fn skew(&self) -> Option<f64> {
        let rates: Vec<f64> = self.parts.iter().map(|part| part.records_per_second).collect();
        #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
        let sizes = || {
            self.parts
                .iter()
                .map(|part| part.bytes.unwrap_or(0) as f64)
                .collect::<Vec<_>>()
        };
        skew(&rates).or_else(|| skew(&sizes()))
    }
}

/// The largest over the mean; `None` if all are zero.
#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn skew(values: &[f64]) -> Option<f64> {
    let sum: f64 = values.iter().sum();
    let largest = values.iter().copied().fold(0.0, f64::max);
    (sum > 0.0).then(|| largest * values.len() as f64 / sum)
}

type Ends = BTreeMap<PartitionIndex, Option<Offset>>;

pub(super) fn run(client: &mut Client, args: &AnalyzeArgs, output: &mut Output<'_>) -> Result<(), CliError> {
    let topics: Vec<TopicInfo> = if args.names.is_empty() {
        let all = client.topics()?.into_iter();
        all.filter(|topic| !topic.is_internal).collect()
    } else {
        let named = args.names.iter().map(|name| client.topic(name, false));
        named.collect::<Result<_, _>>()?
    };
    let mut before = Vec::new();
    for topic in &topics {
        before.push(ends(client, topic)?);
    }
    pause(args.interval);
    let mut analyses = Vec::new();
    for (topic, before) in topics.iter().zip(before) {
        let after = ends(client, topic)?;
        analyses.push(analyze(client, args, topic, &before, &after)?);
    }
    print(args, &analyses, output)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a tool of its own process waits between two looks"
)]
fn pause(interval: Duration) {
    std::thread::sleep(interval);
}

#[expect(
    clippy::disallowed_methods,
    reason = "a tool of its own process measures a rate"
)]
fn ends(client: &mut Client, topic: &TopicInfo) -> Result<(Instant, Ends), CliError> {
    let ends = client.list_offsets(&topic.name, &led(topic), OffsetAt::Latest)?;
    Ok((Instant::now(), ends))
}

/// The partitions that have a leader.
fn led(topic: &TopicInfo) -> Vec<PartitionIndex> {
    let partitions = topic.partitions.iter();
    let led = partitions.filter(|partition| partition.leader.is_some());
    led.map(|partition| partition.index).collect()
}

fn analyze(
    client: &mut Client,
    args: &AnalyzeArgs,
    topic: &TopicInfo,
    (began, before): &(Instant, Ends),
    (ended, after): &(Instant, Ends),
) -> Result<Analysis, CliError> {
    let indexes = led(topic);
    let starts = client.list_offsets(&topic.name, &indexes, OffsetAt::Earliest)?;
    let sizes = client.partition_sizes(&topic.name, &indexes)?;
    let at = |offsets: &Ends, index| offsets.get(&index).copied().flatten().map_or(0, Offset::get);
    let from = |index: PartitionIndex| {
        let (start, end) = (at(&starts, index), at(after, index));
        let from = end.saturating_sub(args.records).max(start);
        Offset::new(from).filter(|_| end > start)
    };
    let wanted: Vec<_> = indexes
        .iter()
        .filter_map(|index| Some((*index, from(*index)?)))
        .collect();
    let batches = batches(client, topic, &wanted)?;
    let seconds = ended.duration_since(*began).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = |records: i64| {
        if seconds > 0.0 {
            records.max(0) as f64 / seconds
        } else {
            0.0
        }
    };
    let part = |index: PartitionIndex| Part {
        index,
        records: (at(after, index) - at(&starts, index)).max(0),
        bytes: sizes.get(&index).copied(),
        records_per_second: rate(at(after, index) - at(before, index)),
        batches: batches.get(&index).copied().unwrap_or_default(),
    };
    Ok(Analysis {
        topic: topic.name.clone(),
        parts: indexes.into_iter().map(part).collect(),
    })
}

fn batches(
    client: &mut Client,
    topic: &TopicInfo,
    wanted: &[(PartitionIndex, Offset)],
) -> Result<BTreeMap<PartitionIndex, Batches>, CliError> {
    let options = ConsumerOptions::default();
    let mut found: BTreeMap<PartitionIndex, Batches> = BTreeMap::new();
    for chunk in wanted.chunks(PARTITIONS_A_FETCH) {
        let from = chunk.iter().copied().collect();
        for (index, headers) in client.batch_headers(&topic.name, &from, &options)? {
            let batches = found.entry(index).or_default();
            headers.iter().for_each(|header| batches.add(header));
        }
    }
    Ok(found)
}

fn rounded(value: f64) -> String {
    if value >= 100.0 || value == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

fn print(args: &AnalyzeArgs, analyses: &[Analysis], output: &mut Output<'_>) -> Result<(), CliError> {
    if output.is_json() {
        let values: Vec<_> = analyses.iter().map(analysis_json).collect();
        let seconds = args.interval.as_secs_f64();
        return output.json(&json!({ "interval_seconds": seconds, "topics": values }));
    }
    for (number, analysis) in analyses.iter().enumerate() {
        if number > 0 {
            output.line("")?;
        }
        let skew = analysis
            .skew()
            .map_or_else(|| "-".to_owned(), |skew| format!("{skew:.2}"));
        output.line(&format!(
            "{}  {} records/s  {} bytes/s  {} bytes  skew {skew}",
            analysis.topic,
            rounded(analysis.records_per_second()),
            rounded(analysis.bytes_per_second()),
            analysis.bytes(),
        ))?;
        output.table(&parts_table(analysis))?;
    }
    Ok(())
}

fn parts_table(analysis: &Analysis) -> Table {
    let mut table = Table::new(&[
        "PARTITION",
        "RECORDS",
        "BYTES",
        "RECORDS/S",
        "BYTES/S",
        "RECORD BYTES",
        "BATCH RECORDS",
        "BATCH BYTES",
        "CODEC",
    ]);
    for part in &analysis.parts {
        let codecs = part.batches.codecs().join(",");
        table.row([
            part.index.to_string(),
            part.records.to_string(),
            cell(part.bytes),
            rounded(part.records_per_second),
            cell(part.bytes_per_second().map(rounded)),
            cell(part.batches.record_bytes().map(rounded)),
            cell(part.batches.batch_records().map(rounded)),
            cell(part.batches.batch_bytes().map(rounded)),
            cell(Some(codecs).filter(|codecs| !codecs.is_empty())),
        ]);
    }
    table
}

fn analysis_json(analysis: &Analysis) -> Value {
    let parts: Vec<_> = analysis
        .parts
        .iter()
        .map(|part| {
            json!({
                "partition": part.index.get(), "records": part.records, "bytes": part.bytes,
                "records_per_second": part.records_per_second, "bytes_per_second": part.bytes_per_second(),
                "record_bytes": part.batches.record_bytes(), "batch_records": part.batches.batch_records(),
                "batch_bytes": part.batches.batch_bytes(), "batches_read": part.batches.count,
                "codecs": part.batches.codecs(),
            })
        })
        .collect();
    json!({
        "topic": analysis.topic, "records_per_second": analysis.records_per_second(),
        "bytes_per_second": analysis.bytes_per_second(), "bytes": analysis.bytes(), "skew": analysis.skew(),
        "partitions": parts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skew_is_the_largest_over_the_mean() {
        assert_eq!(skew(&[1.0, 1.0]), Some(1.0));
        assert_eq!(skew(&[3.0, 1.0]), Some(1.5));
        assert_eq!(skew(&[0.0, 0.0]), None);
        assert_eq!(skew(&[]), None);
    }

    #[test]
    fn codecs_are_named_by_how_often_they_occur() {
        let batches = Batches {
            codecs: [1, 0, 0, 5, 0],
            ..Batches::default()
        };
        assert_eq!(batches.codecs(), ["lz4", "none"]);
        assert_eq!(Batches::default().record_bytes(), None);
    }
}
