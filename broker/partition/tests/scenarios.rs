//! One partition, event by event, against what Kafka's `Partition` does.

use std::time::Duration;

use corelog_model::{BrokerEpoch, BrokerId, LeaderEpoch, Offset, PartitionEpoch};
use corelog_partition::{
    AckError, AckToken, Acks, Action, Assignment, EpochError, Event, FollowerFetch, IsrAnswer, LogEnds,
    NotEnoughReplicas, Partition, PartitionConfig, Role,
};

const LAG: Duration = Duration::from_secs(1);

fn offset(value: i64) -> Offset {
    Offset::new(value).unwrap()
}

fn broker(id: i32) -> BrokerId {
    BrokerId::new(id)
}

fn brokers(ids: &[i32]) -> Vec<BrokerId> {
    ids.iter().copied().map(broker).collect()
}

/// Broker 1's view of a partition, and a clock.
struct World {
    partition: Partition,
    now: Duration,
    ends: LogEnds,
}

impl World {
    fn new(min_in_sync_replicas: usize) -> World {
        World::over(min_in_sync_replicas, LogEnds::default(), 0)
    }

    fn over(min_in_sync_replicas: usize, ends: LogEnds, high_watermark: i64) -> World {
        let config = PartitionConfig {
            min_in_sync_replicas,
            replica_lag_max: LAG,
        };
        let mut world = World {
            partition: Partition::new(broker(1), config, ends, offset(high_watermark)),
            now: Duration::from_secs(100),
            ends,
        };
        for id in 1..=3 {
            let event = Event::BrokerEligible {
                broker: broker(id),
                epoch: Some(BrokerEpoch::new(10)),
            };
            assert_eq!(world.take(event), vec![]);
        }
        world
    }

    fn take(&mut self, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        self.partition.handle(event, self.now, &mut actions);
        actions
    }

    fn assign(
        &mut self,
        leader: Option<i32>,
        epochs: (i32, i32),
        replicas: &[i32],
        in_sync: &[i32],
    ) -> Vec<Action> {
        self.take(Event::Assigned(Assignment {
            leader: leader.map(broker),
            leader_epoch: LeaderEpoch::new(epochs.0),
            partition_epoch: PartitionEpoch::new(epochs.1),
            replicas: brokers(replicas),
            in_sync_replicas: brokers(in_sync),
        }))
    }

    fn log(&mut self, log_end: i64, durable_end: i64) -> Vec<Action> {
        self.ends.log_end = offset(log_end);
        self.ends.durable_end = offset(durable_end);
        self.take(Event::LogMoved(self.ends))
    }

    fn fetch(&mut self, replica: i32, at: i64) -> Vec<Action> {
        self.fetch_as(replica, at, Some(10))
    }

    fn fetch_as(&mut self, replica: i32, at: i64, epoch: Option<i64>) -> Vec<Action> {
        self.take(Event::Fetched(FollowerFetch {
            replica: broker(replica),
            broker_epoch: epoch.map(BrokerEpoch::new),
            offset: offset(at),
            log_start: Offset::ZERO,
            leader_log_end: self.ends.log_end,
        }))
    }

    fn acks(&mut self, token: u64, end: i64, acks: Acks) -> Vec<Action> {
        self.take(Event::AcksAwaited {
            token: AckToken(token),
            end: offset(end),
            acks,
        })
    }

    fn timeout(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        self.now = self.partition.next_timeout().expect("something falls due");
        self.partition.handle_timeout(self.now, &mut actions);
        actions
    }

    fn isr(&self) -> Vec<BrokerId> {
        self.partition.in_sync_replicas().to_vec()
    }
}

fn answered(replaces: i32, answer: IsrAnswer) -> Event {
    Event::IsrAnswered {
        replaces: PartitionEpoch::new(replaces),
        answer,
    }
}

fn committed(high_watermark: i64) -> Action {
    stable(high_watermark, high_watermark)
}

