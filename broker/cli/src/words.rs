//! What Kafka's tools and rpk call otherwise: a command line in their words gets a sentence with ours.

use std::collections::VecDeque;

/// Commands of others, each with what to type instead. The longest that the words begin with counts.
const COMMANDS: &[(&str, &str)] = &[
    ("topic alter-config", "corelog topic alter TOPIC --set KEY=VALUE"),
    ("topic set-config", "corelog topic alter TOPIC --set KEY=VALUE"),
    ("topic config", "corelog topic describe TOPIC --configs all"),
    (
        "topic add-partitions",
        "corelog topic alter TOPIC --partitions COUNT",
    ),
    ("topic trim-prefix", "corelog topic trim TOPIC --to-offset OFFSET"),
    (
        "topic delete-records",
        "corelog topic trim TOPIC --to-offset OFFSET",
    ),
    ("topic truncate", "corelog topic trim TOPIC --to-end"),
    ("topic produce", "corelog produce TOPIC"),
    ("topic consume", "corelog consume TOPIC"),
    ("topic describe-storage", "corelog topic describe TOPIC"),
    ("topic stats", "corelog topic analyze TOPIC"),
    ("topic info", "corelog topic describe TOPIC"),
    ("topic update", "corelog topic alter TOPIC --set KEY=VALUE"),
    (
        "group seek",
        "corelog group reset-offsets GROUP --topic TOPIC --to-earliest --execute",
    ),
    (
        "group reset",
        "corelog group reset-offsets GROUP --topic TOPIC --to-earliest",
    ),
    ("group offset-delete", "corelog group delete GROUP"),
    ("group lag", "corelog group describe GROUP"),
    ("group info", "corelog group describe GROUP"),
    ("cluster health", "corelog cluster info"),
    ("cluster metadata", "corelog cluster info"),
    ("cluster config set", "corelog broker alter --set KEY=VALUE"),
    ("cluster config get", "corelog broker describe"),
    ("cluster config", "corelog broker describe"),
    ("cluster partitions", "corelog topic describe"),
    ("cluster txn", "corelog transaction list"),
    ("cluster logdirs", "corelog topic analyze"),
    ("txn", "corelog transaction list"),
    ("metadata", "corelog cluster info"),
    ("redpanda start", "corelog serve"),
    ("redpanda tune", "corelog tune"),
    (
        "redpanda admin config log-level set",
        "corelog broker log-level ID PART=LEVEL",
    ),
    ("redpanda config", "corelog config show"),
    ("redpanda admin", "corelog cluster info"),
    ("start", "corelog serve"),
    ("server", "corelog serve"),
    ("kafka-server-start", "corelog serve --config FILE"),
    ("kafka-topics", "corelog topic list"),
    ("kafka-configs", "corelog topic alter TOPIC --set KEY=VALUE"),
    ("kafka-console-producer", "corelog produce TOPIC"),
    ("kafka-console-consumer", "corelog consume TOPIC"),
    ("kafka-consumer-groups", "corelog group describe GROUP"),
    ("kafka-transactions", "corelog transaction list"),
    (
        "kafka-delete-records",
        "corelog topic trim TOPIC --to-offset OFFSET",
    ),
    ("kafka-dump-log", "corelog log inspect DIR"),
    ("kafka-log-dirs", "corelog topic analyze"),
    ("kafka-cluster", "corelog cluster info"),
    ("kafka-get-offsets", "corelog topic describe TOPIC"),
    ("kafka-broker-api-versions", "corelog cluster info --versions"),
    ("console-producer", "corelog produce TOPIC"),
    ("console-consumer", "corelog consume TOPIC"),
    ("producer", "corelog produce TOPIC"),
    ("consumer", "corelog consume TOPIC"),
    ("context", "corelog profile use NAME"),
    ("completion", "corelog completions bash"),
    ("generate shell-completion", "corelog completions bash"),
    ("version", "corelog --version"),
    (
        "profile set",
        "corelog profile create NAME --brokers HOST:PORT --force",
    ),
    ("profile current", "corelog profile show"),
    ("profile print", "corelog profile show"),
];

