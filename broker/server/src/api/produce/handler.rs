//! Produce (API key 0): from a request's batches to their places in the logs.
//!
//! ```text
//! here       decode, look topics up, check each batch's checksum, header and records (`check.rs`)
//! long work  only what takes long: recompress, check large compressed batches (`long_work.rs`), and ask the coordinator
//!            before the first record of a transaction in a partition (`verify.rs`)
//! owner      Partition::append, in the order of the requests (`append.rs`)
//! here       when every batch is acknowledged: the response
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_metadata::{MetadataImage, TopicImage};
use corelog_model::{Offset, PartitionId, PartitionIndex, TopicId, ValidatedBatch};
use corelog_partition::Acks;
use corelog_protocol::messages::produce::{
    BatchIndexAndErrorMessage, PartitionProduceData, PartitionProduceResponse, ProduceRequest,
    ProduceResponse, TopicProduceData, TopicProduceResponse,
};
use corelog_protocol::{ApiKey, ByteStr, ErrorCode};
use corelog_runtime::{Clock, LocalFuture, Monotonic};
use corelog_storage::Appended;
use futures_util::future::Either;

use super::append::{Append, Checked};
use super::check::{self, INLINE_BYTES_MAX, RecordsWork};
use super::long_work;
use super::services::Services;
use super::verify::Asked;
use crate::clients::{Answer, RequestContext};
use crate::error_codes::{Failure, topic_config_failure};
use crate::shard::Items;

/// With more refused records than this, each is named without the sentence, which is told once of all: clients take that
/// one then.
const RECORD_MESSAGES_MAX: usize = 100;
/// `acks=all`: every replica that is in sync must have the records.
const ACKS_ALL: i16 = -1;
/// The first version that names topics by id (KIP-516).
const TOPIC_IDS: i16 = 13;

