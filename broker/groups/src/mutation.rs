//! Mistakes that can be switched on, to see whether the simulator finds them. They exist with the feature `mutations`
//! alone, which no released build has.

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mutation {
    /// A member of an earlier generation may commit.
    StaleCommitTaken,
    /// The member that a static member has taken the place of may go on.
    FencedMemberTaken,
    /// Offsets that were deleted come back with a restart.
    DeletedOffsetsKept,
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
