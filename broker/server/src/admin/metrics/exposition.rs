//! The rows of the table as text, by `prometheus-client`.
//!
//! The crate prints a family whole. A family of a hundred thousand partitions is printed by many collectors of some hundred
//! samples each; the first one's lines of help and type stand for all.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use corelog_protocol::ErrorCode;
use corelog_runtime::local::yield_now;
use futures_util::Stream;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet, prometheus_text, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit as ClientUnit};

use super::format::Format;
use super::gather::Gathered;
use super::table::{Kind, Metric, Owner, TABLE, Unit, Value};

/// Samples that are printed before other tasks run: about 100 µs.
const SAMPLES_A_PIECE: usize = 512;

/// Prints what was gathered, piece by piece.
pub(super) struct Printer {
    gathered: Arc<Gathered>,
    format: Format,
    /// The row that comes next, and its sample.
    row: usize,
    sample: usize,
}

impl Printer {
    /// Nothing is printed yet.
    pub(super) fn new(gathered: Arc<Gathered>, format: Format) -> Printer {
        Printer {
            gathered,
            format,
            row: 0,
            sample: 0,
        }
    }

    /// The text; other tasks run between its pieces.
    pub(super) fn pieces(self) -> impl Stream<Item = String> {
        futures_util::stream::unfold(self, |mut printer| async move {
            yield_now().await;
            let piece = printer.next_piece()?;
            Some((piece, printer))
        })
    }

    fn next_piece(&mut self) -> Option<String> {
        let mut piece = String::new();
        let mut left = SAMPLES_A_PIECE;
        while left > 0
            && let Some(metric) = TABLE.get(self.row)
        {
            let count = samples(metric, &self.gathered);
            let end = count.min(self.sample + left);
            self.print(metric, self.sample..end, &mut piece);
            // A row costs something even if it has no samples.
            left -= (end - self.sample).clamp(1, left);
            self.sample = end;
            if end == count {
                (self.row, self.sample) = (self.row + 1, 0);
                if self.row == TABLE.len() && self.format == Format::OpenMetrics {
                    piece.push_str("# EOF\n");
                }
            }
        }
        (!piece.is_empty()).then_some(piece)
    }

    fn print(&self, metric: &'static Metric, samples: Range<usize>, out: &mut String) {
        let is_first = samples.start == 0;
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Slice {
            gathered: Arc::clone(&self.gathered),
            metric,
            samples,
        }));
        let mut printed = String::new();
        let outcome = match self.format {
            Format::OpenMetrics => text::encode_registry(&mut printed, &registry),
            Format::Prometheus => prometheus_text::encode(&mut printed, &registry),
        };
        outcome.expect("a String takes whatever is written");
        out.push_str(if is_first {
            &printed
        } else {
            without_head(&printed)
        });
    }
}

/// What follows the lines of help, type and unit.
fn without_head(mut text: &str) -> &str {
    while text.starts_with('#') {
        text = text.split_once('\n').map_or("", |(_, rest)| rest);
    }
    text
}

/// How many samples a metric has; a histogram's for one owner count as one.
fn samples(metric: &Metric, gathered: &Gathered) -> usize {
    match metric.owner {
        Owner::Process(_) => 1,
        Owner::Shard(_) => gathered.shards.len(),
        Owner::Api(_) => gathered.counters.apis.len(),
        Owner::ApiError => errors(gathered).count(),
        Owner::Partition(_) => gathered.partitions.len(),
        Owner::Compacted(_) => gathered.compacted.len(),
        Owner::GroupPartition => gathered.lags.len(),
        Owner::Volume(_) => usize::from(gathered.volume.is_some()),
    }
}

/// Each API's errors, by code.
fn errors(gathered: &Gathered) -> impl Iterator<Item = (&'static str, i16, u64)> {
    let apis = gathered.counters.apis.iter();
    apis.flat_map(|(api, counts)| counts.errors.iter().map(|(code, count)| (*api, *code, *count)))
}

/// Some samples of one metric.
struct Slice {
    gathered: Arc<Gathered>,
    metric: &'static Metric,
    samples: Range<usize>,
}

impl fmt::Debug for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.metric.name, self.samples)
    }
}

