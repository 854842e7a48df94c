//! The configuration keys, each declared once: validation, layering, DescribeConfigs and the reference page all
//! derive from the tables in [`keys`].
//!
//! Invariants:
//! - Every default in a table passes its own key's check (a test walks them all).
//! - A topic key's broker-level synonym takes its kind, unit and bounds from the topic key: there is no second copy.
//! - Typed structs ([`BrokerConfig`], [`TopicConfig`]) are built from checked values only.

mod alter;
mod broker;
mod describe;
mod env;
mod error;
mod file;
mod key;
pub mod keys;
mod layers;
mod list;
mod listener;
mod log_levels;
mod origin;
mod profile;
mod profile_settings;
mod reader;
mod reference;
mod registry;
mod reload;
mod sample;
mod settings;
mod shards;
mod topic;
mod value;

pub use alter::{AlterOperation, altered};
pub use broker::{BrokerConfig, ConfigSources};
pub use describe::ConfigEntry;
pub use env::{ENVIRONMENT_PREFIX, RESERVED_ENVIRONMENT, environment_name, service_variables};
pub use error::{ConfigError, LoadError};
pub use key::{ConfigKey, Kind, Scope, Synonym, Unit, Valid};
pub use listener::{Listener, ListenerError};
pub use origin::{ConfigSource, ConfigSynonym, Origin};
pub use profile::Profile;
pub use profile_settings::{ProfileSetting, profiles_markdown};
pub use reference::reference_markdown;
pub use registry::{Registry, is_slip, registry};
pub use reload::Reloaded;
pub use sample::sample_file;
pub use settings::NODES_MAX;
pub use settings::{
    AdminDebug, GroupConfig, JournalSync, LogFormat, NetworkConfig, ProducerConfig, ShardConfig,
    StorageConfig, TopicDefaults, TransactionConfig,
};
pub use shards::{ShardCount, ShardsError};
pub use topic::{CleanupPolicy, Durability, TopicCompression, TopicConfig, validate_topic_configs};
