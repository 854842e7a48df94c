//! The profiles: sets of defaults, each setting with its reason. `perf/PROFILES.md` has the table made from here.

use std::fmt::Write as _;

use crate::registry::registry;

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

/// One default that a profile changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProfileSetting {
    /// The broker key.
    pub key: &'static str,
    /// Its value under the profile, in canonical form.
    pub value: &'static str,
    /// Why, in a sentence.
    pub reason: &'static str,
}

const fn set(key: &'static str, value: &'static str, reason: &'static str) -> ProfileSetting {
    ProfileSetting { key, value, reason }
}

const LATENCY: &[ProfileSetting] = &[
    set(
        "journal.frame.bytes",
        "1048576",
        "A commit is never long, so neither is the wait for the next one.",
    ),
    set(
        "memory.cache.percent",
        "65",
        "Consumers that fall behind for a moment still read from memory.",
    ),
    set(
        "segment.write.bytes",
        "262144",
        "A commit does not wait behind a large write.",
    ),
    set(
        "shard.io.spin.us",
        "50",
        "The next request or completion finds a shard awake; an idle shard sleeps.",
    ),
    set(
        "shard.spin.us",
        "100",
        "An answer from another shard finds this one awake.",
    ),
];

const THROUGHPUT: &[ProfileSetting] = &[
    set(
        "journal.files",
        "32",
        "Checkpoints are half as frequent; a start after a crash reads twice as much.",
    ),
    set(
        "journal.frame.bytes",
        "16777216",
        "More of a burst shares one sync.",
    ),
    set(
        "receive.buffers",
        "256",
        "Many large requests at once do not wait for a buffer.",
    ),
    set(
        "segment.read.ahead.bytes",
        "1048576",
        "A consumer that catches up reads in large pieces.",
    ),
];

const DEV: &[ProfileSetting] = &[
    set(
        "auto.create.topics.enable",
        "true",
        "A topic comes to be on first use.",
    ),
    set(
        "group.initial.rebalance.delay.ms",
        "0",
        "A consumer begins at once; nobody else is coming.",
    ),
    set(
        "journal.file.bytes",
        "16777216",
        "Little disk is taken, and the first start writes little.",
    ),
    set("journal.files", "4", "As journal.file.bytes."),
    set(
        "listeners",
        "PLAINTEXT://127.0.0.1:9092",
        "Nobody else on the network reaches it.",
    ),
    set(
        "memory.percent",
        "25",
        "Most of the memory is left to other programs.",
    ),
    set(
        "shard.spin.us",
        "0",
        "A shard that waits takes no processor time from other programs.",
    ),
];

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

    /// What it changes, sorted by key.
    pub const fn settings(self) -> &'static [ProfileSetting] {
        match self {
            Profile::Balanced => &[],
            Profile::Latency => LATENCY,
            Profile::Throughput => THROUGHPUT,
            Profile::Dev => DEV,
        }
    }
}

/// Writes what each profile sets and why, in Markdown.
pub fn profiles_markdown() -> String {
    let mut page = String::new();
    for profile in Profile::ALL {
        let _ = write!(page, "### `{}`\n\n{}\n", profile.name(), profile.purpose());
        if !profile.settings().is_empty() {
            page.push_str("\n| key | value | default | why |\n|---|---|---|---|\n");
        }
        for setting in profile.settings() {
            let key = registry()
                .broker_key(setting.key)
                .expect("profiles set broker keys");
            let default = key.default.unwrap_or("none");
            let _ = writeln!(
                page,
                "| `{}` | {} | {default} | {} |",
                setting.key, setting.value, setting.reason
            );
        }
        page.push('\n');
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::BrokerConfig;
    use crate::layers::Origin;
    use crate::value;

    #[test]
    fn every_setting_is_canonical_and_changes_its_default() {
        for profile in Profile::ALL {
            assert!(
                profile.settings().is_sorted_by_key(|setting| setting.key),
                "{profile:?}"
            );
            for ProfileSetting { key, value, reason } in profile.settings() {
                let declared = registry().broker_key(key).unwrap();
                assert_eq!(value::check(declared, value).as_deref(), Ok(*value), "{key}");
                assert_ne!(
                    declared.default,
                    Some(*value),
                    "{profile:?} sets {key} to its default"
                );
                assert!(reason.ends_with('.'), "{key}");
            }
        }
    }

    #[test]
    fn every_name_selects_its_profile_and_what_it_sets() {
        for word in Profile::WORDS {
            let profile = Profile::named(word).unwrap();
            let config = BrokerConfig::from_pairs(&[("profile", word)]).unwrap();
            assert_eq!(config.profile, profile, "{word}");
            for setting in profile.settings() {
                let origin = config.origin(setting.key);
                assert_eq!(origin, Some(&Origin::Profile(profile.name())), "{}", setting.key);
            }
        }
        assert_eq!(Profile::named("fast"), None);
    }

    #[test]
    fn the_committed_page_has_the_tables() {
        let page = include_str!("../../../perf/PROFILES.md");
        let tables = profiles_markdown();
        assert!(
            page.contains(tables.trim_end()),
            "perf/PROFILES.md differs from `corelog config profiles`:\n{tables}"
        );
    }
}
