//! `corelog cluster`.

use std::collections::BTreeMap;

use clap::Subcommand;
use corelog_client::{BrokerFeatures, BrokerInfo, ClientError, FeatureRange};
use corelog_protocol::ApiKey;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{Output, Table, cell};

/// The commands on the cluster.
#[derive(Clone, PartialEq, Eq, Debug, Subcommand)]
pub enum ClusterCommand {
    /// Show the cluster's id, its brokers, what they speak, and how many topics and partitions there are.
    #[command(visible_alias = "describe")]
    Info {
        /// List the versions of each API too.
        #[arg(long)]
        versions: bool,
    },
}

/// What was found.
struct Found {
    id: Option<String>,
    controller: Option<i32>,
    brokers: Vec<(BrokerInfo, Result<BrokerFeatures, ClientError>)>,
    topics: usize,
    internal_topics: usize,
    partitions: usize,
    leaderless: usize,
    out_of_sync: usize,
}

pub(crate) fn run(
    globals: &Globals,
    command: &ClusterCommand,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let ClusterCommand::Info { versions } = command;
    info(globals, *versions, output)
}

/// Shows the cluster, with each API's versions if they are asked for.
pub(crate) fn info(globals: &Globals, versions: bool, output: &mut Output<'_>) -> Result<(), CliError> {
    let found = find(globals)?;
    if output.is_json() {
        return output.json(&found_json(&found, versions));
    }
    print(&found, versions, output)
}

/// A broker that does not answer is a part of what is found.
fn find(globals: &Globals) -> Result<Found, CliError> {
    let mut client = globals.client()?;
    let topics = client.topics()?;
    let partitions = || topics.iter().flat_map(|topic| &topic.partitions);
    let cluster = client.cluster().clone();
    let brokers = cluster
        .brokers
        .into_values()
        .map(|broker| {
            let features = client.features(broker.id);
            (broker, features)
        })
        .collect();
    Ok(Found {
        id: cluster.id,
        controller: cluster.controller,
        brokers,
        topics: topics.len(),
        internal_topics: topics.iter().filter(|topic| topic.is_internal).count(),
        partitions: partitions().count(),
        leaderless: partitions()
            .filter(|partition| partition.leader.is_none())
            .count(),
        out_of_sync: partitions()
            .filter(|partition| partition.in_sync_replicas.len() < partition.replicas.len())
            .count(),
    })
}

impl Found {
    /// What the first broker that answers says of features; they are the cluster's.
    fn features(&self) -> BTreeMap<String, FeatureRange> {
        let answers = self.brokers.iter().filter_map(|(_, told)| told.as_ref().ok());
        answers
            .map(|told| told.features.clone())
            .next()
            .unwrap_or_default()
    }

    fn role(&self, broker: &BrokerInfo) -> &'static str {
        if self.controller == Some(broker.id) {
            "controller"
        } else {
            "broker"
        }
    }
}

fn print(found: &Found, versions: bool, output: &mut Output<'_>) -> Result<(), CliError> {
    let mut facts = Table::new(&["CLUSTER", ""]);
    facts.row(["id".into(), cell(found.id.as_deref())]);
    facts.row(["controller".into(), cell(found.controller)]);
    facts.row([
        "topics".into(),
        format!("{} ({} internal)", found.topics, found.internal_topics),
    ]);
    facts.row(["partitions".into(), found.partitions.to_string()]);
    facts.row(["without a leader".into(), found.leaderless.to_string()]);
    facts.row(["with replicas out of sync".into(), found.out_of_sync.to_string()]);
    output.table(&facts)?;
    output.line("")?;

    let mut brokers = Table::new(&["BROKER", "ADDRESS", "RACK", "ROLE", "APIS", "STATE"]);
    for (broker, told) in &found.brokers {
        brokers.row([
            broker.id.to_string(),
            broker.address.to_string(),
            cell(broker.rack.as_deref()),
            found.role(broker).to_owned(),
            cell(told.as_ref().ok().map(|told| told.versions.iter().count())),
            told.as_ref().err().map_or("up".to_owned(), ToString::to_string),
        ]);
    }
    output.table(&brokers)?;

    let features = found.features();
    if !features.is_empty() {
        output.line("")?;
        let mut table = Table::new(&["FEATURE", "LEVEL", "SUPPORTED"]);
        for (name, range) in features {
            table.row([name, cell(range.finalized), cell(range.supported.map(shown))]);
        }
        output.table(&table)?;
    }
    if versions {
        for (broker, told) in &found.brokers {
            let Ok(told) = told else { continue };
            output.line("")?;
            output.line(&format!("broker {}", broker.id))?;
            let mut table = Table::new(&["API", "KEY", "VERSIONS"]);
            for (key, range) in told.versions.iter() {
                table.row([api_name(key), key.to_string(), shown(range)]);
            }
            output.table(&table)?;
        }
    }
    Ok(())
}

fn shown((first, last): (i16, i16)) -> String {
    format!("{first} to {last}")
}

fn api_name(key: i16) -> String {
    ApiKey::try_from(key).map_or_else(|_| "-".to_owned(), |api| api.name().to_owned())
}

fn found_json(found: &Found, versions: bool) -> Value {
    let range = |(first, last): (i16, i16)| json!({ "min": first, "max": last });
    let brokers: Vec<_> = found
        .brokers
        .iter()
        .map(|(broker, told)| {
            let mut value = json!({
                "broker": broker.id, "host": broker.address.host, "port": broker.address.port, "rack": broker.rack,
                "controller": found.controller == Some(broker.id),
                "apis": told.as_ref().ok().map(|told| told.versions.iter().count()),
                "error": told.as_ref().err().map(ToString::to_string),
            });
            if let (true, Ok(told)) = (versions, told) {
                let versions: Vec<_> = told
                    .versions
                    .iter()
                    .map(|(key, (min, max))| {
                        json!({ "api": api_name(key), "key": key, "min": min, "max": max })
                    })
                    .collect();
                value["versions"] = versions.into();
            }
            value
        })
        .collect();
    let features: Vec<_> = found
        .features()
        .into_iter()
        .map(|(name, feature)| {
            json!({
                "feature": name, "level": feature.finalized, "supported": feature.supported.map(range),
            })
        })
        .collect();
    json!({
        "cluster": found.id, "controller": found.controller, "brokers": brokers, "features": features,
        "topics": found.topics, "internal_topics": found.internal_topics, "partitions": found.partitions,
        "partitions_without_leader": found.leaderless, "partitions_out_of_sync": found.out_of_sync,
    })
}
