//! The partitions of a request that their owners answer: the way of every API that asks them one question each.

use corelog_metadata::TopicImage;
use corelog_model::{PartitionId, PartitionIndex};
use corelog_protocol::ErrorCode;

use crate::shard::{Items, OwnerWork, Shards};

/// What is answered about one partition.
pub(super) trait PartitionAnswer {
    /// Kafka's code.
    fn error_code(&self) -> i16;
}

/// What the owners are asked of a request's partitions.
pub(super) struct Routed<W: OwnerWork> {
    work: W,
    items: Items<W::Item>,
}

impl<W: OwnerWork> Routed<W> {
    /// Nothing yet; the owners are to do `work`.
    pub(super) fn new(work: W) -> Routed<W> {
        Routed {
            work,
            items: Items::new(),
        }
    }

    /// Asks the owner of a partition that is known.
    pub(super) fn ask(&mut self, id: PartitionId, item: W::Item) {
        self.items.push((id, item));
    }

    /// Asks the owner of a partition of `topic`, and says which error is to be answered if there is no such partition.
    pub(super) fn ask_of(
        &mut self,
        topic: Option<&TopicImage>,
        index: PartitionIndex,
        item: W::Item,
    ) -> ErrorCode {
        match topic.filter(|topic| topic.partition(index).is_some()) {
            Some(topic) => {
                self.ask(
                    PartitionId {
                        topic: topic.id,
                        index,
                    },
                    item,
                );
                ErrorCode::None
            }
            None => ErrorCode::UnknownTopicOrPartition,
        }
    }

    /// Has the owners do it and gives each result to `fill`, with its answer. `answers` are those of all partitions in the
    /// order in which they were asked for; those with an error were not.
    pub(super) async fn answer<'a, A: PartitionAnswer + 'a>(
        self,
        shards: &Shards,
        answers: impl Iterator<Item = &'a mut A>,
        fill: impl Fn(&mut A, W::Done),
    ) {
        let mut done = shards.on_owners(self.work, self.items).await.into_iter();
        for answer in answers.filter(|answer| answer.error_code() == ErrorCode::None.code()) {
            fill(
                answer,
                done.next().expect("one result a partition that was asked for"),
            );
        }
    }
}
