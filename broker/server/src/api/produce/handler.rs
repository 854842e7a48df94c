//! Produce (API key 0): from a request's batches to their places in the logs.
//!
//! ```text
//! here       decode, look topics up, check each batch's checksum, header and records (`check.rs`)
//! lane       only what takes long: recompress, check large compressed batches (`lane.rs`)
//! owner      Partition::append, in the order of the requests
//! here       when every batch is acknowledged: the response
//! ```

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_metadata::{MetadataImage, TopicImage};
use corelog_model::{PartitionId, PartitionIndex, TopicId, ValidatedBatch};
use corelog_partition::Acks;
use corelog_protocol::messages::produce::{
    BatchIndexAndErrorMessage, PartitionProduceData, PartitionProduceResponse, ProduceRequest,
    ProduceResponse, TopicProduceData, TopicProduceResponse,
};
use corelog_protocol::{ApiKey, ByteStr, ErrorCode};
use corelog_runtime::local::timeout;
use corelog_runtime::{LocalFuture, Monotonic};
use corelog_storage::Appended;
use futures_util::future::join_all;

use super::check::{self, INLINE_BYTES_MAX, RecordsWork};
use super::lane::{self, Item};
use crate::clients::{Answer, RequestContext};
use crate::error_codes::Failure;
use crate::partitions::LogApi;
use crate::shard::Shard;

/// With more refused records than this, each is named without the sentence, which is told once of all: clients take that
/// one then.
const RECORD_MESSAGES_MAX: usize = 100;
/// `acks=all`: every replica that is in sync must have the records.
const ACKS_ALL: i16 = -1;
/// The first version that names topics by id (KIP-516).
const TOPIC_IDS: i16 = 13;

/// What is to be, or has been, answered about one partition.
type Outcome = Result<Appended, Failure>;

