//! One life of the broker: its shards as tasks of the machine's process.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use corelog_broker::cluster::owner_of;
use corelog_broker::memory::MemoryPlan;
use corelog_broker::shard::{Shard, ShardMessage};
use corelog_broker::start::{Plan, ServiceManager, ShardSeat, live};
use corelog_model::{PartitionId, ShardId};
use corelog_runtime::WorkClass;
use corelog_runtime::descriptors::DescriptorPlan;
use corelog_runtime::local::{Notify, Semaphore};
use corelog_storage::prepare_layout;

use super::scenario::{DATA_DIR, Scenario};
use crate::disk::FaultRule;
use crate::machine::Machine;

/// Removals of deleted partitions' files that a shard may have under way.
const REMOVALS_MAX: u64 = 1;
/// Messages of each queue between shards.
const MAILBOX_MESSAGES_MAX: usize = 64;

/// The process that runs, as the harness sees it.
#[derive(Clone)]
pub(super) struct Broker {
    shards: Rc<RefCell<Vec<Rc<Shard>>>>,
    stop: Rc<Cell<bool>>,
    stopped: Notify,
    ended: Rc<Cell<u16>>,
    failure: Rc<RefCell<Option<String>>>,
    shard_count: u16,
    /// What befalls the disk once the storage of all shards is open.
    script: Option<FaultRule>,
}

impl Broker {
    /// Starts the process. `is_ready` tells when it serves. `script` befalls the disk once the storage of all shards is
    /// open.
    pub(super) fn start(
        machine: &Machine,
        scenario: &Scenario,
        shards: u16,
        incarnation: u128,
        script: Option<FaultRule>,
    ) -> Broker {
        let broker = Broker {
            shards: Rc::default(),
            stop: Rc::default(),
            stopped: Notify::new(),
            ended: Rc::default(),
            failure: Rc::default(),
            shard_count: shards,
            script,
        };
        let (task, machine) = (broker.clone(), machine.clone());
        let config = scenario.config(&machine.address().to_string(), shards);
        let commits = scenario.commits;
        let memory = MemoryPlan {
            request_bytes: scenario.memory.request_bytes,
            cache_bytes: scenario.memory.cache_bytes,
            dirty_bytes: scenario.memory.dirty_bytes,
            fetch_bytes: scenario.memory.cache_bytes / 4,
            answer_bytes: scenario.memory.cache_bytes / 8,
            rest_bytes: scenario.memory.cache_bytes / 8,
        };
        let handle = machine.handle_for(ShardId::new(0));
        handle.clone().spawn(WorkClass::Normal, "boot", async move {
            let dir = Path::new(DATA_DIR);
            let count = task.shard_count;
            let layout = async {
                // What the real shell does on the real file system before any shard starts.
                handle.disk.create_dir_all(dir).await?;
                handle.disk.sync_dir(Path::new("/")).await?;
                let owner = move |id: &PartitionId| owner_of(*id, count);
                prepare_layout(handle.clone(), dir, true, count, owner, |_| {}).await
            };
            match layout.await {
                Ok(layout) => task.run_shards(
                    &machine,
                    Plan {
                        config: Arc::new(config),
                        layout,
                        cluster_id: "AAAAAAAAAAAAAAAAAAAAAQ".to_owned(),
                        memory,
                        commits,
                        descriptors: DescriptorPlan {
                            limit: 1024,
                            segment_files: 16,
                            connections: 512,
                        },
                        directory_id: Some(corelog_model::DirectoryId::new([7; 16])),
                        incarnation,
                        service: ServiceManager::default(),
                    },
                ),
                Err(error) => task.fail(format!("layout: {error}")),
            }
        });
        broker
    }

