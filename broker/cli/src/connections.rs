//! `corelog connections`: who is connected to a broker, by its admin port.

use clap::Args;
use corelog_model::TimestampMs;
use serde::{Deserialize, Serialize};

use crate::admin::Admin;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{Output, Table, cell};
use crate::parse::show_time;

const PATH: &str = "/debug/connections";

/// The arguments of `connections`.
#[derive(Clone, PartialEq, Eq, Debug, Args)]
#[command(after_help = "\
Examples:
  corelog connections
  corelog connections --admin 10.0.0.7:9644 -o json
The broker tells those who ask from its own machine, unless admin.debug says otherwise; of 2000 connections at most.")]
pub struct ConnectionsArgs {
    /// The broker's admin port; without it that of the profile, else port 9644 of the broker.
    #[arg(long, value_name = "HOST:PORT", env = "CORELOG_ADMIN")]
    admin: Option<String>,
}

/// A connection, as the admin port tells it and as scripts get it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Connection {
    address: String,
    listener: String,
    shard: u16,
    client_id: String,
    software_name: Option<String>,
    software_version: Option<String>,
    since_ms: i64,
    requests: u64,
    received_bytes: u64,
    sent_bytes: u64,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Page {
    connections: Vec<Connection>,
    left_out: u64,
}

pub(crate) fn run(
    globals: &Globals,
    args: &ConnectionsArgs,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let admin = Admin::new(&globals.admin(args.admin.as_deref())?)?;
    let page: Page = admin.json(PATH)?;
    print(page, output)
}

fn print(mut page: Page, output: &mut Output<'_>) -> Result<(), CliError> {
    page.connections.sort_by(|a, b| a.address.cmp(&b.address));
    if output.is_json() {
        return output.json(&page);
    }
    let mut table = Table::new(&[
        "ADDRESS",
        "CLIENT ID",
        "SOFTWARE",
        "SHARD",
        "SINCE",
        "REQUESTS",
        "RECEIVED BYTES",
        "SENT BYTES",
    ]);
    for connection in page.connections {
        let software = [connection.software_name, connection.software_version];
        let software: Vec<_> = software.into_iter().flatten().collect();
        table.row([
            connection.address,
            cell(Some(printable(&connection.client_id)).filter(|id| !id.is_empty())),
            cell(Some(printable(&software.join(" "))).filter(|text| !text.is_empty())),
            connection.shard.to_string(),
            show_time(TimestampMs::new(connection.since_ms)),
            connection.requests.to_string(),
            connection.received_bytes.to_string(),
            connection.sent_bytes.to_string(),
        ]);
    }
    output.table(&table)?;
    if page.left_out > 0 {
        output.line(&format!("{} more connections are not listed.", page.left_out))?;
    }
    Ok(())
}

/// What a client calls itself, without what would move a terminal's cursor.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::globals::Format;

    use super::*;

    fn printed(format: Format, page: &str) -> String {
        let mut out = Vec::new();
        let page = serde_json::from_str(page).unwrap();
        print(page, &mut Output::new(format, &mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn connections_are_shown_by_address() {
        let page = r#"{"connections":[
            {"address":"b:2","listener":"L","shard":1,"client_id":"me\u001b[2J","software_name":"s","software_version":"1",
             "since_ms":0,"requests":3,"received_bytes":4,"sent_bytes":5},
            {"address":"a:1","listener":"L","shard":0,"client_id":"","software_name":null,"software_version":null,
             "since_ms":0,"requests":0,"received_bytes":0,"sent_bytes":0}],"left_out":7}"#;
        let text = printed(Format::Table, page);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[1].starts_with("a:1 "), "{text}");
        assert!(
            lines[2].contains("me\u{fffd}[2J ") && lines[2].contains(" s 1 "),
            "{text}"
        );
        assert!(lines[3].contains("7 more"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&printed(Format::Json, page)).unwrap();
        assert_eq!(
            (&json["connections"][1]["requests"], &json["left_out"]),
            (&3.into(), &7.into())
        );
    }
}