/// Admits a request's batches, in the order of the calls, and resolves to the answer when they are acknowledged.
pub fn start(shard: &Rc<Shard>, context: RequestContext, request: ProduceRequest) -> LocalFuture<Answer> {
    let image = shard.image();
    let mut refused: Vec<Option<Refused>> = Vec::new();
    let mut items: Vec<Item> = Vec::new();
    let mut answers: Vec<TopicProduceResponse> = Vec::with_capacity(request.topics.len());
    let check = Check {
        shard,
        context: &context,
        acks: request.acks,
        inline_bytes: Cell::new(INLINE_BYTES_MAX),
    };
    for topic in once(request.topics) {
        let known = find_topic(&image, &topic.name, topic.topic_id, context.version);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for data in topic.partitions {
            partitions.push(PartitionProduceResponse {
                index: data.index,
                ..Default::default()
            });
            let checked = match &known {
                Ok(known) => check.admit(known, data),
                Err(failure) => Err(Refused::early(failure.clone())),
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
    let acks = if request.acks == ACKS_ALL {
        Acks::All
    } else {
        Acks::Leader
    };
    let append_all = move |shard: &Rc<Shard>, batches: Vec<(PartitionId, ValidatedBatch)>| {
        let items = batches
            .into_iter()
            .map(|(id, batch)| (id, (batch, acks, deadline)));
        shard.on_owners(items.collect(), append)
    };
    let client = context.client.number;
    let appended = if lane::is_needed(shard, client, &items) {
        let here = Rc::clone(shard);
        lane::enter(shard, client, items, move |batches| append_all(&here, batches))
    } else {
        let batches = items.into_iter().map(|(id, batch, _)| (id, batch)).collect();
        append_all(shard, batches)
    };
    let shard = Rc::clone(shard);
    let acks = request.acks;
    Box::pin(async move {
        let mut appended = appended.await.into_iter();
        let mut outcomes = refused.into_iter().map(|refused| match refused {
            Some(refused) => Err(refused),
            None => {
                let appended = appended.next().expect("one result a batch that was handed over");
                appended.map_err(Refused::by_the_log)
            }
        });
        let mut first_failure = None;
        let mut unfilled: Vec<(PartitionId, (usize, usize))> = Vec::new();
        for (slot, topic) in answers.iter_mut().enumerate() {
            for (place, partition) in topic.partitions.iter_mut().enumerate() {
                let outcome = outcomes.next().expect("one outcome a partition");
                if let Err(refused) = &outcome {
                    shard.metrics.failed(ApiKey::Produce, refused.failure.code.code());
                    first_failure.get_or_insert_with(|| refused.failure.clone());
                    let known = find_topic(&image, &topic.name, topic.topic_id, context.version);
                    if let Some(known) = known.ok().filter(|_| acks != 0 && refused.tells_log_start()) {
                        let id = PartitionId {
                            topic: known.id,
                            index: PartitionIndex::new(partition.index),
                        };
                        unfilled.push((id, (slot, place)));
                    }
                }
                fill(partition, outcome.map_err(|refused| refused.failure));
            }
        }
        if !unfilled.is_empty() {
            let places: Vec<(usize, usize)> = unfilled.iter().map(|(_, place)| *place).collect();
            let ids = unfilled.into_iter().map(|(id, _)| (id, ())).collect();
            let starts = shard.on_owners(ids, log_starts).await;
            for ((slot, place), start) in places.into_iter().zip(starts) {
                answers[slot].partitions[place].log_start_offset = start;
            }
        }
        match (acks, first_failure) {
            (0, None) => Answer::Silence,
            // As in Kafka: with acks=0 the closed connection is the only sign of an error.
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
    name: &ByteStr,
    id: TopicId,
    version: i16,
) -> Result<&'a TopicImage, Failure> {
    if version >= TOPIC_IDS {
        let known = image.topic_by_id(id);
        known
            .map(|topic| &**topic)
            .ok_or_else(|| Failure::from(ErrorCode::UnknownTopicId))
    } else {
        let known = image.topic(name.as_str());
        known
            .map(|topic| &**topic)
            .ok_or_else(|| Failure::from(ErrorCode::UnknownTopicOrPartition))
    }
}

/// Each topic and partition once, and no topic without partitions (`KafkaApis.handleProduceRequest`): of a partition that is
/// named twice the last batch counts. Where one of its batches is none, nothing is written; Kafka says INVALID_RECORD then,
/// and writes the other.
fn once(mut topics: Vec<TopicProduceData>) -> Vec<TopicProduceData> {
    topics.retain(|topic| !topic.partitions.is_empty());
    if !is_any_twice(&topics) {
        return topics;
    }
    let mut merged: Vec<TopicProduceData> = Vec::new();
    for topic in topics {
        let is_same = |other: &&mut TopicProduceData| is_same_topic(other, &topic);
        match merged.iter_mut().find(is_same) {
            Some(known) => known.partitions.extend(topic.partitions),
            None => merged.push(topic),
        }
    }
    for topic in &mut merged {
        let mut chosen: BTreeMap<i32, PartitionProduceData> = BTreeMap::new();
        for data in std::mem::take(&mut topic.partitions) {
            let is_batch = |data: &PartitionProduceData| {
                check::one_batch(data.records.clone().unwrap_or_default()).is_ok()
            };
            if chosen.get(&data.index).is_none_or(is_batch) {
                chosen.insert(data.index, data);
            }
        }
        topic.partitions = chosen.into_values().collect();
    }
    merged
}

fn is_same_topic(one: &TopicProduceData, other: &TopicProduceData) -> bool {
    one.name == other.name && one.topic_id == other.topic_id
}

/// Whether a topic or a partition of one is there twice.
fn is_any_twice(topics: &[TopicProduceData]) -> bool {
    if let [topic] = topics
        && topic.partitions.len() == 1
    {
        return false;
    }
    let mut names = BTreeSet::new();
    topics.iter().any(|topic| {
        let mut indexes = BTreeSet::new();
        !names.insert((topic.name.as_str(), topic.topic_id))
            || topic.partitions.iter().any(|data| !indexes.insert(data.index))
    })
}

/// Why a batch is not stored.
struct Refused {
    failure: Failure,
    /// Whether Kafka would have come as far as its log.
    is_by_the_log: bool,
}

impl Refused {
    fn early(failure: Failure) -> Refused {
        Refused {
            failure,
            is_by_the_log: false,
        }
    }

    fn by_the_log(failure: Failure) -> Refused {
        Refused {
            failure,
            is_by_the_log: true,
        }
    }

    /// Whether the answer tells where the log starts (`ReplicaManager.appendRecordsToLocalLog`, which does so after the
    /// errors that it does not expect).
    fn tells_log_start(&self) -> bool {
        let expected = matches!(
            self.failure.code,
            ErrorCode::UnknownTopicOrPartition
                | ErrorCode::UnknownTopicId
                | ErrorCode::NotLeaderOrFollower
                | ErrorCode::MessageTooLarge
                | ErrorCode::CorruptMessage
                | ErrorCode::KafkaStorageError
                | ErrorCode::InvalidRequiredAcks
                | ErrorCode::InvalidTopicException
                | ErrorCode::UnsupportedCompressionType
                | ErrorCode::RequestTimedOut
        );
        self.is_by_the_log && !expected
    }
}

/// On the owner: where each log starts; -1 if it is not there.
fn log_starts(shard: &Rc<Shard>, items: Vec<(PartitionId, ())>) -> LocalFuture<Vec<i64>> {
    let start = |id| match shard.partition(LogApi::Produce, &id) {
        Ok(partition) => partition.log().offsets().log_start.get(),
        Err(_) => -1,
    };
    let starts: Vec<i64> = items.into_iter().map(|(id, ())| start(id)).collect();
    Box::pin(std::future::ready(starts))
}

/// What the batches of one request are checked against.
struct Check<'a> {
    shard: &'a Shard,
    context: &'a RequestContext,
    acks: i16,
    /// What may yet be decompressed of the request here.
    inline_bytes: Cell<u64>,
}

impl Check<'_> {
    /// Looks at what does not depend on the acks first, as Kafka does.
    fn admit(&self, topic: &TopicImage, data: PartitionProduceData) -> Result<Item, Refused> {
        let id = PartitionId {
            topic: topic.id,
            index: PartitionIndex::new(data.index),
        };
        if topic.partition(id.index).is_none() {
            return Err(Refused::early(ErrorCode::UnknownTopicOrPartition.into()));
        }
        let records = check::one_batch(data.records.unwrap_or_default()).map_err(Refused::early)?;
        self.batch(topic, id, records).map_err(Refused::by_the_log)
    }

    fn batch(&self, topic: &TopicImage, id: PartitionId, records: Bytes) -> Result<Item, Failure> {
        if !(-1..=1).contains(&self.acks) {
            return Err(Failure::new(
                ErrorCode::InvalidRequiredAcks,
                format!("acks is -1, 0 or 1, not {}", self.acks),
            ));
        }
        if topic.is_internal() {
            let text = format!("{} is the broker's own: no client appends to it", topic.name);
            return Err(Failure::new(ErrorCode::InvalidTopicException, text));
        }
        let config = self.shard.topic_config(topic);
        let config = config.map_err(|error| Failure::new(ErrorCode::InvalidConfig, error.to_string()))?;
        let batch = check::parse(records, self.context.version, &config)?;
        let now = self.shard.handle.clock.wall();
        let work = RecordsWork::new(&config, batch.header().compression, now);
        let mut inline_bytes = self.inline_bytes.get();
        let done = work.try_now(batch, &mut inline_bytes);
        self.inline_bytes.set(inline_bytes);
        match done {
            Ok(batch) => Ok((id, batch?, None)),
            Err(batch) => Ok((id, batch, Some(work))),
        }
    }
}

/// A batch, who must have it, and when its acknowledgement is too late.
type Timed = (ValidatedBatch, Acks, Option<Monotonic>);

/// On the owner: appends each batch to its log. All are admitted before this returns. What is not acknowledged at its
/// deadline is answered so, and may be stored all the same.
///
/// The deadline is one entry in the shard's map of deadlines for all of a request's batches here, made when the first
/// look found something pending: well below the cost of the acknowledgement's own write.
fn append(shard: &Rc<Shard>, items: Vec<(PartitionId, Timed)>) -> LocalFuture<Vec<Outcome>> {
    let deadline = items.iter().find_map(|(_, (_, _, deadline))| *deadline);
    let outcomes: Rc<RefCell<Vec<Option<Outcome>>>> = Rc::new(RefCell::new(vec![None; items.len()]));
    let pending: Vec<_> = items
        .into_iter()
        .enumerate()
        .map(|(slot, (id, (batch, acks, _)))| {
            let messages = u64::try_from(batch.header().record_count).unwrap_or_default();
            let bytes = batch.header().size;
            let partition = shard.partition(LogApi::Produce, &id);
            let pending = partition.map(|partition| partition.append(vec![batch], acks));
            let (shard, outcomes) = (Rc::clone(shard), Rc::clone(&outcomes));
            async move {
                let outcome = match pending {
                    Ok(pending) => pending.await,
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
            let is_told_of_each = failure.records.len() <= RECORD_MESSAGES_MAX;
            let message = failure.message.as_ref().filter(|_| is_told_of_each);
            answer.record_errors = failure
                .records
                .iter()
                .map(|index| BatchIndexAndErrorMessage {
                    batch_index: *index,
                    batch_index_error_message: message.cloned(),
                })
                .collect();
            answer.error_message = failure.message;
            answer.base_offset = -1;
            answer.log_append_time_ms = -1;
            answer.log_start_offset = -1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first records of a batch: enough for its length to be seen.
    fn batch(number: u8) -> Option<Bytes> {
        let mut bytes = vec![0; 61];
        bytes[11] = 49;
        bytes[16] = 2;
        bytes[60] = number;
        Some(bytes.into())
    }

    /// A topic by its name, and what is for each of its partitions.
    type Named<'a> = (&'a str, &'a [(i32, Option<Bytes>)]);

    fn check(asked: &[Named<'_>], expected: &[Named<'_>]) {
        let topics = |topics: &[Named<'_>]| -> Vec<TopicProduceData> {
            let data = |(index, records): &(i32, Option<Bytes>)| PartitionProduceData {
                index: *index,
                records: records.clone(),
            };
            let topic = |(name, partitions): &(&str, &[(i32, Option<Bytes>)])| TopicProduceData {
                name: (*name).into(),
                partitions: partitions.iter().map(data).collect(),
                ..Default::default()
            };
            topics.iter().map(topic).collect()
        };
        assert_eq!(once(topics(asked)), topics(expected));
    }

    #[test]
    fn a_partition_is_written_once() {
        check(&[("a", &[]), ("b", &[(0, batch(1))])], &[("b", &[(0, batch(1))])]);
        check(
            &[("a", &[(1, batch(1)), (0, batch(2))])],
            &[("a", &[(1, batch(1)), (0, batch(2))])],
        );
        check(
            &[
                ("a", &[(0, batch(1)), (1, batch(2)), (0, batch(3))]),
                ("b", &[(0, batch(4))]),
                ("a", &[(2, batch(5)), (1, batch(6))]),
            ],
            &[
                ("a", &[(0, batch(3)), (1, batch(6)), (2, batch(5))]),
                ("b", &[(0, batch(4))]),
            ],
        );
        check(
            &[("a", &[(0, batch(1)), (0, None), (0, batch(2))])],
            &[("a", &[(0, None)])],
        );
    }

    #[test]
    fn where_the_log_starts_is_told_with_errors_of_the_log() {
        for (code, expected) in [
            (ErrorCode::InvalidRecord, true),
            (ErrorCode::InvalidTimestamp, true),
            (ErrorCode::OutOfOrderSequenceNumber, true),
            (ErrorCode::CorruptMessage, false),
            (ErrorCode::InvalidRequiredAcks, false),
        ] {
            assert_eq!(
                Refused::by_the_log(code.into()).tells_log_start(),
                expected,
                "{code:?}"
            );
            assert!(!Refused::early(code.into()).tells_log_start(), "{code:?}");
        }
    }
}
