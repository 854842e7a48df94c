//! Replays a partition of `__consumer_offsets` into its coordinator.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_groups::{Event, GroupCoordinator, Loaded, TransactionalProducer};
use corelog_metadata::MetadataImage;
use corelog_model::TopicName;
use corelog_storage::ReadError;

use super::append::own_record;
use super::shell::GroupShell;
use super::snapshot::GROWTH_MAX;
use crate::own_log::{LogReadError, OwnEntry, OwnRecord};

/// Why a coordinator does not serve.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error(transparent)]
    Read(#[from] LogReadError),
    #[error("the partition has gone")]
    Unloaded,
}

/// The first pause after a read that failed; each is twice the one before.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Replays the partition, then begins to serve. Returns whether it does; if not, it refuses every request. `image` gives
/// the metadata of that moment.
///
/// A read that fails is tried again, from the beginning: the next may not, and nobody else can serve these groups. Meanwhile
/// clients are told that the groups are being loaded.
pub(super) async fn load(shell: &Rc<GroupShell>, image: impl Fn() -> Arc<MetadataImage>) -> bool {
    let mut pause = PAUSE_FIRST;
    loop {
        match replay(shell).await {
            Ok(()) => {
                shell.finish_load();
                forget_deleted_topics(shell, &image());
                super::snapshot::begin_if_due(shell);
                return true;
            }
            Err(LoadError::Unloaded) => return false,
            Err(LoadError::Read(LogReadError::Read(ReadError::Io(error)))) => {
                tracing::error!(partition = shell.log.directory(), %error, "the groups cannot be loaded yet");
                let clock = &shell.handle.clock;
                clock.sleep_until(clock.now() + pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            Err(error @ LoadError::Read(_)) => {
                tracing::error!(partition = shell.log.directory(), %error, "the groups cannot be loaded");
                shell.unload();
                return false;
            }
        }
    }
}

async fn replay(shell: &Rc<GroupShell>) -> Result<(), LoadError> {
    let mut size = 0;
    let mut records = 0u64;
    shell.unknown.clear();
    shell.with_machine(GroupCoordinator::restart_load);
    let loaded = shell.log.load(|entry| {
        if shell.is_unloaded() {
            return Err(LoadError::Unloaded);
        }
        let (offset, key, value, transaction) = match entry {
            OwnEntry::Record {
                offset,
                key,
                value,
                transaction,
            } => (offset, key.unwrap_or_default(), value, transaction),
            OwnEntry::End { producer, marker } => {
                shell.with_machine(|machine| machine.load_end(producer.id, marker.result));
                return Ok(());
            }
        };
        let transaction = transaction.map(|producer| TransactionalProducer {
            id: producer.id,
            epoch: producer.epoch,
        });
        records += 1;
        size += key.len() + value.map_or(0, <[u8]>::len);
        match shell.with_machine(|machine| machine.load(key, value, transaction)) {
            Ok(Loaded::Known) => shell.unknown.forget(key),
            Ok(Loaded::Unknown) => {
                if shell.unknown.note(key, value) {
                    tracing::warn!(
                        partition = shell.log.directory(),
                        %offset,
                        "there are records of a kind that this release does not know, as those of newer groups; they are kept"
                    );
                }
            }
            // As Kafka: one record that nobody understands does not take the other groups away.
            Err(error) => {
                tracing::warn!(partition = shell.log.directory(), %offset, %error, "a group's record is kept and not used");
                shell.unknown.note(key, value);
            }
        }
        Ok(())
    });
    loaded.await?;
    if shell.is_unloaded() {
        return Err(LoadError::Unloaded);
    }
    // The live state is measured if it may matter.
    let live = if size > GROWTH_MAX.bytes {
        let records = shell.with_machine(|machine| machine.snapshot_records());
        records.into_iter().map(|record| own_record(record).size()).sum()
    } else {
        0
    };
    let unknown: usize = shell.unknown.records().iter().map(OwnRecord::size).sum();
    shell.log.loaded(size, live + unknown);
    if records > 0 {
        let groups = shell.with_machine(|machine| machine.group_count());
        tracing::info!(
            partition = shell.log.directory(),
            records,
            groups,
            "groups loaded"
        );
    }
    Ok(())
}

/// Offsets of topics that went away while this partition did not serve.
fn forget_deleted_topics(shell: &Rc<GroupShell>, image: &MetadataImage) {
    let gone: BTreeSet<TopicName> = shell.with_machine(|machine| {
        let topics = machine.topics();
        topics
            .filter(|topic| image.topic(topic.as_str()).is_none())
            .cloned()
            .collect()
    });
    for topic in gone {
        shell.handle(Event::TopicDeleted { topic });
    }
}