impl Collector for Slice {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let metric = self.metric;
        let unit = match metric.unit {
            Unit::Plain => None,
            Unit::Bytes => Some(ClientUnit::Bytes),
            Unit::Seconds => Some(ClientUnit::Seconds),
        };
        let kind = match metric.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
            Kind::Histogram => MetricType::Histogram,
        };
        let mut family = encoder.encode_descriptor(metric.stem(), metric.help, unit.as_ref(), kind)?;
        self.encode_samples(&mut family)
    }
}

impl Slice {
    fn encode_samples(&self, family: &mut MetricEncoder<'_>) -> fmt::Result {
        let (gathered, kind, range) = (&*self.gathered, self.metric.kind, self.samples.clone());
        match self.metric.owner {
            Owner::Process(pick) => encode(family, kind, &pick(gathered)),
            Owner::Shard(pick) => gathered.shards[range].iter().try_for_each(|shard| {
                let labels = [("shard", shard.id.get())];
                encode_labelled(family, &labels, kind, &pick(shard))
            }),
            Owner::Api(pick) => {
                let mut apis = gathered.counters.apis.iter().skip(range.start).take(range.len());
                apis.try_for_each(|(api, counts)| {
                    encode_labelled(family, &[("api", *api)], kind, &pick(counts))
                })
            }
            Owner::ApiError => {
                let mut errors = errors(gathered).skip(range.start).take(range.len());
                errors.try_for_each(|(api, code, count)| {
                    let error = ErrorCode::from_code(code).map_or("UNKNOWN", ErrorCode::name);
                    let labels = [("api", api), ("error", error)];
                    encode_labelled(family, &labels, kind, &Value::Number(count))
                })
            }
            Owner::Partition(pick) => gathered.partitions[range].iter().try_for_each(|levels| {
                let topic = gathered.topics[levels.topic].as_str();
                let labels = ([("topic", topic)], [("partition", levels.index.get())]);
                encode_labelled(family, &labels, kind, &Value::Number(pick(levels)))
            }),
            Owner::Compacted(pick) => gathered.compacted[range].iter().try_for_each(|log| {
                let topic = gathered.topics[log.topic].as_str();
                let labels = ([("topic", topic)], [("partition", log.index.get())]);
                encode_labelled(family, &labels, kind, &pick(log))
            }),
            Owner::Volume(pick) => gathered.volume.iter().try_for_each(|volume| {
                let value = Value::Number(pick(volume));
                encode(family, kind, &value)
            }),
            Owner::GroupPartition => gathered.lags[range].iter().try_for_each(|lag| {
                let topic = gathered.topics[lag.topic].as_str();
                let named = [("group", &*lag.group), ("topic", topic)];
                let labels = (named, [("partition", lag.partition.get())]);
                encode_labelled(family, &labels, kind, &Value::Number(lag.records))
            }),
        }
    }
}

fn encode_labelled(
    family: &mut MetricEncoder<'_>,
    labels: &impl EncodeLabelSet,
    kind: Kind,
    value: &Value,
) -> fmt::Result {
    encode(&mut family.encode_family(labels)?, kind, value)
}

fn encode(encoder: &mut MetricEncoder<'_>, kind: Kind, value: &Value) -> fmt::Result {
    match (kind, value) {
        (Kind::Counter, Value::Number(number)) => encoder.encode_counter::<NoLabelSet, _, f64>(number, None),
        (Kind::Counter, Value::Time(time)) => {
            encoder.encode_counter::<NoLabelSet, _, f64>(&time.as_secs_f64(), None)
        }
        (Kind::Gauge, Value::Number(number)) => encoder.encode_gauge(number),
        (Kind::Gauge, Value::Time(time)) => encoder.encode_gauge(&time.as_secs_f64()),
        (
            Kind::Histogram,
            Value::Times {
                first_bound,
                buckets,
                sum,
            },
        ) => {
            let bounds = std::iter::successors(Some(*first_bound), |bound| bound.checked_mul(2));
            let mut bounded: Vec<(f64, u64)> = bounds
                .map(|bound| bound.as_secs_f64())
                .zip(buckets.iter().copied())
                .collect();
            if let Some((bound, _)) = bounded.last_mut() {
                *bound = f64::INFINITY;
            }
            let count = buckets.iter().sum();
            encoder.encode_histogram::<NoLabelSet>(sum.as_secs_f64(), count, &bounded, None)
        }
        (Kind::Histogram, Value::Number(_) | Value::Time(_))
        | (Kind::Counter | Kind::Gauge, Value::Times { .. }) => Err(fmt::Error),
    }
}

#[cfg(test)]
mod tests;
