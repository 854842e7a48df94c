//! Three brokers with one partition, a controller, logs that lose what was not synced, and messages that come late or
//! never: whatever happens, in whatever order, a record that was acknowledged to `acks=all` is never lost, and no high
//! watermark of a leader goes back.

use std::collections::BTreeMap;
use std::time::Duration;

use corelog_model::{BrokerEpoch, BrokerId, LeaderEpoch, Offset, PartitionEpoch};
use corelog_partition::{
    AckToken, Acks, Action, Assignment, Event, FollowerFetch, IsrAnswer, IsrProposal, LogEnds, Partition,
    PartitionConfig, Role,
};
use proptest::prelude::*;

const BROKERS: usize = 3;

fn offset(length: usize) -> Offset {
    Offset::new(i64::try_from(length).unwrap()).unwrap()
}

fn at(offset: Offset) -> usize {
    usize::try_from(offset.get()).unwrap()
}

fn broker(index: usize) -> BrokerId {
    BrokerId::new(i32::try_from(index).unwrap())
}

fn index(broker: BrokerId) -> usize {
    usize::try_from(broker.get()).unwrap()
}

/// A record: the reign it was appended in, and a number that no other has.
type Record = (i32, u64);

/// One broker: its log, what of it is durable, and its view of the partition.
struct Node {
    partition: Partition,
    log: Vec<Record>,
    durable: usize,
    /// What survives of the high watermark.
    kept_high_watermark: usize,
    epoch: BrokerEpoch,
    is_up: bool,
    /// The high watermark in the present reign, if it leads.
    led_to: Option<(LeaderEpoch, Offset)>,
}

/// A Fetch on its way to the leader.
#[derive(Clone, Debug)]
struct Message {
    from: usize,
    leader_epoch: LeaderEpoch,
    broker_epoch: BrokerEpoch,
    /// What was durable there when it was sent (its last epoch stands for it on the wire).
    durable: Vec<Record>,
}

struct Cluster {
    nodes: Vec<Node>,
    config: PartitionConfig,
    now: Duration,
    // The controller.
    leader: Option<usize>,
    leader_epoch: i32,
    partition_epoch: i32,
    in_sync: Vec<BrokerId>,
    // What is under way.
    fetches: Vec<Message>,
    proposals: Vec<(usize, IsrProposal)>,
    answers: Vec<(usize, PartitionEpoch, IsrAnswer)>,
    // What clients know.
    next_record: u64,
    sent: BTreeMap<AckToken, Record>,
    acknowledged: Vec<Record>,
}

fn ends(log: &[Record], durable: usize) -> LogEnds {
    LogEnds {
        log_end: offset(log.len()),
        durable_end: offset(durable),
        ..LogEnds::default()
    }
}

impl Cluster {
    fn new(min_in_sync_replicas: usize) -> Cluster {
        let config = PartitionConfig {
            min_in_sync_replicas,
            replica_lag_max: Duration::from_secs(1),
        };
        let node = |id| Node {
            partition: Partition::new(broker(id), config, LogEnds::default(), Offset::ZERO),
            log: Vec::new(),
            durable: 0,
            kept_high_watermark: 0,
            epoch: BrokerEpoch::new(0),
            is_up: true,
            led_to: None,
        };
        let mut cluster = Cluster {
            nodes: (0..BROKERS).map(node).collect(),
            config,
            now: Duration::from_secs(10),
            leader: Some(0),
            leader_epoch: 0,
            partition_epoch: 0,
            in_sync: (0..BROKERS).map(broker).collect(),
            fetches: Vec::new(),
            proposals: Vec::new(),
            answers: Vec::new(),
            next_record: 0,
            sent: BTreeMap::new(),
            acknowledged: Vec::new(),
        };
        for id in 0..BROKERS {
            cluster.tell_registrations(id);
        }
        cluster.publish(0b111);
        cluster
    }

    fn tell_registrations(&mut self, to: usize) {
        for id in 0..BROKERS {
            let epoch = self.nodes[id].is_up.then_some(self.nodes[id].epoch);
            let event = Event::BrokerEligible {
                broker: broker(id),
                epoch,
            };
            self.event(to, event);
        }
    }

