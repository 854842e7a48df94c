//! What each command does to the image. Checked first, changed after: a command that fails has changed nothing.

use std::sync::Arc;

use corelog_model::{BrokerId, LeaderEpoch, PartitionEpoch, PartitionIndex, ProducerId, TopicId, TopicName};

use crate::command::{Command, Configs};
use crate::image::{BrokerImage, MetadataImage, PartitionImage, TopicImage};

/// Why a command does not fit the image. On a replay it means that the log is not this image's.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ApplyError {
    /// No topic has the id.
    #[error("there is no topic of id {0}")]
    UnknownTopic(TopicId),
    /// The id is the zero id or another topic's.
    #[error("the topic id {0} is taken")]
    TopicId(TopicId),
    /// The name is another topic's, or too like it.
    #[error("the topic {name} collides with {existing}")]
    TopicName {
        /// The command's.
        name: TopicName,
        /// The image's.
        existing: TopicName,
    },
    /// No broker has the id.
    #[error("there is no broker {0}")]
    UnknownBroker(BrokerId),
    /// A topic without partitions, or a partition without or with repeated replicas.
    #[error("partition {index} of the topic has the replicas {replicas:?}")]
    Replicas {
        /// Which partition would be the first to be wrong.
        index: PartitionIndex,
        /// Its replicas.
        replicas: Vec<BrokerId>,
    },
    /// The new partitions do not follow the last one.
    #[error("the topic {topic} has {count} partitions and the next is said to be {first}")]
    PartitionIndex {
        /// The topic.
        topic: TopicId,
        /// How many it has.
        count: usize,
        /// What the command says.
        first: PartitionIndex,
    },
    /// More partitions than an index can count.
    #[error("a topic cannot have {0} partitions")]
    PartitionCount(usize),
    /// A block that is not the next one, is empty, or exceeds the ids.
    #[error("producer ids continue at {next}; the block begins at {block_start} and has {count}")]
    ProducerIds {
        /// Where the image continues.
        next: ProducerId,
        /// Where the command does.
        block_start: ProducerId,
        /// How many.
        count: u32,
    },
    /// A leader epoch or partition epoch at its end.
    #[error("partition {index} of the topic {topic} has no epochs left")]
    Epoch {
        /// The topic.
        topic: TopicId,
        /// The partition.
        index: PartitionIndex,
    },
}

impl MetadataImage {
    /// The image after `command`.
    ///
    /// # Errors
    /// `ApplyError` when the command does not fit.
    pub fn apply(&self, command: &Command) -> Result<MetadataImage, ApplyError> {
        let mut image = self.clone();
        image.apply_in_place(command)?;
        Ok(image)
    }

    /// As `apply`, without a copy where nothing shares the image: for replays.
    ///
    /// # Errors
    /// `ApplyError` when the command does not fit; the image is then as it was.
    pub fn apply_in_place(&mut self, command: &Command) -> Result<(), ApplyError> {
        match command {
            Command::RegisterBroker {
                id,
                host,
                port,
                rack,
                incarnation,
            } => self.register_broker(BrokerImage {
                id: *id,
                host: host.clone(),
                port: *port,
                rack: rack.clone(),
                incarnation: *incarnation,
            })?,
            Command::CreateTopic {
                id,
                name,
                assignments,
                configs,
            } => self.create_topic(*id, name, assignments, configs)?,
            Command::DeleteTopic { id } => {
                let topic = self.known_topic(*id)?.clone();
                self.remove_topic(&topic);
            }
            Command::CreatePartitions {
                id,
                first,
                assignments,
            } => self.create_partitions(*id, *first, assignments)?,
            Command::SetTopicConfigs { id, configs } => {
                let mut topic = TopicImage::clone(self.known_topic(*id)?);
                topic.configs = Arc::new(configs.clone());
                self.put_topic(Arc::new(topic));
            }
            Command::SetBrokerConfigs { broker, configs } => self.set_broker_configs(*broker, configs)?,
            Command::AllocateProducerIds { block_start, count } => {
                self.allocate_producer_ids(*block_start, *count)?;
            }
        }
        self.commands_applied += 1;
        Ok(())
    }

    fn known_topic(&self, id: TopicId) -> Result<&Arc<TopicImage>, ApplyError> {
        self.topic_by_id(id).ok_or(ApplyError::UnknownTopic(id))
    }

    fn register_broker(&mut self, broker: BrokerImage) -> Result<(), ApplyError> {
        let is_restart = self
            .broker(broker.id)
            .is_some_and(|known| known.incarnation != broker.incarnation);
        if is_restart {
            let led: Vec<_> = self
                .topics()
                .filter(|topic| topic.partitions.iter().any(|p| p.leader == broker.id))
                .map(|topic| begin_reigns(topic, broker.id))
                .collect::<Result<_, _>>()?;
            for topic in led {
                self.put_topic(Arc::new(topic));
            }
        }
        self.brokers.insert(broker.id, Arc::new(broker));
        Ok(())
    }

