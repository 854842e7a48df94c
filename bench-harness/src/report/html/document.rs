//! From result files to the page.

use std::fmt::Write;

use serde_json::Value;

use super::findings::finding;
use super::group::by_name;
use super::page::write_page;
use super::stored::Stored;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// No document has a result in it.
    #[error("{name} holds no result of corelog-bench")]
    NoResult {
        /// The document.
        name: String,
    },
}

/// The page for these documents: each a name, such as its file's, and what `--out` wrote.
///
/// # Errors
/// When a document holds no result.
pub fn page(documents: &[(String, Value)]) -> Result<String, DocumentError> {
    let mut found: Vec<Vec<Stored>> = Vec::new();
    let mut findings = Vec::new();
    // A search stores no whole runs; its own fields say what was run, and where.
    let mut without_runs = Vec::new();
    for (name, value) in documents {
        let mut runs = Vec::new();
        collect(value, name, &mut runs);
        let of_all = finding(value);
        if runs.is_empty() {
            if of_all.is_none() {
                return Err(DocumentError::NoResult { name: name.clone() });
            }
            without_runs.push(Stored::new(called(value, name), value.clone()));
        }
        findings.extend(of_all);
        found.push(runs);
    }
    let names: Vec<&str> = documents.iter().map(|(name, _)| name.as_str()).collect();
    let groups = by_name(told_apart(found, &names));
    let others = by_name(without_runs);
    let mut out = String::new();
    write_page(&mut out, &findings, &groups, &others).expect("writing to a string cannot fail");
    Ok(out)
}

/// What people call the target of a result.
fn called(value: &Value, document: &str) -> String {
    let field = |name: &str| value.get(name).and_then(Value::as_str);
    field("label")
        .or_else(|| field("bootstrap"))
        .unwrap_or(document)
        .to_owned()
}

