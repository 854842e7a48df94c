//! Logs whose end is cut off, logs with gaps, and the high watermark that is kept.

mod common;

use std::cell::Cell;
use std::rc::{Rc, Weak};

use common::{Fields, append, id, offset, open, simulation, small_config, spec, valid};
use corelog_model::{LeaderEpoch, Offset, ValidatedBatch};
use corelog_sim::Machine;
use corelog_storage::{
    AppendError, AppendOptions, AppendOrigin, LogConfig, LogOwner, PartitionLog, ReadIsolation, Storage,
    TruncateError,
};

const AS_REPLICA: AppendOptions = AppendOptions {
    origin: AppendOrigin::Replica,
};

/// How a life ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Close,
    Kill,
    PowerLoss,
}

const ENDS: [End; 3] = [End::Close, End::Kill, End::PowerLoss];

async fn finish(storage: Rc<Storage>, how: End) {
    if how == End::Close {
        storage.close().await.unwrap();
    }
    drop(storage);
}

/// Ends the machine's process, from outside of it.
fn crash(machine: &Machine, how: End) {
    match how {
        End::Close | End::PowerLoss => {
            machine.lose_power(None);
        }
        End::Kill => machine.kill(),
    }
}

/// A leader's batch, as a follower gets it.
fn placed(base: i64, epoch: i32, size: usize, fill: u8) -> ValidatedBatch {
    let batch = valid(Fields {
        size,
        fill,
        ..Fields::default()
    });
    let mut bytes = batch.bytes().to_vec();
    bytes[0..8].copy_from_slice(&base.to_be_bytes());
    bytes[12..16].copy_from_slice(&epoch.to_be_bytes());
    ValidatedBatch::new(bytes.into()).unwrap()
}

async fn follow(log: &Rc<PartitionLog>, batches: Vec<ValidatedBatch>) {
    log.append(batches, AS_REPLICA).await.unwrap();
}

/// The base offsets and the epochs of all batches, found from every offset at once.
async fn bases(log: &Rc<PartitionLog>) -> Vec<(i64, i32, u8)> {
    let mut found = Vec::new();
    let mut at = log.offsets().log_start;
    while at < log.offsets().log_end {
        let slice = log.read(at, 1, ReadIsolation::LogEnd).await.unwrap();
        let mut bytes = bytes::Bytes::from(slice.pieces.concat());
        assert!(!bytes.is_empty(), "nothing at {at} of {:?}", log.offsets());
        while !bytes.is_empty() {
            let batch = ValidatedBatch::split_from(&mut bytes).unwrap();
            let header = *batch.header();
            // From any offset of the gap before it, too.
            for from in at.get()..header.base_offset.get() {
                let slice = log.read(offset(from), 1, ReadIsolation::LogEnd).await.unwrap();
                assert_eq!(slice.pieces.concat()[..8], header.base_offset.get().to_be_bytes());
            }
            found.push((
                header.base_offset.get(),
                header.leader_epoch.get(),
                batch.bytes()[batch.bytes().len() - 1],
            ));
            at = header.next_offset();
        }
    }
    found
}

/// A follower's log of several segments, with gaps within them, before them and between epochs.
async fn followed(storage: &Storage) -> Rc<PartitionLog> {
    let config = LogConfig {
        segment_bytes: 20_000,
        ..small_config()
    };
    let log = storage.create_partition(spec(0, config)).await.unwrap();
    follow(&log, vec![placed(5, 3, 3000, 1), placed(6, 3, 3000, 2)]).await;
    // More than the bypass takes, with a gap within it and another epoch in the same append.
    follow(
        &log,
        vec![
            placed(10, 3, 6000, 3),
            placed(20, 3, 6000, 4),
            placed(21, 5, 5000, 5),
        ],
    )
    .await;
    follow(&log, vec![placed(40, 7, 9000, 6)]).await;
    follow(&log, vec![placed(41, 7, 9000, 7), placed(50, 7, 100, 8)]).await;
    log
}

const FOLLOWED: [(i64, i32, u8); 8] = [
    (5, 3, 1),
    (6, 3, 2),
    (10, 3, 3),
    (20, 3, 4),
    (21, 5, 5),
    (40, 7, 6),
    (41, 7, 7),
    (50, 7, 8),
];

