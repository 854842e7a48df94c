//! `corelog generate grafana-dashboard`: a dashboard of Grafana, made from the table of panels below.
//!
//! Its queries name metrics of `/metrics` and the recording rules of `corelog generate prometheus-rules`; a test beside the
//! table of metrics holds each name to it. Times are by `$__rate_interval`, brokers by the variable `instance`.

use serde_json::{Value, json};

/// Grafana's grid is so wide.
const GRID: u32 = 24;
const HEIGHT: u32 = 8;

/// A row of panels.
struct Row {
    title: &'static str,
    panels: &'static [Panel],
}

/// One panel.
struct Panel {
    title: &'static str,
    /// One sentence.
    description: &'static str,
    /// As Grafana names it.
    unit: &'static str,
    is_stat: bool,
    /// Queries, each with the legend of its series.
    queries: &'static [(&'static str, &'static str)],
}

const fn graph(
    title: &'static str,
    description: &'static str,
    unit: &'static str,
    queries: &'static [(&'static str, &'static str)],
) -> Panel {
    Panel {
        title,
        description,
        unit,
        is_stat: false,
        queries,
    }
}

const fn stat(
    title: &'static str,
    description: &'static str,
    unit: &'static str,
    queries: &'static [(&'static str, &'static str)],
) -> Panel {
    Panel {
        title,
        description,
        unit,
        is_stat: true,
        queries,
    }
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { title: "State", panels: &[
        stat("Brokers up", "How many brokers answer.", "short",
            &[(r#"sum(up{job="corelog"})"#, "up")]),
        stat("Running for", "Since the broker started.", "s",
            &[(r#"time() - corelog_start_timestamp_seconds{instance=~"$instance"}"#, "{{instance}}")]),
        stat("Offline partitions", "Partitions that take no records. Should be 0.", "short",
            &[(r#"sum(corelog_offline_partitions{instance=~"$instance"})"#, "offline")]),
        stat("Under min ISR", "Partitions that refuse acks=all. Should be 0.", "short",
            &[(r#"sum(corelog_under_min_isr_partitions{instance=~"$instance"})"#, "under min ISR")]),
        stat("Fenced journals", "Shards that acknowledge nothing until a restart. Should be 0.", "short",
            &[(r#"sum(corelog_journal_fenced{instance=~"$instance"})"#, "fenced")]),
        stat("Alerts", "Alerts that fire.", "short",
            &[(r#"sum(ALERTS{alertname=~"Corelog.*",alertstate="firing"}) or vector(0)"#, "firing")]),
    ] },
    Row { title: "Traffic", panels: &[
        graph("Bytes", "Record batches that came from producers and went to consumers.", "Bps", &[
            (r#"sum by (instance) (rate(corelog_produced_bytes_total{instance=~"$instance"}[$__rate_interval]))"#, "{{instance}} in"),
            (r#"sum by (instance) (rate(corelog_fetched_bytes_total{instance=~"$instance"}[$__rate_interval]))"#, "{{instance}} out"),
        ]),
        graph("Records in", "Records appended for clients.", "short",
            &[(r#"sum by (instance) (rate(corelog_produced_records_total{instance=~"$instance"}[$__rate_interval]))"#, "{{instance}}")]),
        graph("Records in by topic", "The ten topics that most records come to.", "short",
            &[(r#"topk(10, corelog:topic_records:rate5m{instance=~"$instance"})"#, "{{topic}}")]),
        graph("Network", "Bytes of requests and answers.", "Bps", &[
            (r#"sum by (instance) (rate(corelog_network_received_bytes_total{instance=~"$instance"}[$__rate_interval]))"#, "{{instance}} received"),
            (r#"sum by (instance) (rate(corelog_network_sent_bytes_total{instance=~"$instance"}[$__rate_interval]))"#, "{{instance}} sent"),
        ]),
    ] },
    Row { title: "Requests", panels: &[
        graph("Requests", "Requests answered, by API.", "reqps",
            &[(r#"sum by (api) (rate(corelog_requests_total{instance=~"$instance"}[$__rate_interval]))"#, "{{api}}")]),
        graph("Produce, 99th percentile", "From a whole request's arrival to its answer's readiness.", "s",
            &[(r#"histogram_quantile(0.99, sum by (le, instance) (rate(corelog_request_total_time_seconds_bucket{instance=~"$instance",api="Produce"}[$__rate_interval])))"#, "{{instance}}")]),
        graph("Mean time", "The same of each API, on average; Fetch waits for records.", "s",
            &[(r#"sum by (api) (rate(corelog_request_total_time_seconds_sum{instance=~"$instance"}[$__rate_interval])) / (sum by (api) (rate(corelog_request_total_time_seconds_count{instance=~"$instance"}[$__rate_interval])) > 0)"#, "{{api}}")]),
        graph("Errors", "Error codes in answers.", "short",
            &[(r#"sum by (api, error) (rate(corelog_request_errors_total{instance=~"$instance"}[$__rate_interval]))"#, "{{api}} {{error}}")]),
        graph("Connections", "Those that are open, and how many were refused within five minutes.", "short", &[
            (r#"corelog_connections{instance=~"$instance"}"#, "{{instance}}"),
            (r#"increase(corelog_connections_refused_total{instance=~"$instance"}[5m])"#, "{{instance}} refused"),
        ]),
    ] },
    Row { title: "Consumer groups", panels: &[
        graph("Lag", "Records that a group has yet to read of a topic.", "short",
            &[(r#"corelog:consumer_group_lag:sum{instance=~"$instance"}"#, "{{group}} {{topic}}")]),
        graph("Lag in time", "How long such a lag took to come into being, at the rate of the last five minutes.", "s",
            &[(r#"corelog:consumer_group_lag_seconds:estimate{instance=~"$instance"}"#, "{{group}} {{topic}}")]),
        graph("Largest lags of partitions", "The ten partitions that a group is furthest behind in.", "short",
            &[(r#"topk(10, corelog_consumer_group_lag{instance=~"$instance"})"#, "{{group}} {{topic}}-{{partition}}")]),
        graph("Lags left out", "Partitions of groups beyond what /metrics tells lags of. Should be 0.", "short",
            &[(r#"corelog_consumer_group_lags_left_out{instance=~"$instance"}"#, "{{instance}}")]),
    ] },
    Row { title: "Storage", panels: &[
        graph("Free room", "What is free on the file system of the data, and where it will be in twelve hours.", "bytes", &[
            (r#"corelog_volume_usable_bytes{instance=~"$instance"}"#, "{{instance}}"),
            (r#"clamp_min(predict_linear(corelog_volume_usable_bytes{instance=~"$instance"}[1h], 43200), 0)"#, "{{instance}} in 12 h"),
            (r#"corelog_volume_size_bytes{instance=~"$instance"}"#, "{{instance}} size"),
        ]),
        graph("Largest topics", "The ten topics that take most room.", "bytes",
            &[(r#"topk(10, sum by (topic) (corelog_partition_size_bytes{instance=~"$instance"}))"#, "{{topic}}")]),
        graph("Commits, 99th percentile", "How long it takes to make what came in one moment durable.", "s",
            &[(r#"histogram_quantile(0.99, sum by (le, instance, shard) (rate(corelog_journal_commit_seconds_bucket{instance=~"$instance"}[$__rate_interval])))"#, "{{instance}} shard {{shard}}")]),
        graph("Written", "Bytes written: to journals, straight to segments, and to segments later.", "Bps", &[
            (r#"sum by (instance) (rate(corelog_journal_bytes_total{instance=~"$instance"}[$__rate_interval]))"#, "{{instance}} journal"),
            (r#"sum by (instance) (rate(corelog_bypassed_bytes_total{instance=~"$instance"}[$__rate_interval]))"#, "{{instance}} straight"),
            (r#"sum by (instance) (rate(corelog_flushed_bytes_total{instance=~"$instance"}[$__rate_interval]))"#, "{{instance}} later"),
        ]),
        graph("Read of segments", "Bytes that readers had to have from the disk.", "Bps",
            &[(r#"sum by (instance) (rate(corelog_disk_read_bytes_total{instance=~"$instance"}[$__rate_interval]))"#, "{{instance}}")]),
        graph("Dirty", "Bytes that are in no segment yet; they are in the journal.", "bytes",
            &[(r#"sum by (instance) (corelog_dirty_bytes{instance=~"$instance"})"#, "{{instance}}")]),
    ] },
    Row { title: "Compaction", panels: &[
        graph("Dirty bytes", "The ten compacted logs with most that may be compacted and was not.", "bytes",
            &[(r#"topk(10, corelog_log_dirty_bytes{instance=~"$instance"})"#, "{{topic}}-{{partition}}")]),
        graph("Last cleaned", "How long ago the ten logs were compacted that have waited longest.", "s",
            &[(r#"topk(10, time() - (corelog_log_last_cleaned_timestamp_seconds{instance=~"$instance"} > 0))"#, "{{topic}}-{{partition}}")]),
        graph("Compactions", "Logs compacted, and compactions that failed.", "short", &[
            (r#"sum by (instance) (rate(corelog_compactions_total{instance=~"$instance"}[$__rate_interval]))"#, "{{instance}}"),
            (r#"sum by (instance) (rate(corelog_compactions_failed_total{instance=~"$instance"}[$__rate_interval]))"#, "{{instance}} failed"),
        ]),
    ] },
    Row { title: "Transactions", panels: &[
        graph("Open", "Transactions that have begun and are not complete.", "short",
            &[(r#"corelog_transactions_open{instance=~"$instance"}"#, "{{instance}}")]),
        graph("Oldest open", "How long ago the oldest open one began.", "s",
            &[(r#"corelog_transactions_open_age_max_seconds{instance=~"$instance"}"#, "{{instance}}")]),
        graph("Decided", "Transactions that were committed, aborted, and those of the aborted that took too long.", "short", &[
            (r#"rate(corelog_transactions_committed_total{instance=~"$instance"}[$__rate_interval])"#, "{{instance}} committed"),
            (r#"rate(corelog_transactions_aborted_total{instance=~"$instance"}[$__rate_interval])"#, "{{instance}} aborted"),
            (r#"rate(corelog_transactions_timed_out_total{instance=~"$instance"}[$__rate_interval])"#, "{{instance}} timed out"),
        ]),
    ] },
    Row { title: "Shards", panels: &[
        graph("Work", "The share of its time that a shard spends in tasks and in its driver.", "percentunit",
            &[(r#"rate(corelog_shard_work_seconds_total{instance=~"$instance"}[$__rate_interval]) + rate(corelog_shard_poll_seconds_total{instance=~"$instance"}[$__rate_interval])"#, "{{instance}} shard {{shard}}")]),
        graph("Idle", "The share of its time that a shard sleeps.", "percentunit",
            &[(r#"rate(corelog_shard_idle_seconds_total{instance=~"$instance"}[$__rate_interval])"#, "{{instance}} shard {{shard}}")]),
        graph("Stalls", "The share of its time that a shard spends in steps longer than 1 ms.", "percentunit",
            &[(r#"rate(corelog_shard_stall_seconds_total{instance=~"$instance"}[$__rate_interval])"#, "{{instance}} shard {{shard}}")]),
        graph("Memory", "Memory of logs, of requests, and of what is fetched.", "bytes", &[
            (r#"sum by (instance) (corelog_cache_bytes{instance=~"$instance"})"#, "{{instance}} logs"),
            (r#"sum by (instance) (corelog_request_memory_bytes{instance=~"$instance"})"#, "{{instance}} requests"),
            (r#"sum by (instance) (corelog_fetch_memory_bytes{instance=~"$instance"})"#, "{{instance}} fetched"),
        ]),
    ] },
];

/// The dashboard in Grafana's JSON, for import.
pub fn grafana_dashboard() -> String {
    let mut panels = Vec::new();
    let (mut id, mut y) = (0, 0);
    for row in ROWS {
        id += 1;
        panels.push(json!({
            "id": id, "type": "row", "title": row.title, "collapsed": false, "panels": [],
            "gridPos": { "h": 1, "w": GRID, "x": 0, "y": y },
        }));
        y += 1;
        let stats = row.panels.iter().all(|panel| panel.is_stat);
        let (width, height) = if stats {
            (4, HEIGHT / 2)
        } else {
            (GRID / 3, HEIGHT)
        };
        let mut x = 0;
        for one in row.panels {
            if x + width > GRID {
                (x, y) = (0, y + height);
            }
            id += 1;
            panels.push(panel(
                one,
                id,
                &json!({ "h": height, "w": width, "x": x, "y": y }),
            ));
            x += width;
        }
        y += height;
    }
    let dashboard = json!({
        "title": "Corelog", "uid": "corelog", "tags": ["corelog"], "schemaVersion": 39, "version": 1, "editable": true,
        "timezone": "", "refresh": "30s", "time": { "from": "now-3h", "to": "now" },
        "annotations": { "list": [] }, "links": [],
        "templating": { "list": [
            {
                "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus",
                "current": {}, "hide": 0, "includeAll": false, "multi": false,
            },
            {
                "name": "instance", "label": "Broker", "type": "query", "datasource": datasource(),
                "query": { "query": "label_values(corelog_partitions, instance)", "refId": "instance" },
                "refresh": 2, "includeAll": true, "multi": true, "sort": 1,
                "allValue": ".*", "current": { "text": "All", "value": "$__all" },
            },
        ] },
        "panels": panels,
    });
    let mut text = serde_json::to_string_pretty(&dashboard).expect("values of ours have JSON forms");
    text.push('\n');
    text
}

fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

fn panel(panel: &Panel, id: u32, place: &Value) -> Value {
    let targets: Vec<_> = panel
        .queries
        .iter()
        .zip('A'..)
        .map(|((query, legend), name)| {
            json!({
                "refId": name, "expr": query, "legendFormat": legend, "datasource": datasource(), "range": true,
            })
        })
        .collect();
    json!({
        "id": id, "type": if panel.is_stat { "stat" } else { "timeseries" }, "title": panel.title,
        "description": panel.description, "datasource": datasource(), "gridPos": place, "targets": targets,
        "fieldConfig": { "defaults": { "unit": panel.unit, "min": if panel.is_stat { Value::Null } else { 0.into() } }, "overrides": [] },
        "options": if panel.is_stat { json!({ "reduceOptions": { "calcs": ["lastNotNull"] } }) } else { json!({}) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_says_what_it_shows_and_has_its_place() {
        let dashboard: Value = serde_json::from_str(&grafana_dashboard()).unwrap();
        let panels = dashboard["panels"].as_array().unwrap();
        assert_eq!(
            panels.len(),
            ROWS.iter().map(|row| row.panels.len() + 1).sum::<usize>()
        );
        let mut taken = std::collections::BTreeSet::new();
        for panel in panels {
            let place = &panel["gridPos"];
            let at = |key: &str| place[key].as_u64().unwrap();
            for x in at("x")..at("x") + at("w") {
                for y in at("y")..at("y") + at("h") {
                    assert!(x < u64::from(GRID) && taken.insert((x, y)), "{panel}");
                }
            }
        }
        for panel in ROWS.iter().flat_map(|row| row.panels) {
            assert!(panel.description.ends_with('.'), "{}", panel.title);
            assert!(!panel.queries.is_empty(), "{}", panel.title);
        }
    }
}
