//! Mistakes that can be switched on, to see whether the simulator finds them. They exist with the feature `mutations`
//! alone, which no released build has; `tests/sim/mutations` goes through them.

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mutation {
    /// A commit is acknowledged without a sync of the journal.
    AckBeforeSync,
    /// A commit does not sync what bypassed the journal.
    BypassUnsynced,
    /// A checkpoint does not sync the segments.
    CheckpointUnsynced,
    /// A checkpoint frees journal files that it does not cover.
    RecycleEarly,
    /// A checkpoint does not wait for the commits under way.
    CommitsNotAwaited,
    /// Recovery trusts payloads that read back equal.
    ReplayTrustsReads,
    /// Recovery trusts what bypassed the journal.
    BypassTrusted,
    /// Segments that a recovery needs are removed at once.
    RemoveAtOnce,
    /// The name of a segment's file is taken for durable while it is being synced.
    NameTrusted,
    /// The end of a deletion is not journaled.
    DeletionUnfinished,
    /// The layout may become durable before the journal's directory.
    LayoutFirst,
    /// Producers' repeated batches are not recognized.
    DuplicatesTaken,
    /// A torn payload of the last frame is taken for whole.
    TornPayloadTaken,
    /// Two syncs of one file may overlap.
    SyncsOverlap,
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
