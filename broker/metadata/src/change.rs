//! What each record does to the image. Each is checked before anything is changed.
//!
//! Records come one a partition and one a setting, so a topic that is being changed is kept apart and goes into the image
//! at the end: a topic of ten thousand partitions is not copied ten thousand times.
//!
//! A field that the image has no place for must be at its default: a snapshot would lose it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use corelog_model::{
    BrokerEpoch, BrokerId, DirectoryId, LeaderEpoch, PartitionEpoch, PartitionIndex, ProducerId, TopicId,
    TopicName, TopicNameError,
};
use corelog_protocol::MetadataRecord;
use corelog_protocol::messages::broker_registration_change_record::BrokerRegistrationChangeRecord;
use corelog_protocol::messages::config_record::ConfigRecord;
use corelog_protocol::messages::feature_level_record::FeatureLevelRecord;
use corelog_protocol::messages::partition_change_record::PartitionChangeRecord;
use corelog_protocol::messages::partition_record::PartitionRecord;
use corelog_protocol::messages::producer_ids_record::ProducerIdsRecord;
use corelog_protocol::messages::register_broker_record::RegisterBrokerRecord;
use corelog_protocol::messages::topic_record::TopicRecord;

use crate::image::{
    BrokerImage, Configs, Endpoint, FeatureRange, Incarnation, MetadataImage, PartitionImage, TopicImage,
};
use crate::record::{METADATA_VERSION, METADATA_VERSION_LEVEL, RESOURCE_BROKER, RESOURCE_TOPIC};

/// Why a record does not fit the image. On a replay it means that the log is not this image's, or that a release wrote it
/// that can do more than this one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ApplyError {
    /// No topic has the id.
    #[error("there is no topic of id {0}")]
    UnknownTopic(TopicId),
    /// No topic has the name.
    #[error("there is no topic named {0:?}")]
    UnknownTopicName(String),
    /// The id is the zero id or another topic's.
    #[error("the topic id {0} is taken")]
    TopicId(TopicId),
    /// The name is another topic's, or too like it.
    #[error("the topic {name} collides with {existing}")]
    TopicName {
        /// The record's.
        name: TopicName,
        /// The image's.
        existing: TopicName,
    },
    /// A name that no topic has.
    #[error(transparent)]
    InvalidTopicName(#[from] TopicNameError),
    /// No broker has the id.
    #[error("there is no broker {0}")]
    UnknownBroker(BrokerId),
    /// It is about an earlier registration of the broker, or a later one.
    #[error("broker {id} is registered with epoch {known}, and the record says {found}")]
    BrokerEpoch {
        /// The broker.
        id: BrokerId,
        /// The image's.
        known: BrokerEpoch,
        /// The record's.
        found: BrokerEpoch,
    },
    /// A partition's replicas are none, repeated, or do not hold those in sync and the leader.
    #[error(
        "partition {index} of the topic {topic} has the leader {leader} and the replicas {replicas:?}, of which {in_sync_replicas:?} are in sync"
    )]
    Replicas {
        /// The topic.
        topic: TopicId,
        /// The partition.
        index: i32,
        /// Its leader.
        leader: i32,
        /// Its replicas.
        replicas: Vec<BrokerId>,
        /// Those in sync.
        in_sync_replicas: Vec<BrokerId>,
    },
    /// There is not one directory for each replica.
    #[error("partition {index} of the topic {topic} has {replicas} replicas in {directories} directories")]
    Directories {
        /// The topic.
        topic: TopicId,
        /// The partition.
        index: i32,
        /// How many replicas it has.
        replicas: usize,
        /// How many directories.
        directories: usize,
    },
    /// The new partition does not follow the last one, or there is none to change.
    #[error("the topic {topic} has {count} partitions, which does not go with a record of partition {index}")]
    PartitionIndex {
        /// The topic.
        topic: TopicId,
        /// How many it has.
        count: usize,
        /// What the record says.
        index: i32,
    },
    /// Producer ids that were given out before.
    #[error("producer ids continue at {next}; the record says {found}")]
    ProducerIds {
        /// Where the image continues.
        next: ProducerId,
        /// Where the record does.
        found: ProducerId,
    },
    /// A leader epoch or partition epoch at its end.
    #[error("partition {index} of the topic {topic} has no epochs left")]
    Epoch {
        /// The topic.
        topic: TopicId,
        /// The partition.
        index: i32,
    },
    /// A feature at a level that this release does not work with.
    #[error("the feature {name} is at level {level}, which this release does not work with")]
    Feature {
        /// Its name.
        name: String,
        /// Its level.
        level: i16,
    },
    /// Settings of something that is neither a topic nor a broker.
    #[error("it sets {key} of a resource of type {kind} named {name:?}, which this release does not know")]
    Resource {
        /// Kafka's `ConfigResource.Type`.
        kind: i8,
        /// Its name.
        name: String,
        /// The setting.
        key: String,
    },
    /// A record, or a field of one, that this release does not act upon.
    #[error("it has {0}, which this release does not act upon")]
    Unsupported(&'static str),
}

