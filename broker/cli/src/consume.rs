//! `corelog consume`: the records of a topic on standard output.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use corelog_client::{Client, Consumer, ConsumerOptions, Isolation, OffsetAt, StoredRecord, TopicInfo};
use corelog_model::{Offset, PartitionIndex, TimestampMs};

use crate::client_settings;
use crate::error::CliError;
use crate::globals::{Format, Globals};
use crate::group::lookup::check_inactive;
use crate::json::show_record;
use crate::output::Output;
use crate::parse::{StartOffset, separator, show_time, start_offset, time};

/// The arguments of `consume`.
#[derive(Clone, PartialEq, Debug, Args)]
#[command(after_help = "\
Examples:
  corelog consume orders
  corelog consume orders --from-beginning --exit-eof --format json
  corelog consume orders --partition 0 --offset -10 --key-separator : --exit-eof
  corelog consume orders --group billing --max-messages 100
It begins at the end of the topic and goes on until it is stopped, unless told otherwise. With --group it begins at
the group's committed offsets and commits what it printed; the group must have no other members.")]
pub struct ConsumeArgs {
    /// The topic.
    #[arg(value_name = "TOPIC")]
    topic: String,

    /// Begin at the first record that is there.
    #[arg(long, group = "start")]
    from_beginning: bool,

    /// Begin at this offset: a number, earliest, latest, or -N for N records before the end.
    #[arg(long, group = "start", value_name = "OFFSET", allow_hyphen_values = true, value_parser = start_offset)]
    offset: Option<StartOffset>,

    /// Begin at the first record at or after a point in time, UTC if it names no zone.
    #[arg(long, group = "start", value_name = "TIME", value_parser = time)]
    since: Option<TimestampMs>,

    /// Only this partition; may be given several times.
    #[arg(long = "partition", short, value_name = "PARTITION", value_parser = clap::value_parser!(i32).range(0..))]
    partitions: Vec<i32>,

    /// Begin at this group's committed offsets, and commit for it what was printed.
    #[arg(long, short)]
    group: Option<String>,

    /// End after so many records.
    #[arg(long, visible_alias = "count", short = 'n', value_name = "COUNT")]
    max_messages: Option<u64>,

    /// What to print of a record: its value's text, the record in JSON, or the value's bytes and nothing else.
    #[arg(long, short, value_enum)]
    format: Option<RecordFormat>,

    /// Print the key before the value, with this between them; \t is a tab.
    #[arg(long, short, value_name = "TEXT", value_parser = separator)]
    key_separator: Option<String>,

    /// Print partition, offset and timestamp before each record.
    #[arg(long, short)]
    verbose: bool,

    /// End at what is the end of the topic now.
    #[arg(long, conflicts_with = "follow")]
    exit_eof: bool,

    /// Go on waiting for records; this is what happens without --exit-eof.
    #[arg(long)]
    follow: bool,

    /// Leave out records of transactions that were aborted or are still open.
    #[arg(long)]
    read_committed: bool,
}

/// What to print of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum RecordFormat {
    /// Its value's text, a line each.
    Text,
    /// The record in JSON, a line each.
    Json,
    /// Its value's bytes.
    Raw,
}

pub(crate) fn run(globals: &Globals, args: &ConsumeArgs, output: &mut Output<'_>) -> Result<(), CliError> {
    let format = args.format.unwrap_or(match globals.output {
        Format::Table => RecordFormat::Text,
        Format::Json => RecordFormat::Json,
    });
    let mut client = globals.client()?;
    if let Some(group) = &args.group {
        check_inactive(&mut client, group)?;
    }
    let topic = client.topic(&args.topic, false)?;
    let partitions = partitions(&topic, &args.partitions)?;
    let positions = positions(&mut client, args, &partitions)?;
    let mut stops = match args.exit_eof {
        true => ends(&mut client, args, &partitions)?,
        false => BTreeMap::new(),
    };
    let mut options = ConsumerOptions {
        isolation: if args.read_committed {
            Isolation::ReadCommitted
        } else {
            Isolation::ReadUncommitted
        },
        ..ConsumerOptions::default()
    };
    client_settings::set_consumer(&globals.settings, &mut options);
    let mut consumer = Consumer::new(&mut client, &args.topic, positions, options);
    retire(&mut consumer, &mut stops);
    let mut left = args.max_messages.unwrap_or(u64::MAX);
    let mut printed: BTreeMap<PartitionIndex, Offset> = BTreeMap::new();
    while left > 0 && !consumer.positions().is_empty() {
        for fetched in consumer.poll()? {
            if fetched.records.is_empty() {
                continue;
            }
            printed.insert(fetched.partition, fetched.next_offset);
            let stop = stops.get(&fetched.partition).copied().unwrap_or(Offset::MAX);
            for record in fetched.records.iter().take_while(|record| record.offset < stop) {
                if left == 0 {
                    printed.insert(fetched.partition, record.offset);
                    break;
                }
                print(args, format, fetched.partition, record, output)?;
                left -= 1;
            }
            if fetched.next_offset > stop {
                let last = printed.entry(fetched.partition).or_insert(stop);
                *last = stop.min(*last);
            }
        }
        output.flush()?;
        commit(args, &mut consumer, &mut printed)?;
        retire(&mut consumer, &mut stops);
    }
    Ok(())
}

/// The partitions asked for, or all.
fn partitions(topic: &TopicInfo, asked: &[i32]) -> Result<Vec<PartitionIndex>, CliError> {
    if asked.is_empty() {
        return Ok(topic.partitions.iter().map(|partition| partition.index).collect());
    }
    let mut partitions = Vec::new();
    for index in asked.iter().copied().map(PartitionIndex::new) {
        topic.partition(index)?;
        if !partitions.contains(&index) {
            partitions.push(index);
        }
    }
    Ok(partitions)
}