/// Flags of others, each with what to type instead.
const FLAGS: &[(&str, &str)] = &[
    (
        "--bootstrap-server",
        "--bootstrap HOST:PORT (or -b) names the brokers to ask first",
    ),
    (
        "--bootstrap-servers",
        "--bootstrap HOST:PORT (or -b) names the brokers to ask first",
    ),
    (
        "--bootstrap-controller",
        "--bootstrap HOST:PORT (or -b) names the brokers to ask first",
    ),
    (
        "--broker-list",
        "--bootstrap HOST:PORT (or -b) names the brokers to ask first",
    ),
    (
        "--brokers",
        "--bootstrap HOST:PORT (or -b) names the brokers to ask first",
    ),
    (
        "--zookeeper",
        "there is no ZooKeeper; --bootstrap HOST:PORT names the brokers to ask first",
    ),
    (
        "--topic",
        "the topic stands without a flag, as in: corelog topic describe TOPIC",
    ),
    (
        "--group-id",
        "the group stands without a flag in corelog group describe GROUP, and as --group GROUP in consume",
    ),
    (
        "--create",
        "the verb stands without dashes, as in: corelog topic create TOPIC",
    ),
    (
        "--describe",
        "the verb stands without dashes, as in: corelog topic describe TOPIC",
    ),
    (
        "--alter",
        "the verb stands without dashes, as in: corelog topic alter TOPIC --set KEY=VALUE",
    ),
    (
        "--delete",
        "the verb stands without dashes, as in: corelog topic delete TOPIC",
    ),
    (
        "--list",
        "the verb stands without dashes, as in: corelog topic list",
    ),
    (
        "--reset-offsets",
        "the verb stands without dashes, as in: corelog group reset-offsets GROUP --topic TOPIC --to-earliest",
    ),
    ("--add-config", "--set KEY=VALUE sets a key, once for each"),
    (
        "--delete-config",
        "--unset KEY gives a key its default back, once for each",
    ),
    (
        "--entity-type",
        "topics have corelog topic alter, and brokers corelog broker alter",
    ),
    (
        "--entity-name",
        "topics have corelog topic alter TOPIC, and brokers corelog broker alter ID",
    ),
    ("--producer-property", "-X KEY=VALUE is a setting of the client"),
    ("--consumer-property", "-X KEY=VALUE is a setting of the client"),
    ("--command-property", "-X KEY=VALUE is a setting of the client"),
    (
        "--property",
        "-X KEY=VALUE is a setting of the client; --key-separator and --verbose say what of a record is shown",
    ),
    (
        "--command-config",
        "-X KEY=VALUE is a setting of the client; corelog profile create keeps addresses",
    ),
    ("--producer.config", "-X KEY=VALUE is a setting of the client"),
    ("--consumer.config", "-X KEY=VALUE is a setting of the client"),
    (
        "--profile",
        "-X profile=NAME is the profile of one command; corelog profile use NAME that of all",
    ),
    (
        "--partition-count",
        "--partitions COUNT says how many partitions a topic has",
    ),
    (
        "--replicas",
        "--replication-factor COUNT says how many replicas a topic has",
    ),
    ("--topic-config", "--config KEY=VALUE is a setting of the topic"),
    (
        "--max-messages-per-poll",
        "--max-messages COUNT ends after so many records",
    ),
    ("--num", "--max-messages COUNT ends after so many records"),
    ("--num-records", "--max-messages COUNT ends after so many records"),
    (
        "--from",
        "--since TIME begins at a point in time, and --from-beginning at the first record",
    ),
    (
        "--to",
        "corelog group reset-offsets has --to-earliest, --to-latest, --to-offset and --to-datetime",
    ),
    (
        "--isolation-level",
        "--read-committed leaves out records of transactions that were aborted or are open",
    ),
    ("--timeout-ms", "--exit-eof ends at the end of the topic"),
    ("--print-key", "--key-separator TEXT prints keys before values"),
    (
        "--members",
        "corelog group describe GROUP shows members with their partitions",
    ),
    ("--offsets", "corelog group describe GROUP shows offsets and lag"),
    ("--no-confirm", "--yes asks nothing"),
    ("--force-yes", "--yes asks nothing"),
    ("--format-json", "--output json (or -o json) prints JSON"),
    ("--json", "--output json (or -o json) prints JSON"),
    ("--admin-url", "--admin HOST:PORT names the admin port"),
];