impl MetadataImage {
    /// The image after `records`.
    ///
    /// # Errors
    /// `ApplyError` when one of them does not fit.
    pub fn apply(&self, records: &[MetadataRecord]) -> Result<MetadataImage, ApplyError> {
        let mut change = ImageChange::new(self.clone());
        for record in records {
            change.apply(record)?;
        }
        Ok(change.finish())
    }

    /// As `apply`, without a copy where nothing shares the image.
    ///
    /// # Errors
    /// `ApplyError` when one of them does not fit. What then becomes of the image is not said.
    pub fn apply_in_place(&mut self, records: &[MetadataRecord]) -> Result<(), ApplyError> {
        let empty = MetadataImage::new("");
        let mut change = ImageChange::new(std::mem::replace(self, empty));
        for record in records {
            change.apply(record)?;
        }
        *self = change.finish();
        Ok(())
    }
}

/// An image that is being changed.
#[derive(Debug)]
pub(crate) struct ImageChange {
    image: MetadataImage,
    /// Topics that differ from the image's, as they will be.
    topics: BTreeMap<TopicId, TopicImage>,
}

impl ImageChange {
    pub(crate) fn new(image: MetadataImage) -> ImageChange {
        ImageChange {
            image,
            topics: BTreeMap::new(),
        }
    }

    /// The image with all changes.
    pub(crate) fn finish(mut self) -> MetadataImage {
        for topic in self.topics.into_values() {
            self.image.put_topic(Arc::new(topic));
        }
        self.image
    }

