//! What a produced batch must be to be appended, and what of its header is put right, as Kafka does it
//! (`ProduceRequest.validateRecords`, `UnifiedLog.analyzeAndValidateRecords`, `LogValidator`).
//!
//! The header is believed in nothing that the records say as well: every batch's records are walked through, right after the
//! checksum has brought them into the cache. The walk finds the largest timestamp, which the log goes by for lookups,
//! segments and retention; a header that says another one is corrected. Compressed records are decompressed for it, small
//! batches here and now, others as long work (`long_work.rs`).

use bytes::Bytes;
use corelog_config::{TopicCompression, TopicConfig};
use corelog_model::batch::{Compression, HEADER_SIZE, LOG_OVERHEAD, MAGIC, TimestampType};
use corelog_model::{TimestampMs, ValidatedBatch};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::produce::TopicProduceData;
use corelog_records::{
    KeyPolicy, PayloadCheck, RecordRules, RecordsSummary, TimestampRule, check_produced_header,
    check_produced_records, recompress,
};
use corelog_runtime::local::yield_now;
use corelog_storage::AppendError;

use crate::error_codes::{
    Failure, append_failure, batch_failure, header_failure, payload_failure, recompress_failure,
    records_failure,
};

/// The first version in which zstd may be sent (KIP-110).
const ZSTD: i16 = 7;
/// The most bytes that records become which are kept whole in memory to be stored anew.
const DECOMPRESSED_BYTES_MAX: usize = 64 << 20;
/// The largest compressed batch, in bytes, that is looked into where its request is handled.
const INLINE_BATCH_BYTES_MAX: usize = 16 << 10;
/// How much of a request's batches is decompressed where the request is handled, in bytes: some hundred microseconds.
pub(crate) const INLINE_BYTES_MAX: u64 = 64 << 10;
/// How much is decompressed before other work on the shard has its turn, in bytes.
const STEP_BYTES: u64 = 64 << 10;
/// The largest timestamp of records that have none.
const NO_TIMESTAMP: TimestampMs = TimestampMs::new(-1);
/// Where a batch's attributes have the bit of transactions, and that bit.
const ATTRIBUTES_LOW_BYTE: usize = 22;
const TRANSACTIONAL: u8 = 1 << 4;
/// The smallest size that a batch may say, without the overhead (Kafka's `LegacyRecord.RECORD_OVERHEAD_V0`).
const SIZE_MIN: i32 = 14;

fn invalid(text: &str) -> Failure {
    Failure::new(ErrorCode::InvalidRecord, text.to_owned())
}

/// The size of the whole batch that begins `bytes`; `None` if there is none (Kafka's `ByteBufferLogInputStream`).
fn next_batch(bytes: &[u8]) -> Result<Option<usize>, Failure> {
    let Some(size) = bytes.get(8..).and_then(|rest| rest.first_chunk::<4>()) else {
        return Ok(None);
    };
    let size = i32::from_be_bytes(*size);
    let length = match usize::try_from(size) {
        Ok(length) if size >= SIZE_MIN => length,
        _ => {
            let text = format!("a batch cannot have the length {size}");
            return Err(Failure::new(ErrorCode::CorruptMessage, text));
        }
    };
    match bytes.get(16) {
        None => Ok(None),
        Some(magic) if *magic > MAGIC => {
            let text = format!("there is no message format {magic}");
            Err(Failure::new(ErrorCode::CorruptMessage, text))
        }
        Some(_) => Ok((length <= bytes.len() - LOG_OVERHEAD).then_some(length + LOG_OVERHEAD)),
    }
}

/// Whether any partition's first batch says that it is a part of a transaction; nothing of it has been checked.
pub(super) fn has_transactional(topics: &[TopicProduceData]) -> bool {
    let mut all = topics.iter().flat_map(|topic| &topic.partitions);
    all.any(|data| {
        let records = data.records.as_deref().unwrap_or_default();
        let attributes = records.get(ATTRIBUTES_LOW_BYTE).copied().unwrap_or_default();
        records.get(16) == Some(&MAGIC) && attributes & TRANSACTIONAL != 0
    })
}

