//! The in-sync set, and the one change of it that may be under way.

use corelog_model::BrokerId;

/// The committed in-sync set, with what was proposed and not answered yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum InSyncSet {
    /// What the controller last said.
    Committed(Vec<BrokerId>),
    /// A replica is to join.
    Growing {
        committed: Vec<BrokerId>,
        joining: BrokerId,
        is_outdated: bool,
    },
    /// Replicas are to leave.
    Shrinking {
        committed: Vec<BrokerId>,
        leaving: Vec<BrokerId>,
        is_outdated: bool,
    },
}

impl InSyncSet {
    /// What the controller last said.
    pub(crate) fn committed(&self) -> &[BrokerId] {
        match self {
            InSyncSet::Committed(committed)
            | InSyncSet::Growing { committed, .. }
            | InSyncSet::Shrinking { committed, .. } => committed,
        }
    }

    /// Whether `replica` may be in sync as the controller sees it, now or once the change under way is answered: the
    /// "maximal" set of KIP-497.
    pub(crate) fn may_contain(&self, replica: BrokerId) -> bool {
        let joins = matches!(self, InSyncSet::Growing { joining, .. } if *joining == replica);
        joins || self.committed().contains(&replica)
    }

    /// The size of that set.
    pub(crate) fn size_max(&self) -> usize {
        let joining = usize::from(matches!(self, InSyncSet::Growing { .. }));
        self.committed().len() + joining
    }

    pub(crate) fn is_changing(&self) -> bool {
        !matches!(self, InSyncSet::Committed(_))
    }

    /// What is proposed, while that may still be said again.
    pub(crate) fn proposed(&self) -> Option<Vec<BrokerId>> {
        match self {
            InSyncSet::Committed(_) => None,
            InSyncSet::Growing {
                is_outdated: true, ..
            }
            | InSyncSet::Shrinking {
                is_outdated: true, ..
            } => None,
            InSyncSet::Growing {
                committed, joining, ..
            } => {
                let mut proposed = committed.clone();
                proposed.push(*joining);
                Some(proposed)
            }
            InSyncSet::Shrinking {
                committed, leaving, ..
            } => {
                let stay = committed.iter().filter(|id| !leaving.contains(id));
                Some(stay.copied().collect())
            }
        }
    }

    /// The change was refused: the set is what it was.
    pub(crate) fn reset(&mut self) {
        *self = InSyncSet::Committed(self.committed().to_vec());
    }

    /// The change was asked for under an old version: nothing more is proposed until the next assignment.
    pub(crate) fn set_outdated(&mut self) {
        match self {
            InSyncSet::Committed(_) => {}
            InSyncSet::Growing { is_outdated, .. } | InSyncSet::Shrinking { is_outdated, .. } => {
                *is_outdated = true
            }
        }
    }
}
