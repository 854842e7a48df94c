//! The workloads of the OpenMessaging Benchmark, from a table of what distinguishes them.

use std::fmt::Write;

use super::Scenario;

const TABLE: &str = include_str!("omb.txt");

/// A row of the table.
struct Row<'a> {
    name: &'a str,
    numbers: [u64; 9],
}

/// All of them, in the order of their names.
pub(super) fn scenarios() -> Vec<Scenario> {
    rows().map(|row| row.scenario()).collect()
}

fn rows() -> impl Iterator<Item = Row<'static>> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let mut cells = line.split(' ');
        let name = cells.next().unwrap_or_default();
        let mut numbers = [0; 9];
        for number in &mut numbers {
            let cell = cells.next().and_then(|cell| cell.parse().ok());
            *number = cell.expect("the table is part of this crate, and a test reads it whole");
        }
        Row { name, numbers }
    })
}

impl Row<'_> {
    fn scenario(&self) -> Scenario {
        let [
            topics,
            partitions,
            size,
            producers,
            groups,
            consumers,
            rate,
            backlog_gb,
            minutes,
        ] = self.numbers;
        let mut text = String::new();
        let rate_text = if rate == 0 {
            String::from("as many as go")
        } else {
            format!("{rate} a second")
        };
        let sending = if rate == 0 {
            String::from("mode = \"max\"\nbatch_size = 1_000_000")
        } else {
            format!("producer_rate = {rate}")
        };
        let backlog = backlog_gb * 1_000_000_000;
        let seconds = minutes * 60;
        // Writing to a string cannot fail.
        let _infallible = write!(
            text,
            "# OMB: {topics} topics x {partitions} partitions, {size}-byte messages, {rate_text}, {producers} producers \
             and {groups} x {consumers} consumers a topic, {minutes} minutes.\n\
             name = \"{}\"\ntopics = {topics}\npartitions_per_topic = {partitions}\nmessage_size = {size}\n\
             producers_per_topic = {producers}\nsubscriptions_per_topic = {groups}\n\
             consumers_per_subscription = {consumers}\n{sending}\nbacklog_bytes = {backlog}\n\
             warm_up_s = 60\nduration_s = {seconds}\n",
            self.name
        );
        Scenario {
            name: self.name.to_owned(),
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Mode, parse};

    #[test]
    fn a_row_is_a_workload() {
        assert_eq!(scenarios().len(), 130);
        let find = |name: &str| {
            let all = scenarios();
            let found = all.into_iter().find(|scenario| scenario.name == name);
            parse(&found.expect(name).text, &[]).unwrap()
        };
        let found = find("1-topic-100-partitions-1kb-4p-4c-200k");
        assert_eq!(
            (found.partitions(), found.producers(), found.consumers()),
            (100, 4, 4)
        );
        assert_eq!(
            (found.mode, found.producer_rate, found.duration_s),
            (Mode::Open, 200_000.0, 300.0)
        );
        let found = find("max-rate-10-topics-1-partition-64kb");
        assert_eq!(
            (found.mode, found.topics, found.message_size.mean()),
            (Mode::Max, 10, 65_536.0)
        );
        assert_eq!(
            find("backlog-1-topic-1-partition-1kb").backlog_bytes,
            100_000_000_000
        );
    }
}