#[test]
fn a_followers_log_keeps_its_gaps_through_every_end() {
    for (seed, how) in (0..).zip(ENDS) {
        for is_checkpointed in [false, true] {
            let sim = simulation(seed);
            let machine = sim.machine(0);
            sim.block_on(async {
                let storage = open(&machine).await;
                let log = followed(&storage).await;
                assert!(log.segment_count() > 2);
                assert_eq!(bases(&log).await, FOLLOWED);
                if is_checkpointed {
                    storage.checkpoint().await.unwrap();
                }
                finish(storage, how).await;
            });
            crash(&machine, how);
            sim.block_on(async {
                let storage = open(&machine).await;
                let log = storage.partition(&id(0)).unwrap();
                assert_eq!(
                    bases(&log).await,
                    FOLLOWED,
                    "{how:?}, checkpoint {is_checkpointed}"
                );
                assert_eq!(log.offsets().log_end, offset(51));
                let epochs: Vec<_> = log.leader_epochs();
                let epochs: Vec<_> = epochs
                    .iter()
                    .map(|(epoch, start)| (epoch.get(), start.get()))
                    .collect();
                assert_eq!(epochs, [(3, 0), (5, 21), (7, 40)]);
                let found = log
                    .offset_for_timestamp(corelog_model::TimestampMs::new(1000))
                    .await;
                assert_eq!(found.unwrap().unwrap().offset, offset(5));
            });
        }
    }
}

#[test]
fn what_does_not_continue_a_followers_log_is_refused() {
    let sim = simulation(1);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = followed(&storage).await;
        for (base, epoch) in [(50, 7), (0, 9), (51, 6)] {
            let refused = log.append(vec![placed(base, epoch, 100, 9)], AS_REPLICA).await;
            assert!(
                matches!(refused, Err(AppendError::OutOfPlace { .. })),
                "{base} in {epoch}: {refused:?}"
            );
        }
        // Within one append, too.
        let refused = log
            .append(vec![placed(60, 7, 100, 9), placed(60, 7, 100, 9)], AS_REPLICA)
            .await;
        assert!(
            matches!(refused, Err(AppendError::OutOfPlace { .. })),
            "{refused:?}"
        );
        assert_eq!(bases(&log).await, FOLLOWED);
        // A leader's append has the next offset, whatever the batch says.
        log.set_leader_epoch(LeaderEpoch::new(8));
        let batch = placed(999, 0, 100, 9);
        let appended = log.append(vec![batch], AppendOptions::default()).await.unwrap();
        assert_eq!(appended.base_offset, offset(51));
    });
}

#[test]
fn a_cut_holds_through_every_end() {
    // Where it is asked for, and how many of the batches stay.
    let cuts = [
        (51, 8),
        (50, 7),
        (49, 7),
        (42, 7),
        (41, 6),
        (40, 5),
        (22, 5),
        (21, 4),
        (11, 3),
        (7, 2),
        (6, 1),
    ];
    for (seed, (at, kept)) in (0..).zip(cuts) {
        for how in ENDS {
            for checkpoints in [[false, false], [true, false], [false, true]] {
                let sim = simulation(seed);
                let machine = sim.machine(0);
                let label = format!("cut at {at}, {how:?}, checkpoints {checkpoints:?}");
                let mut expected = FOLLOWED[..kept].to_vec();
                let end = expected.last().map_or(0, |(base, ..)| base + 1);
                sim.block_on(async {
                    let storage = open(&machine).await;
                    let log = followed(&storage).await;
                    if checkpoints[0] {
                        storage.checkpoint().await.unwrap();
                    }
                    assert_eq!(log.truncate_to(offset(at)).await.unwrap(), offset(end), "{label}");
                    assert_eq!(bases(&log).await, expected, "{label}");
                    if checkpoints[1] {
                        storage.checkpoint().await.unwrap();
                    }
                    // In place of what was cut off, in another epoch, with the same lengths.
                    follow(&log, vec![placed(60, 9, 6000, 70), placed(61, 9, 6000, 71)]).await;
                    follow(&log, vec![placed(62, 9, 9000, 72)]).await;
                    finish(storage, how).await;
                });
                expected.extend([(60, 9, 70), (61, 9, 71), (62, 9, 72)]);
                crash(&machine, how);
                sim.block_on(async {
                    let storage = open(&machine).await;
                    let log = storage.partition(&id(0)).unwrap();
                    assert_eq!(log.corruption(), None, "{label}");
                    assert_eq!(bases(&log).await, expected, "{label}");
                });
            }
        }
    }
}