/// The bytes of the one batch that a partition's must be from version 3 on; what follows it and is none is let fall, as
/// Kafka does (`ProduceRequest.validateRecords`).
pub(super) fn one_batch(mut bytes: Bytes) -> Result<Bytes, Failure> {
    let Some(size) = next_batch(&bytes)? else {
        return Err(invalid(
            "a partition's records are one whole batch, and none is there",
        ));
    };
    if bytes[16] != MAGIC {
        return Err(invalid("a batch has message format 2"));
    }
    if next_batch(&bytes[size..])?.is_some() {
        return Err(invalid("a partition's records are exactly one batch"));
    }
    bytes.truncate(size);
    Ok(bytes)
}

/// Checks a batch, as [`one_batch`] returns it, and its header.
pub(super) fn parse(bytes: Bytes, version: i16, config: &TopicConfig) -> Result<ValidatedBatch, Failure> {
    let size = bytes.len();
    let max = usize::try_from(config.max_message_bytes).unwrap_or(usize::MAX);
    if size > max {
        return Err(append_failure(&AppendError::RecordTooLarge { size, max }));
    }
    let batch = ValidatedBatch::new(bytes).map_err(|error| batch_failure(&error))?;
    if batch.header().compression == Compression::Zstd && version < ZSTD {
        return Err(ErrorCode::UnsupportedCompressionType.into());
    }
    check_produced_header(batch.header()).map_err(|fault| header_failure(&fault))?;
    if is_wrongly_stamped(&batch, config) {
        return Ok(batch.with_create_time());
    }
    Ok(batch)
}

/// Whether a client's batch says LogAppendTime where the topic goes by the records' own times. Kafka takes it for one that
/// does not say so (`LogValidator.validateTimestamp` looks at the type only where the topic or no record has a time).
fn is_wrongly_stamped(batch: &ValidatedBatch, config: &TopicConfig) -> bool {
    let header = batch.header();
    header.timestamp_type == TimestampType::LogAppendTime
        && config.message_timestamp_type == TimestampType::CreateTime
        && header.max_timestamp != NO_TIMESTAMP
}

/// What is to be done to a batch before it is appended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RecordsWork {
    /// What each record must be.
    pub rules: RecordRules,
    /// The codec and level to store the records in, if it is not the one that they came in.
    pub target: Option<(Compression, Option<i32>)>,
}

impl RecordsWork {
    /// What a topic of `config` demands of a batch that came in the codec `sent` at the time `now`.
    pub(crate) fn new(config: &TopicConfig, sent: Compression, now: TimestampMs) -> RecordsWork {
        let target = match config.compression {
            TopicCompression::Producer => None,
            TopicCompression::Codec { codec, level } => (codec != sent).then_some((codec, level)),
        };
        // A record without a key could never be compacted.
        let keys = if config.cleanup_policy.compact {
            KeyPolicy::Required
        } else {
            KeyPolicy::Optional
        };
        let bound = |ms: Option<u64>| ms.and_then(|ms| i64::try_from(ms).ok());
        let timestamps = match config.message_timestamp_type {
            TimestampType::LogAppendTime => TimestampRule::Ignored,
            TimestampType::CreateTime => TimestampRule::Within {
                earliest: bound(config.message_timestamp_before_max_ms)
                    .map_or(TimestampMs::new(i64::MIN), |ms| {
                        TimestampMs::new(now.get().saturating_sub(ms))
                    }),
                latest: bound(config.message_timestamp_after_max_ms)
                    .map_or(TimestampMs::new(i64::MAX), |ms| {
                        TimestampMs::new(now.get().saturating_add(ms))
                    }),
            },
        };
        let rules = RecordRules { keys, timestamps };
        RecordsWork { rules, target }
    }

