//! A change of the metadata is durable, and the disk does not do what it takes: the answer is that the change is made, and
//! the disk's trouble shows where it is met, until it is over.

mod common;

use std::rc::Rc;
use std::time::Duration;

use common::{DIR, broker, change, new_topic};
use corelog_broker::partitions::LogApi;
use corelog_broker::shard::Shard;
use corelog_controller::{ControllerRequest, TopicReference};
use corelog_model::{PartitionId, PartitionIndex};
use corelog_protocol::ErrorCode;
use corelog_sim::{Fault, FaultRule, Machine, Operation, Options, Simulation};

const TOPIC: &str = "orders";
/// Longer than it takes until what could not be done is tried again.
const LATER: Duration = Duration::from_secs(6);

/// What befalls the directories of the topic's partitions, more often than it is tried at once.
fn no_room(operation: Operation) -> FaultRule {
    FaultRule {
        count: 4,
        ..FaultRule::new(&format!("{DIR}/{TOPIC}-*"), operation, 1, Fault::Full)
    }
}

/// What a request hears that names a partition.
fn heard(shard: &Shard, index: i32) -> Option<ErrorCode> {
    let topic = shard
        .metadata
        .image()
        .topic(TOPIC)
        .expect("the topic is there")
        .id;
    let index = PartitionIndex::new(index);
    let failure = shard
        .partitions
        .find(LogApi::Fetch, &PartitionId { topic, index })
        .err()?;
    Some(failure.code)
}

async fn later(shard: &Shard) {
    let clock = &shard.handle.clock;
    clock.sleep_until(clock.now() + LATER).await;
}

fn check<F: Future<Output = ()>>(test: impl FnOnce(Machine, Rc<Shard>) -> F) {
    let sim = Simulation::new(5, Options::default());
    let machine = sim.machine(0);
    sim.block_on(async {
        let shard = broker(&machine).await;
        test(machine, shard).await;
    });
}

#[test]
fn a_topic_without_room_for_its_logs_is_created() {
    check(async |machine, shard| {
        machine.inject(no_room(Operation::CreateDir));
        change(&shard, new_topic(TOPIC, 2)).await.expect("it is created");
        assert_eq!(
            shard
                .metadata
                .image()
                .topic(TOPIC)
                .expect("it is there")
                .partitions
                .len(),
            2
        );
        assert_eq!(
            [heard(&shard, 0), heard(&shard, 1)],
            [Some(ErrorCode::KafkaStorageError); 2]
        );
        later(&shard).await;
        machine.clear_scripts();
        later(&shard).await;
        assert_eq!([heard(&shard, 0), heard(&shard, 1)], [None; 2]);
    });
}

#[test]
fn partitions_without_room_for_their_logs_are_added() {
    check(async |machine, shard| {
        change(&shard, new_topic(TOPIC, 1)).await.expect("it is created");
        machine.inject(no_room(Operation::CreateDir));
        let more = ControllerRequest::CreatePartitions {
            topic: TOPIC.to_owned(),
            count: 2,
            assignments: None,
        };
        change(&shard, more).await.expect("one is added");
        assert_eq!(
            [heard(&shard, 0), heard(&shard, 1)],
            [None, Some(ErrorCode::KafkaStorageError)]
        );
        machine.clear_scripts();
        later(&shard).await;
        assert_eq!([heard(&shard, 0), heard(&shard, 1)], [None; 2]);
    });
}

#[test]
fn a_topic_whose_logs_cannot_be_removed_is_deleted() {
    check(async |machine, shard| {
        change(&shard, new_topic(TOPIC, 1)).await.expect("it is created");
        machine.inject(no_room(Operation::Rename));
        let topic = TopicReference::Name(TOPIC.to_owned());
        change(&shard, ControllerRequest::DeleteTopic { topic })
            .await
            .expect("it is deleted");
        assert!(shard.metadata.image().topic(TOPIC).is_none());
        machine.clear_scripts();
        change(&shard, new_topic(TOPIC, 1))
            .await
            .expect("its name is free");
        assert_eq!(heard(&shard, 0), None);
    });
}