#[test]
fn appends_under_way_are_cut_off_and_later_ones_come_behind_the_cut() {
    let sim = simulation(3);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = followed(&storage).await;
        let before = log.append(vec![placed(60, 8, 100, 20)], AS_REPLICA);
        let cut = log.truncate_to(offset(41));
        let mut cut = std::pin::pin!(cut);
        assert!(futures_util::poll!(&mut cut).is_pending());
        let after = log.append(vec![placed(41, 9, 100, 21)], AS_REPLICA);
        assert_eq!(cut.await.unwrap(), offset(41));
        before.await.unwrap();
        after.await.unwrap();
        let mut expected = FOLLOWED[..6].to_vec();
        expected.push((41, 9, 21));
        assert_eq!(bases(&log).await, expected);
        let before_start = log.delete_records(Some(offset(40))).await.unwrap();
        assert_eq!(before_start, offset(40));
        let refused = log.truncate_to(offset(39)).await;
        assert!(
            matches!(refused, Err(TruncateError::OffsetOutOfRange { .. })),
            "{refused:?}"
        );
    });
}

#[test]
fn a_cut_that_takes_nothing_waits_until_the_end_is_durable() {
    let sim = simulation(5);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = followed(&storage).await;
        let under_way = log.append(vec![placed(60, 8, 100, 20)], AS_REPLICA);
        assert_eq!(log.truncate_to(offset(99)).await.unwrap(), offset(61));
        assert_eq!(log.offsets().durable_end, offset(61));
        under_way.await.unwrap();
    });
}

#[test]
fn a_producer_is_known_again_from_the_segment_that_stays() {
    let sim = simulation(4);
    let machine = sim.machine(0);
    sim.block_on(async {
        let storage = open(&machine).await;
        let log = storage.create_partition(spec(0, small_config())).await.unwrap();
        let of = |sequence| Fields {
            producer: 9,
            epoch: 0,
            sequence,
            ..Fields::default()
        };
        for sequence in 0..8 {
            append(&log, of(sequence)).await;
        }
        assert_eq!(log.truncate_to(offset(2)).await.unwrap(), offset(2));
        let repeated = append(&log, of(1)).await;
        assert!(repeated.is_duplicate && repeated.base_offset == offset(1));
        assert_eq!(append(&log, of(2)).await.base_offset, offset(2));
        let ahead = log.append(vec![valid(of(7))], AppendOptions::default()).await;
        assert!(
            matches!(ahead, Err(AppendError::OutOfOrderSequence { .. })),
            "{ahead:?}"
        );
    });
}

/// Commits half of what is durable.
struct Half(Cell<u64>);

impl LogOwner for Half {
    fn ends_moved(&self, log: &PartitionLog) {
        let half = log.offsets().durable_end.get() / 2;
        self.0.set(self.0.get() + 1);
        log.commit(offset(half), offset(half));
    }
}

#[test]
fn the_high_watermark_is_the_owners_and_is_kept() {
    for (seed, how) in (10..).zip(ENDS) {
        let sim = simulation(seed);
        let machine = sim.machine(0);
        sim.block_on(async {
            let storage = open(&machine).await;
            let log = storage.create_partition(spec(0, small_config())).await.unwrap();
            let owner = Rc::new(Half(Cell::new(0)));
            log.set_owner(Rc::downgrade(&owner) as Weak<dyn LogOwner>);
            for _ in 0..8 {
                append(&log, Fields::default()).await;
            }
            assert_eq!(log.offsets().high_watermark, offset(4));
            assert_eq!(log.offsets().durable_end, offset(8));
            assert!(owner.0.get() > 8, "it is told of each move");
            let committed = log
                .read(Offset::ZERO, 1 << 20, ReadIsolation::HighWatermark)
                .await
                .unwrap();
            assert_eq!(committed.bytes, 400, "readers see what is committed");
            storage.checkpoint().await.unwrap();
            for _ in 0..8 {
                append(&log, Fields::default()).await;
            }
            finish(storage, how).await;
        });
        crash(&machine, how);
        sim.block_on(async {
            let storage = common::try_open_as_it_is(&machine).await.unwrap();
            let offsets = storage.partition(&id(0)).unwrap().offsets();
            assert_eq!(offsets.log_end, offset(16));
            let kept = if how == End::Close { 8 } else { 4 };
            assert_eq!(offsets.high_watermark, offset(kept), "{how:?}");
        });
    }
}
