//! What each profile sets, with its reason. `perf/PROFILES.md` has the table made from here.

use std::fmt::Write as _;

use crate::key::ConfigKey;
use crate::keys;
use crate::profile::Profile;
use crate::registry::registry;

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

const fn set(key: &ConfigKey, value: &'static str, reason: &'static str) -> ProfileSetting {
    ProfileSetting {
        key: key.name,
        value,
        reason,
    }
}

const LATENCY: &[ProfileSetting] = &[
    set(
        &keys::JOURNAL_FRAME_BYTES,
        "1048576",
        "A commit is never long, so neither is the wait for the next one.",
    ),
    set(
        &keys::MEMORY_CACHE_PERCENT,
        "65",
        "Consumers that fall behind for a moment still read from memory.",
    ),
    set(
        &keys::SEGMENT_WRITE_BYTES,
        "262144",
        "A commit does not wait behind a large write.",
    ),
    set(
        &keys::SHARD_IO_SPIN_US,
        "50",
        "The next request or completion finds a shard awake; an idle shard sleeps.",
    ),
    set(
        &keys::SHARD_SPIN_US,
        "100",
        "An answer from another shard finds this one awake.",
    ),
];

const THROUGHPUT: &[ProfileSetting] = &[
    set(
        &keys::JOURNAL_FILES,
        "32",
        "Checkpoints are half as frequent; a start after a crash reads twice as much.",
    ),
    set(
        &keys::JOURNAL_FRAME_BYTES,
        "16777216",
        "More of a burst shares one sync.",
    ),
    set(
        &keys::RECEIVE_BUFFERS,
        "256",
        "Many large requests at once do not wait for a buffer.",
    ),
    set(
        &keys::SEGMENT_READ_AHEAD_BYTES,
        "1048576",
        "A consumer that catches up reads in large pieces.",
    ),
];

const DEV: &[ProfileSetting] = &[
    set(
        &keys::AUTO_CREATE_TOPICS_ENABLE,
        "true",
        "A topic comes to be on first use.",
    ),
    set(
        &keys::GROUP_INITIAL_REBALANCE_DELAY_MS,
        "0",
        "A consumer begins at once; nobody else is coming.",
    ),
    set(
        &keys::JOURNAL_FILE_BYTES,
        "16777216",
        "Little disk is taken, and the first start writes little.",
    ),
    set(&keys::JOURNAL_FILES, "4", "As journal.file.bytes."),
    set(
        &keys::LISTENERS,
        "PLAINTEXT://127.0.0.1:9092",
        "Nobody else on the network reaches it.",
    ),
    set(
        &keys::MEMORY_PERCENT,
        "25",
        "Most of the memory is left to other programs.",
    ),
    set(
        &keys::SHARD_SPIN_US,
        "0",
        "A shard that waits takes no processor time from other programs.",
    ),
];

impl Profile {
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
    use crate::origin::Origin;
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
