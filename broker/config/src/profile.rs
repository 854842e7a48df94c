//! The names of the profiles.

/// A set of defaults.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Profile {
    /// None changed.
    #[default]
    Balanced,
    /// The shortest time to an acknowledgement.
    Latency,
    /// The most bytes a second.
    Throughput,
    /// One machine, one person.
    Dev,
}

impl Profile {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Profile; 4] = [
        Profile::Balanced,
        Profile::Latency,
        Profile::Throughput,
        Profile::Dev,
    ];

    /// The values of `profile`: the names, then other names for two of them.
    pub(crate) const WORDS: [&'static str; 6] = [
        "balanced",
        "latency",
        "throughput",
        "dev",
        "production",
        "development",
    ];

    /// The key's value.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Balanced => "balanced",
            Profile::Latency => "latency",
            Profile::Throughput => "throughput",
            Profile::Dev => "dev",
        }
    }

    /// The profile that a value of the key names.
    pub(crate) fn named(word: &str) -> Option<Profile> {
        match word {
            "production" => Some(Profile::Balanced),
            "development" => Some(Profile::Dev),
            word => Profile::ALL.into_iter().find(|profile| profile.name() == word),
        }
    }

    /// For whom it is, in a sentence.
    pub const fn purpose(self) -> &'static str {
        match self {
            Profile::Balanced => "Every key at its default: a server that does a bit of everything.",
            Profile::Latency => {
                "The shortest time to an acknowledgement, on cores that are the broker's own."
            }
            Profile::Throughput => "The most bytes a second, on a disk with room for a long journal.",
            Profile::Dev => "One machine, one person, other programs beside it.",
        }
    }
}