    fn run_shards(&self, machine: &Machine, plan: Plan) {
        let plan = Arc::new(plan);
        let mailboxes = machine.mailboxes::<ShardMessage>(self.shard_count, MAILBOX_MESSAGES_MAX);
        for (number, mailbox) in (0..self.shard_count).zip(mailboxes) {
            let id = ShardId::new(number);
            let handle = machine.handle_for(id);
            let seat = ShardSeat {
                id,
                handle: handle.clone(),
                mailbox,
                activity: Rc::default(),
            };
            let (broker, plan, machine) = (self.clone(), Arc::clone(&plan), machine.clone());
            handle.spawn(WorkClass::Normal, "shard", async move {
                let begun = |shard: &Rc<Shard>| {
                    broker.shards.borrow_mut().push(Rc::clone(shard));
                    if broker.shards.borrow().len() == usize::from(broker.shard_count)
                        && let Some(script) = &broker.script
                    {
                        machine.inject(script.clone());
                    }
                };
                let result = live(seat, plan, broker.stop_requested(), begun).await;
                broker.ended.set(broker.ended.get() + 1);
                if let Err(error) = result {
                    broker.fail(error.to_string());
                    broker.stop();
                }
            });
        }
    }

    async fn stop_requested(&self) {
        while !self.stop.get() {
            self.stopped.notified().await;
        }
    }

    fn fail(&self, text: String) {
        self.failure.borrow_mut().get_or_insert(text);
    }

    /// Asks the shards to close.
    pub(super) fn stop(&self) {
        self.stop.set(true);
        self.stopped.notify_all();
    }

    /// Whether all shards have closed.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.get() == self.shard_count
    }

    /// Why it does not run.
    pub(super) fn failure(&self) -> Option<String> {
        self.failure.borrow().clone()
    }

    /// Whether clients are served.
    pub(super) fn is_ready(&self) -> bool {
        let shards = self.shards.borrow();
        shards.len() == usize::from(self.shard_count) && shards.iter().all(|shard| shard.is_ready())
    }

    /// Whether a shard's journal takes no more.
    pub(super) fn is_fenced(&self) -> bool {
        let shards = self.shards.borrow();
        shards
            .iter()
            .any(|shard| shard.partitions.storage().stats().is_fenced)
    }

    /// What takes more than it may. `None`: everything is within its limit.
    pub(super) fn excess(&self) -> Option<String> {
        let shards = self.shards.borrow();
        shards.iter().find_map(|shard| {
            let removals = shard.partitions.storage().stats().removals;
            (removals > REMOVALS_MAX).then(|| {
                format!(
                    "shard {}: {removals} removals of deleted partitions at a time, each with a listing of the data \
                     directory, and {REMOVALS_MAX} is the most",
                    shard.shards.here
                )
            })
        })
    }

    /// What is not at rest though no client is connected; `None`: everything is.
    pub(super) fn unrest(&self) -> Option<String> {
        let shards = self.shards.borrow();
        let is_known = |asker: ShardId, number: u64| {
            let asker = shards.iter().find(|shard| shard.shards.here == asker);
            asker.is_some_and(|asker| asker.fetches.has_watch(number))
        };
        shards.iter().find_map(|shard| {
            let held_of = |memory: &Semaphore| memory.total() - memory.free();
            let answers = held_of(&shard.memory.fetches) + held_of(&shard.memory.answers.memory);
            let held = held_of(&shard.memory.requests) + answers;
            let calls = shard.shards.calls_waiting();
            let connections = shard.metrics.connections.open();
            // Sessions outlast connections, and so do their watches.
            let watches = shard.fetches.watches();
            let sessions = shard.fetches.sessions.borrow().len();
            let posts = shard.fetches.posts();
            let stray = posts.iter().filter(|(asker, number)| !is_known(*asker, *number)).count();
            (held > 0 || calls > 0 || watches > sessions || stray > 0 || connections > 0).then(|| {
                format!(
                    "shard {}: {held} bytes of requests and answers, {calls} calls, {watches} fetch watches for \
                     {sessions} sessions, {stray} that nobody asks for, {connections} connections",
                    shard.shards.here
                )
            })
        })
    }

    /// Lets go of the shards; the process has been killed.
    pub(super) fn forget(&self) {
        self.shards.borrow_mut().clear();
    }
}
