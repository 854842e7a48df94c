//! `corelog generate prometheus-rules` and `prometheus-config`.

use clap::Args;

/// The rules, word for word as the packages have them.
pub const PROMETHEUS_RULES: &str = include_str!("../../../../packaging/monitoring/corelog-rules.yml");
/// The configuration for a broker on the same machine.
const CONFIG: &str = include_str!("../../../../packaging/monitoring/prometheus.yml");
/// What stands for the brokers in it.
const TARGET: &str = "          - 127.0.0.1:9644\n";

/// The arguments of `generate prometheus-config`.
#[derive(Clone, PartialEq, Debug, Args)]
pub struct PrometheusArgs {
    /// A broker's admin port; may be given several times.
    #[arg(long = "target", value_name = "HOST:PORT", default_value = "127.0.0.1:9644")]
    targets: Vec<String>,
}

/// The configuration, with these brokers.
pub(super) fn config(args: &PrometheusArgs) -> String {
    let line = |target: &String| {
        let text = serde_json::to_string(target).expect("text has a JSON form, which is one of YAML's too");
        format!("          - {text}\n")
    };
    CONFIG.replace(TARGET, &args.targets.iter().map(line).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_targets_are_in_the_configuration() {
        let text = config(&PrometheusArgs {
            targets: vec!["a:1".into(), "b:2".into()],
        });
        assert!(
            text.ends_with("targets:\n          - \"a:1\"\n          - \"b:2\"\n"),
            "{text}"
        );
    }

    #[test]
    fn every_alert_says_why_and_what_to_do() {
        let alerts: Vec<_> = PROMETHEUS_RULES.split("- alert: ").skip(1).collect();
        assert!(alerts.len() > 10);
        for alert in alerts {
            for part in ["expr:", "severity:", "summary:", "description:", "action:"] {
                assert!(alert.contains(part), "{part} {alert}");
            }
        }
    }
}
