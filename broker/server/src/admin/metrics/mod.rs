//! `/metrics`, for Prometheus and whatever reads its formats.
//!
//! ```text
//! table       each metric: name, kind, unit, owner, help and where its value is found
//! gather      asks every shard for what the table's rows look at
//! exposition  prints the rows by `prometheus-client`, piece by piece
//! format      which of the two text formats is asked for
//! ```
//! Partitions have series of their own, as in Kafka, and there may be very many. No step of a scrape takes longer for that:
//! shards look at some hundred partitions and then let other tasks run, the text is made as the client takes it, and
//! [`SCRAPES_MAX`] scrapes hold what was gathered at a time.

mod exposition;
mod format;
mod gather;
mod table;

use std::sync::Arc;

use bytes::Bytes;
use corelog_runtime::local::Semaphore;
use futures_util::{Stream, StreamExt as _};

use exposition::Printer;
pub(super) use format::Format;

use crate::shard::Shard;

/// Scrapes that are answered at a time; further ones wait. Each holds about 40 bytes a partition.
const SCRAPES_MAX: usize = 4;

/// What scrapes share.
#[derive(Clone)]
pub(super) struct Scrapes(Semaphore);

impl Scrapes {
    /// None is under way.
    pub(super) fn new() -> Scrapes {
        Scrapes(Semaphore::new(SCRAPES_MAX))
    }

    /// Gathers everything and prints it piece by piece.
    pub(super) async fn scrape(&self, shard: &Shard, format: Format) -> impl Stream<Item = Bytes> + use<> {
        let turn = self.0.acquire(1).await;
        let gathered = Arc::new(gather::gather(shard).await);
        Printer::new(gathered, format).pieces().map(move |piece| {
            let _held = &turn;
            Bytes::from(piece)
        })
    }
}

/// What `/metrics` says, in Prometheus' text format.
pub async fn metrics(shard: &Shard) -> String {
    let gathered = Arc::new(gather::gather(shard).await);
    Printer::new(gathered, Format::Prometheus)
        .pieces()
        .collect()
        .await
}
