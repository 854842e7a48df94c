//! Produce (API key 0): from a request's batches to their places in the logs.
//!
//! ```text
//! here       decode, look topics up, check each batch's checksum and header
//! lane       only where records must be looked into: recompress, check keys (`produce_lane.rs`)
//! owner      PartitionLog::append, in the order of the requests
//! here       when every batch is acknowledged: the response
//! ```

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_config::TopicCompression;
use corelog_metadata::{MetadataImage, TopicImage};
use corelog_model::batch::{Compression, TimestampType};
use corelog_model::{BatchError, PartitionId, PartitionIndex, ValidatedBatch};
use corelog_protocol::messages::produce::{
    BatchIndexAndErrorMessage, PartitionProduceData, PartitionProduceResponse, ProduceRequest,
    ProduceResponse, TopicProduceData, TopicProduceResponse,
};
use corelog_protocol::{ApiKey, ErrorCode};
use corelog_records::{KeyPolicy, check_produced_header};
use corelog_runtime::local::timeout;
use corelog_runtime::{LocalFuture, Monotonic};
use corelog_storage::{AppendOptions, AppendOrigin, Appended, LogOffsets};
use futures_util::future::join_all;

use crate::dispatch::Answer;
use crate::error_codes::{Failure, append_failure};
use crate::log_state::LogApi;
use crate::mutation::{Mutation, early, is_on, late};
use crate::produce_lane::{self, Item, RecordsWork};
use crate::request::RequestContext;
use crate::shard::Shard;

/// The first version in which zstd may be sent (KIP-110).
const ZSTD: i16 = 7;
/// The first version that names topics by id (KIP-516).
const TOPIC_IDS: i16 = 13;

/// What is to be, or has been, answered about one partition.
type Outcome = Result<Appended, Failure>;

/// Admits a request's batches, in the order of the calls, and resolves to the answer when they are acknowledged.
pub fn start(shard: &Rc<Shard>, context: RequestContext, request: ProduceRequest) -> LocalFuture<Answer> {
    let image = shard.image();
    let mut refused: Vec<Option<Failure>> = Vec::new();
    let mut items: Vec<Item> = Vec::new();
    let mut answers: Vec<TopicProduceResponse> = Vec::with_capacity(request.topics.len());
    let check = Check {
        shard,
        context: &context,
        acks: request.acks,
    };
    for topic in request.topics {
        let known = find_topic(&image, &topic, context.version);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for data in topic.partitions {
            partitions.push(PartitionProduceResponse {
                index: data.index,
                ..Default::default()
            });
            let checked = match &known {
                Ok(known) => check.batch(known, data),
                Err(failure) => Err(failure.clone()),
            };
            match checked {
                Ok(item) => {
                    refused.push(None);
                    items.push(item);
                }
                Err(failure) => refused.push(Some(failure)),
            }
        }
        answers.push(TopicProduceResponse {
            name: topic.name,
            topic_id: topic.topic_id,
            partitions,
        });
    }
    // Nobody waits for the acknowledgement of acks=0.
    let deadline = (request.acks != 0)
        .then(|| deadline(shard, request.timeout_ms))
        .flatten();
    let append_all = move |shard: &Rc<Shard>, batches: Vec<(PartitionId, ValidatedBatch)>| {
        let items = batches.into_iter().map(|(id, batch)| (id, (batch, deadline)));
        shard.on_owners(items.collect(), append)
    };
    let client = context.client.number;
    let appended = if shard.produce_lane.is_needed(client, &items) {
        let here = Rc::clone(shard);
        produce_lane::enter(shard, client, items, move |batches| append_all(&here, batches))
    } else {
        let here = Rc::clone(shard);
        let batches = items.into_iter().map(|(id, batch, _)| (id, batch)).collect();
        late(Mutation::ProduceUnordered, &shard.handle, move || {
            append_all(&here, batches)
        })
    };
    let shard = Rc::clone(shard);
    let acks = request.acks;
    Box::pin(async move {
        let mut appended = appended.await.into_iter();
        let mut outcomes = refused.into_iter().map(|refused| match refused {
            Some(failure) => Err(failure),
            None => appended.next().expect("one result a batch that was handed over"),
        });
        let mut first_failure = None;
        for partition in answers.iter_mut().flat_map(|topic| &mut topic.partitions) {
            let outcome = outcomes.next().expect("one outcome a partition");
            if let Err(failure) = &outcome {
                shard.metrics.failed(ApiKey::Produce);
                first_failure.get_or_insert_with(|| failure.clone());
            }
            fill(partition, outcome);
        }
        match (acks, first_failure) {
            (0, None) => Answer::Silence,
            // KAFKA.md: with acks=0 the closed connection is the only sign of an error.
            (0, Some(failure)) => Answer::Close(format!("a batch sent with acks=0 was refused: {failure}")),
            _ => {
                let response = ProduceResponse {
                    topics: answers,
                    ..Default::default()
                };
                context.answer(|writer| response.encode(writer, context.version))
            }
        }
    })
}

