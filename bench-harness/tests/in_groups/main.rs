//! The generator's consumers in real groups of a real broker, in one process.

mod broker;

use std::collections::BTreeMap;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;

use broker::{Broker, INTERVAL};
use corelog_bench::client::{BrokerConnection, ClientError, resolve};
use corelog_bench::run::{RunError, RunResult, here, run};
use corelog_bench::workload::{Workload, parse};
use corelog_client::{Client, GroupDescription, OffsetAt};
use corelog_model::PartitionIndex;
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::consumer_protocol::ConsumerProtocolSubscription;
use corelog_protocol::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use corelog_runtime::Shard;

const WORKLOAD: &str = "subscriptions_per_topic = 2\nconsumers_per_subscription = 3\npartitions_per_topic = 7\n\
                        producer_rate = 2000\nwarm_up_s = 0.2\nduration_s = 1.0";

fn workload(settings: &[&str]) -> Workload {
    let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
    parse(WORKLOAD, &settings).expect("a workload")
}

/// Runs against `broker`, and checks that each of `groups` groups has read everything.
fn run_well(broker: &Broker, workload: &Workload) -> RunResult {
    let result = run(&broker.options(), workload).expect("the run goes through");
    assert!(result.measured.errors.is_empty(), "{:?}", result.measured.errors);
    let verification = result.verification.expect("there are consumers");
    assert!(verification.holds(), "{verification:?}");
    let published: u64 = result.seconds.iter().map(|row| row.published).sum();
    let groups = u64::from(workload.subscriptions_per_topic);
    assert_eq!(verification.expected, published * groups);
    assert!(published >= 2000, "{published}");
    result
}

/// Where the partitions of `topic` end.
fn ends(client: &mut Client, topic: &str, partitions: i32) -> BTreeMap<PartitionIndex, i64> {
    let partitions: Vec<PartitionIndex> = (0..partitions).map(PartitionIndex::new).collect();
    let ends = client.list_offsets(topic, &partitions, OffsetAt::Latest);
    let ends = ends.expect("the offsets are known").into_iter();
    ends.map(|(partition, end)| (partition, end.expect("an end").get()))
        .collect()
}

/// Checks that there are two groups of the run's topic, which all have left, and that each committed where it ended.
fn check_commits(broker: &Broker, partitions: i32) {
    let mut client = broker.client();
    let groups = client.list_groups().expect("the groups are listed");
    assert_eq!(groups.len(), 2, "{groups:?}");
    for (group, number) in groups.iter().zip(0..) {
        let topic = group.id.strip_suffix(&format!("-{number}")).expect(&group.id);
        assert!(topic.starts_with("bench-"), "{topic}");
        assert_eq!(
            (group.state.as_str(), group.protocol_type.as_str()),
            ("Empty", "consumer")
        );
        let committed = client.group_offsets(&group.id).expect("the offsets are known");
        let committed: BTreeMap<PartitionIndex, i64> = committed
            .into_iter()
            .map(|((of, partition), committed)| {
                assert_eq!(of, topic);
                (partition, committed.offset.get())
            })
            .collect();
        let ends = ends(&mut client, topic, partitions);
        assert_eq!(committed, ends);
        assert!(ends.values().sum::<i64>() >= 2000, "{ends:?}");
    }
}

#[test]
fn members_share_a_topic_and_commit_what_they_read() {
    // The broker waits for the members of a new group, so that all of them are in the first generation.
    let broker = Broker::start(&[("group.initial.rebalance.delay.ms", "1000")]);
    run_well(&broker, &workload(&[]));
    check_commits(&broker, 7);
    broker.stop();
}

#[test]
fn a_group_fills_up_by_rebalances_when_nobody_is_waited_for() {
    let broker = Broker::start(&[("group.initial.rebalance.delay.ms", "0")]);
    run_well(&broker, &workload(&[]));
    check_commits(&broker, 7);
    broker.stop();
}

#[test]
fn a_member_may_have_nothing_to_read() {
    let broker = Broker::start(&[("group.initial.rebalance.delay.ms", "500")]);
    run_well(&broker, &workload(&["partitions_per_topic=2"]));
    check_commits(&broker, 2);
    broker.stop();
}

#[test]
fn without_groups_the_broker_knows_of_none() {
    let broker = Broker::start(&[]);
    run_well(&broker, &workload(&["consumer_groups=false"]));
    assert_eq!(broker.client().list_groups().expect("the groups are listed"), []);
    broker.stop();
}