    fn create_topic(
        &mut self,
        id: TopicId,
        name: &TopicName,
        assignments: &[Vec<BrokerId>],
        configs: &Configs,
    ) -> Result<(), ApplyError> {
        if id == TopicId::ZERO || self.topic_by_id(id).is_some() {
            return Err(ApplyError::TopicId(id));
        }
        let same = self.topic(name.as_str()).map(|topic| &topic.name);
        if let Some(existing) = same.or_else(|| self.colliding_topic(name)) {
            return Err(ApplyError::TopicName {
                name: name.clone(),
                existing: existing.clone(),
            });
        }
        let mut partitions = Vec::new();
        self.add_partitions(&mut partitions, assignments)?;
        self.put_topic(Arc::new(TopicImage {
            name: name.clone(),
            id,
            partitions: Arc::new(partitions),
            configs: Arc::new(configs.clone()),
        }));
        Ok(())
    }

    fn create_partitions(
        &mut self,
        id: TopicId,
        first: PartitionIndex,
        assignments: &[Vec<BrokerId>],
    ) -> Result<(), ApplyError> {
        let topic = self.known_topic(id)?;
        let count = topic.partitions.len();
        if usize::try_from(first.get()) != Ok(count) {
            let topic = id;
            return Err(ApplyError::PartitionIndex { topic, count, first });
        }
        let mut topic = TopicImage::clone(topic);
        let mut partitions = Vec::clone(&topic.partitions);
        self.add_partitions(&mut partitions, assignments)?;
        topic.partitions = Arc::new(partitions);
        self.put_topic(Arc::new(topic));
        Ok(())
    }

    fn add_partitions(
        &self,
        partitions: &mut Vec<PartitionImage>,
        assignments: &[Vec<BrokerId>],
    ) -> Result<(), ApplyError> {
        let count = partitions.len() + assignments.len();
        let end = i32::try_from(count).map_err(|_| ApplyError::PartitionCount(count))?;
        let first = i32::try_from(partitions.len()).map_err(|_| ApplyError::PartitionCount(count))?;
        if assignments.is_empty() {
            return Err(ApplyError::Replicas {
                index: PartitionIndex::new(first),
                replicas: Vec::new(),
            });
        }
        partitions.reserve_exact(assignments.len());
        for (index, replicas) in (first..end).map(PartitionIndex::new).zip(assignments) {
            let is_repeated = |(at, id): (usize, &BrokerId)| replicas[..at].contains(id);
            let leader = match replicas.first() {
                Some(leader) if !replicas.iter().enumerate().any(is_repeated) => *leader,
                _ => {
                    let replicas = replicas.clone();
                    return Err(ApplyError::Replicas { index, replicas });
                }
            };
            if let Some(unknown) = replicas.iter().find(|id| self.broker(**id).is_none()) {
                return Err(ApplyError::UnknownBroker(*unknown));
            }
            // Most partitions have the replicas of some partition before them: share them.
            let shared = match partitions.last() {
                Some(last) if *last.replicas == **replicas => last.replicas.clone(),
                _ => replicas.as_slice().into(),
            };
            partitions.push(PartitionImage {
                index,
                leader,
                leader_epoch: LeaderEpoch::new(0),
                partition_epoch: PartitionEpoch::new(0),
                in_sync_replicas: shared.clone(),
                replicas: shared,
            });
        }
        Ok(())
    }

    fn set_broker_configs(&mut self, broker: Option<BrokerId>, configs: &Configs) -> Result<(), ApplyError> {
        if let Some(id) = broker.filter(|id| self.broker(*id).is_none()) {
            return Err(ApplyError::UnknownBroker(id));
        }
        if configs.is_empty() {
            self.broker_configs.remove(&broker);
        } else {
            self.broker_configs.insert(broker, Arc::new(configs.clone()));
        }
        Ok(())
    }

    fn allocate_producer_ids(&mut self, block_start: ProducerId, count: u32) -> Result<(), ApplyError> {
        let next = self.next_producer_id;
        match block_start.get().checked_add(i64::from(count)) {
            Some(end) if block_start == next && count > 0 => {
                self.next_producer_id = ProducerId::new(end);
                Ok(())
            }
            _ => Err(ApplyError::ProducerIds {
                next,
                block_start,
                count,
            }),
        }
    }
}

/// The topic with a new leader epoch in each partition that `leader` leads.
fn begin_reigns(topic: &TopicImage, leader: BrokerId) -> Result<TopicImage, ApplyError> {
    let mut topic = topic.clone();
    let mut partitions = Vec::clone(&topic.partitions);
    for partition in partitions.iter_mut().filter(|p| p.leader == leader) {
        let epochs = partition
            .leader_epoch
            .get()
            .checked_add(1)
            .zip(partition.partition_epoch.get().checked_add(1));
        let (leader_epoch, partition_epoch) = epochs.ok_or(ApplyError::Epoch {
            topic: topic.id,
            index: partition.index,
        })?;
        partition.leader_epoch = LeaderEpoch::new(leader_epoch);
        partition.partition_epoch = PartitionEpoch::new(partition_epoch);
    }
    topic.partitions = Arc::new(partitions);
    Ok(topic)
}
