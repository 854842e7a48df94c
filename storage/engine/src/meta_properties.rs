//! The file `meta.properties`, in Kafka's form: the cluster and the node that the data directory belongs to.
//!
//! ```text
//! version=1
//! directory.id=x6GyJr-bTHCzeRZDMyFTPQ
//! cluster.id=MkU3OEVBNTcwNTJENDM2Qg
//! node.id=1
//! #checksum=5d2f0c61
//! ```
//! These are Kafka's properties of version 1 (`org.apache.kafka.metadata.properties.MetaProperties`), which its tools read.
//! `directory.id` is the directory's own, random and nobody else's in the cluster (KIP-858). The last line is a comment to
//! the tools: the CRC-32 (IEEE) of all that is before it, in hexadecimal. Release 0.1.0 wrote neither of these two, Kafka
//! writes no checksum; the first start adds what is lacking.

use corelog_model::DirectoryId;

const CHECKSUM: &str = "#checksum=";
const KEYS: [&str; 4] = ["version", "cluster.id", "node.id", "directory.id"];

/// What is wrong with the content of the file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MetaFault {
    /// The checksum is another one.
    #[error("its checksum is {computed:08x} and it says {stored:?}")]
    Checksum {
        /// What it says.
        stored: String,
        /// What its bytes give.
        computed: u32,
    },
    /// A line is neither a comment nor a property of this file.
    #[error("it has the line {0:?}")]
    Line(String),
    /// A property is not there, or is there twice.
    #[error("it does not have the property {0} once")]
    Property(&'static str),
    /// The directory's id is none.
    #[error("its directory.id {0:?} is not the text of a UUID as Kafka writes it")]
    DirectoryId(String),
    /// Another version of the properties.
    #[error("its version is {0:?}, and 1 is known")]
    Version(String),
    /// It does not end with a line's end.
    #[error("it ends amid a line")]
    Cut,
    /// It is no text.
    #[error("it is no text")]
    Text,
}

/// What the file says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetaProperties {
    /// The cluster's id.
    pub cluster_id: String,
    /// The node's id, as it is written.
    pub node_id: String,
    /// The directory's id, if it has one.
    pub directory_id: Option<DirectoryId>,
    /// Whether a checksum vouches for them.
    pub has_checksum: bool,
}

impl MetaProperties {
    /// Reads the content of the file. No single changed byte of a file with a checksum changes what it says.
    ///
    /// # Errors
    /// See [`MetaFault`].
    pub fn parse(bytes: &[u8]) -> Result<MetaProperties, MetaFault> {
        let text = str::from_utf8(bytes).map_err(|_| MetaFault::Text)?;
        let (properties, has_checksum) = match text.rfind(CHECKSUM) {
            Some(at) => {
                let (before, line) = text.split_at(at);
                let stored = line[CHECKSUM.len()..].trim_end();
                let computed = crc32fast::hash(before.as_bytes());
                if stored != format!("{computed:08x}") {
                    let stored = stored.to_owned();
                    return Err(MetaFault::Checksum { stored, computed });
                }
                (before, true)
            }
            None => (text, false),
        };
        if !properties.ends_with('\n') {
            return Err(MetaFault::Cut);
        }
        let mut values: [Option<&str>; 4] = [None; 4];
        for line in properties.lines().filter(|line| !line.starts_with('#')) {
            let property = line.split_once('=');
            let place = property.and_then(|(key, _)| KEYS.iter().position(|known| *known == key));
            let (Some((_, value)), Some(place)) = (property, place) else {
                return Err(MetaFault::Line(line.to_owned()));
            };
            if values[place].replace(value.trim()).is_some() {
                return Err(MetaFault::Property(KEYS[place]));
            }
        }
        let value = |place: usize| values[place].filter(|value| !value.is_empty());
        let required = |place: usize| value(place).ok_or(MetaFault::Property(KEYS[place]));
        let version = required(0)?;
        if version != "1" {
            return Err(MetaFault::Version(version.to_owned()));
        }
        let directory_id = match value(3) {
            Some(text) => {
                Some(DirectoryId::parse(text).ok_or_else(|| MetaFault::DirectoryId(text.to_owned()))?)
            }
            None => None,
        };
        Ok(MetaProperties {
            cluster_id: required(1)?.to_owned(),
            node_id: required(2)?.to_owned(),
            directory_id,
            has_checksum,
        })
    }

    /// The properties of a file's content, without its checksum.
    pub fn properties(content: &str) -> &str {
        content.rfind(CHECKSUM).map_or(content, |at| &content[..at])
    }

    /// The content of the file with these properties: them, and their checksum.
    pub fn encode(properties: &str) -> String {
        let checksum = crc32fast::hash(properties.as_bytes());
        format!("{properties}{CHECKSUM}{checksum:08x}\n")
    }
}