    /// Does what `record` says. Transactions are their reader's business.
    pub(crate) fn apply(&mut self, record: &MetadataRecord) -> Result<(), ApplyError> {
        match record {
            MetadataRecord::RegisterBroker(record) => self.register_broker(record),
            MetadataRecord::UnregisterBroker(record) => {
                let id = BrokerId::new(record.broker_id);
                self.registered(id, record.broker_epoch)?;
                self.image.brokers.remove(&id);
                Ok(())
            }
            MetadataRecord::FenceBroker(record) => self.fence(record.id, record.epoch, true),
            MetadataRecord::UnfenceBroker(record) => self.fence(record.id, record.epoch, false),
            MetadataRecord::BrokerRegistrationChange(record) => self.change_registration(record),
            MetadataRecord::Topic(record) => self.create_topic(record),
            MetadataRecord::Partition(record) => self.create_partition(record),
            MetadataRecord::PartitionChange(record) => self.change_partition(record),
            MetadataRecord::RemoveTopic(record) => {
                let id = record.topic_id;
                // As the image has it: what was changed since is not in it.
                let topic = self.image.topic_by_id(id).cloned();
                self.image
                    .remove_topic(&*topic.ok_or(ApplyError::UnknownTopic(id))?);
                self.topics.remove(&id);
                Ok(())
            }
            MetadataRecord::Config(record) => self.set_config(record),
            MetadataRecord::FeatureLevel(record) => self.set_feature(record),
            MetadataRecord::ProducerIds(record) => self.give_out_producer_ids(record),
            // There are no eligible leader replicas to clear.
            MetadataRecord::NoOp(_) | MetadataRecord::ClearElr(_) => Ok(()),
            // Kafka ignores it, too, since 4.0.
            MetadataRecord::ZkMigrationState(_) => Ok(()),
            MetadataRecord::DelegationToken(_) | MetadataRecord::RemoveDelegationToken(_) => {
                Err(ApplyError::Unsupported("a delegation token"))
            }
            MetadataRecord::UserScramCredential(_) | MetadataRecord::RemoveUserScramCredential(_) => {
                Err(ApplyError::Unsupported("a SCRAM credential"))
            }
            MetadataRecord::AccessControlEntry(_) | MetadataRecord::RemoveAccessControlEntry(_) => {
                Err(ApplyError::Unsupported("an access control entry"))
            }
            MetadataRecord::ClientQuota(_) => Err(ApplyError::Unsupported("a client quota")),
            MetadataRecord::RegisterController(_) | MetadataRecord::UnregisterController(_) => {
                Err(ApplyError::Unsupported("a controller's registration"))
            }
            MetadataRecord::BeginTransaction(_)
            | MetadataRecord::EndTransaction(_)
            | MetadataRecord::AbortTransaction(_) => Err(ApplyError::Unsupported(
                "a bound of a transaction within a change",
            )),
        }
    }

    fn topic(&self, id: TopicId) -> Result<&TopicImage, ApplyError> {
        let changed = self.topics.get(&id);
        let known = changed.or_else(|| self.image.topic_by_id(id).map(|topic| &**topic));
        known.ok_or(ApplyError::UnknownTopic(id))
    }

    fn topic_mut(&mut self, id: TopicId) -> Result<&mut TopicImage, ApplyError> {
        match self.topics.entry(id) {
            Entry::Occupied(changed) => Ok(changed.into_mut()),
            Entry::Vacant(place) => match self.image.topic_by_id(id) {
                Some(topic) => Ok(place.insert(TopicImage::clone(topic))),
                None => Err(ApplyError::UnknownTopic(id)),
            },
        }
    }

    fn register_broker(&mut self, record: &RegisterBrokerRecord) -> Result<(), ApplyError> {
        if record.is_migrating_zk_broker {
            return Err(ApplyError::Unsupported("a broker that migrates from ZooKeeper"));
        }
        if record
            .cordoned_log_dirs
            .as_ref()
            .is_some_and(|dirs| !dirs.is_empty())
        {
            return Err(ApplyError::Unsupported("cordoned log directories"));
        }
        let endpoints = record.end_points.iter().map(|endpoint| Endpoint {
            name: endpoint.name.clone(),
            host: endpoint.host.clone(),
            port: endpoint.port,
            security_protocol: endpoint.security_protocol,
        });
        let features = record.features.iter().map(|feature| {
            let range = FeatureRange {
                min: feature.min_supported_version,
                max: feature.max_supported_version,
            };
            (feature.name.clone(), range)
        });
        let id = BrokerId::new(record.broker_id);
        let broker = BrokerImage {
            id,
            epoch: BrokerEpoch::new(record.broker_epoch),
            incarnation: Incarnation::new(u128::from_be_bytes(record.incarnation_id.get())),
            endpoints: endpoints.collect(),
            features: features.collect(),
            rack: record.rack.clone(),
            is_fenced: record.fenced,
            is_shutting_down: record.in_controlled_shutdown,
            log_dirs: directories(&record.log_dirs),
        };
        self.image.brokers.insert(id, Arc::new(broker));
        Ok(())
    }

