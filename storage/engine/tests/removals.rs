//! What is deleted by the hundred is removed with bounded work.

mod common;

use common::{DIR, Fields, append, id, open, simulation, small_config, spec};
use futures_util::StreamExt as _;
use futures_util::stream;

const PARTITIONS: i32 = 200;
/// How many are created or deleted at a time, as the broker does.
const AT_A_TIME: usize = 64;

#[test]
fn one_removal_sees_to_all_deletions() {
    let sim = simulation(3);
    let machine = sim.machine(0);
    let storage = sim.block_on(async {
        let storage = open(&machine).await;
        let create = |index| storage.create_partition(spec(index, small_config()));
        let created = stream::iter((0..PARTITIONS).map(create)).buffer_unordered(AT_A_TIME);
        created.for_each(|log| async { drop(log.unwrap()) }).await;
        let log = storage.partition(&id(7)).unwrap();
        append(&log, Fields::default()).await;
        let most = std::cell::Cell::new(0);
        let delete = |index| {
            let (storage, most) = (&storage, &most);
            async move {
                storage.delete_partition(id(index)).await.unwrap();
                most.set(most.get().max(storage.stats().removals));
            }
        };
        let deleted = stream::iter((0..PARTITIONS).map(delete)).buffer_unordered(AT_A_TIME);
        deleted.for_each(|()| async {}).await;
        assert_eq!(most.get(), 1, "removals under way at a time");
        storage
    });
    let is_at_rest = move || storage.stats().removals == 0;
    sim.run_until_true(is_at_rest, std::time::Duration::from_secs(60))
        .unwrap();
    let left = machine.directories(DIR.as_ref());
    assert_eq!(left, ["journal"], "no deleted partition's files are left");
}
