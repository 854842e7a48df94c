//! The controller with its log, and whose turn it is to change the metadata.

use std::cell::Cell;
use std::sync::Arc;

use corelog_config::BrokerConfig;
use corelog_metadata::Controller;
use corelog_runtime::local::Budget;

use super::log::MetadataLog;
use super::rules::Rules;

/// The controller and its log; `metadata/` has it decide.
pub struct ControllerShell {
    /// What was decided.
    pub log: MetadataLog,
    /// What decides.
    pub(crate) controller: Controller<Rules>,
    /// Taken while the metadata are changed.
    pub(crate) turn: Budget,
    /// Whether a task has the shards try again what they could not do.
    pub(crate) is_mending: Cell<bool>,
}

impl ControllerShell {
    /// A controller whose decisions are in `log`.
    pub(crate) fn new(log: MetadataLog, config: Arc<BrokerConfig>) -> ControllerShell {
        ControllerShell {
            log,
            controller: Controller {
                default_partition_count: i32::try_from(config.topics.partitions).unwrap_or(i32::MAX),
                default_replication_factor: i16::try_from(config.topics.replication_factor)
                    .unwrap_or(i16::MAX),
                rules: Rules::new(config),
            },
            turn: Budget::new(1),
            is_mending: Cell::new(false),
        }
    }
}