fn stable(high_watermark: i64, last_stable: i64) -> Action {
    Action::Committed {
        high_watermark: offset(high_watermark),
        last_stable: offset(last_stable),
    }
}

fn acknowledged(token: u64) -> Action {
    Action::Acknowledge {
        token: AckToken(token),
        result: Ok(()),
    }
}

fn proposed(actions: &[Action]) -> Vec<i32> {
    match actions {
        [Action::ProposeIsr(proposal), ..] => {
            proposal.in_sync_replicas.iter().map(|(id, _)| id.get()).collect()
        }
        other => panic!("a proposal was expected: {other:?}"),
    }
}

#[test]
fn a_lone_replica_commits_what_is_durable() {
    let mut world = World::new(1);
    let started = Action::StartEpoch {
        epoch: LeaderEpoch::new(0),
        offset: Offset::ZERO,
    };
    assert_eq!(world.assign(Some(1), (0, 0), &[1], &[1]), vec![started]);
    assert_eq!(world.log(5, 0), vec![]);
    assert_eq!(world.acks(1, 3, Acks::Leader), vec![]);
    assert_eq!(world.acks(2, 5, Acks::All), vec![]);
    assert_eq!(world.log(5, 3), vec![committed(3), acknowledged(1)]);
    assert_eq!(world.log(5, 5), vec![committed(5), acknowledged(2)]);
    assert_eq!(world.partition.next_timeout(), None);
}

#[test]
fn a_lone_replica_commits_its_whole_log_when_it_leads_again() {
    let ends = LogEnds {
        log_end: offset(9),
        durable_end: offset(9),
        ..LogEnds::default()
    };
    // The high watermark that was kept is older than the log's end.
    let mut world = World::over(1, ends, 4);
    assert_eq!(world.partition.high_watermark(), offset(4));
    let started = Action::StartEpoch {
        epoch: LeaderEpoch::new(7),
        offset: offset(9),
    };
    assert_eq!(
        world.assign(Some(1), (7, 1), &[1], &[1]),
        vec![started, committed(9)]
    );
}

#[test]
fn a_follower_takes_its_leaders_word_as_far_as_its_log_reaches() {
    let mut world = World::new(1);
    let follow = Action::Follow {
        leader: Some(broker(2)),
        epoch: LeaderEpoch::new(3),
    };
    assert_eq!(world.assign(Some(2), (3, 0), &[1, 2], &[1, 2]), vec![follow]);
    assert_eq!(world.log(4, 4), vec![]);
    assert_eq!(
        world.take(Event::LeaderHighWatermark(offset(9))),
        vec![committed(4)]
    );
    assert_eq!(world.take(Event::LeaderHighWatermark(offset(2))), vec![]);
    // It cuts off what the leader does not have.
    assert_eq!(world.log(3, 3), vec![committed(3)]);
    assert_eq!(
        world.partition.role(),
        Role::Follower {
            leader: Some(broker(2))
        }
    );
    let refused = Action::Acknowledge {
        token: AckToken(1),
        result: Err(AckError::NotLeader),
    };
    assert_eq!(world.acks(1, 3, Acks::All), vec![refused]);
}

#[test]
fn the_high_watermark_waits_for_every_member_and_for_the_leaders_own_disk() {
    let mut world = World::new(2);
    world.assign(Some(1), (0, 0), &[1, 2, 3], &[1, 2, 3]);
    world.log(10, 0);
    assert_eq!(world.acks(1, 10, Acks::All), vec![]);
    assert_eq!(world.acks(2, 10, Acks::Leader), vec![]);
    assert_eq!(world.fetch(2, 10), vec![]);
    // Followers may have it on their disks before the leader has.
    assert_eq!(world.fetch(3, 8), vec![]);
    assert_eq!(world.log(10, 10), vec![committed(8), acknowledged(2)]);
    assert_eq!(world.fetch(3, 10), vec![committed(10), acknowledged(1)]);
}