    /// Does it at once, if it is short; `Err` gives the batch back. Of `inline_bytes` what is decompressed is taken.
    pub(crate) fn try_now(
        &self,
        batch: ValidatedBatch,
        inline_bytes: &mut u64,
    ) -> Result<Result<ValidatedBatch, Failure>, ValidatedBatch> {
        if self.target.is_some() {
            return Err(batch);
        }
        if batch.header().compression == Compression::None {
            let records = &batch.bytes()[HEADER_SIZE..];
            let checked = check_produced_records(batch.header(), records, self.rules);
            return Ok(match checked {
                Ok(summary) => self.finish(batch, summary),
                Err(fault) => Err(records_failure(&fault)),
            });
        }
        if batch.header().size > INLINE_BATCH_BYTES_MAX || *inline_bytes == 0 {
            return Err(batch);
        }
        let mut total = 0;
        let checked = PayloadCheck::new(&batch, self.rules).and_then(|mut check| {
            let step = check.step(*inline_bytes);
            total = check.total();
            step
        });
        *inline_bytes = inline_bytes.saturating_sub(total);
        match checked {
            Ok(Some(summary)) => Ok(self.finish(batch, summary)),
            Ok(None) => Err(batch),
            Err(fault) => Ok(Err(payload_failure(&fault))),
        }
    }

    /// Does it, in pieces where it can.
    ///
    /// # Errors
    /// Kafka's refusal of the batch.
    pub(crate) async fn run(&self, batch: ValidatedBatch) -> Result<ValidatedBatch, Failure> {
        if let Some((codec, level)) = self.target {
            return self.store_anew(&batch, codec, level);
        }
        let mut check = PayloadCheck::new(&batch, self.rules).map_err(|fault| payload_failure(&fault))?;
        loop {
            match check.step(STEP_BYTES) {
                Ok(Some(summary)) => return self.finish(batch, summary),
                Ok(None) => yield_now().await,
                Err(fault) => return Err(payload_failure(&fault)),
            }
        }
    }

    fn store_anew(
        &self,
        batch: &ValidatedBatch,
        codec: Compression,
        level: Option<i32>,
    ) -> Result<ValidatedBatch, Failure> {
        check_stamps(batch)?;
        let kept = recompress(batch, codec, level, self.rules, DECOMPRESSED_BYTES_MAX)
            .map_err(|error| recompress_failure(&error))?;
        Ok(without_horizon(kept))
    }

    /// Puts right what the header of a batch says otherwise than its records.
    fn finish(&self, batch: ValidatedBatch, summary: RecordsSummary) -> Result<ValidatedBatch, Failure> {
        check_stamps(&batch)?;
        if !summary.is_dense {
            return self.store_anew(&batch, batch.header().compression, None);
        }
        let is_stamped_later = self.rules.timestamps == TimestampRule::Ignored;
        if batch.header().max_timestamp != summary.max_timestamp && !is_stamped_later {
            return Ok(batch.with_max_timestamp(summary.max_timestamp));
        }
        Ok(without_horizon(batch))
    }
}

/// A cleaner would take it for the time after which the batch's tombstones go. Kafka keeps what the client said.
fn without_horizon(batch: ValidatedBatch) -> ValidatedBatch {
    if batch.has_delete_horizon() {
        batch.with_max_timestamp(batch.header().max_timestamp)
    } else {
        batch
    }
}

/// Only the broker stamps batches (`LogValidator.validateTimestamp`); see [`is_wrongly_stamped`], too.
fn check_stamps(batch: &ValidatedBatch) -> Result<(), Failure> {
    if batch.header().timestamp_type == TimestampType::CreateTime {
        return Ok(());
    }
    let text = "a client's batch has the timestamp type LogAppendTime";
    let mut failure = Failure::new(ErrorCode::InvalidTimestamp, text.to_owned());
    failure.records = (0..batch.header().record_count).collect();
    Err(failure)
}
