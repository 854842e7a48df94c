//! What a broker says when it is ready: a block for a person at a terminal, one log line elsewhere.

use std::fmt;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use corelog_config::Listener;

/// What is worth saying of a broker that serves.
pub(super) struct Banner {
    /// Where the clients of each listener are told to connect; not empty.
    pub advertised: Vec<Listener>,
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
        let address = self.address();
        if std::io::stderr().is_terminal() {
            eprintln!("{self}");
        } else {
            tracing::info!(
                %address,
                listeners = %self.listeners(),
                admin = %self.admin,
                data = %self.data.display(),
                shards = self.shards,
                topics = self.topics,
                partitions = self.partitions,
                "ready; try: kcat -b {address} -L"
            );
        }
    }

    /// What a service manager shows.
    pub(super) fn line(&self) -> String {
        let Banner {
            shards,
            topics,
            partitions,
            ..
        } = self;
        format!(
            "serving {}: {shards} shards, {topics} topics, {partitions} partitions",
            self.listeners()
        )
    }

    /// The first listener's address.
    fn address(&self) -> String {
        let mut text = self.advertised[0].to_string();
        text.drain(..self.advertised[0].name.len() + "://".len());
        text
    }

    /// All listeners, as `advertised.listeners` has them.
    fn listeners(&self) -> String {
        let all: Vec<_> = self.advertised.iter().map(Listener::to_string).collect();
        all.join(",")
    }
}

impl fmt::Display for Banner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Banner {
            topics, partitions, ..
        } = self;
        let address = self.address();
        writeln!(f, "\nCorelog {} is ready", env!("CARGO_PKG_VERSION"))?;
        writeln!(f, "  address  {address}")?;
        if self.advertised.len() > 1 {
            writeln!(f, "  by name  {}", self.listeners())?;
        }
        writeln!(
            f,
            "  data     {} ({topics} topics, {partitions} partitions)",
            self.data.display()
        )?;
        writeln!(f, "  shards   {}", self.shards)?;
        writeln!(f, "  metrics  http://{}/metrics", self.admin)?;
        if self.creates_topics {
            writeln!(f, "  try      echo hello | kcat -b {address} -P -t greetings")?;
            writeln!(f, "           kcat -b {address} -C -t greetings -e")
        } else {
            writeln!(f, "  try      kcat -b {address} -L")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(text: &str) -> Listener {
        Listener::parse(text).expect("a listener")
    }

    #[test]
    fn a_person_reads_where_and_what_to_try() {
        let banner = Banner {
            advertised: vec![
                listener("PLAINTEXT://127.0.0.1:9092"),
                listener("EXTERNAL://broker.example:19092"),
            ],
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
            "  by name  PLAINTEXT://127.0.0.1:9092,EXTERNAL://broker.example:19092\n",
            "  data     data (1 topics, 4 partitions)\n",
            "  shards   2\n",
            "echo hello | kcat -b 127.0.0.1:9092 -P -t greetings\n",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
