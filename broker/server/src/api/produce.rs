//! Produce (API key 0): from a request's batches to their places in the logs.
//!
//! ```text
//! here       decode, look topics up, check each batch's checksum and header
//! owner      PartitionLog::append, in the order of the requests
//! here       when every batch is acknowledged: the response
//! ```

use std::rc::Rc;

use bytes::Bytes;
use corelog_metadata::{MetadataImage, TopicImage};
use corelog_model::batch::Compression;
use corelog_model::{BatchError, PartitionId, PartitionIndex, ValidatedBatch};
use corelog_protocol::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceData,
    TopicProduceResponse,
};
use corelog_protocol::{ApiKey, ErrorCode};
use corelog_records::{KeyPolicy, check_produced_header, check_produced_records, payload};
use corelog_runtime::LocalFuture;
use corelog_storage::{AppendOptions, AppendOrigin, Appended};
use futures_util::future::join_all;

use crate::dispatch::Answer;
use crate::error_codes::{Failure, append_failure};
use crate::request::RequestContext;
use crate::shard::Shard;

/// The first version in which zstd may be sent (KIP-110).
const ZSTD: i16 = 7;
/// The first version that names topics by id (KIP-516).
const TOPIC_IDS: i16 = 13;
/// The most bytes that one produced batch may become when a compacted topic's keys are looked at.
const DECOMPRESSED_BYTES_MAX: usize = 256 << 20;

/// What is to be, or has been, answered about one partition.
type Outcome = Result<Appended, Failure>;

/// Admits a request's batches, in the order of the calls, and resolves to the answer when they are acknowledged.
pub fn start(shard: &Rc<Shard>, context: RequestContext, request: ProduceRequest) -> LocalFuture<Answer> {
    let image = shard.image();
    let mut refused: Vec<Option<Failure>> = Vec::new();
    let mut items: Vec<(PartitionId, ValidatedBatch)> = Vec::new();
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
    let appended = shard.on_owners(items, append);
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
    fn batch(
        &self,
        topic: &TopicImage,
        data: PartitionProduceData,
    ) -> Result<(PartitionId, ValidatedBatch), Failure> {
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
        let bytes = data.records.unwrap_or_default();
        let batch = parse(bytes)?;
        check_produced_header(batch.header())
            .map_err(|fault| Failure::new(ErrorCode::InvalidRecord, fault.to_string()))?;
        if batch.header().compression == Compression::Zstd && self.context.version < ZSTD {
            return Err(ErrorCode::UnsupportedCompressionType.into());
        }
        self.check_keys(topic, &batch)?;
        Ok((id, batch))
    }

    fn check_in_sync(&self, topic: &TopicImage, in_sync: usize) -> Result<(), Failure> {
        let least = self.topic_config(topic, |config| config.min_insync_replicas)?;
        if usize::try_from(least).is_ok_and(|least| in_sync < least) {
            let text = format!("{in_sync} replicas are in sync and min.insync.replicas is {least}");
            return Err(Failure::new(ErrorCode::NotEnoughReplicas, text));
        }
        Ok(())
    }

    /// A record without a key could never be compacted, so a compacted topic takes none.
    fn check_keys(&self, topic: &TopicImage, batch: &ValidatedBatch) -> Result<(), Failure> {
        let is_compacted = self.topic_config(topic, |config| config.cleanup_policy.compact)?;
        if !is_compacted {
            return Ok(());
        }
        let invalid = |text: String| Failure::new(ErrorCode::InvalidRecord, text);
        let payload = payload(batch.header(), batch.bytes(), DECOMPRESSED_BYTES_MAX)
            .map_err(|error| invalid(error.to_string()))?;
        check_produced_records(batch.header(), &payload, KeyPolicy::Required)
            .map(drop)
            .map_err(|fault| invalid(fault.to_string()))
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

/// On the owner: appends each batch to its log. All are admitted before this returns.
fn append(shard: &Rc<Shard>, items: Vec<(PartitionId, ValidatedBatch)>) -> LocalFuture<Vec<Outcome>> {
    let options = AppendOptions {
        origin: AppendOrigin::Client,
    };
    let pending: Vec<_> = items
        .into_iter()
        .map(|(id, batch)| {
            let messages = u64::try_from(batch.header().record_count).unwrap_or_default();
            let bytes = batch.header().size;
            let log = shard
                .partition(&id)
                .ok_or_else(|| Failure::from(ErrorCode::KafkaStorageError));
            let pending = log.map(|log| log.append(vec![batch], options));
            let shard = Rc::clone(shard);
            async move {
                let appended = pending?.await.map_err(|error| append_failure(&error))?;
                if !appended.is_duplicate {
                    shard.metrics.produced(messages, bytes);
                }
                Ok(appended)
            }
        })
        .collect();
    Box::pin(join_all(pending))
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
            answer.error_message = failure.message;
            answer.base_offset = -1;
            answer.log_append_time_ms = -1;
            answer.log_start_offset = -1;
        }
    }
}
