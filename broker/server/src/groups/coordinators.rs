//! The coordinators of one shard.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use corelog_config::GroupConfig;
use corelog_groups::{Event, GroupCoordinator, GroupId, GroupOffset, ListGroupsRequest, Request, Response};
use corelog_metadata::MetadataImage;
use corelog_model::{PartitionId, PartitionIndex, TopicName};
use corelog_runtime::local::{Semaphore, YieldEvery};
use corelog_runtime::{Handle, LocalFuture, WorkClass};
use corelog_storage::PartitionLog;
use futures_util::future::join_all;

use super::load::load;
use super::refuse::refuse;
use super::settings::group_config;
use super::shell::GroupShell;

/// Partitions that a shard replays at a time.
const LOADS_MAX: usize = 4;
/// Offsets that are looked at before other tasks run; one group's are looked at together.
const OFFSETS_A_SLICE: usize = 1024;

/// The offsets that a group has committed.
pub(crate) struct GroupOffsets {
    /// The group.
    pub group: Arc<str>,
    /// By topic and partition.
    pub offsets: Vec<(TopicName, PartitionIndex, GroupOffset)>,
}

/// One coordinator a partition of `__consumer_offsets` that this shard owns.
pub(crate) struct Coordinators {
    by_partition: RefCell<BTreeMap<PartitionId, Rc<GroupShell>>>,
    loads: Semaphore,
}

impl Default for Coordinators {
    fn default() -> Coordinators {
        Coordinators {
            by_partition: RefCell::default(),
            loads: Semaphore::new(LOADS_MAX),
        }
    }
}

impl Coordinators {
    /// Begins to load the groups of a partition of `__consumer_offsets` that this shard now owns, unless it has begun
    /// already. Requests are answered meanwhile, most of them with the error that it loads. `image` gives the metadata of
    /// the moment at which it is called.
    pub(crate) fn load(
        &self,
        id: PartitionId,
        log: Rc<PartitionLog>,
        handle: &Handle,
        config: &GroupConfig,
        image: impl Fn() -> Arc<MetadataImage> + 'static,
    ) {
        if self.by_partition.borrow().contains_key(&id) {
            return;
        }
        let shell = GroupShell::new(handle.clone(), log, group_config(config));
        self.by_partition.borrow_mut().insert(id, Rc::clone(&shell));
        let loads = self.loads.clone();
        handle.spawn(WorkClass::Normal, "load groups", async move {
            let turn = loads.acquire(1).await;
            if load(&shell, image).await {
                drop(turn);
                shell.keep_time().await;
            }
        });
    }

    /// Ends the coordinator of a partition that is going away; everybody who waits is told.
    pub(crate) fn unload(&self, id: PartitionId) {
        let shell = self.by_partition.borrow_mut().remove(&id);
        if let Some(shell) = shell {
            shell.unload();
        }
    }

    /// Has every coordinator drop the offsets of a topic that is gone.
    pub(crate) fn topic_deleted(&self, topic: &TopicName) {
        for shell in self.all() {
            let topic = topic.clone();
            shell.handle(Event::TopicDeleted { topic });
        }
    }

    /// Hands a request to the coordinator of a partition before this returns.
    pub(crate) fn submit(&self, id: PartitionId, request: Request) -> LocalFuture<Response> {
        let shell = self.by_partition.borrow().get(&id).cloned();
        match shell {
            Some(shell) => shell.submit(request),
            None => Box::pin(std::future::ready(refuse(request))),
        }
    }

    /// Asks every coordinator of this shard for its groups.
    pub(crate) fn list(&self, request: &ListGroupsRequest) -> LocalFuture<Vec<Response>> {
        let shells = self.all().into_iter();
        let asked: Vec<_> = shells
            .map(|shell| shell.submit(Request::ListGroups(request.clone())))
            .collect();
        Box::pin(join_all(asked))
    }

    /// The committed offsets of this shard's groups, for metrics. Other tasks run between the groups.
    pub(crate) async fn committed_offsets(&self) -> Vec<GroupOffsets> {
        let (mut all, mut steps) = (Vec::new(), YieldEvery::new(OFFSETS_A_SLICE));
        for shell in self.all() {
            let mut last = None;
            while let Some((id, group)) = shell.with_machine(|machine| offsets_after(machine, last.as_ref()))
            {
                // A group without offsets is looked at, too.
                let looked_at = group.offsets.len() + 1;
                if !group.offsets.is_empty() {
                    all.push(group);
                }
                last = Some(id);
                steps.count(looked_at).await;
            }
            steps.count(1).await;
        }
        all
    }

    /// The coordinator of a partition.
    #[cfg(test)]
    pub(super) fn shell(&self, id: PartitionId) -> Option<Rc<GroupShell>> {
        self.by_partition.borrow().get(&id).cloned()
    }

    fn all(&self) -> Vec<Rc<GroupShell>> {
        self.by_partition.borrow().values().cloned().collect()
    }
}

fn offsets_after(machine: &GroupCoordinator, after: Option<&GroupId>) -> Option<(GroupId, GroupOffsets)> {
    let (id, offsets) = machine.next_group(after)?;
    let offsets = offsets.map(|(topic, partition, committed)| (topic.clone(), partition, committed.offset));
    let group = GroupOffsets {
        group: Arc::from(id.as_str()),
        offsets: offsets.collect(),
    };
    Some((id.clone(), group))
}