    /// The broker's registration, which is to be of `epoch`.
    fn registered(&mut self, id: BrokerId, epoch: i64) -> Result<&mut BrokerImage, ApplyError> {
        let broker = self.image.brokers.get_mut(&id);
        let broker = broker.ok_or(ApplyError::UnknownBroker(id))?;
        let found = BrokerEpoch::new(epoch);
        if broker.epoch == found {
            return Ok(Arc::make_mut(broker));
        }
        Err(ApplyError::BrokerEpoch {
            id,
            known: broker.epoch,
            found,
        })
    }

    fn fence(&mut self, id: i32, epoch: i64, is_fenced: bool) -> Result<(), ApplyError> {
        self.registered(BrokerId::new(id), epoch)?.is_fenced = is_fenced;
        Ok(())
    }

    fn change_registration(&mut self, record: &BrokerRegistrationChangeRecord) -> Result<(), ApplyError> {
        if record
            .cordoned_log_dirs
            .as_ref()
            .is_some_and(|dirs| !dirs.is_empty())
        {
            return Err(ApplyError::Unsupported("cordoned log directories"));
        }
        let id = BrokerId::new(record.broker_id);
        // BrokerRegistrationFencingChange and BrokerRegistrationInControlledShutdownChange (Kafka).
        let is_fenced = match record.fenced {
            -1 => Some(false),
            0 => None,
            1 => Some(true),
            _ => {
                return Err(ApplyError::Unsupported(
                    "a change of fencing that is none of -1, 0 and 1",
                ));
            }
        };
        let is_shutting_down = match record.in_controlled_shutdown {
            0 => None,
            1 => Some(true),
            _ => {
                return Err(ApplyError::Unsupported(
                    "a change of shutdown that is neither 0 nor 1",
                ));
            }
        };
        let broker = self.registered(id, record.broker_epoch)?;
        broker.is_fenced = is_fenced.unwrap_or(broker.is_fenced);
        broker.is_shutting_down = is_shutting_down.unwrap_or(broker.is_shutting_down);
        if !record.log_dirs.is_empty() {
            broker.log_dirs = directories(&record.log_dirs);
        }
        Ok(())
    }

    fn create_topic(&mut self, record: &TopicRecord) -> Result<(), ApplyError> {
        let id = record.topic_id;
        if id == TopicId::ZERO || self.image.topic_by_id(id).is_some() {
            return Err(ApplyError::TopicId(id));
        }
        let name = TopicName::new(&record.name)?;
        let same = self.image.topic(name.as_str()).map(|topic| &topic.name);
        if let Some(existing) = same.or_else(|| self.image.colliding_topic(&name)) {
            let existing = existing.clone();
            return Err(ApplyError::TopicName { name, existing });
        }
        // In the image from now on, so that its name is taken.
        self.image.put_topic(Arc::new(TopicImage {
            name,
            id,
            partitions: Arc::default(),
            configs: Arc::default(),
        }));
        Ok(())
    }

    fn create_partition(&mut self, record: &PartitionRecord) -> Result<(), ApplyError> {
        let is_moving = !record.removing_replicas.is_empty() || !record.adding_replicas.is_empty();
        check_partition_extras(is_moving, record.leader_recovery_state != 0)?;
        check_no_elr(&record.eligible_leader_replicas, &record.last_known_elr)?;
        let (topic_id, index) = (record.topic_id, record.partition_id);
        let topic = self.topic(topic_id)?;
        let count = topic.partitions.len();
        if usize::try_from(index) != Ok(count) {
            return Err(ApplyError::PartitionIndex {
                topic: topic_id,
                count,
                index,
            });
        }
        let replicas = brokers(&record.replicas);
        // Most partitions have the replicas and the directories of some partition before them: share them.
        let last = topic.partitions.last();
        let known: Vec<Arc<[BrokerId]>> = last
            .map(|last| vec![last.replicas.clone(), last.in_sync_replicas.clone()])
            .unwrap_or_default();
        let replicas = shared(replicas, &known);
        let in_sync_replicas = shared(brokers(&record.isr), &[vec![replicas.clone()], known].concat());
        // A broker that knew of no directories wrote none.
        let found = match record.directories.as_slice() {
            [] => vec![DirectoryId::UNASSIGNED; replicas.len()],
            ids => directories(ids),
        };
        let known: Vec<Arc<[DirectoryId]>> = last
            .map(|last| vec![last.directories.clone()])
            .unwrap_or_default();
        let partition = PartitionImage {
            index: PartitionIndex::new(index),
            leader: BrokerId::new(record.leader),
            leader_epoch: LeaderEpoch::new(record.leader_epoch),
            partition_epoch: PartitionEpoch::new(record.partition_epoch),
            replicas,
            in_sync_replicas,
            directories: shared(found, &known),
        };
        check_partition(topic_id, &partition)?;
        let topic = self.topic_mut(topic_id)?;
        Arc::make_mut(&mut topic.partitions).push(partition);
        Ok(())
    }

