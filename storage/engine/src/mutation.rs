//! Mistakes that can be switched on, to see whether the simulator finds them. They exist with the feature `mutations`
//! alone, which no released build has; `tests/sim/mutations` goes through them.

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mutation {
    /// A commit is acknowledged without a sync of the journal.
    AckBeforeSync,
    /// Readers see what is not durable yet.
    WatermarkEarly,
    /// Of several commits in flight a later one is acknowledged before an earlier one.
    AckOutOfOrder,
    /// A commit does not sync what bypassed the journal.
    BypassUnsynced,
    /// A segment is synced, and its name in the directory is not.
    DirectoryUnsynced,
    /// Two syncs of one file may overlap.
    SyncsOverlap,
    /// A sync that failed is tried again.
    SyncRetried,
    /// The memory of a frame is used again before its write has completed.
    BufferReused,
    /// A checkpoint does not sync the segments.
    CheckpointUnsynced,
    /// A checkpoint takes its name before its content is durable.
    CheckpointNamedEarly,
    /// A checkpoint that was read is taken for durable, and what the one before it needs is removed.
    CheckpointTrusted,
    /// A checkpoint frees journal files that it does not cover.
    RecycleEarly,
    /// A checkpoint does not wait for the commits under way.
    CommitsNotAwaited,
    /// Recovery trusts payloads that read back equal.
    ReplayTrustsReads,
    /// Recovery trusts what bypassed the journal.
    BypassTrusted,
    /// Recovery checks neither payloads nor batches against their checksums.
    RecoveryUnchecked,
    /// Recovery does not cut off what lies behind the end of a log.
    TornTailKept,
    /// Recovery forgets what producers have sent.
    ProducersForgotten,
    /// Frames of a life before count as those of this one.
    IncarnationKept,
    /// Recovery takes the journal to end where an acknowledged frame is missing.
    GapTaken,
    /// Recovery does not miss what was acknowledged.
    ReachUnchecked,
    /// A consumer is given what a segment holds without a look at its checksum.
    ReadUnchecked,
    /// Segments that a recovery needs are removed at once.
    RemoveAtOnce,
    /// A log's new start is in force before it is durable.
    LogStartEarly,
    /// The end of a deletion is not journaled.
    DeletionUnfinished,
    /// The layout may become durable before the journal's directory.
    LayoutFirst,
    /// A layout that was read is taken for durable, and what the one before it needs is removed.
    LayoutTrusted,
    /// Producers' repeated batches are not recognized.
    DuplicatesTaken,
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

/// Writes over memory that was handed to the disk, if that is the mistake.
pub(crate) fn overwrite(bytes: &bytes::Bytes) {
    if is_on(Mutation::BufferReused) {
        scribble(bytes);
    }
}

#[cfg(not(feature = "mutations"))]
const fn scribble(_: &bytes::Bytes) {}

#[cfg(feature = "mutations")]
#[expect(
    unsafe_code,
    reason = "the mistake itself: memory that is written to while somebody reads it"
)]
fn scribble(bytes: &bytes::Bytes) {
    // SAFETY: none. The owner of the bytes is a heap allocation of this length, so the write stays within it; that
    // others hold it for immutable is what is to be found out.
    unsafe { std::ptr::write_bytes(bytes.as_ptr().cast_mut(), 0xa5, bytes.len()) };
}
