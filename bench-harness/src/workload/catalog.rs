//! The standard workloads, which are the files of `perf/scenarios/`, so that they can be had by name anywhere.

/// A standard workload.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name: the file's, without `.toml`.
    pub name: &'static str,
    /// The file's text.
    pub text: &'static str,
}

macro_rules! scenarios {
    ($($name:literal)+) => {
        const SCENARIOS: &[Scenario] = &[
            $(Scenario {
                name: $name,
                text: include_str!(concat!("../../../perf/scenarios/", $name, ".toml")),
            },)+
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
    "fan-out-4-groups"
    "zipf-keys-16-partitions-1kb"
}

impl Scenario {
    /// The comment at the head of the file, on one line.
    pub fn description(&self) -> String {
        let lines = self.text.lines().map_while(|line| line.strip_prefix('#'));
        lines.map(str::trim).collect::<Vec<_>>().join(" ")
    }
}

/// All of them.
pub fn scenarios() -> &'static [Scenario] {
    SCENARIOS
}

/// The one called `name`.
pub fn find(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::parse;

    #[test]
    fn each_is_a_workload_that_says_what_it_is() {
        for scenario in scenarios() {
            let workload = parse(scenario.text, &[]).expect(scenario.name);
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