    fn change_partition(&mut self, record: &PartitionChangeRecord) -> Result<(), ApplyError> {
        let is_set = |replicas: &Option<Vec<i32>>| replicas.as_ref().is_some_and(|ids| !ids.is_empty());
        let is_moving = is_set(&record.removing_replicas) || is_set(&record.adding_replicas);
        check_partition_extras(is_moving, !matches!(record.leader_recovery_state, -1 | 0))?;
        check_no_elr(&record.eligible_leader_replicas, &record.last_known_elr)?;
        let (topic_id, index) = (record.topic_id, record.partition_id);
        let topic = self.topic(topic_id)?;
        let place = usize::try_from(index).ok();
        let Some(known) = place.and_then(|place| topic.partitions.get(place)) else {
            return Err(ApplyError::PartitionIndex {
                topic: topic_id,
                count: topic.partitions.len(),
                index,
            });
        };
        let mut partition = known.clone();
        if let Some(replicas) = &record.replicas {
            let known = [partition.replicas, partition.in_sync_replicas.clone()];
            partition.replicas = shared(brokers(replicas), &known);
        }
        if let Some(isr) = &record.isr {
            let known = [partition.replicas.clone(), partition.in_sync_replicas];
            partition.in_sync_replicas = shared(brokers(isr), &known);
        }
        if let Some(ids) = &record.directories {
            partition.directories = shared(directories(ids), &[partition.directories]);
        }
        let no_epochs = || ApplyError::Epoch {
            topic: topic_id,
            index,
        };
        if record.leader != LEADER_UNCHANGED {
            partition.leader = BrokerId::new(record.leader);
            let next = partition.leader_epoch.get().checked_add(1);
            partition.leader_epoch = LeaderEpoch::new(next.ok_or_else(no_epochs)?);
        }
        let next = partition.partition_epoch.get().checked_add(1);
        partition.partition_epoch = PartitionEpoch::new(next.ok_or_else(no_epochs)?);
        check_partition(topic_id, &partition)?;
        let topic = self.topic_mut(topic_id)?;
        let place = place.expect("the partition was found there");
        Arc::make_mut(&mut topic.partitions)[place] = partition;
        Ok(())
    }

    fn set_config(&mut self, record: &ConfigRecord) -> Result<(), ApplyError> {
        match record.resource_type {
            RESOURCE_TOPIC => {
                let name = &record.resource_name;
                let topic = self.image.topic(name);
                let id = topic
                    .ok_or_else(|| ApplyError::UnknownTopicName(name.clone()))?
                    .id;
                let topic = self.topic_mut(id)?;
                set(Arc::make_mut(&mut topic.configs), record);
                Ok(())
            }
            RESOURCE_BROKER => {
                let broker = match record.resource_name.parse() {
                    Ok(id) => Some(BrokerId::new(id)),
                    // The default of all brokers.
                    Err(_) if record.resource_name.is_empty() => None,
                    Err(_) => return Err(unknown_resource(record)),
                };
                let mut configs = self.image.broker_configs.remove(&broker).unwrap_or_default();
                set(Arc::make_mut(&mut configs), record);
                if !configs.is_empty() {
                    self.image.broker_configs.insert(broker, configs);
                }
                Ok(())
            }
            _ => Err(unknown_resource(record)),
        }
    }