/// When to answer that the acknowledgement takes too long. With a timeout of zero, Kafka's acknowledgement of a lone
/// replica comes within the call, so that it never times out; ours needs the disk, and is waited for.
fn deadline(shard: &Shard, timeout_ms: i32) -> Option<Monotonic> {
    let timeout = u64::try_from(timeout_ms).ok().filter(|timeout| *timeout > 0)?;
    Some(shard.handle.clock.now() + Duration::from_millis(timeout))
}

fn find_topic<'a>(
    image: &'a MetadataImage,
    topic: &TopicProduceData,
    version: i16,
) -> Result<&'a TopicImage, Failure> {
    if version >= TOPIC_IDS {
        let known = image.topic_by_id(topic.topic_id);
        known
            .map(|topic| &**topic)
            .ok_or_else(|| Failure::from(ErrorCode::UnknownTopicId))
    } else {
        let known = image.topic(topic.name.as_str());
        known
            .map(|topic| &**topic)
            .ok_or_else(|| Failure::from(ErrorCode::UnknownTopicOrPartition))
    }
}

/// What the batches of one request are checked against.
struct Check<'a> {
    shard: &'a Shard,
    context: &'a RequestContext,
    acks: i16,
}

impl Check<'_> {
    fn batch(&self, topic: &TopicImage, data: PartitionProduceData) -> Result<Item, Failure> {
        let id = PartitionId {
            topic: topic.id,
            index: PartitionIndex::new(data.index),
        };
        let partition = topic.partition(id.index);
        let partition = partition.ok_or_else(|| Failure::from(ErrorCode::UnknownTopicOrPartition))?;
        if !(-1..=1).contains(&self.acks) {
            return Err(Failure::new(
                ErrorCode::InvalidRequiredAcks,
                format!("acks is -1, 0 or 1, not {}", self.acks),
            ));
        }
        if self.acks == -1 {
            self.check_in_sync(topic, partition.in_sync_replicas.len())?;
        }
        let batch = parse(data.records.unwrap_or_default())?;
        check_produced_header(batch.header())
            .map_err(|fault| Failure::new(ErrorCode::InvalidRecord, fault.to_string()))?;
        if batch.header().compression == Compression::Zstd && self.context.version < ZSTD {
            return Err(ErrorCode::UnsupportedCompressionType.into());
        }
        if batch.header().is_transactional {
            let text = "there is no transaction: this broker has none";
            return Err(Failure::new(ErrorCode::InvalidTxnState, text.to_owned()));
        }
        if batch.header().timestamp_type == TimestampType::LogAppendTime {
            // `LogValidator.validateTimestamp`: only the broker stamps so.
            let text = "a client's batch has the timestamp type LogAppendTime";
            return Err(Failure::new(ErrorCode::InvalidTimestamp, text.to_owned()));
        }
        let (batch, work) = self.records_work(topic, batch)?;
        Ok((id, batch, work))
    }

    /// What the topic's settings ask for beyond the header. A record without a key could never be compacted, so a
    /// compacted topic takes none; that is checked at once where it takes no decompression.
    fn records_work(
        &self,
        topic: &TopicImage,
        batch: ValidatedBatch,
    ) -> Result<(ValidatedBatch, Option<RecordsWork>), Failure> {
        let (is_compacted, compression) = self.topic_config(topic, |config| {
            (config.cleanup_policy.compact, config.compression)
        })?;
        let sent = batch.header().compression;
        let target = match compression {
            TopicCompression::Producer => None,
            TopicCompression::Codec { codec, level } => (codec != sent).then_some((codec, level)),
        };
        let keys = if is_compacted {
            KeyPolicy::Required
        } else {
            KeyPolicy::Optional
        };
        let work = RecordsWork { keys, target };
        match (is_compacted, target) {
            (false, None) => Ok((batch, None)),
            (true, None) if sent == Compression::None => Ok((work.run(batch)?, None)),
            (true, None) | (_, Some(_)) => Ok((batch, Some(work))),
        }
    }

    fn check_in_sync(&self, topic: &TopicImage, in_sync: usize) -> Result<(), Failure> {
        let least = self.topic_config(topic, |config| config.min_insync_replicas)?;
        if usize::try_from(least).is_ok_and(|least| in_sync < least) {
            let text = format!("{in_sync} replicas are in sync and min.insync.replicas is {least}");
            return Err(Failure::new(ErrorCode::NotEnoughReplicas, text));
        }
        Ok(())
    }

    fn topic_config<T>(
        &self,
        topic: &TopicImage,
        pick: impl FnOnce(&corelog_config::TopicConfig) -> T,
    ) -> Result<T, Failure> {
        self.shard
            .topic_config(topic)
            .map(|config| pick(&config))
            .map_err(|error| Failure::new(ErrorCode::InvalidConfig, error.to_string()))
    }
}