/// Joins `group` as a further consumer of `topic`.
fn intrude(bootstrap: String, group: String, topic: String) {
    let joining = |shard: Shard<()>| async move {
        let address = resolve(&bootstrap).expect("an address");
        let mut coordinator = BrokerConnection::open(&shard.handle, address).await?;
        let subscription = ConsumerProtocolSubscription {
            topics: vec![topic],
            ..ConsumerProtocolSubscription::default()
        };
        let mut request = JoinGroupRequest {
            group_id: group,
            session_timeout_ms: 45_000,
            rebalance_timeout_ms: 300_000,
            protocol_type: String::from("consumer"),
            protocols: vec![JoinGroupRequestProtocol {
                name: String::from("range"),
                metadata: subscription.to_metadata(0).expect("it can be written"),
            }],
            ..JoinGroupRequest::default()
        };
        let refused = coordinator.call(&request).await?;
        assert_eq!(refused.error_code, ErrorCode::MemberIdRequired.code());
        request.member_id = refused.member_id;
        // Answered once the others have joined again or are taken for gone; the broker's end comes before that.
        let _unanswered = coordinator.call(&request).await;
        Ok(())
    };
    let joined: Result<(), ClientError> = here(joining).expect("a shard");
    joined.expect("it was given an id");
}

/// The first of the groups, once it is stable with its three members.
fn stable_group(client: &mut Client) -> Option<GroupDescription> {
    let groups = client.list_groups().expect("the groups are listed");
    let group = client.describe_group(&groups.first()?.id).ok()?;
    (group.state == "Stable" && group.members.len() == 3).then_some(group)
}

#[test]
fn a_rebalance_in_mid_run_ends_the_run() {
    let broker = Broker::start(&[("group.initial.rebalance.delay.ms", "500")]);
    let options = broker.options();
    let (sender, ended) = channel();
    let running = thread::spawn(move || {
        let result = run(&options, &workload(&["duration_s=60"]));
        sender.send(()).expect("the test waits");
        result
    });
    let mut client = broker.client();
    let group = loop {
        if let Some(group) = stable_group(&mut client) {
            break group;
        }
        assert_eq!(
            ended.recv_timeout(INTERVAL),
            Err(RecvTimeoutError::Timeout),
            "the run ended"
        );
    };
    let shares: Vec<usize> = group
        .members
        .iter()
        .map(|member| member.assignment.values().map(Vec::len).sum())
        .collect();
    assert_eq!(shares.iter().sum::<usize>(), 7, "{shares:?}");
    assert!(shares.iter().all(|share| (2..=3).contains(share)), "{shares:?}");
    assert_eq!(group.protocol, "range");
    let (id, topic) = (
        group.id.clone(),
        group.id.strip_suffix("-0").expect("the first").to_owned(),
    );
    let bootstrap = broker.options().bootstrap;
    let intruder = thread::spawn(move || intrude(bootstrap, id, topic));
    match running.join().expect("no panic") {
        Err(RunError::Client(error @ ClientError::Rebalanced { .. })) => {
            let told = format!("the group {} rebalanced in mid-run: ", group.id);
            assert!(error.to_string().starts_with(&told), "{error}");
        }
        other => panic!("{:?}", other.map(|result| result.verification)),
    }
    broker.stop();
    intruder.join().expect("it joined");
}

#[test]
fn what_is_committed_is_read() {
    let broker = Broker::start(&[("group.initial.rebalance.delay.ms", "500")]);
    let settings = [
        "transaction_ms=20",
        "producers_per_topic=2",
        "isolation=\"read_committed\"",
    ];
    let result = run_well(&broker, &workload(&settings));
    // Two producers for a second, on a machine that has other things to do.
    let committed = result.measured.commits.count();
    assert!((2..=100).contains(&committed), "{committed}");
    broker.stop();
}

#[test]
fn a_transaction_may_have_one_message() {
    let broker = Broker::start(&[]);
    let settings = [
        "transaction_messages=1",
        "mode=\"closed\"",
        "linger_ms=0",
        "subscriptions_per_topic=0",
    ];
    let result = run(&broker.options(), &workload(&settings)).expect("the run goes through");
    assert!(result.measured.errors.is_empty(), "{:?}", result.measured.errors);
    assert_eq!(result.measured.commits.count(), result.measured.totals.published);
    assert!(result.measured.totals.published > 0);
    broker.stop();
}
