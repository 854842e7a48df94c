//! Produce (API key 0): from a request's batches to their places in the logs.
//!
//! ```text
//! here       decode, look topics up, check each batch's checksum, header and records (`check.rs`)
//! lane       only what takes long: recompress, check large compressed batches (`lane.rs`)
//! owner      PartitionLog::append, in the order of the requests
//! here       when every batch is acknowledged: the response
//! ```

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use corelog_config::TopicConfig;
use corelog_metadata::{MetadataImage, TopicImage};
use corelog_model::{PartitionId, PartitionIndex, ValidatedBatch};
use corelog_protocol::messages::produce::{
    BatchIndexAndErrorMessage, PartitionProduceData, PartitionProduceResponse, ProduceRequest,
    ProduceResponse, TopicProduceData, TopicProduceResponse,
};
use corelog_protocol::{ApiKey, ErrorCode};
use corelog_runtime::local::timeout;
use corelog_runtime::{LocalFuture, Monotonic};
use corelog_storage::{AppendOptions, AppendOrigin, Appended};
use futures_util::future::join_all;

use super::check::{self, INLINE_BYTES_MAX, RecordsWork};
use super::lane::{self, Item};
use crate::clients::{Answer, RequestContext};
use crate::error_codes::{Failure, append_failure};
use crate::partitions::LogApi;
use crate::shard::Shard;

/// With more refused records than this, each is named without the sentence, which is told once of all: clients take that
/// one then.
const RECORD_MESSAGES_MAX: usize = 100;
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
        inline_bytes: Cell::new(INLINE_BYTES_MAX),
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
            Some(failure) => Err(failure),
            None => appended.next().expect("one result a batch that was handed over"),
        });
        let mut first_failure = None;
        for partition in answers.iter_mut().flat_map(|topic| &mut topic.partitions) {
            let outcome = outcomes.next().expect("one outcome a partition");
            if let Err(failure) = &outcome {
                shard.metrics.failed(ApiKey::Produce, failure.code.code());
                first_failure.get_or_insert_with(|| failure.clone());
            }
            fill(partition, outcome);
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
    /// What may yet be decompressed of the request here.
    inline_bytes: Cell<u64>,
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
        if topic.is_internal() {
            let text = format!("{} is the broker's own: no client appends to it", topic.name);
            return Err(Failure::new(ErrorCode::InvalidTopicException, text));
        }
        let config = self.shard.topic_config(topic);
        let config = config.map_err(|error| Failure::new(ErrorCode::InvalidConfig, error.to_string()))?;
        if self.acks == -1 {
            check_in_sync(&config, partition.in_sync_replicas.len())?;
        }
        let records = data.records.unwrap_or_default();
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

fn check_in_sync(config: &TopicConfig, in_sync: usize) -> Result<(), Failure> {
    let least = config.min_insync_replicas;
    if usize::try_from(least).is_ok_and(|least| in_sync < least) {
        let text = format!("{in_sync} replicas are in sync and min.insync.replicas is {least}");
        return Err(Failure::new(ErrorCode::NotEnoughReplicas, text));
    }
    Ok(())
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
            let pending = log.map(|log| log.append(vec![batch], options));
            let (shard, outcomes) = (Rc::clone(shard), Rc::clone(&outcomes));
            async move {
                let outcome = match pending {
                    Ok(pending) => pending.await.map_err(|error| append_failure(&error)),
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