#[test]
fn too_few_in_sync_commit_nothing() {
    let mut world = World::new(2);
    world.assign(Some(1), (0, 0), &[1, 2, 3], &[1]);
    let error = NotEnoughReplicas {
        in_sync: 1,
        needed: 2,
    };
    assert_eq!(world.partition.check_append(Acks::All), Err(error));
    assert_eq!(world.partition.check_append(Acks::Leader), Ok(()));
    // KIP-966: not for acks=1 either.
    assert_eq!(world.acks(1, 5, Acks::Leader), vec![]);
    assert_eq!(world.log(5, 5), vec![acknowledged(1)]);
    assert_eq!(world.partition.high_watermark(), Offset::ZERO);
    // More replicas than there are cannot be asked for.
    let mut lone = World::new(2);
    lone.assign(Some(1), (0, 0), &[1], &[1]);
    assert_eq!(lone.partition.check_append(Acks::All), Ok(()));
}

#[test]
fn a_laggard_leaves_and_what_was_waited_for_is_answered() {
    let mut world = World::new(2);
    world.assign(Some(1), (0, 0), &[1, 2, 3], &[1, 2, 3]);
    world.log(10, 10);
    world.fetch(2, 10);
    assert_eq!(world.acks(1, 10, Acks::All), vec![]);
    let actions = world.timeout();
    assert_eq!(proposed(&actions), vec![1, 2]);
    // It still counts until the controller has agreed.
    assert_eq!(world.fetch(2, 10), vec![]);
    assert_eq!(world.partition.next_timeout(), None);
    let answer = IsrAnswer::Changed {
        partition_epoch: PartitionEpoch::new(1),
        in_sync_replicas: brokers(&[1, 2]),
    };
    assert_eq!(
        world.take(answered(0, answer)),
        vec![committed(10), acknowledged(1)]
    );
}

#[test]
fn a_set_that_shrank_below_the_least_answers_so() {
    let mut world = World::new(2);
    world.assign(Some(1), (0, 0), &[1, 2], &[1, 2]);
    world.log(10, 10);
    assert_eq!(world.acks(1, 10, Acks::All), vec![]);
    assert_eq!(proposed(&world.timeout()), vec![1]);
    let answer = IsrAnswer::Changed {
        partition_epoch: PartitionEpoch::new(1),
        in_sync_replicas: brokers(&[1]),
    };
    // Below the least nothing is committed, so it waits on.
    assert_eq!(world.take(answered(0, answer)), vec![]);
    // A second follower catches up and joins: while that is not answered, it is counted.
    let actions = world.fetch(2, 10);
    assert_eq!(proposed(&actions), vec![1, 2]);
    let answer = IsrAnswer::Changed {
        partition_epoch: PartitionEpoch::new(2),
        in_sync_replicas: brokers(&[1, 2]),
    };
    assert_eq!(
        world.take(answered(1, answer)),
        vec![committed(10), acknowledged(1)]
    );
}

#[test]
fn a_follower_joins_only_beyond_the_start_of_the_reign() {
    let ends = LogEnds {
        log_end: offset(10),
        durable_end: offset(10),
        ..LogEnds::default()
    };
    let mut world = World::over(1, ends, 4);
    world.assign(Some(1), (5, 0), &[1, 2], &[1]);
    assert_eq!(world.partition.high_watermark(), offset(10));
    // The high watermark is reached only with the reign's start.
    assert_eq!(world.fetch(2, 9), vec![]);
    assert_eq!(proposed(&world.fetch(2, 10)), vec![1, 2]);
    // While it is under way no other change is.
    assert_eq!(world.fetch(2, 10), vec![]);
    assert_eq!(world.take(answered(0, IsrAnswer::Rejected)), vec![]);
    assert_eq!(world.isr(), brokers(&[1]));
    assert_eq!(proposed(&world.fetch(2, 10)), vec![1, 2]);
    assert_eq!(proposed(&world.take(answered(0, IsrAnswer::Failed))), vec![1, 2]);
    assert_eq!(world.take(answered(0, IsrAnswer::Outdated)), vec![]);
    assert_eq!(world.fetch(2, 10), vec![]);
    assert_eq!(world.take(answered(0, IsrAnswer::Failed)), vec![]);
    // The next assignment says what holds.
    world.assign(Some(1), (5, 3), &[1, 2], &[1, 2]);
    assert_eq!(world.isr(), brokers(&[1, 2]));
}

