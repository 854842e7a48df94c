//! A result as it was stored, read leniently: a field that is not there, or is something else, is left out of the
//! report, so that results of older generators can still be shown.

use serde_json::Value;

/// A run's result.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// What people call it, made unlike that of other results.
    pub(super) name: String,
    /// What people call it.
    pub(super) plain_name: String,
    value: Value,
}

/// A figure of every second.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Second<'a> {
    /// From the start of the traffic.
    pub(super) second: f64,
    value: &'a Value,
}

impl Stored {
    /// The result in `value`, called `name`.
    pub(super) fn new(name: String, value: Value) -> Stored {
        Stored {
            plain_name: name.clone(),
            name,
            value,
        }
    }

    /// Calls it otherwise.
    pub(super) fn rename(&mut self, name: String) {
        self.plain_name.clone_from(&name);
        self.name = name;
    }

    /// Whether `value` is a run's result at all.
    pub(super) fn is_result(value: &Value) -> bool {
        value.get("workload").is_some_and(Value::is_object)
            && value.get("publish_latency").is_some_and(Value::is_object)
    }

    /// What is at `pointer` (RFC 6901), if anything.
    pub(super) fn get(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer).filter(|value| !value.is_null())
    }

    /// The number at `pointer`.
    pub(super) fn number(&self, pointer: &str) -> Option<f64> {
        self.get(pointer)?.as_f64()
    }

    /// The text at `pointer`.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.get(pointer)?.as_str()
    }

    /// The names and values of the object at `pointer`.
    pub(super) fn entries(&self, pointer: &str) -> Vec<(&str, &Value)> {
        let object = self.get(pointer).and_then(Value::as_object);
        object
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), value))
            .collect()
    }

    /// Latency by percentile: percentiles and milliseconds, from low to high.
    pub(super) fn curve(&self, latency: &str) -> Vec<(f64, f64)> {
        let points = self
            .get(&format!("/{latency}/percentiles"))
            .and_then(Value::as_array);
        points
            .into_iter()
            .flatten()
            .filter_map(|point| Some((point.get(0)?.as_f64()?, point.get(1)?.as_f64()?)))
            .collect()
    }

    /// Each second's figures.
    pub(super) fn seconds(&self, list: &str) -> impl Iterator<Item = Second<'_>> {
        let rows = self.get(list).and_then(Value::as_array);
        rows.into_iter().flatten().filter_map(|value| {
            Some(Second {
                second: value.get("second")?.as_f64()?,
                value,
            })
        })
    }

    /// Seconds of traffic that were not measured, at the start.
    pub(super) fn warm_up_s(&self) -> f64 {
        self.number("/workload/warm_up_s").unwrap_or_default()
    }

    /// When the schedule ended, in seconds from the start of the traffic.
    pub(super) fn end_s(&self) -> Option<f64> {
        Some(self.warm_up_s() + self.number("/workload/duration_s")?)
    }

    /// How near the result comes to the generator's own limit, from 0 to 1.
    pub(super) fn share_of_limit(&self) -> Option<f64> {
        let limit = self.number("/calibration/messages_per_s")?;
        let found = self.number("/published/messages_per_s")?;
        (limit > 0.0).then(|| found / limit)
    }
}

impl Second<'_> {
    /// The number at `pointer`.
    pub(super) fn number(&self, pointer: &str) -> Option<f64> {
        self.value.pointer(pointer)?.as_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_there_is_read() {
        let stored = Stored::new(
            String::from("a"),
            json!({
                "workload": {"warm_up_s": 2.0, "duration_s": 3},
                "calibration": {"messages_per_s": 1000.0},
                "published": {"messages_per_s": 250.0},
                "publish_latency": {"percentiles": [[0.0, 1.0], [50.0, 2.0], "nonsense", [1]]},
                "seconds": [{"second": 0, "published": 5}, {"published": 6}, {"second": 2}],
                "errors": {"X": 3},
            }),
        );
        assert_eq!(stored.end_s(), Some(5.0));
        assert_eq!(stored.share_of_limit(), Some(0.25));
        assert_eq!(stored.curve("publish_latency"), [(0.0, 1.0), (50.0, 2.0)]);
        let rows: Vec<_> = stored
            .seconds("/seconds")
            .map(|row| (row.second, row.number("/published")))
            .collect();
        assert_eq!(rows, [(0.0, Some(5.0)), (2.0, None)]);
        assert_eq!(stored.entries("/errors").len(), 1);
    }

    #[test]
    fn what_is_missing_or_something_else_is_left_out() {
        for value in [
            json!({}),
            json!(null),
            json!([1]),
            json!({"seconds": "x", "calibration": 3, "errors": null}),
        ] {
            let stored = Stored::new(String::new(), value);
            assert_eq!(stored.number("/published/messages_per_s"), None);
            assert_eq!(stored.share_of_limit(), None);
            assert_eq!(stored.end_s(), None);
            assert!(stored.curve("publish_latency").is_empty());
            assert_eq!(stored.seconds("/seconds").count(), 0);
            assert!(stored.entries("/errors").is_empty());
        }
    }
}
