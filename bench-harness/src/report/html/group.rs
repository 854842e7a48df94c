//! Results that are compared: of each target, or of each value of a parameter, one run or several.

use super::stored::Stored;
use crate::figures::short;

/// Runs of the same thing.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// In every legend and table.
    pub(super) name: String,
    /// At least one.
    pub(super) runs: Vec<Stored>,
}

/// A figure over the runs of a group.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Spread {
    /// The middle one; of two in the middle their mean.
    pub(super) median: f64,
    /// The least.
    pub(super) low: f64,
    /// The most.
    pub(super) high: f64,
    /// How many there are.
    pub(super) count: usize,
}

impl Spread {
    /// Of these values; none of none.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let count = values.len();
        let middle = values[count / 2];
        let median = if count.is_multiple_of(2) {
            f64::midpoint(values[count / 2 - 1], middle)
        } else {
            middle
        };
        Some(Spread {
            median,
            low,
            high,
            count,
        })
    }

    /// The median, and of several runs the range, as `write` writes a number.
    pub(super) fn say(&self, write: impl Fn(f64) -> String) -> String {
        if self.count < 2 {
            return write(self.median);
        }
        format!(
            "{} ({}–{})",
            write(self.median),
            write(self.low),
            write(self.high)
        )
    }
}

impl Group {
    /// The number at `pointer` over the runs.
    pub(super) fn spread(&self, pointer: &str) -> Option<Spread> {
        Spread::of(self.runs.iter().filter_map(|run| run.number(pointer)))
    }

    /// The same as text; a dash if there is none.
    pub(super) fn figure(&self, pointer: &str, scale: f64) -> String {
        let spread = self.spread(pointer);
        spread.map_or_else(dash, |spread| spread.say(|value| short(value * scale)))
    }

    /// Whether any run has messages in this latency.
    pub(super) fn has(&self, latency: &str) -> bool {
        self.runs
            .iter()
            .any(|run| run.number(&format!("/{latency}/summary/count")).unwrap_or(1.0) > 0.0)
            && self.runs.iter().any(|run| !run.curve(latency).is_empty())
    }
}

/// What stands where there is nothing.
pub(super) fn dash() -> String {
    String::from("–")
}

/// Groups of these results by their names, in order. Results that were not given a common name stay apart.
pub(super) fn by_name(runs: Vec<Stored>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for run in runs {
        match groups.iter_mut().find(|group| group.name == run.name) {
            Some(group) => group.runs.push(run),
            None => groups.push(Group {
                name: run.name.clone(),
                runs: vec![run],
            }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_median_and_its_range() {
        let check = |values: &[f64], expected: &str| {
            let said = Spread::of(values.iter().copied()).map(|spread| spread.say(short));
            assert_eq!(said.unwrap_or_else(dash), expected);
        };
        check(&[], "–");
        check(&[f64::NAN], "–");
        check(&[1.5], "1.50");
        check(&[3.0, 1.0], "2.00 (1.00–3.00)");
        check(&[30.0, 1.0, 2.0], "2.00 (1.00–30.0)");
    }

    #[test]
    fn runs_of_one_name_belong_together() {
        let run = |name: &str, value: f64| Stored::new(name.to_owned(), json!({"x": value}));
        let groups = by_name(vec![run("a", 1.0), run("b", 5.0), run("a", 3.0)]);
        let names: Vec<_> = groups
            .iter()
            .map(|group| (group.name.as_str(), group.runs.len()))
            .collect();
        assert_eq!(names, [("a", 2), ("b", 1)]);
        assert_eq!(groups[0].figure("/x", 10.0), "20.0 (10.0–30.0)");
        assert_eq!(groups[0].figure("/y", 1.0), "–");
    }
}