#[test]
fn who_may_join_is_up_and_fetches_under_its_registration() {
    let check = |registered: Option<i64>, fetches: Option<i64>, joins: bool| {
        let mut world = World::new(1);
        world.assign(Some(1), (0, 0), &[1, 2], &[1]);
        world.take(Event::BrokerEligible {
            broker: broker(2),
            epoch: registered.map(BrokerEpoch::new),
        });
        let actions = world.fetch_as(2, 0, fetches);
        let is_proposed = matches!(actions.as_slice(), [Action::ProposeIsr(_)]);
        assert_eq!(
            is_proposed, joins,
            "registered {registered:?}, fetches under {fetches:?}: {actions:?}"
        );
    };
    check(Some(10), Some(10), true);
    check(Some(10), None, true);
    check(Some(11), Some(10), false);
    check(Some(10), Some(11), false);
    check(None, Some(10), false);
    check(None, None, false);
}

#[test]
fn a_straggler_of_an_older_registration_tells_nothing() {
    let mut world = World::new(1);
    world.assign(Some(1), (0, 0), &[1, 2], &[1, 2]);
    world.log(10, 10);
    assert_eq!(world.fetch_as(2, 4, Some(10)), vec![committed(4)]);
    assert_eq!(world.fetch_as(2, 10, Some(9)), vec![]);
    assert_eq!(world.partition.high_watermark(), offset(4));
}

#[test]
fn a_follower_that_rests_is_not_dead() {
    let mut world = World::new(1);
    world.assign(Some(1), (0, 0), &[1, 2], &[1, 2]);
    world.log(10, 10);
    world.fetch(2, 10);
    assert_eq!(world.partition.next_timeout(), None);
    // An hour without an append, and so without a Fetch.
    world.now += Duration::from_secs(3600);
    world.log(11, 11);
    let due = world.partition.next_timeout().unwrap();
    assert!(due > world.now, "{due:?} {:?}", world.now);
    assert_eq!(proposed(&world.timeout()), vec![1]);
}

#[test]
fn one_about_to_join_is_waited_for() {
    let mut world = World::new(1);
    world.assign(Some(1), (0, 0), &[1, 2], &[1]);
    world.log(10, 10);
    assert_eq!(proposed(&world.fetch(2, 10)), vec![1, 2]);
    // The set may be so already: what comes next needs both.
    assert_eq!(world.log(12, 12), vec![]);
    assert_eq!(world.partition.high_watermark(), offset(10));
    world.take(answered(0, IsrAnswer::Rejected));
    assert_eq!(world.log(13, 13), vec![]);
    // It has had its time.
    world.now += LAG * 2;
    assert_eq!(world.log(14, 14), vec![committed(14)]);
}

#[test]
fn the_last_stable_offset_stays_before_open_transactions() {
    let mut world = World::new(1);
    world.assign(Some(1), (0, 0), &[1], &[1]);
    world.ends.first_unstable = Some(offset(3));
    assert_eq!(world.log(5, 5), vec![stable(5, 3)]);
    world.ends.first_unstable = None;
    assert_eq!(world.log(5, 5), vec![stable(5, 5)]);
    // DeleteRecords goes past an open transaction's beginning.
    world.ends.first_unstable = Some(offset(5));
    world.log(9, 9);
    world.ends.log_start = offset(7);
    assert_eq!(world.log(9, 9), vec![stable(9, 7)]);
}

