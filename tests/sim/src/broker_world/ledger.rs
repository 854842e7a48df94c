//! The topic of transactions, and what is known of each: which batches it has, whether its commit was asked for, and whether
//! it was told that it is committed.
//!
//! - A batch is visible to readers of committed records only if the commit of its transaction was asked for.
//! - Of a transaction whose commit was answered every batch is visible in the end; of any other all or none.
//! - A group's offset is that of the newest transaction that is committed, of those that had one.
//! - A batch is at one offset; what is visible at an offset stays.
//! - The last stable offset never falls, and nothing behind it is given to who reads committed records.
//! - When faults are over every transaction ends: the last stable offset comes to the end of the log.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_model::batch::{check_crc, parse_header};
use corelog_model::{ProducerId, TopicId, TransactionResult};
use corelog_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic, PartitionData};
use corelog_protocol::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};
use corelog_records::end_marker;

use super::batches::number_of;
use super::clients::Clients;
use super::oracle::Oracle;
use super::topics;
use super::wire::{Gone, Wire};

/// The topic that transactions write to, and nobody else.
pub(super) const LEDGER: &str = "ledger";
pub(super) const PARTITIONS: i32 = 3;
const FETCH: i16 = 13;
const OFFSET_FETCH: i16 = 7;
const READ_COMMITTED: i8 = 1;
const BYTES_MAX: i32 = 1 << 20;

/// How far a transaction has come, as its client knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Commit {
    /// Nobody has asked for its commit: it must not be seen.
    NotAsked,
    /// It may be committed.
    Asked,
    /// It is committed.
    Told,
}

#[derive(Debug)]
struct Transaction {
    id: String,
    commit: Commit,
    batches: Vec<u64>,
    /// The offset that its group commits with it.
    offset: Option<i64>,
}

#[derive(Debug)]
struct Batch {
    transaction: usize,
    partition: i32,
    crc: u32,
    at: Option<i64>,
    is_visible: bool,
}

/// What one partition has told.
#[derive(Clone, Copy, Default, Debug)]
struct Told {
    stable: i64,
    end: i64,
}

/// The one who knows of transactions.
#[derive(Default)]
pub(super) struct Ledger {
    transactions: RefCell<Vec<Transaction>>,
    /// By the batches' numbers.
    batches: RefCell<BTreeMap<u64, Batch>>,
    told: RefCell<BTreeMap<i32, Told>>,
    topic: Cell<Option<TopicId>>,
}

impl Ledger {
    /// A transaction of `id` begins.
    pub(super) fn begin(&self, id: &str) -> usize {
        let mut transactions = self.transactions.borrow_mut();
        transactions.push(Transaction {
            id: id.to_owned(),
            commit: Commit::NotAsked,
            batches: Vec::new(),
            offset: None,
        });
        transactions.len() - 1
    }

    /// A number for a batch.
    pub(super) fn next_number(&self) -> u64 {
        u64::try_from(self.batches.borrow().len()).expect("a run has fewer batches")
    }

    /// The transaction has a batch, which has not been sent yet.
    pub(super) fn register(&self, transaction: usize, number: u64, partition: i32, bytes: &Bytes) {
        let crc = parse_header(bytes).expect("built here").crc;
        self.transactions.borrow_mut()[transaction].batches.push(number);
        let batch = Batch {
            transaction,
            partition,
            crc,
            at: None,
            is_visible: false,
        };
        self.batches.borrow_mut().insert(number, batch);
    }

    /// The batch was acknowledged.
    pub(super) fn acknowledged(&self, oracle: &Oracle, number: u64, offset: i64) {
        if offset >= 0 {
            self.placed(oracle, number, offset);
        }
    }

    fn placed(&self, oracle: &Oracle, number: u64, offset: i64) {
        let mut batches = self.batches.borrow_mut();
        let batch = batches.get_mut(&number).expect("a registered batch");
        if let Some(other) = batch.at.replace(offset).filter(|other| *other != offset) {
            let partition = batch.partition;
            oracle.violate(format!(
                "{LEDGER}-{partition}: batch {number} is at {other} and at {offset}"
            ));
        }
    }

    /// The group's offset is to be committed with the transaction.
    pub(super) fn offset(&self, transaction: usize, offset: i64) {
        self.transactions.borrow_mut()[transaction].offset = Some(offset);
    }

    /// The commit of the transaction is about to be asked for.
    pub(super) fn commit_asked(&self, transaction: usize) {
        self.transactions.borrow_mut()[transaction].commit = Commit::Asked;
    }

    /// The commit of the transaction was answered.
    pub(super) fn committed(&self, transaction: usize) {
        self.transactions.borrow_mut()[transaction].commit = Commit::Told;
    }

    fn told(&self, partition: i32) -> Told {
        self.told.borrow().get(&partition).copied().unwrap_or_default()
    }

