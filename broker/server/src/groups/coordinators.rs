//! The coordinators of one shard.

use std::rc::Rc;
use std::sync::Arc;

use corelog_config::GroupConfig;
use corelog_groups::{Event, GroupCoordinator, GroupId, GroupOffset, ListGroupsRequest, Request, Response};
use corelog_metadata::MetadataImage;
use corelog_model::{PartitionId, PartitionIndex, TopicName};
use corelog_runtime::local::YieldEvery;
use corelog_runtime::{Handle, LocalFuture};
use corelog_storage::PartitionLog;
use futures_util::future::join_all;

use super::load::forget_deleted_topics;
use super::refuse::refuse;
use super::settings::group_config;
use super::shell::GroupShell;
use crate::own_log::Drivers;

/// Offsets that are looked at before other tasks run; one group's are looked at together.
const OFFSETS_A_SLICE: usize = 1024;

/// The offsets that a group has committed.
pub(crate) struct GroupOffsets {
    /// The group.
    pub group: Arc<str>,
    /// By topic and partition.
    pub offsets: Vec<(TopicName, PartitionIndex, GroupOffset)>,
}

/// What the groups of a shard committed, as far as a limit lets it be told.
#[derive(Default)]
pub(crate) struct CommittedOffsets {
    /// By group.
    pub groups: Vec<GroupOffsets>,
    /// Offsets beyond the limit.
    pub left_out: u64,
}

/// One coordinator a partition of `__consumer_offsets` that this shard owns.
#[derive(Default)]
pub(crate) struct Coordinators(Drivers<GroupCoordinator>);

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
        if self.0.has(id) {
            return;
        }
        let machine = GroupCoordinator::new(group_config(config));
        let shell = GroupShell::new(handle.clone(), log, machine, ());
        let loaded = move |shell: &Rc<GroupShell>| forget_deleted_topics(shell, &image());
        self.0.begin(id, shell, loaded);
    }

    /// Ends the coordinator of a partition that is going away; everybody who waits is told.
    pub(crate) fn unload(&self, id: PartitionId) {
        self.0.unload(id);
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
        self.0.submit(id, request, refuse)
    }

    /// Asks every coordinator of this shard for its groups.
    pub(crate) fn list(&self, request: &ListGroupsRequest) -> LocalFuture<Vec<Response>> {
        let shells = self.all().into_iter();
        let asked: Vec<_> = shells
            .map(|shell| shell.submit(Request::ListGroups(request.clone())))
            .collect();
        Box::pin(join_all(asked))
    }

    /// The committed offsets of this shard's groups, for metrics, `limit` at most. Other tasks run between the groups.
    pub(crate) async fn committed_offsets(&self, limit: usize) -> CommittedOffsets {
        let (mut all, mut steps) = (CommittedOffsets::default(), YieldEvery::new(OFFSETS_A_SLICE));
        let mut left = limit;
        for shell in self.all() {
            let mut last = None;
            while let Some((id, group)) =
                shell.with_machine(|machine| offsets_after(machine, last.as_ref(), left))
            {
                // A group without offsets is looked at, too.
                let looked_at = group.told.offsets.len() + 1;
                left -= group.told.offsets.len();
                all.left_out += group.left_out;
                if !group.told.offsets.is_empty() {
                    all.groups.push(group.told);
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
        self.0.get(id)
    }

    fn all(&self) -> Vec<Rc<GroupShell>> {
        self.0.all()
    }
}

/// A group's offsets, as far as a limit lets them be told.
struct Told {
    told: GroupOffsets,
    left_out: u64,
}

fn offsets_after(
    machine: &GroupCoordinator,
    after: Option<&GroupId>,
    limit: usize,
) -> Option<(GroupId, Told)> {
    let (id, mut offsets) = machine.next_group(after)?;
    let told = offsets
        .by_ref()
        .take(limit)
        .map(|(topic, partition, committed)| (topic.clone(), partition, committed.offset));
    let told = GroupOffsets {
        group: Arc::from(id.as_str()),
        offsets: told.collect(),
    };
    let left_out = u64::try_from(offsets.count()).unwrap_or(u64::MAX);
    Some((id.clone(), Told { told, left_out }))
}