#[test]
fn a_new_reign_fails_who_waits_and_forgets_what_followers_had() {
    let mut world = World::new(2);
    world.assign(Some(1), (0, 0), &[1, 2], &[1, 2]);
    world.log(10, 10);
    world.fetch(2, 6);
    world.acks(1, 10, Acks::All);
    let actions = world.assign(Some(2), (1, 1), &[1, 2], &[1, 2]);
    let failed = Action::Acknowledge {
        token: AckToken(1),
        result: Err(AckError::NotLeader),
    };
    let follow = Action::Follow {
        leader: Some(broker(2)),
        epoch: LeaderEpoch::new(1),
    };
    assert_eq!(actions, vec![failed, follow]);
    assert_eq!(world.partition.waiting(), 0);
    // An older assignment comes late.
    assert_eq!(world.assign(Some(1), (0, 0), &[1, 2], &[1, 2]), vec![]);
    let actions = world.assign(Some(1), (2, 2), &[1, 2], &[1, 2]);
    let started = Action::StartEpoch {
        epoch: LeaderEpoch::new(2),
        offset: offset(10),
    };
    assert_eq!(actions, vec![started]);
    assert_eq!(world.partition.high_watermark(), offset(6));
    assert_eq!(world.fetch(2, 10), vec![committed(10)]);
}

#[test]
fn requests_of_other_reigns_are_told() {
    let mut world = World::new(1);
    world.assign(Some(1), (4, 0), &[1], &[1]);
    let current = LeaderEpoch::new(4);
    let check = |asked: Option<i32>, expected: Result<(), EpochError>| {
        assert_eq!(world.partition.check_epoch(asked.map(LeaderEpoch::new)), expected);
    };
    check(None, Ok(()));
    check(Some(4), Ok(()));
    let asked = LeaderEpoch::new(3);
    check(Some(3), Err(EpochError::Fenced { asked, current }));
    let asked = LeaderEpoch::new(5);
    check(Some(5), Err(EpochError::Unknown { asked, current }));
    assert!(world.partition.check_follower(broker(2)).is_err());
}

#[test]
fn the_low_watermark_is_the_least_log_start_of_who_is_up() {
    let mut world = World::new(1);
    world.assign(Some(1), (0, 0), &[1, 2, 3], &[1, 2, 3]);
    world.ends.log_start = offset(5);
    world.log(10, 10);
    assert_eq!(world.partition.low_watermark(), Some(Offset::ZERO));
    for id in [2, 3] {
        world.take(Event::Fetched(FollowerFetch {
            replica: broker(id),
            broker_epoch: None,
            offset: offset(10),
            log_start: offset(i64::from(id)),
            leader_log_end: offset(10),
        }));
    }
    assert_eq!(world.partition.low_watermark(), Some(offset(2)));
    world.take(Event::BrokerEligible {
        broker: broker(2),
        epoch: None,
    });
    assert_eq!(world.partition.low_watermark(), Some(offset(3)));
}

#[test]
fn what_the_metadata_has_overtaken_changes_nothing() {
    let mut world = World::new(1);
    world.assign(Some(1), (0, 0), &[1, 2, 3], &[1]);
    world.log(10, 10);
    assert_eq!(proposed(&world.fetch(2, 10)), vec![1, 2]);
    // The same version again does not undo a proposal that the controller may have accepted under it.
    assert_eq!(world.assign(Some(1), (0, 0), &[1, 2, 3], &[1]), vec![]);
    assert_eq!(world.log(11, 11), vec![]);
    // The metadata is faster than the answer, and the next proposal is under way when that comes.
    assert_eq!(world.assign(Some(1), (0, 1), &[1, 2, 3], &[1, 2]), vec![]);
    assert_eq!(proposed(&world.fetch(3, 10)), vec![1, 2, 3]);
    let late = IsrAnswer::Changed {
        partition_epoch: PartitionEpoch::new(1),
        in_sync_replicas: brokers(&[1, 2]),
    };
    assert_eq!(world.take(answered(0, late)), vec![]);
    assert_eq!(world.take(answered(0, IsrAnswer::Rejected)), vec![]);
    // Broker 3 is counted all the while.
    assert_eq!(world.fetch(2, 11), vec![]);
    assert_eq!(world.partition.high_watermark(), offset(10));
}
