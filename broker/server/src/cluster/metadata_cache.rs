//! What a shard goes by: the metadata and the settings in force, and what clients are told of this broker.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use corelog_config::{BrokerConfig, ConfigError, TopicConfig};
use corelog_metadata::{MetadataImage, TopicImage};
use corelog_model::TopicId;

use super::identity::Identity;

/// One shard's copy of the metadata (Kafka's `MetadataCache`), with the settings that follow from it.
pub struct MetadataCache {
    /// What clients are told of this broker.
    pub identity: Arc<Identity>,
    image: RefCell<Arc<MetadataImage>>,
    config: RefCell<Arc<BrokerConfig>>,
    topic_configs: RefCell<HashMap<TopicId, Rc<TopicConfig>, foldhash::fast::RandomState>>,
}

impl MetadataCache {
    /// An empty image, and the settings of the start.
    pub(crate) fn new(identity: Arc<Identity>, config: Arc<BrokerConfig>) -> Rc<MetadataCache> {
        let image = MetadataImage::new(&identity.cluster_id);
        Rc::new(MetadataCache {
            identity,
            image: RefCell::new(Arc::new(image)),
            config: RefCell::new(config),
            topic_configs: RefCell::default(),
        })
    }

    /// The metadata as this shard knows it.
    pub fn image(&self) -> Arc<MetadataImage> {
        Arc::clone(&self.image.borrow())
    }

    /// Replaces the metadata; [`crate::metadata::topics::apply_image`] acts on the difference.
    pub(crate) fn set_image(&self, image: Arc<MetadataImage>) {
        self.topic_configs.borrow_mut().clear();
        *self.image.borrow_mut() = image;
    }

    /// The configuration in force, dynamic values included.
    pub(crate) fn config(&self) -> Arc<BrokerConfig> {
        Arc::clone(&self.config.borrow())
    }

    /// Puts another configuration in force.
    pub(crate) fn set_config(&self, config: Arc<BrokerConfig>) {
        self.topic_configs.borrow_mut().clear();
        *self.config.borrow_mut() = config;
    }

    /// A topic's settings in force.
    ///
    /// # Errors
    /// When one of them does not go with the broker's.
    pub(crate) fn topic_config(&self, topic: &TopicImage) -> Result<Rc<TopicConfig>, ConfigError> {
        if let Some(known) = self.topic_configs.borrow().get(&topic.id) {
            return Ok(Rc::clone(known));
        }
        let config = Rc::new(TopicConfig::effective(&self.config(), &topic.configs)?);
        self.topic_configs
            .borrow_mut()
            .insert(topic.id, Rc::clone(&config));
        Ok(config)
    }
}
