//! From a request to a decision.

use corelog_metadata::{MetadataImage, MetadataRecord};
use corelog_model::{BrokerId, Offset};
use corelog_protocol::messages::producer_ids_record::ProducerIdsRecord;
use corelog_protocol::messages::remove_topic_record::RemoveTopicRecord;

use crate::assignment;
use crate::configs::ConfigRules;
use crate::decision::{ControllerResponse, Decision, ProducerIdBlock};
use crate::error::ControllerError;
use crate::limits::{CHANGES_PER_REQUEST_MAX, PRODUCER_ID_BLOCK_SIZE};
use crate::request::ControllerRequest;
use crate::{registration, topics};

/// Decides; see the module.
#[derive(Clone, Debug)]
pub struct Controller<R> {
    /// What settings may be.
    pub rules: R,
    /// `num.partitions`: the partitions of a topic whose creator does not say.
    pub default_partition_count: i32,
    /// `default.replication.factor`: its replicas.
    pub default_replication_factor: i16,
}

impl<R: ConfigRules> Controller<R> {
    /// Decides about `request`, given `image`. `next_offset` is where the first record will be in the log. `random` gives
    /// sixty-four random bits a call: topic ids are made of them, and replicas spread by them.
    ///
    /// # Errors
    /// `ControllerError`, one value for each way in which a request is refused.
    pub fn handle(
        &self,
        request: &ControllerRequest,
        image: &MetadataImage,
        next_offset: Offset,
        random: &mut dyn FnMut() -> u64,
    ) -> Result<Decision, ControllerError> {
        match request {
            ControllerRequest::RegisterBroker(broker) => registration::register(broker, image, next_offset),
            ControllerRequest::BrokerHeartbeat(heartbeat) => registration::heartbeat(*heartbeat, image),
            ControllerRequest::CreateTopic(topic) => self.create_topic(topic, image, random),
            ControllerRequest::DeleteTopic { topic } => {
                let topic_id = topics::resolve(topic, image)?.id;
                Ok(Decision::done(vec![RemoveTopicRecord { topic_id }.into()]))
            }
            ControllerRequest::CreatePartitions {
                topic,
                count,
                assignments,
            } => topics::create_partitions(topic, *count, assignments.as_deref(), image, random),
            ControllerRequest::ReplaceTopicConfigs { topic, configs } => {
                self.replace_topic_configs(topic, configs, image)
            }
            ControllerRequest::AlterTopicConfigs { topic, changes } => {
                self.alter_topic_configs(topic, changes, image)
            }
            ControllerRequest::ReplaceBrokerConfigs { broker, configs } => {
                self.replace_broker_configs(*broker, configs, image)
            }
            ControllerRequest::AlterBrokerConfigs { broker, changes } => {
                self.alter_broker_configs(*broker, changes, image)
            }
            ControllerRequest::AllocateProducerIds { broker } => allocate_producer_ids(*broker, image),
        }
    }
}

/// What the parts of one request come to together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RequestSize {
    changes: usize,
    partitions: usize,
}

impl RequestSize {
    /// Counts one decision more.
    ///
    /// # Errors
    /// `TooManyChanges`, `TooManyPartitions`: then nothing of the request may be done.
    pub fn add(&mut self, decision: &Decision) -> Result<(), ControllerError> {
        self.changes += usize::from(!decision.records.is_empty());
        let records = decision.records.iter();
        self.partitions += records
            .filter(|record| matches!(record, MetadataRecord::Partition(_)))
            .count();
        if self.changes > CHANGES_PER_REQUEST_MAX {
            let max = CHANGES_PER_REQUEST_MAX;
            return Err(ControllerError::TooManyChanges { max });
        }
        assignment::check_count(self.partitions)
    }
}

fn allocate_producer_ids(id: BrokerId, image: &MetadataImage) -> Result<Decision, ControllerError> {
    let broker = image.broker(id).ok_or(ControllerError::UnknownBroker(id))?;
    let (start, count) = (image.next_producer_id(), PRODUCER_ID_BLOCK_SIZE);
    let end = start.get().checked_add(i64::from(count));
    let record = ProducerIdsRecord {
        broker_id: id.get(),
        broker_epoch: broker.epoch.get(),
        next_producer_id: end.ok_or(ControllerError::ProducerIdsExhausted)?,
    };
    Ok(Decision {
        records: vec![record.into()],
        response: ControllerResponse::ProducerIds(ProducerIdBlock { start, count }),
    })
}