/// Adds the results in `value`, however deep: a run's result is one, a comparison's has many.
fn collect(value: &Value, document: &str, runs: &mut Vec<Stored>) {
    if Stored::is_result(value) {
        runs.push(Stored::new(called(value, document), value.clone()));
        return;
    }
    match value {
        Value::Array(items) => {
            for item in items {
                collect(item, document, runs);
            }
        }
        Value::Object(fields) => {
            // A sweep's runs differ in nothing but their settings.
            let settings = fields.get("settings").and_then(Value::as_array);
            let is_point = settings.is_some() && fields.get("report").is_some_and(Stored::is_result);
            let before = runs.len();
            for field in fields.values() {
                collect(field, document, runs);
            }
            if is_point {
                let settings: Vec<&str> = settings.into_iter().flatten().filter_map(Value::as_str).collect();
                for run in &mut runs[before..] {
                    run.rename(settings.join(", "));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Adds the document's name to results of several documents that are called alike: they are not the same thing, or
/// they would not have been stored apart.
fn told_apart(mut found: Vec<Vec<Stored>>, documents: &[&str]) -> Vec<Stored> {
    for index in 0..found.len() {
        let others: Vec<String> = found
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .flat_map(|(_, runs)| runs.iter().map(|run| run.plain_name.clone()))
            .collect();
        for run in &mut found[index] {
            if others.contains(&run.plain_name) {
                write!(run.name, " ({})", documents[index]).expect("writing to a string cannot fail");
            }
        }
    }
    found.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn result(label: &str) -> Value {
        json!({"label": label, "workload": {}, "publish_latency": {}})
    }

    fn check(documents: &[(&str, Value)], expected: &[(&str, usize)]) {
        let mut found = Vec::new();
        for (name, value) in documents {
            let mut runs = Vec::new();
            collect(value, name, &mut runs);
            found.push(runs);
        }
        let names: Vec<&str> = documents.iter().map(|(name, _)| *name).collect();
        let groups = by_name(told_apart(found, &names));
        let groups: Vec<_> = groups
            .iter()
            .map(|group| (group.name.as_str(), group.runs.len()))
            .collect();
        assert_eq!(groups, expected);
    }

    #[test]
    fn results_are_found_and_told_apart() {
        check(&[("a", result("x"))], &[("x", 1)]);
        check(&[("a", result("x")), ("b", result("y"))], &[("x", 1), ("y", 1)]);
        check(
            &[("a", result("x")), ("b", result("x"))],
            &[("x (a)", 1), ("x (b)", 1)],
        );
        let pairs =
            json!({"pairs": [{"a": result("x"), "b": result("y")}, {"a": result("x"), "b": result("y")}]});
        check(&[("p", pairs)], &[("x", 2), ("y", 2)]);
        check(
            &[("a", json!({"workload": {}, "publish_latency": {}}))],
            &[("a", 1)],
        );
    }

    #[test]
    fn what_is_no_result_is_refused() {
        for value in [
            json!({}),
            json!([1, 2]),
            json!("x"),
            json!({"workload": 1, "publish_latency": {}}),
        ] {
            let error = page(&[(String::from("f.json"), value)]).unwrap_err();
            assert_eq!(error.to_string(), "f.json holds no result of corelog-bench");
        }
    }

    /// A result with something in every field that the page reads.
    fn full(label: &str, rate: f64) -> Value {
        let summary = json!({"count": 5000, "mean_ms": 1.5, "p50_ms": 1.0, "p99_ms": 4.0, "p999_ms": 8.0, "max_ms": 9.0});
        let latency =
            json!({"summary": summary, "percentiles": [[0.0, 0.5], [50.0, 1.0], [99.0, 4.0], [100.0, 9.0]]});
        let seconds: Vec<Value> = (0..6)
            .map(|second| json!({
                "second": second, "published": rate, "published_bytes": rate * 1000.0, "consumed": rate,
                "consumed_bytes": rate * 1000.0, "errors": second % 2, "backlog": 7,
                "publish": {"count": 10, "p50_ms": 1.0, "p99_ms": 4.0, "max_ms": 9.0},
                "end_to_end": {"count": 10, "p50_ms": 1.5, "p99_ms": 4.5, "max_ms": 9.5},
                "server": {"cpu_s": 0.5, "rss_bytes": 100_000_000, "device_read_bytes": 0, "device_written_bytes": 5_000_000},
            }))
            .collect();
        json!({
            "format": 1, "label": label, "started_at_ms": 1_700_000_000_000i64, "bootstrap": "127.0.0.1:1",
            "environment": {"cpu_model": "A <fast> CPU", "memory_bytes": 1_073_741_824, "file_system": {"kind": "ext4"}},
            "workload": {"name": "w&w", "warm_up_s": 1.0, "duration_s": 4.0, "acks": "all"},
            "calibration": {"messages_per_s": rate * 1.1}, "published": {"messages_per_s": rate, "bytes_per_s": rate * 1e3},
            "consumed": {"messages": 100, "messages_per_s": rate}, "api_versions": {"Produce": [3, 11]},
            "publish_latency": latency, "publish_delay": latency, "end_to_end_latency": latency,
            "errors": {"<b>NOT_LEADER</b>": 3}, "verification": {"expected": 10, "lost": 0},
            "server": {"cpu_s": 2.0, "cpu_s_per_gib": 0.5, "rss_bytes_max": 134_217_728},
            "seconds": seconds,
        })
    }

    fn page_of(results: &[Value]) -> String {
        let documents: Vec<(String, Value)> = results
            .iter()
            .zip(1..)
            .map(|(result, number)| (format!("file-{number}"), result.clone()))
            .collect();
        page(&documents).unwrap()
    }

    #[test]
    fn a_page_has_every_chart_and_every_series() {
        let page = page_of(&[full("only", 1000.0)]);
        for (title, series) in [
            ("Latency by percentile", 3),
            ("Messages a second", 2),
            ("Volume a second", 2),
            ("Publish latency over time", 3),
            ("End to end latency over time", 3),
            ("CPU of the server", 1),
            ("Memory of the server", 1),
            ("Devices", 2),
            (
                "Acknowledged and not yet consumed, by all groups, at the end of each second",
                1,
            ),
            ("Messages that failed", 1),
        ] {
            let start = page
                .find(&format!("<figcaption>{title}</figcaption>"))
                .expect(title);
            let figure = page[start..].split("</figure>").next().unwrap();
            assert_eq!(figure.matches("data-name=").count(), series, "{title}");
        }
        for text in [
            "A &lt;fast&gt; CPU",
            "Workload w&amp;w",
            "&lt;b&gt;NOT_LEADER&lt;/b&gt;",
            "file system.kind",
            "Wrong: 3 messages failed.",
            "reached 91 % of what the generator does at most",
            "2023-11-14 22:13:20 UTC",
        ] {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("NaN") && !page.contains("<b>"));
    }

    #[test]
    fn two_results_are_a_line_and_a_column_each() {
        let page = page_of(&[full("first", 1000.0), full("second", 2000.0)]);
        let start = page
            .find("<figcaption>Publish latency by percentile</figcaption>")
            .unwrap();
        let figure = page[start..].split("</figure>").next().unwrap();
        for name in ["first", "second"] {
            assert_eq!(figure.matches(&format!("data-name=\"{name}\"")).count(), 1);
            assert!(
                figure.contains(&format!("</svg>{name}</li>")),
                "the legend has {name}"
            );
            assert!(page.contains(&format!("<th scope=\"col\">{name}</th>")));
        }
        assert!(page.contains("<h1>first and second</h1>"));
    }

    #[test]
    fn the_page_needs_nothing_else_and_obeys_no_name() {
        let evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>";
        let page = page_of(&[full(evil, 1000.0), full("\" onload=\"alert(1)", 1.0)]);
        assert_eq!(page.matches("<script").count(), 1, "the page's own");
        assert_eq!(page.matches("</script").count(), 1);
        assert!(!page.contains("<img") && !page.contains("\" onload"));
        for outside in ["http://", "https://", "<link", "@import", "url("] {
            let found = page.replace("http://www.w3.org/2000/svg", "");
            assert!(!found.contains(outside), "{outside}");
        }
    }

    #[test]
    fn an_old_result_still_has_a_page() {
        let page = page_of(&[json!({"workload": {}, "publish_latency": {}})]);
        assert!(page.contains("file-1") && page.ends_with("</html>\n"));
        let page = page_of(&[
            json!({"kind": "find-max", "label": "x", "slos": ["p99<1ms"], "workload": {"acks": "all"}}),
        ]);
        assert!(page.contains("No rate that was tried keeps p99&lt;1ms.") && page.contains("acks"));
    }
}