    /// An answer to a request that was sent at `floor`.
    fn hears(&self, oracle: &Oracle, partition: i32, floor: Told, data: &PartitionData) {
        let (stable, end) = (data.last_stable_offset, data.high_watermark);
        if stable < floor.stable || end < floor.end || stable > end {
            oracle.violate(format!(
                "{LEDGER}-{partition}: the last stable offset is {stable} of {end}, after {floor:?}"
            ));
        }
        let mut told = self.told.borrow_mut();
        let told = told.entry(partition).or_default();
        told.stable = told.stable.max(stable);
        told.end = told.end.max(end);
    }

    fn visible(&self, oracle: &Oracle, partition: i32, base: i64, number: u64, crc: u32) {
        let commit = {
            let mut batches = self.batches.borrow_mut();
            match batches.get_mut(&number) {
                Some(batch) if batch.partition == partition && batch.crc == crc => {
                    batch.is_visible = true;
                    Some(self.transactions.borrow()[batch.transaction].commit)
                }
                Some(_) | None => None,
            }
        };
        match commit {
            None => oracle.violate(format!(
                "{LEDGER}-{partition}: nobody has sent the batch at {base}"
            )),
            Some(Commit::NotAsked) => oracle.violate(format!(
                "{LEDGER}-{partition}: batch {number} at {base} is read, and nobody has asked for its commit"
            )),
            Some(Commit::Asked | Commit::Told) => self.placed(oracle, number, base),
        }
    }

    /// All of every partition has been read, and every transaction has ended: each is there as a whole, or not at all. Returns
    /// what the groups' offsets are to be.
    fn settle(&self, oracle: &Oracle) -> BTreeMap<String, i64> {
        let batches = self.batches.borrow();
        let mut offsets = BTreeMap::new();
        for (number, transaction) in self.transactions.borrow().iter().enumerate() {
            let is_visible = |batch: &&u64| batches[batch].is_visible;
            let seen = transaction.batches.iter().filter(is_visible).count();
            let is_whole = seen == transaction.batches.len();
            let is_as_told = match transaction.commit {
                Commit::NotAsked => seen == 0,
                Commit::Asked => seen == 0 || is_whole,
                Commit::Told => is_whole,
            };
            if !is_as_told {
                oracle.violate(format!(
                    "{seen} batches are there of transaction {number}: {transaction:?}"
                ));
            }
            let group = offsets.entry(group_of(&transaction.id)).or_insert(-1);
            if seen > 0
                && let Some(offset) = transaction.offset
            {
                *group = offset;
            }
        }
        offsets
    }

    /// Before all is read once more.
    fn forget_visible(&self) {
        for batch in self.batches.borrow_mut().values_mut() {
            batch.is_visible = false;
        }
    }

    /// The topic's id; makes the topic if it is not there.
    pub(super) async fn topic(&self, wire: &mut Wire) -> Result<TopicId, Gone> {
        if let Some(id) = self.topic.get() {
            return Ok(id);
        }
        topics::create(wire, LEDGER, PARTITIONS).await?;
        let found = topics::describe(wire, LEDGER).await?.ok_or(Gone)?;
        self.topic.set(Some(found.topic_id));
        Ok(found.topic_id)
    }
}

/// The group whose offsets the transactions of an id commit.
pub(super) fn group_of(id: &str) -> String {
    format!("group of {id}")
}

fn fetch(topic: TopicId, partition: i32, from: i64, wait_ms: i32) -> FetchRequest {
    FetchRequest {
        max_wait_ms: wait_ms,
        min_bytes: 1,
        max_bytes: BYTES_MAX,
        isolation_level: READ_COMMITTED,
        session_epoch: -1,
        topics: vec![FetchTopic {
            topic_id: topic,
            partitions: vec![FetchPartition {
                partition,
                current_leader_epoch: -1,
                fetch_offset: from,
                last_fetched_epoch: -1,
                log_start_offset: -1,
                partition_max_bytes: BYTES_MAX,
                ..FetchPartition::default()
            }],
            ..FetchTopic::default()
        }],
        ..FetchRequest::default()
    }
}

