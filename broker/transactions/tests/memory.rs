//! What idle transactional ids take. A file of its own, so that no other test allocates meanwhile.

use corelog_model::{LeaderEpoch, ProducerEpoch, ProducerId, TimestampMs};
use corelog_transactions::records::LogValueVersion;
use corelog_transactions::{
    Partitions, TransactionConfig, TransactionCoordinator, TransactionLogValue, TransactionState,
    TransactionVersion,
};

const COUNT: u32 = 200_000;
/// For a name of 24 bytes, with the C library's allocator: 200 MB a million.
const BYTES_MAX: usize = 210;
const PAGE_BYTES: usize = 4096;

/// What the process has in memory (`proc(5)`, `statm`).
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statm.split(' ').nth(1).expect("a second field");
    pages.parse::<usize>().expect("a number") * PAGE_BYTES
}

fn record(index: u32) -> (Vec<u8>, bytes::Bytes) {
    // Not in order, as the names of clients are not.
    let name = format!(
        "app-{:08x}-producer-{:02}",
        index.wrapping_mul(0x9e37_79b9),
        index % 100
    );
    assert_eq!(name.len(), 24);
    let mut key = vec![0, 0, 0, 24];
    key.extend(name.into_bytes());
    let value = TransactionLogValue {
        producer_id: ProducerId::new(i64::from(index)),
        previous_producer_id: Some(ProducerId::new(i64::from(index))),
        next_producer_id: None,
        producer_epoch: ProducerEpoch::new(7),
        last_producer_epoch: Some(ProducerEpoch::new(6)),
        timeout_ms: 60_000,
        state: TransactionState::CompleteCommit,
        partitions: Partitions::default(),
        last_update: TimestampMs::new(1_700_000_000_000),
        start: Some(TimestampMs::new(1_700_000_000_000)),
        client_version: TransactionVersion::V2,
    };
    (key, value.encode(LogValueVersion::V1))
}

#[test]
fn a_million_idle_ids_are_cheap() {
    let mut coordinator = TransactionCoordinator::new(TransactionConfig::default(), LeaderEpoch::new(0));
    let before = resident_bytes();
    for index in 0..COUNT {
        let (key, value) = record(index);
        coordinator.load(&key, Some(&value)).expect("our own record");
    }
    let grown = resident_bytes() - before;
    assert_eq!(coordinator.transactional_id_count(), 200_000);
    let each = grown / usize::try_from(COUNT).expect("small");
    assert!(each <= BYTES_MAX, "{each} bytes each");
    assert!(each > 100, "{each} bytes each cannot be");
    println!("{each} bytes each");
}
