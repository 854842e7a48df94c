//! What a reader must know before the figures: whether the results hold, and whether they measure the target at all.

use super::group::Group;
use super::stored::Stored;
use crate::figures::grouped;
use crate::report::table::NEAR_LIMIT;

/// How much a notice matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Weight {
    /// All is well.
    Good,
    /// The figures are to be read with care.
    Warning,
    /// The target did not do what it acknowledged, or not what it was asked.
    Bad,
}

/// A sentence at the top of the report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Notice {
    /// How much it matters.
    pub(super) weight: Weight,
    /// The sentence.
    pub(super) text: String,
}

/// What there is to say of all runs.
pub(super) fn notices(groups: &[Group]) -> Vec<Notice> {
    let mut found = Vec::new();
    for group in groups {
        for (index, run) in group.runs.iter().enumerate() {
            let who = match (groups.len(), group.runs.len()) {
                (1, 1) => String::new(),
                (_, 1) => format!("{}: ", group.name),
                (_, _) => format!("{}, run {}: ", group.name, index + 1),
            };
            of_run(run, &who, &mut found);
        }
        if let Some(notice) = near_limit(group, groups.len()) {
            found.push(notice);
        }
    }
    if !groups.is_empty() && !found.iter().any(|notice| notice.weight == Weight::Bad) {
        found.insert(0, good(groups));
    }
    found
}

fn of_run(run: &Stored, who: &str, found: &mut Vec<Notice>) {
    let mut bad = |text: String| {
        found.push(Notice {
            weight: Weight::Bad,
            text,
        });
    };
    let failed: f64 = run
        .entries("/errors")
        .iter()
        .filter_map(|(_, count)| count.as_f64())
        .sum();
    if failed > 0.0 {
        bad(format!("{who}{} messages failed.", grouped(failed)));
    }
    let unsent = run.number("/unsent").unwrap_or_default();
    if unsent > 0.0 {
        bad(format!(
            "{who}{} messages of the schedule were never sent, because the target did not keep up: the latencies are \
             lower bounds.",
            grouped(unsent)
        ));
    }
    let wrong: Vec<String> = [
        ("lost", "lost"),
        ("unread", "not read in time"),
        ("duplicates", "repeated"),
        ("out_of_order", "out of order"),
        ("corrupt", "damaged"),
    ]
    .into_iter()
    .filter_map(|(field, what)| {
        let count = run.number(&format!("/verification/{field}"))?;
        (count > 0.0).then(|| format!("{} {what}", grouped(count)))
    })
    .collect();
    if !wrong.is_empty() {
        bad(format!(
            "{who}Of the messages that were acknowledged, {} when they were consumed.",
            wrong.join(", ")
        ));
    }
}

fn near_limit(group: &Group, groups: usize) -> Option<Notice> {
    let share = group
        .runs
        .iter()
        .filter_map(Stored::share_of_limit)
        .fold(0.0, f64::max);
    let who = if groups > 1 {
        format!("{}: ", group.name)
    } else {
        String::new()
    };
    (share >= NEAR_LIMIT).then(|| Notice {
        weight: Weight::Warning,
        text: format!(
            "{who}The result reached {:.0} % of what the generator does at most with this workload: it says as much of \
             the generator as of the target.",
            share * 100.0
        ),
    })
}

fn good(groups: &[Group]) -> Notice {
    let runs = || groups.iter().flat_map(|group| &group.runs);
    let checked: f64 = runs()
        .filter_map(|run| run.number("/verification/expected"))
        .sum();
    let text = if checked > 0.0 {
        format!(
            "No message failed. {} were consumed and checked: none was lost, repeated, out of order or damaged.",
            grouped(checked)
        )
    } else {
        String::from(
            "No message failed. Nothing was consumed, so that what was acknowledged was not checked.",
        )
    };
    let weight = if checked > 0.0 {
        Weight::Good
    } else {
        Weight::Warning
    };
    Notice { weight, text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::group::by_name;
    use serde_json::{Value, json};

    fn check(value: Value, expected: &[(Weight, &str)]) {
        let groups = by_name(vec![Stored::new(String::from("a"), value)]);
        let found = notices(&groups);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (notice, (weight, part)) in found.iter().zip(expected) {
            assert_eq!(notice.weight, *weight, "{}", notice.text);
            assert!(notice.text.contains(part), "{}", notice.text);
        }
    }

    #[test]
    fn what_went_wrong_is_said() {
        check(
            json!({"verification": {"expected": 12_000, "lost": 0}}),
            &[(Weight::Good, "12,000 were consumed")],
        );
        check(json!({}), &[(Weight::Warning, "was not checked")]);
        check(
            json!({"errors": {"X": 3, "Y": 4}, "unsent": 1500}),
            &[
                (Weight::Bad, "7 messages failed"),
                (Weight::Bad, "1,500 messages of the schedule"),
            ],
        );
        check(
            json!({"verification": {"expected": 9, "lost": 2, "corrupt": 1, "duplicates": 0}}),
            &[(Weight::Bad, "2 lost, 1 damaged")],
        );
    }

    #[test]
    fn a_result_near_the_generators_limit_is_marked() {
        let run = |rate: f64| {
            json!({
                "verification": {"expected": 1},
                "calibration": {"messages_per_s": 100.0},
                "published": {"messages_per_s": rate},
            })
        };
        check(run(79.0), &[(Weight::Good, "")]);
        check(
            run(85.0),
            &[(Weight::Good, ""), (Weight::Warning, "reached 85 %")],
        );
    }
}
