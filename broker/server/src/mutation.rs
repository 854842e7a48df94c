//! Mistakes that can be switched on, to see whether the simulator finds them. They exist with the feature `mutations`
//! alone, which no released build has.

#[cfg(feature = "mutations")]
use corelog_runtime::WorkClass;
use corelog_runtime::{Handle, LocalFuture};

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mutation {
    /// Produced batches are acknowledged before they are durable.
    ProduceEarly,
    /// The results of several shards are not put back into the order of what was asked.
    ResultsByShard,
    /// The produce requests of a connection reach their logs in any order.
    ProduceUnordered,
    /// The memory of a request whose client has gone is never given back.
    RequestMemoryLeaks,
    /// A group's change is answered before it is durable.
    GroupEarly,
    /// Committed offsets are not replayed when a coordinator loads.
    OffsetsNotReplayed,
    /// A coordinator whose log cannot be read at once serves no more.
    GroupLoadOnce,
    /// A coordinator sleeps on when something falls due earlier.
    GroupTimerMissed,
    /// A change of the metadata is in force before it is durable.
    MetadataEarly,
    /// A change of the metadata is answered before it is in force.
    MetadataLate,
    /// Producer ids are given out again after a restart.
    ProducerIdsRepeated,
    /// A fetch session forgets a partition that had no news.
    SessionForgets,
    /// A fetch session takes the same question twice.
    SessionEpochIgnored,
    /// Readers see what is not durable yet.
    FetchUncommitted,
    /// A fetch's watch on another shard is never given up.
    FetchWaitLeaks,
    /// A long poll is not woken when a log grows.
    FetchWakeLost,
    /// What moves between a fetch's look at a partition and its wait for it is missed.
    FetchChangeMissed,
    /// A session is told that there is nothing while news are on their way.
    FetchNewsNotAsked,
    /// ListOffsets tells of what is not durable yet.
    ListOffsetsUncommitted,
    /// DeleteRecords is answered before it is durable.
    DeleteRecordsEarly,
    /// The logs of deleted topics stay after a crash.
    OrphansKept,
    /// Logs that could not be made or removed are not tried again.
    NothingMended,
}

/// Whether the mistake is made.
#[cfg(not(feature = "mutations"))]
pub(crate) const fn is_on(_: Mutation) -> bool {
    false
}

/// Whether the mistake is made: the environment variable `CORELOG_MUTATION` has its name.
#[cfg(feature = "mutations")]
pub(crate) fn is_on(mutation: Mutation) -> bool {
    static CHOSEN: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| std::env::var("CORELOG_MUTATION").ok());
    chosen.as_deref() == Some(format!("{mutation:?}").as_str())
}

/// The result of `work`; if the mistake is made, `guess` as soon as `work` has begun.
#[cfg(not(feature = "mutations"))]
pub(crate) async fn early<F: Future + 'static>(
    _: Mutation,
    _: &Handle,
    work: F,
    _: impl FnOnce() -> F::Output,
) -> F::Output {
    work.await
}

/// The result of `work`; if the mistake is made, `guess` as soon as `work` has begun.
#[cfg(feature = "mutations")]
pub(crate) async fn early<F: Future + 'static>(
    mutation: Mutation,
    handle: &Handle,
    work: F,
    guess: impl FnOnce() -> F::Output,
) -> F::Output {
    if !is_on(mutation) {
        return work.await;
    }
    let mut work = Box::pin(work);
    match futures_util::poll!(&mut work) {
        std::task::Poll::Ready(result) => result,
        std::task::Poll::Pending => {
            handle.spawn(WorkClass::Normal, "belated", async move {
                work.await;
            });
            guess()
        }
    }
}

/// What `begin` begins, at once; if the mistake is made, up to a millisecond later.
#[cfg(not(feature = "mutations"))]
pub(crate) fn late<T>(
    _: Mutation,
    _: &Handle,
    begin: impl FnOnce() -> LocalFuture<T> + 'static,
) -> LocalFuture<T> {
    begin()
}

/// What `begin` begins, at once; if the mistake is made, up to a millisecond later.
#[cfg(feature = "mutations")]
pub(crate) fn late<T: 'static>(
    mutation: Mutation,
    handle: &Handle,
    begin: impl FnOnce() -> LocalFuture<T> + 'static,
) -> LocalFuture<T> {
    if !is_on(mutation) {
        return begin();
    }
    let (sender, receiver) = corelog_runtime::local::oneshot::channel();
    let delay = std::time::Duration::from_nanos(handle.rng.next_u64() % 1_000_000);
    let sleep = handle.clock.sleep_until(handle.clock.now() + delay);
    handle.spawn(WorkClass::Normal, "late", async move {
        sleep.await;
        let _ = sender.send(begin().await);
    });
    Box::pin(async move { receiver.await.expect("the task ends with a result") })
}