/// Where each partition begins: the group's committed offset, else what the arguments say.
fn positions(
    client: &mut Client,
    args: &ConsumeArgs,
    partitions: &[PartitionIndex],
) -> Result<BTreeMap<PartitionIndex, Offset>, CliError> {
    let start = match (args.from_beginning, args.offset) {
        (true, _) => StartOffset::Earliest,
        (false, Some(start)) => start,
        (false, None) => StartOffset::Latest,
    };
    let starts = client.list_offsets(&args.topic, partitions, OffsetAt::Earliest)?;
    let ends = client.list_offsets(&args.topic, partitions, OffsetAt::Latest)?;
    let times = match args.since {
        Some(at) => client.list_offsets(&args.topic, partitions, OffsetAt::Timestamp(at))?,
        None => BTreeMap::new(),
    };
    let mut positions = BTreeMap::new();
    for partition in partitions {
        let found =
            |offsets: &BTreeMap<PartitionIndex, Option<Offset>>| offsets.get(partition).copied().flatten();
        let (first, end) = (
            found(&starts).unwrap_or_default(),
            found(&ends).unwrap_or_default(),
        );
        let position = match args.since {
            Some(_) => found(&times).unwrap_or(end),
            None => place(start, first, end),
        };
        positions.insert(*partition, position);
    }
    if let Some(group) = &args.group {
        for ((topic, partition), committed) in client.group_offsets(group)? {
            if topic == args.topic && positions.contains_key(&partition) {
                positions.insert(partition, committed.offset);
            }
        }
    }
    Ok(positions)
}

/// A place to begin, within the log.
fn place(start: StartOffset, first: Offset, end: Offset) -> Offset {
    let wanted = match start {
        StartOffset::Earliest => first.get(),
        StartOffset::Latest => end.get(),
        StartOffset::At(offset) => offset,
        StartOffset::BeforeEnd(count) => end.get().saturating_sub(count),
    };
    Offset::new(wanted.clamp(first.get(), end.get().max(first.get()))).unwrap_or(first)
}

/// Where each partition ends now.
fn ends(
    client: &mut Client,
    args: &ConsumeArgs,
    partitions: &[PartitionIndex],
) -> Result<BTreeMap<PartitionIndex, Offset>, CliError> {
    let ends = client.list_offsets(&args.topic, partitions, OffsetAt::Latest)?;
    Ok(ends
        .into_iter()
        .map(|(partition, end)| (partition, end.unwrap_or_default()))
        .collect())
}

/// Takes out the partitions that have reached their end.
fn retire(consumer: &mut Consumer<'_>, stops: &mut BTreeMap<PartitionIndex, Offset>) {
    let positions = consumer.positions().clone();
    stops.retain(|partition, stop| {
        let is_open = positions.get(partition).is_some_and(|position| position < stop);
        if !is_open {
            consumer.remove(*partition);
        }
        is_open
    });
}

fn commit(
    args: &ConsumeArgs,
    consumer: &mut Consumer<'_>,
    printed: &mut BTreeMap<PartitionIndex, Offset>,
) -> Result<(), CliError> {
    let offsets: BTreeMap<_, _> = std::mem::take(printed)
        .into_iter()
        .map(|(partition, offset)| ((args.topic.clone(), partition), offset))
        .collect();
    match &args.group {
        Some(group) if !offsets.is_empty() => Ok(consumer.client().commit_offsets(group, &offsets)?),
        Some(_) | None => Ok(()),
    }
}

fn print(
    args: &ConsumeArgs,
    format: RecordFormat,
    partition: PartitionIndex,
    record: &StoredRecord,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let value = record.value.as_deref().unwrap_or_default();
    match format {
        RecordFormat::Json => output.line(&show_record(&args.topic, partition, record)),
        RecordFormat::Raw => output.bytes(value),
        RecordFormat::Text => {
            if args.verbose {
                let place = format!(
                    "{partition}\t{}\t{}\t",
                    record.offset,
                    show_time(record.timestamp)
                );
                output.bytes(place.as_bytes())?;
            }
            if let Some(separator) = &args.key_separator {
                output.bytes(record.key.as_deref().unwrap_or_default())?;
                output.bytes(separator.as_bytes())?;
            }
            output.bytes(value)?;
            output.bytes(b"\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::args::Command;
    use crate::args::tests::parse;

    use super::*;

    #[test]
    fn places_stay_within_the_log() {
        let check = |start: StartOffset, expected: i64| {
            let place = place(start, Offset::new(10).unwrap(), Offset::new(20).unwrap());
            assert_eq!(place.get(), expected, "{start:?}");
        };
        check(StartOffset::Earliest, 10);
        check(StartOffset::Latest, 20);
        check(StartOffset::At(15), 15);
        check(StartOffset::At(5), 10);
        check(StartOffset::At(50), 20);
        check(StartOffset::BeforeEnd(3), 17);
        check(StartOffset::BeforeEnd(i64::MAX), 10);
    }

    #[test]
    fn offsets_before_the_end_are_taken_as_written() {
        let Command::Consume(args) = parse("consume t --offset -10 -n 5 -f raw").unwrap().command else {
            panic!("another command");
        };
        assert_eq!(args.offset, Some(StartOffset::BeforeEnd(10)));
        assert_eq!(
            (args.max_messages, args.format),
            (Some(5), Some(RecordFormat::Raw))
        );
    }
}