/// Admits a request's batches, in the order of the calls, and resolves to the answer when they are acknowledged.
pub fn start(
    services: Services<'_>,
    context: RequestContext,
    request: ProduceRequest,
) -> LocalFuture<Answer> {
    let image = services.metadata.image();
    // As in Kafka, the request as a whole (`KafkaApis.handleProduceRequest`).
    let is_nobodys = request.transactional_id.is_none() && check::has_transactional(&request.topics);
    let mut check = Check {
        services,
        version: context.version,
        acks: request.acks,
        inline_bytes: INLINE_BYTES_MAX,
        batches: Items::new(),
        works: Vec::new(),
        first_failure: None,
    };
    let answer = |topic: TopicProduceData| {
        let known = if is_nobodys {
            Err(ErrorCode::TransactionalIdAuthorizationFailed.into())
        } else {
            find_topic(&image, &topic.name, topic.topic_id, context.version)
        };
        let partitions = topic.partitions.into_iter();
        TopicProduceResponse {
            partitions: partitions.map(|data| check.partition(&known, data)).collect(),
            name: topic.name,
            topic_id: topic.topic_id,
        }
    };
    let mut answers: Vec<TopicProduceResponse> = once(request.topics).into_iter().map(answer).collect();
    let Check {
        batches,
        works,
        mut first_failure,
        ..
    } = check;
    // Nobody waits for the acknowledgement of acks=0.
    let deadline = (request.acks != 0)
        .then(|| deadline(services.clock, request.timeout_ms))
        .flatten();
    let acks = if request.acks == ACKS_ALL {
        Acks::All
    } else {
        Acks::Leader
    };
    let append = Append { acks, deadline };
    let asked = Asked {
        version: context.version,
        transactional_id: request.transactional_id.map(|id| id.as_str().to_owned()),
        client: Rc::clone(&context.client),
    };
    let appended = if long_work::is_needed(services.long_work, &asked, &batches, &works) {
        Either::Left(long_work::enter(services, asked, batches, works, append))
    } else {
        Either::Right(services.shards.on_owners(append, batches))
    };
    let metrics = Rc::clone(services.metrics);
    Box::pin(async move {
        let mut appended = appended.await.into_iter();
        let partitions = answers.iter_mut().flat_map(|topic| &mut topic.partitions);
        for answer in partitions.filter(|answer| answer.error_code == ErrorCode::None.code()) {
            match appended.next().expect("one result a batch that was handed over") {
                Ok(appended) => fill(answer, &appended),
                Err(refused) => {
                    metrics.failed(ApiKey::Produce, refused.failure.code.code());
                    first_failure.get_or_insert_with(|| refused.failure.clone());
                    let tells_start = tells_log_start(refused.failure.code);
                    let log_start = refused.log_start.filter(|_| tells_start);
                    refuse(answer, refused.failure, log_start);
                }
            }
        }
        match (request.acks, first_failure) {
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
fn deadline(clock: &dyn Clock, timeout_ms: i32) -> Option<Monotonic> {
    let timeout = u64::try_from(timeout_ms).ok().filter(|timeout| *timeout > 0)?;
    Some(clock.now() + Duration::from_millis(timeout))
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

/// Whether the answer tells where the log starts, of a batch that Kafka would have brought to its log
/// (`ReplicaManager.appendRecordsToLocalLog`, which does so after the errors that it does not expect).
fn tells_log_start(code: ErrorCode) -> bool {
    let is_expected = matches!(
        code,
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
    !is_expected
}

/// Goes through the batches of one request.
struct Check<'a> {
    services: Services<'a>,
    version: i16,
    acks: i16,
    /// What may yet be decompressed of the request here.
    inline_bytes: u64,
    /// What goes to the owners.
    batches: Items<Checked>,
    /// What is to be done before that, and to which of them.
    works: Vec<(usize, RecordsWork)>,
    /// The first that was refused here.
    first_failure: Option<Failure>,
}

impl Check<'_> {
    /// Looks at one partition's batch; the answer has an error if it is refused here.
    fn partition(
        &mut self,
        known: &Result<&TopicImage, Failure>,
        data: PartitionProduceData,
    ) -> PartitionProduceResponse {
        let mut answer = PartitionProduceResponse {
            index: data.index,
            ..Default::default()
        };
        let admitted = match known {
            Ok(known) => self.admit(known, data),
            Err(failure) => Err(failure.clone()),
        };
        if let Err(failure) = admitted {
            self.services.metrics.failed(ApiKey::Produce, failure.code.code());
            self.first_failure.get_or_insert_with(|| failure.clone());
            refuse(&mut answer, failure, None);
        }
        answer
    }

    /// Looks at what does not depend on the acks first, as Kafka does.
    fn admit(&mut self, topic: &TopicImage, data: PartitionProduceData) -> Result<(), Failure> {
        let id = PartitionId {
            topic: topic.id,
            index: PartitionIndex::new(data.index),
        };
        if topic.partition(id.index).is_none() {
            return Err(ErrorCode::UnknownTopicOrPartition.into());
        }
        let records = check::one_batch(data.records.unwrap_or_default())?;
        let checked = match self.batch(topic, records) {
            Ok((batch, work)) => {
                self.works.extend(work.map(|work| (self.batches.len(), work)));
                Ok(batch)
            }
            Err(failure) if self.acks == 0 || !tells_log_start(failure.code) => return Err(failure),
            // The owner knows where the log starts.
            Err(failure) => Err(failure),
        };
        self.batches.push((id, checked));
        Ok(())
    }

    fn batch(
        &mut self,
        topic: &TopicImage,
        records: Bytes,
    ) -> Result<(ValidatedBatch, Option<RecordsWork>), Failure> {
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
        let config = self.services.metadata.topic_config(topic);
        let config = config.map_err(|error| topic_config_failure(&error))?;
        let batch = check::parse(records, self.version, &config)?;
        let now = self.services.clock.wall();
        let work = RecordsWork::new(&config, batch.header().compression, now);
        match work.try_now(batch, &mut self.inline_bytes) {
            Ok(batch) => Ok((batch?, None)),
            Err(batch) => Ok((batch, Some(work))),
        }
    }
}

fn fill(answer: &mut PartitionProduceResponse, appended: &Appended) {
    answer.base_offset = appended.base_offset.get();
    answer.log_append_time_ms = appended.log_append_time.map_or(-1, |time| time.get());
    answer.log_start_offset = appended.log_start.get();
}

fn refuse(answer: &mut PartitionProduceResponse, failure: Failure, log_start: Option<Offset>) {
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
    answer.log_start_offset = log_start.map_or(-1, Offset::get);
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
            assert_eq!(tells_log_start(code), expected, "{code:?}");
        }
    }
}
