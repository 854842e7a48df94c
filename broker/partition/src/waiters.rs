//! Produces that wait for their acknowledgement, by the offset that they wait for.

use std::collections::VecDeque;

use corelog_model::Offset;

use crate::AckToken;

/// Waiters of one kind of acknowledgement, the lowest offset first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Waiters(VecDeque<(Offset, AckToken)>);

impl Waiters {
    /// Adds one. Most come in the order of their offsets; a repeated Produce waits for its original.
    pub(crate) fn add(&mut self, end: Offset, token: AckToken) {
        let at = self.0.partition_point(|(other, _)| *other <= end);
        self.0.insert(at, (end, token));
    }

    /// The next one that `reached` suffices for.
    pub(crate) fn pop_reached(&mut self, reached: Offset) -> Option<AckToken> {
        self.0
            .pop_front_if(|(end, _)| *end <= reached)
            .map(|(_, token)| token)
    }

    /// All of them.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = AckToken> + use<> {
        std::mem::take(&mut self.0).into_iter().map(|(_, token)| token)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