/// Takes a partition's bytes as the one batch that they must be from version 3 on.
fn parse(mut bytes: Bytes) -> Result<ValidatedBatch, Failure> {
    if bytes.is_empty() {
        // `ProduceRequest.validateRecords`
        let text = "a partition's records are exactly one batch, not none";
        return Err(Failure::new(ErrorCode::InvalidRecord, text.to_owned()));
    }
    let batch = ValidatedBatch::split_from(&mut bytes).map_err(|error| {
        let code = match &error {
            BatchError::Crc { .. } | BatchError::Truncated { .. } | BatchError::Length(_) => {
                ErrorCode::CorruptMessage
            }
            BatchError::Magic(_) | BatchError::Field { .. } => ErrorCode::InvalidRecord,
        };
        Failure::new(code, error.to_string())
    })?;
    if bytes.is_empty() {
        Ok(batch)
    } else {
        Err(Failure::new(
            ErrorCode::InvalidRecord,
            "a partition's records are exactly one batch".to_owned(),
        ))
    }
}

/// A batch, and when its acknowledgement is too late.
type Timed = (ValidatedBatch, Option<Monotonic>);

/// On the owner: appends each batch to its log. All are admitted before this returns. What is not acknowledged at its
/// deadline is answered so, and may be stored all the same.
///
/// The deadline is one entry in the shard's map of deadlines for all of a request's batches here, made when the first
/// look found something pending: well below the cost of the acknowledgement's own write.
fn append(shard: &Rc<Shard>, items: Vec<(PartitionId, Timed)>) -> LocalFuture<Vec<Outcome>> {
    let options = AppendOptions {
        origin: AppendOrigin::Client,
    };
    let deadline = items.iter().find_map(|(_, (_, deadline))| *deadline);
    let outcomes: Rc<RefCell<Vec<Option<Outcome>>>> = Rc::new(RefCell::new(vec![None; items.len()]));
    let pending: Vec<_> = items
        .into_iter()
        .enumerate()
        .map(|(slot, (id, (batch, _)))| {
            let messages = u64::try_from(batch.header().record_count).unwrap_or_default();
            let bytes = batch.header().size;
            let log = shard.log_of(LogApi::Produce, &id);
            let begun = log.as_ref().ok().filter(|_| is_on(Mutation::ProduceEarly));
            let begun = begun.map(|log| log.offsets());
            let pending = log.map(|log| log.append(vec![batch], options));
            let (shard, outcomes) = (Rc::clone(shard), Rc::clone(&outcomes));
            async move {
                let outcome = match pending {
                    Ok(pending) => {
                        let guess = || Ok(unstored(begun.expect("looked at for this mistake")));
                        let appended = early(Mutation::ProduceEarly, &shard.handle, pending, guess);
                        appended.await.map_err(|error| append_failure(&error))
                    }
                    Err(failure) => Err(failure),
                };
                if outcome.as_ref().is_ok_and(|appended| !appended.is_duplicate) {
                    shard.metrics.produced(messages, bytes);
                }
                outcomes.borrow_mut()[slot] = Some(outcome);
            }
        })
        .collect();
    let clock = Rc::clone(&shard.handle.clock);
    Box::pin(async move {
        let mut all = Box::pin(join_all(pending));
        let is_pending = futures_util::poll!(&mut all).is_pending();
        match deadline {
            // Late or not, each batch has its outcome or none.
            Some(deadline) if is_pending => drop(timeout(&*clock, deadline, all).await),
            None if is_pending => drop(all.await),
            Some(_) | None => {}
        }
        let outcomes = outcomes.take().into_iter();
        outcomes
            .map(|outcome| outcome.unwrap_or_else(|| Err(timed_out())))
            .collect()
    })
}

/// What an append to a log with these offsets would give.
fn unstored(offsets: LogOffsets) -> Appended {
    Appended {
        base_offset: offsets.log_end,
        last_offset: offsets.log_end,
        log_append_time: None,
        log_start: offsets.log_start,
        is_duplicate: false,
    }
}

fn timed_out() -> Failure {
    let text = "the acknowledgement took longer than the request's timeout; the records may be stored yet";
    Failure::new(ErrorCode::RequestTimedOut, text.to_owned())
}

fn fill(answer: &mut PartitionProduceResponse, outcome: Outcome) {
    match outcome {
        Ok(appended) => {
            answer.base_offset = appended.base_offset.get();
            answer.log_append_time_ms = appended.log_append_time.map_or(-1, |time| time.get());
            answer.log_start_offset = appended.log_start.get();
        }
        Err(failure) => {
            answer.error_code = failure.code.code();
            answer.record_errors = failure
                .records
                .iter()
                .map(|index| BatchIndexAndErrorMessage {
                    batch_index: *index,
                    batch_index_error_message: failure.message.clone(),
                })
                .collect();
            answer.error_message = failure.message;
            answer.base_offset = -1;
            answer.log_append_time_ms = -1;
            answer.log_start_offset = -1;
        }
    }
}