/// What is said to a command line that was refused: `line` is all of it but the program's name, `flag` the flag that is not
/// known, if that is why.
pub fn advice(line: &[String], flag: Option<&str>) -> Option<String> {
    if let Some(flag) = flag {
        let name = flag.split('=').next().unwrap_or(flag);
        let found = FLAGS.iter().find(|(theirs, _)| *theirs == name);
        return found.map(|(_, ours)| format!("{name} is not a flag here: {ours}"));
    }
    let words = words(line);
    let begins = |theirs: &str| {
        let mut own = words.iter();
        theirs
            .split(' ')
            .all(|word| own.next().is_some_and(|own| own == word))
    };
    COMMANDS
        .iter()
        .filter(|(theirs, _)| begins(theirs))
        .max_by_key(|(theirs, _)| theirs.len())
        .map(|(theirs, ours)| format!("{theirs} is called here: {ours}"))
}

/// The words of a command line that are no flags, in the singular: `topics alter-config` is `topic alter-config`.
fn words(line: &[String]) -> Vec<String> {
    let mut left: VecDeque<&str> = line.iter().map(String::as_str).collect();
    let mut words = Vec::new();
    while let Some(word) = left.pop_front() {
        match word {
            "-b" | "--bootstrap" | "-o" | "--output" | "-X" => {
                left.pop_front();
            }
            word if word.starts_with('-') => {}
            word => {
                let word = word.trim_end_matches(".sh");
                words.push(
                    match word {
                        "topics" => "topic",
                        "groups" => "group",
                        "clusters" => "cluster",
                        "profiles" => "profile",
                        other => other,
                    }
                    .to_owned(),
                );
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::tests::Cli;

    /// The command that a text of ours names, as far as words follow from the root.
    fn resolve(text: &str) -> Option<String> {
        let mut command = Cli::command();
        let mut path = Vec::new();
        for word in text.strip_prefix("corelog ")?.split(' ') {
            let Some(sub) = command.find_subcommand(word.trim_end_matches([',', ';'])) else {
                break;
            };
            path.push(word.to_owned());
            command = sub.clone();
        }
        let is_leaf = !command.has_subcommands();
        is_leaf.then(|| path.join(" "))
    }

    #[test]
    fn what_is_advised_is_there() {
        for (theirs, ours) in COMMANDS {
            let is_of_the_binary = ours.starts_with("corelog serve") || *ours == "corelog --version";
            assert!(is_of_the_binary || resolve(ours).is_some(), "{theirs}: {ours}");
            assert!(
                resolve(&format!("corelog {theirs}")).is_none(),
                "{theirs} is ours"
            );
        }
        for (theirs, ours) in FLAGS {
            if let Some(at) = ours.find("corelog ") {
                assert!(resolve(&ours[at..]).is_some(), "{theirs}: {ours}");
            }
        }
    }

    #[test]
    fn the_words_of_others_are_known() {
        let check = |line: &str, flag: Option<&str>, part: &str| {
            let line: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            let said = advice(&line, flag).unwrap_or_default();
            assert!(said.contains(part), "{line:?}: {said}");
        };
        check(
            "topic alter-config orders --set a=b",
            None,
            "corelog topic alter TOPIC --set",
        );
        check(
            "topics -b h:1 alter-config orders",
            None,
            "corelog topic alter TOPIC --set",
        );
        check("group seek g --to start", None, "corelog group reset-offsets");
        check("cluster config set a b", None, "corelog broker alter");
        check("kafka-topics.sh --list", None, "corelog topic list");
        check(
            "topic list --bootstrap-server h:1",
            Some("--bootstrap-server"),
            "--bootstrap HOST:PORT",
        );
        check(
            "topic list --bootstrap-server=h:1",
            Some("--bootstrap-server=h:1"),
            "--bootstrap HOST:PORT",
        );
        check("topic describe --topic t", Some("--topic"), "without a flag");
        assert_eq!(advice(&["topic".into(), "list".into()], None), None);
        assert_eq!(advice(&[], Some("--nothing")), None);
    }
}
