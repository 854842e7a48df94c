//! Replays a log of the broker's own into its machine.

use std::rc::Rc;
use std::time::Duration;

use corelog_storage::ReadError;

use super::append::OwnRecord;
use super::driver::{Driver, Machine};
use super::reader::{LogReadError, OwnEntry};

/// Why a machine does not serve.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error(transparent)]
    Read(#[from] LogReadError),
    #[error("the partition has gone")]
    Unloaded,
}

/// What a record was to a machine.
pub(crate) enum Taken {
    /// It has taken it in.
    Known,
    /// It is of a kind that it does not know.
    Unknown,
}

/// The first pause after a read that failed; each is twice the one before.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);

impl<M: Machine> Driver<M> {
    /// Replays the partition, then begins to serve. Returns whether it does; if not, it refuses every request.
    ///
    /// A read that fails is tried again, from the beginning: the next may not, and nobody else can serve this partition.
    /// Meanwhile clients are told that it is being loaded.
    pub(crate) async fn load(self: &Rc<Self>) -> bool {
        let mut pause = PAUSE_FIRST;
        loop {
            match self.replay().await {
                Ok(()) => {
                    self.finish_load();
                    self.begin_snapshot_if_due();
                    return true;
                }
                Err(LoadError::Unloaded) => return false,
                Err(LoadError::Read(LogReadError::Read(ReadError::Io(error)))) => {
                    tracing::error!(partition = self.log.directory(), %error, "a coordinator cannot be loaded yet");
                    let clock = &self.handle.clock;
                    clock.sleep_until(clock.now() + pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                Err(error @ LoadError::Read(_)) => {
                    tracing::error!(partition = self.log.directory(), %error, "a coordinator cannot be loaded");
                    self.unload();
                    return false;
                }
            }
        }
    }

    async fn replay(self: &Rc<Self>) -> Result<(), LoadError> {
        let mut size = 0;
        let mut records = 0u64;
        self.unknown.clear();
        self.with_machine(M::restart_load);
        let loaded = self.log.load(|entry| {
            if self.is_unloaded() {
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
                    self.with_machine(|machine| machine.load_end(producer, marker));
                    return Ok(());
                }
            };
            records += 1;
            size += key.len() + value.map_or(0, <[u8]>::len);
            match self.with_machine(|machine| machine.load(key, value, transaction)) {
                Ok(Taken::Known) => self.unknown.forget(key),
                Ok(Taken::Unknown) => {
                    if self.unknown.note(key, value) {
                        tracing::warn!(
                            partition = self.log.directory(),
                            %offset,
                            "there are records of a kind that this release does not know; they are kept"
                        );
                    }
                }
                // As Kafka: one record that nobody understands does not take the others away.
                Err(error) => {
                    tracing::warn!(partition = self.log.directory(), %offset, %error, "a record is kept and not used");
                    self.unknown.note(key, value);
                }
            }
            Ok(())
        });
        loaded.await?;
        if self.is_unloaded() {
            return Err(LoadError::Unloaded);
        }
        // The live state is measured if it may matter.
        let live = if size > M::GROWTH_MAX.bytes {
            let parts = self.with_machine(|machine| machine.snapshot());
            let records = parts.iter().flat_map(|(_, records)| records);
            records.map(OwnRecord::size).sum()
        } else {
            0
        };
        let unknown: usize = self.unknown.records().iter().map(OwnRecord::size).sum();
        self.log.loaded(size, live + unknown);
        if records > 0 {
            let count = self.with_machine(|machine| machine.count());
            tracing::info!(
                partition = self.log.directory(),
                records,
                count,
                "{} loaded",
                M::TASKS.what
            );
        }
        Ok(())
    }
}
