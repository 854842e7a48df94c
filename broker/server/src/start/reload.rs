//! Another configuration while the broker runs: read again outside of the shards, and each shard goes by it.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use corelog_config::{BrokerConfig, ConfigError, ConfigSources, LoadError, Reloaded};
use corelog_runtime::{Herald, News};

use crate::metadata::topics;
use crate::shard::Shard;

/// The configuration that shards are to go by, without what AlterConfigs sets. Outside of the shards it is replaced;
/// each shard takes it when it hears of news.
#[derive(Clone)]
pub(super) struct Wanted(Arc<Mutex<Arc<BrokerConfig>>>);

impl Wanted {
    pub(super) fn new(config: Arc<BrokerConfig>) -> Wanted {
        Wanted(Arc::new(Mutex::new(config)))
    }

    fn get(&self) -> Arc<BrokerConfig> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, config: Arc<BrokerConfig>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = config;
    }
}

/// Has a running broker go by another configuration.
pub struct Configs {
    wanted: Wanted,
    herald: Herald,
}

/// Why the configuration stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It cannot be read, or is wrong.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// What changes does not go with what stays.
    #[error(transparent)]
    Together(#[from] ConfigError),
}

impl Configs {
    pub(super) fn new(wanted: Wanted, herald: Herald) -> Configs {
        Configs { wanted, herald }
    }

    /// Reads the sources again and says it to the shards. Says in the log what changes and what waits for a restart.
    ///
    /// # Errors
    /// When they cannot be read or do not go together; then nothing changes.
    pub fn reload(&self, sources: &ConfigSources) -> Result<(), ReloadError> {
        let read = BrokerConfig::load(sources)?;
        let Reloaded {
            config,
            changed,
            waiting,
        } = self.wanted.get().reloaded(&read)?;
        self.wanted.set(Arc::new(config));
        self.herald.tell();
        tracing::info!(changed = changed.join(","), "the configuration was read again");
        if !waiting.is_empty() {
            let keys = waiting.join(", ");
            tracing::warn!("these keys were changed and need a restart: {keys}");
        }
        Ok(())
    }
}

/// Has a shard go by what is wanted, for as long as it lives.
pub(super) async fn follow(shard: Rc<Shard>, news: News, wanted: Wanted) {
    loop {
        news.next().await;
        topics::take_config(&shard, &wanted.get());
    }
}