    /// Those of `who` that are up learn what the controller says.
    fn publish(&mut self, who: u8) {
        for id in (0..BROKERS).filter(|id| who & (1 << id) != 0) {
            if self.nodes[id].is_up {
                self.tell_registrations(id);
                let assignment = Assignment {
                    leader: self.leader.map(broker),
                    leader_epoch: LeaderEpoch::new(self.leader_epoch),
                    partition_epoch: PartitionEpoch::new(self.partition_epoch),
                    replicas: (0..BROKERS).map(broker).collect(),
                    in_sync_replicas: self.in_sync.clone(),
                };
                self.event(id, Event::Assigned(assignment));
            }
        }
    }

    fn event(&mut self, id: usize, event: Event) {
        let mut actions = Vec::new();
        self.nodes[id].partition.handle(event, self.now, &mut actions);
        self.perform(id, actions);
    }

    fn perform(&mut self, id: usize, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::StartEpoch { offset: start, .. } => assert_eq!(at(start), self.nodes[id].log.len()),
                Action::Committed {
                    high_watermark,
                    last_stable,
                } => {
                    assert_eq!(high_watermark, last_stable);
                    self.nodes[id].kept_high_watermark = at(high_watermark);
                }
                Action::Acknowledge { token, result } => {
                    let record = self.sent.remove(&token).expect("each is answered once");
                    if result.is_ok() {
                        self.acknowledged.push(record);
                    }
                }
                Action::ProposeIsr(proposal) => self.proposals.push((id, proposal)),
                Action::Follow { .. } => self.cut_to_leader(id),
            }
        }
        let node = &mut self.nodes[id];
        let (epoch, high_watermark) = (node.partition.leader_epoch(), node.partition.high_watermark());
        if let (Role::Leader, Some(epoch)) = (node.partition.role(), epoch) {
            let before = node.led_to.replace((epoch, high_watermark));
            assert!(
                before.is_none_or(|(of, to)| of != epoch || to <= high_watermark),
                "a leader's high watermark went back from {before:?} to {high_watermark}"
            );
        }
    }

    /// A follower cuts off what its leader does not have (the reign in each record stands for the epoch tables).
    fn cut_to_leader(&mut self, id: usize) {
        let Role::Follower { leader: Some(leader) } = self.nodes[id].partition.role() else {
            return;
        };
        let leads = &self.nodes[index(leader)];
        if !leads.is_up || leads.partition.role() != Role::Leader {
            return;
        }
        let (mine, theirs) = (&self.nodes[id].log, &leads.log);
        let common = mine.iter().zip(theirs).take_while(|(a, b)| a == b).count();
        if common < mine.len() {
            let node = &mut self.nodes[id];
            node.log.truncate(common);
            node.durable = node.durable.min(common);
            self.log_moved(id);
        }
    }

    fn log_moved(&mut self, id: usize) {
        let ends = ends(&self.nodes[id].log, self.nodes[id].durable);
        self.event(id, Event::LogMoved(ends));
    }

    fn append(&mut self, id: usize, acks: Acks) {
        let node = &mut self.nodes[id];
        if !node.is_up || node.partition.role() != Role::Leader || node.partition.check_append(acks).is_err()
        {
            return;
        }
        let record = (node.partition.leader_epoch().unwrap().get(), self.next_record);
        let token = AckToken(self.next_record);
        self.next_record += 1;
        node.log.push(record);
        let end = offset(node.log.len());
        self.log_moved(id);
        match acks {
            Acks::All => {
                self.sent.insert(token, record);
                self.event(id, Event::AcksAwaited { token, end, acks });
            }
            Acks::Leader => {}
        }
    }

    fn sync(&mut self, id: usize) {
        if self.nodes[id].is_up {
            self.nodes[id].durable = self.nodes[id].log.len();
            self.log_moved(id);
        }
    }

    /// A follower asks for what comes after what is durable there.
    fn send_fetch(&mut self, id: usize) {
        let node = &self.nodes[id];
        if node.is_up && matches!(node.partition.role(), Role::Follower { leader: Some(_) }) {
            self.fetches.push(Message {
                from: id,
                leader_epoch: node.partition.leader_epoch().unwrap(),
                broker_epoch: node.epoch,
                durable: node.log[..node.durable].to_vec(),
            });
        }
    }

    /// A Fetch comes to whoever leads it, and its answer comes back.
    fn deliver_fetch(&mut self, nth: usize) {
        if self.fetches.is_empty() {
            return;
        }
        let message = self.fetches.remove(nth % self.fetches.len());
        let Some(leader) = self.leader else { return };
        let leads = &self.nodes[leader].partition;
        if !self.nodes[leader].is_up
            || leads.role() != Role::Leader
            || leads.check_epoch(Some(message.leader_epoch)).is_err()
            || leads.check_follower(broker(message.from)).is_err()
        {
            return;
        }
        // A Fetch whose log parts from the leader's is answered with where, and tells nothing else.
        if !self.nodes[leader].log.starts_with(&message.durable) {
            self.cut_to_leader(message.from);
            return;
        }
        let fetch = FollowerFetch {
            replica: broker(message.from),
            broker_epoch: Some(message.broker_epoch),
            offset: offset(message.durable.len()),
            log_start: Offset::ZERO,
            leader_log_end: offset(self.nodes[leader].log.len()),
        };
        self.event(leader, Event::Fetched(fetch));
        let high_watermark = self.nodes[leader].partition.high_watermark();
        let log = self.nodes[leader].log.clone();
        let follower = &mut self.nodes[message.from];
        let is_current = follower.is_up
            && follower.epoch == message.broker_epoch
            && follower.partition.leader_epoch() == Some(message.leader_epoch)
            && follower.log.len() <= log.len()
            && follower.log[..] == log[..follower.log.len()];
        if is_current {
            follower.log = log;
            self.log_moved(message.from);
            self.event(message.from, Event::LeaderHighWatermark(high_watermark));
        }
    }

    /// The controller decides about a proposal.
    fn decide(&mut self, nth: usize) {
        if self.proposals.is_empty() {
            return;
        }
        let (from, proposal) = self.proposals.remove(nth % self.proposals.len());
        let replaces = proposal.partition_epoch;
        let is_eligible = |(id, epoch): &(BrokerId, Option<BrokerEpoch>)| {
            let node = &self.nodes[index(*id)];
            node.is_up && epoch.is_none_or(|epoch| epoch == node.epoch)
        };
        let answer = if proposal.leader_epoch.get() != self.leader_epoch
            || proposal.partition_epoch.get() != self.partition_epoch
            || self.leader != Some(from)
        {
            IsrAnswer::Outdated
        } else if !proposal.in_sync_replicas.iter().all(is_eligible) {
            IsrAnswer::Rejected
        } else {
            self.in_sync = proposal.in_sync_replicas.into_iter().map(|(id, _)| id).collect();
            self.partition_epoch += 1;
            IsrAnswer::Changed {
                partition_epoch: PartitionEpoch::new(self.partition_epoch),
                in_sync_replicas: self.in_sync.clone(),
            }
        };
        self.answers.push((from, replaces, answer));
    }

    fn deliver_answer(&mut self, nth: usize) {
        if self.answers.is_empty() {
            return;
        }
        let (to, replaces, answer) = self.answers.remove(nth % self.answers.len());
        if self.nodes[to].is_up {
            self.event(to, Event::IsrAnswered { replaces, answer });
        }
    }

    /// Power goes: what was not synced is gone, and the controller elects another leader of the in-sync set.
    fn crash(&mut self, id: usize) {
        let node = &mut self.nodes[id];
        if !node.is_up {
            return;
        }
        node.is_up = false;
        node.log.truncate(node.durable);
        self.fetches.retain(|message| message.from != id);
        self.proposals.retain(|(from, _)| *from != id);
        self.answers.retain(|(to, ..)| *to != id);
        // Nobody hears its answers any more.
        if self.leader == Some(id) {
            self.sent.clear();
        }
        if self.in_sync.len() > 1 {
            self.in_sync.retain(|member| *member != broker(id));
        }
        self.elect();
    }

    fn start(&mut self, id: usize) {
        let node = &mut self.nodes[id];
        if node.is_up {
            return;
        }
        node.is_up = true;
        node.epoch = BrokerEpoch::new(node.epoch.get() + 1);
        node.led_to = None;
        let ends = ends(&node.log, node.durable);
        node.partition = Partition::new(broker(id), self.config, ends, offset(node.kept_high_watermark));
        self.elect();
    }

    fn elect(&mut self) {
        let is_led = self.leader.is_some_and(|leader| {
            // A broker that comes back leads a new reign.
            self.nodes[leader].is_up && self.nodes[leader].partition.role() == Role::Leader
        });
        if !is_led {
            let members = self.in_sync.iter().map(|id| index(*id));
            self.leader = members.into_iter().find(|id| self.nodes[*id].is_up);
            self.leader_epoch += 1;
        }
        self.partition_epoch += 1;
    }

    fn tick(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
        for id in 0..BROKERS {
            if self.nodes[id].is_up {
                let mut actions = Vec::new();
                self.nodes[id].partition.handle_timeout(self.now, &mut actions);
                self.perform(id, actions);
            }
        }
    }

    fn step(&mut self, (kind, which): (u8, usize)) {
        let id = which % BROKERS;
        match kind {
            0..=5 => {
                if let Some(leader) = self.leader {
                    self.append(leader, if which % 4 == 0 { Acks::Leader } else { Acks::All });
                }
            }
            6..=11 => self.sync(id),
            12..=19 => self.send_fetch(id),
            20..=29 => self.deliver_fetch(which),
            30..=33 => self.decide(which),
            34..=37 => self.deliver_answer(which),
            38..=41 => self.publish(u8::try_from(which % 8).unwrap()),
            42..=44 => self.tick(u64::try_from(which % 1500).unwrap()),
            45 => self.crash(id),
            46.. => self.start(id),
        }
        self.check();
    }

    /// Whoever may be elected has all that was acknowledged, on its disk.
    fn check(&self) {
        for member in &self.in_sync {
            let node = &self.nodes[index(*member)];
            let durable = &node.log[..node.durable];
            for record in &self.acknowledged {
                assert!(
                    durable.contains(record),
                    "broker {member} is in sync and lacks {record:?}, which was acknowledged"
                );
            }
        }
    }

    /// All is well again: everything comes to an agreement.
    fn settle(&mut self) {
        for id in 0..BROKERS {
            self.start(id);
        }
        for _ in 0..40 {
            self.publish(0b111);
            for id in 0..BROKERS {
                self.sync(id);
                self.send_fetch(id);
            }
            while !self.fetches.is_empty() {
                self.deliver_fetch(0);
            }
            while !self.proposals.is_empty() {
                self.decide(0);
            }
            while !self.answers.is_empty() {
                self.deliver_answer(0);
            }
            self.check();
        }
        let leader = &self.nodes[self.leader.expect("somebody leads")];
        assert_eq!(self.in_sync.len(), BROKERS, "all are in sync");
        assert_eq!(
            at(leader.partition.high_watermark()),
            leader.log.len(),
            "all is committed"
        );
        assert!(self.sent.is_empty(), "nobody waits: {:?}", self.sent);
        for node in &self.nodes {
            assert_eq!(node.log, leader.log, "the logs are alike");
        }
    }
}

proptest! {
    // More of them: PROPTEST_CASES=150000 cargo test -p corelog-partition --test cluster
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(1500)))]
    #[test]
    fn nothing_acknowledged_is_lost(
        min_in_sync in 1usize..=3,
        steps in prop::collection::vec((0u8..48, 0usize..3000), 0..400),
    ) {
        let mut cluster = Cluster::new(min_in_sync);
        for step in steps {
            cluster.step(step);
        }
        cluster.settle();
    }
}
