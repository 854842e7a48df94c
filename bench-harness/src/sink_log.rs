//! What a durable sink writes: the batches that came while all of its writes were under way go into the next one, and
//! are acknowledged once that is on stable storage. Nobody reads it again.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use bytes::Bytes;
use corelog_model::ShardId;
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::local::{Notify, oneshot};
use corelog_runtime::{DiskError, File, Handle, OpenOptions, WorkClass};

use crate::number::to_u64;

/// The length of the file. It is written over and over, as a journal's files are: the first write to a block takes longer.
const FILE_BYTES: u64 = 64 << 20;
/// How much of it is written at a time to begin with.
const STEP_BYTES: usize = 1 << 20;

const OPTIONS: OpenOptions = OpenOptions {
    write: true,
    create: true,
    create_new: false,
    truncate: true,
    direct: true,
};

/// Where and how a durable sink writes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DurableOptions {
    /// Where each shard has a file.
    pub dir: PathBuf,
    /// How many writes a shard has under way at a time, at most.
    pub writes_in_flight: u16,
}

/// The file of one shard.
pub(crate) struct SinkLog {
    pending: RefCell<Pending>,
    /// Where the next write goes.
    position: Cell<u64>,
    filled: Notify,
    /// A write has failed.
    is_broken: Cell<bool>,
}

/// What waits to be written: at most a request of each connection, which awaits it.
#[derive(Default)]
struct Pending {
    bytes: Vec<u8>,
    waiting: Vec<oneshot::Sender<()>>,
}

impl SinkLog {
    /// Makes the file of `shard`, with all of its blocks written, and starts to write what is to be kept.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) async fn start(
        handle: &Handle,
        options: &DurableOptions,
        shard: ShardId,
    ) -> Result<Rc<SinkLog>, DiskError> {
        handle.disk.create_dir_all(&options.dir).await?;
        let path = options.dir.join(format!("sink-{}", shard.get()));
        let file = handle.disk.open(&path, OPTIONS).await?;
        for position in (0..FILE_BYTES).step_by(STEP_BYTES) {
            file.write_at(position, AlignedBuf::zeroed(STEP_BYTES).freeze())
                .await?;
        }
        file.sync().await?;
        let log = Rc::new(SinkLog {
            pending: RefCell::default(),
            position: Cell::new(0),
            filled: Notify::new(),
            is_broken: Cell::new(false),
        });
        for _ in 0..options.writes_in_flight {
            let writing = write_pending(Rc::clone(&log), Rc::clone(&file));
            handle.spawn(WorkClass::Latency, "sink log", writing);
        }
        Ok(log)
    }

    /// Returns once the batches are on stable storage; `None` if they are not.
    pub(crate) async fn keep(&self, batches: &[Bytes]) -> Option<()> {
        if self.is_broken.get() {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        {
            let mut pending = self.pending.borrow_mut();
            for batch in batches {
                pending.bytes.extend_from_slice(batch);
            }
            pending.waiting.push(sender);
        }
        self.filled.notify_all();
        receiver.await.ok()
    }
}

/// One write after another until one fails; whoever waits then learns that its sender is gone.
async fn write_pending(log: Rc<SinkLog>, file: Rc<dyn File>) {
    while !log.is_broken.get() {
        let filled = log.filled.notified();
        if log.pending.borrow().waiting.is_empty() {
            filled.await;
            continue;
        }
        let Pending { bytes, waiting } = log.pending.take();
        let mut buffer = AlignedBuf::zeroed(bytes.len().next_multiple_of(PAGE));
        buffer[..bytes.len()].copy_from_slice(&bytes);
        let length = to_u64(buffer.len());
        let position = match log.position.get() {
            position if position + length > FILE_BYTES => 0,
            position => position,
        };
        log.position.set(position + length);
        if file.write_durably_at(position, buffer.freeze()).await.is_err() {
            log.is_broken.set(true);
            log.pending.take();
            log.filled.notify_all();
            return;
        }
        for sender in waiting {
            // Who has gone waits for nothing.
            let _gone = sender.send(());
        }
    }
}
