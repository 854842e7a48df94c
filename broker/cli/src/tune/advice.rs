//! What a probe's measurements mean, and how they are told.

use std::path::Path;

use corelog_config::{BrokerConfig, JournalSync};
use corelog_storage::{DeviceAnswer, DeviceCell, SyncMethod};
use serde_json::json;

use super::item::{Item, State};
use crate::error::CliError;
use crate::output::{Output, Table};

/// Dsync has to be this much faster, in percent of the usual way's time, to be chosen: probes are noisy.
const DSYNC_PERCENT_MAX: f64 = 90.0;
/// Another step of depth has to bring this much throughput, in percent, to be advised.
const DEPTH_GAIN_PERCENT_MIN: u64 = 125;
/// The block size that depths are compared by.
const DEPTH_BLOCK: u32 = 128 << 10;

/// The answer that measurements give. Only rewritten blocks count: the journal writes no others.
pub(crate) fn of(file_system: u64, probed_at: i64, cells: Vec<DeviceCell>) -> DeviceAnswer {
    let sync_method = sync_method(&cells);
    DeviceAnswer {
        file_system,
        probed_at,
        sync_method,
        commits_in_flight: depth(&cells, sync_method),
        cells,
    }
}

/// By the geometric mean, over the block sizes, of the medians' ratio with one commit in flight.
fn sync_method(cells: &[DeviceCell]) -> SyncMethod {
    let alone = |method| {
        cells
            .iter()
            .filter(move |cell| cell.is_rewrite && cell.depth == 1 && cell.sync_method == method)
    };
    let ratios: Vec<f64> = alone(SyncMethod::Dsync)
        .filter_map(|dsync| {
            let usual =
                alone(SyncMethod::WriteThenSync).find(|cell| cell.block_bytes == dsync.block_bytes)?;
            Some((f64::from(dsync.p50_us.max(1)) / f64::from(usual.p50_us.max(1))).ln())
        })
        .collect();
    let count = f64::from(u32::try_from(ratios.len()).unwrap_or(u32::MAX));
    let mean_percent = (ratios.iter().sum::<f64>() / count).exp() * 100.0;
    // No measurement at all is no number, and chooses the usual way.
    if mean_percent < DSYNC_PERCENT_MAX {
        SyncMethod::Dsync
    } else {
        SyncMethod::WriteThenSync
    }
}

fn depth(cells: &[DeviceCell], method: SyncMethod) -> u16 {
    let mut by_depth: Vec<&DeviceCell> = cells
        .iter()
        .filter(|cell| cell.is_rewrite && cell.sync_method == method && cell.block_bytes == DEPTH_BLOCK)
        .collect();
    by_depth.sort_by_key(|cell| cell.depth);
    let mut chosen: Option<&DeviceCell> = None;
    for cell in by_depth {
        let gains = chosen.is_none_or(|best| {
            u128::from(cell.bytes_per_s) * 100
                >= u128::from(best.bytes_per_s) * u128::from(DEPTH_GAIN_PERCENT_MIN)
        });
        if !gains {
            break;
        }
        chosen = Some(cell);
    }
    chosen.map_or(1, |cell| cell.depth)
}

const fn name(method: SyncMethod) -> &'static str {
    match method {
        SyncMethod::WriteThenSync => "fdatasync",
        SyncMethod::Dsync => "dsync",
    }
}

/// Prints the table and what follows from it.
pub(crate) fn print(answer: &DeviceAnswer, output: &mut Output<'_>) -> Result<(), CliError> {
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
    if output.is_json() {
        return output.json(&json!({
            "sync_method": name(answer.sync_method), "commits_in_flight": answer.commits_in_flight,
            "probed_at": answer.probed_at, "cells": values,
        }));
    }
    output.table(&table)?;
    output.line(&format!(
        "\njournal.sync.method = auto takes {} here from the next start of serve. Beyond {} commits in flight this \
         device gains little.",
        name(answer.sync_method),
        answer.commits_in_flight
    ))
}

/// Whether the device was probed, and what came of it.
pub(crate) fn look(data_dir: &Path, config: &BrokerConfig) -> Item {
    let how = || State::Manual(format!("corelog tune --probe --data-dir {}", data_dir.display()));
    let (found, state) = match (config.storage.journal_sync, DeviceAnswer::read(data_dir)) {
        (JournalSync::Fdatasync, _) => ("fdatasync, as journal.sync.method says".to_owned(), State::Well),
        (JournalSync::Dsync, _) => ("dsync, as journal.sync.method says".to_owned(), State::Well),
        (JournalSync::Auto, Ok(Some(answer))) => {
            (format!("{}, by the probe", name(answer.sync_method)), State::Well)
        }
        (JournalSync::Auto, Ok(None)) => ("fdatasync; the device was never probed".to_owned(), how()),
        (JournalSync::Auto, Err(error)) => (format!("fdatasync; {error}"), how()),
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
    use crate::args::Format;

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
    fn the_faster_method_is_chosen_if_it_is_clearly_faster() {
        use SyncMethod::{Dsync, WriteThenSync};
        let check = |usual, dsync, expected| {
            let cells = vec![
                cell(WriteThenSync, true, 1, usual, 1),
                cell(Dsync, true, 1, dsync, 1),
                // What does not count: other blocks, other depths.
                cell(Dsync, false, 1, 1, 1),
                cell(Dsync, true, 4, 1, 1),
            ];
            assert_eq!(of(0, 0, cells).sync_method, expected, "{usual} {dsync}");
        };
        check(1000, 500, Dsync);
        check(1000, 950, WriteThenSync);
        check(1000, 2000, WriteThenSync);
        assert_eq!(of(0, 0, Vec::new()).sync_method, WriteThenSync);
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
        print(&answer, &mut Output::new(Format::Table, &mut text)).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("dsync      3    1.50    3.00"), "{text}");
        assert!(text.contains("auto takes fdatasync here"), "{text}");
    }
}
