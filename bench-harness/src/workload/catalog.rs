//! The standard workloads, so that they can be had by name anywhere: the files of `perf/scenarios/`, and then what the
//! OpenMessaging Benchmark has besides.

use super::omb;

/// A standard workload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// Its name: the file's, without `.toml`.
    pub name: String,
    /// The file's text.
    pub text: String,
}

macro_rules! scenarios {
    ($($name:literal)+) => {
        const FILES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../perf/scenarios/", $name, ".toml"))),)+
        ];
    };
}

scenarios! {
    "1-topic-1-partition-1kb"
    "1-topic-1-partition-100b"
    "1-topic-16-partitions-1kb"
    "1-topic-100-partitions-1kb"
    "1-topic-1000-partitions-1kb"
    "1-topic-10000-partitions-1kb"
    "backlog-1-topic-16-partitions-1kb"
    "max-rate-1-topic-1-partition-1kb"
    "max-rate-1-topic-16-partitions-1kb"
    "max-rate-1-topic-16-partitions-100b"
    "max-rate-1-topic-100-partitions-1kb"
    "one-message-a-request"
    "transactions-16-partitions-1kb"
    "one-message-a-transaction"
    "open-transactions-16-partitions-1kb"
    "fan-out-4-groups"
    "zipf-keys-16-partitions-1kb"
    "json-events-16-partitions"
}

impl Scenario {
    /// The comment at the head of the file, on one line.
    pub fn description(&self) -> String {
        let lines = self.text.lines().map_while(|line| line.strip_prefix('#'));
        lines.map(str::trim).collect::<Vec<_>>().join(" ")
    }
}

/// All of them. A file goes before a workload of the same name from elsewhere.
pub fn scenarios() -> Vec<Scenario> {
    let files = FILES.iter().map(|(name, text)| Scenario {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    });
    let mut all: Vec<Scenario> = files.collect();
    let is_file = |name: &str| FILES.iter().any(|(file, _)| *file == name);
    all.extend(
        omb::scenarios()
            .into_iter()
            .filter(|scenario| !is_file(&scenario.name)),
    );
    all
}

/// The one called `name`.
pub fn find(name: &str) -> Option<Scenario> {
    scenarios().into_iter().find(|scenario| scenario.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::parse;

    #[test]
    fn each_is_a_workload_that_says_what_it_is() {
        for scenario in scenarios() {
            let workload = parse(&scenario.text, &[]).expect(&scenario.name);
            assert_eq!(workload.name, scenario.name);
            assert!(!scenario.description().is_empty(), "{}", scenario.name);
        }
    }

    #[test]
    fn each_file_is_in_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../perf/scenarios");
        for entry in std::fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            let name = file.strip_suffix(".toml").expect("scenarios are TOML");
            assert!(find(name).is_some(), "{name} is not in the list");
        }
    }
}