    fn set_feature(&mut self, record: &FeatureLevelRecord) -> Result<(), ApplyError> {
        let FeatureLevelRecord { name, feature_level } = record;
        match (name.as_str(), *feature_level) {
            (METADATA_VERSION, METADATA_VERSION_LEVEL) => {
                self.image.features.insert(name.clone(), *feature_level);
                Ok(())
            }
            (METADATA_VERSION, level) | (_, level @ (..=-1 | 1..)) => Err(ApplyError::Feature {
                name: name.clone(),
                level,
            }),
            // Another feature, switched off.
            (_, 0) => Ok(()),
        }
    }

    fn give_out_producer_ids(&mut self, record: &ProducerIdsRecord) -> Result<(), ApplyError> {
        let (next, found) = (
            self.image.next_producer_id,
            ProducerId::new(record.next_producer_id),
        );
        if found <= next {
            return Err(ApplyError::ProducerIds { next, found });
        }
        self.image.next_producer_id = found;
        Ok(())
    }
}

/// PartitionChangeRecord: the leader is who it was (Kafka's `NO_LEADER_CHANGE`).
const LEADER_UNCHANGED: i32 = -2;

fn unknown_resource(record: &ConfigRecord) -> ApplyError {
    ApplyError::Resource {
        kind: record.resource_type,
        name: record.resource_name.clone(),
        key: record.name.clone(),
    }
}

fn set(configs: &mut Configs, record: &ConfigRecord) {
    match &record.value {
        Some(value) => {
            configs.insert(record.name.clone(), value.clone());
        }
        None => {
            configs.remove(&record.name);
        }
    }
}

fn brokers(ids: &[i32]) -> Vec<BrokerId> {
    ids.iter().copied().map(BrokerId::new).collect()
}

fn directories(ids: &[TopicId]) -> Vec<DirectoryId> {
    ids.iter().map(|id| DirectoryId::new(id.get())).collect()
}

/// `items`, or those of `known` that are the same.
pub(crate) fn shared<T: PartialEq>(items: Vec<T>, known: &[Arc<[T]>]) -> Arc<[T]> {
    let same = known.iter().find(|known| ***known == *items);
    same.cloned().unwrap_or_else(|| items.into())
}

fn check_partition_extras(is_moving: bool, is_recovering: bool) -> Result<(), ApplyError> {
    if is_moving {
        return Err(ApplyError::Unsupported("a reassignment of replicas"));
    }
    if is_recovering {
        return Err(ApplyError::Unsupported("an unclean leader"));
    }
    Ok(())
}

fn check_no_elr(eligible: &Option<Vec<i32>>, last_known: &Option<Vec<i32>>) -> Result<(), ApplyError> {
    match [eligible, last_known].into_iter().flatten().all(Vec::is_empty) {
        true => Ok(()),
        false => Err(ApplyError::Unsupported("eligible leader replicas")),
    }
}

fn check_partition(topic: TopicId, partition: &PartitionImage) -> Result<(), ApplyError> {
    let PartitionImage {
        replicas,
        in_sync_replicas,
        ..
    } = partition;
    let index = partition.index.get();
    let is_repeated = |(at, id): (usize, &BrokerId)| replicas[..at].contains(id);
    let is_sound = !replicas.iter().enumerate().any(is_repeated)
        && in_sync_replicas.contains(&partition.leader)
        && in_sync_replicas.iter().all(|id| replicas.contains(id));
    if !is_sound {
        return Err(ApplyError::Replicas {
            topic,
            index,
            leader: partition.leader.get(),
            replicas: replicas.to_vec(),
            in_sync_replicas: in_sync_replicas.to_vec(),
        });
    }
    if partition.directories.len() != replicas.len() {
        return Err(ApplyError::Directories {
            topic,
            index,
            replicas: replicas.len(),
            directories: partition.directories.len(),
        });
    }
    Ok(())
}
