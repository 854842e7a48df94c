//! What a broker says when it is ready: a block for a person at a terminal, one log line elsewhere.

use std::fmt;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What is worth saying of a broker that serves.
pub(super) struct Banner {
    /// The host that clients connect to.
    pub host: String,
    /// The port that clients connect to.
    pub port: u16,
    /// Where /metrics and /health are.
    pub admin: SocketAddr,
    /// The data directory.
    pub data: PathBuf,
    /// How many shards there are.
    pub shards: u16,
    /// How many topics there are.
    pub topics: usize,
    /// How many partitions they have.
    pub partitions: usize,
    /// Whether a first message makes its topic.
    pub creates_topics: bool,
}

impl Banner {
    /// Says it, on standard error or in the log.
    pub(super) fn say(&self) {
        if std::io::stderr().is_terminal() {
            eprintln!("{self}");
        } else {
            tracing::info!(
                address = %format!("{}:{}", self.host, self.port),
                admin = %self.admin,
                data = %self.data.display(),
                shards = self.shards,
                topics = self.topics,
                partitions = self.partitions,
                "ready; try: kcat -b {}:{} -L", self.host, self.port
            );
        }
    }
}

impl fmt::Display for Banner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Banner {
            host,
            port,
            topics,
            partitions,
            ..
        } = self;
        writeln!(f, "\nCorelog {} is ready", env!("CARGO_PKG_VERSION"))?;
        writeln!(f, "  address  {host}:{port}")?;
        writeln!(
            f,
            "  data     {} ({topics} topics, {partitions} partitions)",
            self.data.display()
        )?;
        writeln!(f, "  shards   {}", self.shards)?;
        writeln!(f, "  metrics  http://{}/metrics", self.admin)?;
        if self.creates_topics {
            writeln!(f, "  try      echo hello | kcat -b {host}:{port} -P -t greetings")?;
            writeln!(f, "           kcat -b {host}:{port} -C -t greetings -e")
        } else {
            writeln!(f, "  try      kcat -b {host}:{port} -L")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_where_and_what_to_try() {
        let banner = Banner {
            host: "127.0.0.1".into(),
            port: 9092,
            admin: ([127, 0, 0, 1], 9644).into(),
            data: "data".into(),
            shards: 2,
            topics: 1,
            partitions: 4,
            creates_topics: true,
        };
        let text = banner.to_string();
        for part in [
            "  address  127.0.0.1:9092\n",
            "  data     data (1 topics, 4 partitions)\n",
            "  shards   2\n",
            "echo hello | kcat -b 127.0.0.1:9092 -P -t greetings\n",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
