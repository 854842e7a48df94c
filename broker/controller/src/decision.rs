//! What the controller makes of a request.

use corelog_metadata::{Configs, MetadataRecord};
use corelog_model::{BrokerEpoch, ProducerId, TopicId};

/// The records that a request becomes, and its answer once they are in force.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// None if the request asks for what already is.
    pub records: Vec<MetadataRecord>,
    /// The answer.
    pub response: ControllerResponse,
}

impl Decision {
    pub(crate) fn done(records: Vec<MetadataRecord>) -> Decision {
        Decision {
            records,
            response: ControllerResponse::Done,
        }
    }
}

/// What is answered to a request that is not refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ControllerResponse {
    /// It is as was asked.
    Done,
    /// The broker is registered, by this epoch.
    Registered(BrokerEpoch),
    /// The topic is there.
    Created(CreatedTopic),
    /// Nobody else gets these producer ids.
    ProducerIds(ProducerIdBlock),
}

/// A topic as it was created.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreatedTopic {
    /// Its identity.
    pub id: TopicId,
    /// How many partitions it has.
    pub partition_count: usize,
    /// How many replicas each has.
    pub replication_factor: usize,
    /// The settings that were given.
    pub configs: Configs,
}

/// Producer ids in a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProducerIdBlock {
    /// The first.
    pub start: ProducerId,
    /// How many.
    pub count: u32,
}
