//! What a probe's measurements mean, and how they are told.

use std::collections::BTreeMap;
use std::path::Path;

use corelog_config::{BrokerConfig, JournalSync};
use corelog_storage::{DeviceAnswer, DeviceCell, SyncMethod};
use serde_json::json;

use super::item::{Item, State};
use crate::error::CliError;
use crate::output::{Output, Table};

/// Another step of depth has to bring this much throughput, in percent, to be advised.
const DEPTH_GAIN_PERCENT_MIN: u64 = 125;
/// The block size that depths are compared by.
const DEPTH_BLOCK: u32 = 128 << 10;

/// The answer that measurements give.
pub(crate) fn of(file_system: u64, probed_at: i64, cells: Vec<DeviceCell>) -> DeviceAnswer {
    DeviceAnswer {
        file_system,
        probed_at,
        commits_in_flight: depth(&cells),
        cells,
    }
}

/// The depth up to which throughput grows well, each depth with its better method. Only rewritten blocks count: the
/// journal writes no others.
fn depth(cells: &[DeviceCell]) -> u16 {
    let mut best: BTreeMap<u16, u64> = BTreeMap::new();
    for cell in cells
        .iter()
        .filter(|cell| cell.is_rewrite && cell.block_bytes == DEPTH_BLOCK)
    {
        let rate = best.entry(cell.depth).or_default();
        *rate = (*rate).max(cell.bytes_per_s);
    }
    let mut chosen: Option<(u16, u64)> = None;
    for (depth, rate) in best {
        let gains = chosen.is_none_or(|(_, before)| {
            u128::from(rate) * 100 >= u128::from(before) * u128::from(DEPTH_GAIN_PERCENT_MIN)
        });
        if !gains {
            break;
        }
        chosen = Some((depth, rate));
    }
    chosen.map_or(1, |(depth, _)| depth)
}

const fn name(method: SyncMethod) -> &'static str {
    match method {
        SyncMethod::WriteThenSync => "fdatasync",
        SyncMethod::Dsync => "dsync",
    }
}

/// How many commits `serve` has in flight with this configuration and answer.
fn in_flight(config: &BrokerConfig, answer: &DeviceAnswer) -> u16 {
    let count = config.storage.journal_commits_in_flight;
    let count = count.and_then(|count| u16::try_from(count).ok());
    count.unwrap_or(answer.commits_in_flight)
}

/// Prints the table and what follows from it.
pub(crate) fn print(
    answer: &DeviceAnswer,
    config: &BrokerConfig,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let mut table = Table::new(&[
        "BLOCKS",
        "BLOCK KIB",
        "DEPTH",
        "METHOD",
        "MB/S",
        "P50 MS",
        "P99 MS",
    ]);
    let mut values = Vec::new();
    let ms = |us: u32| format!("{:.2}", f64::from(us) / 1000.0);
    for cell in &answer.cells {
        let blocks = if cell.is_rewrite {
            "rewritten"
        } else {
            "never written"
        };
        table.row([
            blocks.to_owned(),
            (cell.block_bytes >> 10).to_string(),
            cell.depth.to_string(),
            name(cell.sync_method).to_owned(),
            (cell.bytes_per_s / 1_000_000).to_string(),
            ms(cell.p50_us),
            ms(cell.p99_us),
        ]);
        values.push(json!({
            "blocks": blocks, "block_bytes": cell.block_bytes, "depth": cell.depth,
            "method": name(cell.sync_method), "bytes_per_s": cell.bytes_per_s,
            "p50_us": cell.p50_us, "p99_us": cell.p99_us,
        }));
    }
    let in_flight = in_flight(config, answer);
    let method = name(answer.sync_method_at(in_flight));
    if output.is_json() {
        return output.json(&json!({
            "sync_method": method,
            "sync_method_in_flight": name(answer.sync_method_at(answer.commits_in_flight)), "commits_in_flight": answer.commits_in_flight,
            "probed_at": answer.probed_at, "cells": values,
        }));
    }
    output.table(&table)?;
    output.line(&format!(
        "\nFrom its next start serve commits here with {method}, unless journal.sync.method says otherwise, and with up \
         to {in_flight} commits in flight (journal.commits.in.flight). Beyond {} in flight, with {}, this device gains \
         little.",
        answer.commits_in_flight,
        name(answer.sync_method_at(answer.commits_in_flight)),
    ))
}

/// Whether the device was probed, and what came of it.
pub(crate) fn look(data_dir: &Path, config: &BrokerConfig) -> Item {
    let how = || State::Manual(format!("corelog tune --probe --data-dir {}", data_dir.display()));
    let (found, state) = match (config.storage.journal_sync, DeviceAnswer::read(data_dir)) {
        (JournalSync::Fdatasync, _) => ("fdatasync, as journal.sync.method says".to_owned(), State::Well),
        (JournalSync::Dsync, _) => ("dsync, as journal.sync.method says".to_owned(), State::Well),
        (JournalSync::Auto, Ok(Some(answer))) => {
            let method = answer.sync_method_at(in_flight(config, &answer));
            (format!("{}, by the probe", name(method)), State::Well)
        }
        (JournalSync::Auto, Ok(None)) => ("dsync; the device was never probed".to_owned(), how()),
        (JournalSync::Auto, Err(error)) => (format!("dsync; {error}"), how()),
    };
    Item {
        check: "sync method",
        found,
        wanted: "the faster one on this device",
        why: "Whether a write and fdatasync or one durable write is faster is a property of the device.",
        state,
    }
}

#[cfg(test)]
mod tests {
    use crate::globals::Format;

    use super::*;

    fn cell(method: SyncMethod, is_rewrite: bool, depth: u16, p50_us: u32, bytes_per_s: u64) -> DeviceCell {
        DeviceCell {
            sync_method: method,
            is_rewrite,
            block_bytes: DEPTH_BLOCK,
            depth,
            bytes_per_s,
            p50_us,
            p99_us: 2 * p50_us,
        }
    }

    #[test]
    fn depth_grows_while_it_pays() {
        let check = |rates: &[(u16, u64)], expected| {
            let cells: Vec<_> = rates
                .iter()
                .map(|(depth, rate)| cell(SyncMethod::WriteThenSync, true, *depth, 1000, *rate))
                .collect();
            assert_eq!(of(0, 0, cells).commits_in_flight, expected, "{rates:?}");
        };
        check(&[(1, 100), (4, 300), (16, 310)], 4);
        check(&[(1, 100), (4, 110), (16, 900)], 1);
        check(&[(1, 100), (4, 200), (16, 400)], 16);
        check(&[], 1);
    }

    #[test]
    fn the_table_says_what_follows() {
        let answer = of(1, 2, vec![cell(SyncMethod::Dsync, true, 1, 1500, 3_000_000)]);
        let mut text = Vec::new();
        let config = BrokerConfig::from_pairs(&[]).unwrap();
        print(&answer, &config, &mut Output::new(Format::Table, &mut text)).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("dsync      3    1.50    3.00"), "{text}");
        assert!(text.contains("commits here with dsync, unless"), "{text}");
    }
}