/// Reads committed records once from `from` on, as clients do: what is aborted they leave out themselves. Returns where to
/// read on, and the last stable offset and the end of the log; nothing if the partition cannot be read now.
async fn read(
    clients: &Clients,
    wire: &mut Wire,
    partition: i32,
    from: i64,
    wait_ms: i32,
) -> Result<Option<(i64, i64, i64)>, Gone> {
    let (ledger, oracle) = (&clients.ledger, &clients.oracle);
    let topic = ledger.topic(wire).await?;
    let floor = ledger.told(partition);
    let mut response = wire.call(FETCH, &fetch(topic, partition, from, wait_ms)).await?;
    let data = response.topics.pop().and_then(|mut topic| topic.partitions.pop());
    let Some(data) = data.filter(|data| response.error_code == 0 && data.error_code == 0) else {
        return Ok(None);
    };
    ledger.hears(oracle, partition, floor, &data);
    let stable = data.last_stable_offset;
    let mut aborted: Vec<(i64, i64)> = data
        .aborted_transactions
        .unwrap_or_default()
        .into_iter()
        .map(|one| (one.first_offset, one.producer_id))
        .collect();
    aborted.sort_unstable();
    let mut aborted = aborted.into_iter().peekable();
    let mut ignored: BTreeSet<ProducerId> = BTreeSet::new();
    let mut bytes = data
        .records
        .map(|records| records.into_bytes())
        .unwrap_or_default();
    let mut next = from;
    while let Ok(header) = parse_header(&bytes) {
        if header.size > bytes.len() {
            break;
        }
        let batch = bytes.split_to(header.size);
        let (base, end) = (header.base_offset.get(), header.next_offset().get());
        if check_crc(&header, &batch).is_err() || end > stable || end <= next {
            oracle.violate(format!(
                "{LEDGER}-{partition}: a batch of {base}..{end} was read at {next}, stable up to {stable}"
            ));
            return Err(Gone);
        }
        while let Some((_, producer)) = aborted.next_if(|(first, _)| *first < end) {
            ignored.insert(ProducerId::new(producer));
        }
        next = end;
        let producer = header.producer.map(|producer| producer.id);
        if header.is_control {
            let ends = end_marker(&header, &batch).map(|marker| marker.result);
            if let Some(producer) = producer.filter(|_| ends == Some(TransactionResult::Abort)) {
                ignored.remove(&producer);
            }
            continue;
        }
        if producer.is_some_and(|producer| ignored.contains(&producer)) {
            continue;
        }
        match number_of(&header) {
            Some(number) => ledger.visible(oracle, partition, base, number, header.crc),
            None => oracle.violate(format!(
                "{LEDGER}-{partition}: the batch at {base} was never sent"
            )),
        }
    }
    oracle.reads.set(oracle.reads.get() + 1);
    Ok(Some((next, stable, data.high_watermark)))
}

/// Reads committed records until the clients are told to close.
pub(super) async fn run(clients: Rc<Clients>) {
    let mut random = clients.random();
    let mut wire = clients.wire();
    let mut positions = [0; PARTITIONS as usize];
    while !clients.is_closing.get() && !clients.oracle.is_violated() {
        let chosen = random.index(positions.len());
        let partition = i32::try_from(chosen).expect("few partitions");
        let wait_ms = i32::try_from(random.below(300)).expect("small");
        match read(&clients, &mut wire, partition, positions[chosen], wait_ms).await {
            Ok(Some((next, ..))) => positions[chosen] = next,
            Ok(None) => {}
            Err(Gone) => wire.disconnect(),
        }
        if random.below(10) == 0 {
            positions[chosen] = 0;
        }
        clients.pause(&mut random, Duration::from_millis(20)).await;
    }
}

/// With all faults over and nobody writing: every transaction ends, and is there as a whole or not at all.
pub(super) async fn check(clients: Rc<Clients>) {
    let (ledger, oracle) = (&clients.ledger, &clients.oracle);
    if ledger.transactions.borrow().is_empty() {
        return;
    }
    let mut wire = clients.wire();
    let nap = Duration::from_millis(50);
    ledger.forget_visible();
    for partition in 0..PARTITIONS {
        let (mut next, mut end) = (0, None);
        while end.is_none_or(|end| next < end) && !oracle.is_violated() {
            match read(&clients, &mut wire, partition, next, 0).await {
                Ok(Some((_, stable, high_watermark))) if stable < high_watermark => {
                    clients.note(format!(
                        "{LEDGER}-{partition} is stable up to {stable} of {high_watermark}"
                    ));
                    clients.sleep(nap).await;
                }
                Ok(Some((read_to, _, high_watermark))) => (next, end) = (read_to, Some(high_watermark)),
                Ok(None) => clients.sleep(nap).await,
                Err(Gone) => {
                    wire.disconnect();
                    clients.sleep(nap).await;
                }
            }
        }
    }
    for (group, expected) in ledger.settle(oracle) {
        while !oracle.is_violated() {
            match offset_of(&mut wire, &group).await {
                Ok(Some(offset)) if offset == expected => break,
                Ok(Some(offset)) => oracle.violate(format!("{group} is at {offset}, not {expected}")),
                Ok(None) => {}
                Err(Gone) => wire.disconnect(),
            }
            clients.note(format!("the offset of {group} is not stable"));
            clients.sleep(nap).await;
        }
    }
}

/// A group's offset, once it is stable.
async fn offset_of(wire: &mut Wire, group: &str) -> Result<Option<i64>, Gone> {
    let request = OffsetFetchRequest {
        group_id: group.to_owned(),
        topics: Some(vec![OffsetFetchRequestTopic {
            name: LEDGER.to_owned(),
            partition_indexes: vec![0],
        }]),
        require_stable: true,
        ..OffsetFetchRequest::default()
    };
    let response = wire.call(OFFSET_FETCH, &request).await?;
    let answer = response.topics.iter().flat_map(|topic| &topic.partitions).next();
    let is_well = |code: i16| response.error_code == 0 && code == 0;
    Ok(answer
        .filter(|answer| is_well(answer.error_code))
        .map(|answer| answer.committed_offset))
}
