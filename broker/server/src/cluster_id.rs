//! The cluster's id, kept in the data directory's `meta.properties`, as Kafka does.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use corelog_config::BrokerConfig;
use corelog_model::TopicId;

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterIdError {
    /// The kernel refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It belongs to another broker.
    #[error("{} belongs to node.id {found}, not {configured}. Set node.id={found}, or choose another directory with --data-dir (log.dirs)", path.display())]
    Node {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What is configured.
        configured: i32,
    },
    /// It belongs to another cluster.
    #[error("{} belongs to the cluster {found}, not {configured}. Leave cluster.id out, or choose another directory with --data-dir (log.dirs)", path.display())]
    Cluster {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What is configured.
        configured: String,
    },
}

/// Reads the id, or makes one and keeps it.
///
/// # Errors
/// See [`ClusterIdError`].
pub fn load_or_make(dir: &Path, config: &BrokerConfig) -> Result<String, ClusterIdError> {
    let path = dir.join("meta.properties");
    let io = |source| ClusterIdError::Io {
        path: path.clone(),
        source,
    };
    let node = config.node_id.get();
    match fs::read_to_string(&path) {
        Ok(text) => {
            let value = |key: &str| {
                text.lines()
                    .find_map(|line| Some(line.split_once('=').filter(|(k, _)| *k == key)?.1.trim()))
            };
            if let Some(found) = value("node.id").filter(|found| *found != node.to_string()) {
                return Err(ClusterIdError::Node {
                    path,
                    found: found.to_owned(),
                    configured: node,
                });
            }
            let found = value("cluster.id").unwrap_or_default().to_owned();
            match &config.cluster_id {
                Some(configured) if *configured != found => Err(ClusterIdError::Cluster {
                    path,
                    found,
                    configured: configured.clone(),
                }),
                Some(_) | None => Ok(found),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let id = config.cluster_id.clone().unwrap_or_else(random_id);
            let temporary = dir.join("meta.properties.tmp");
            let mut file = fs::File::create(&temporary).map_err(io)?;
            write!(file, "version=1\ncluster.id={id}\nnode.id={node}\n").map_err(io)?;
            file.sync_all().map_err(io)?;
            fs::rename(&temporary, &path).map_err(io)?;
            fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(io)?;
            Ok(id)
        }
        Err(error) => Err(io(error)),
    }
}

fn random_id() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    TopicId::new(bytes).to_string()
}

/// This machine's name, for clients that connect to a listener on every interface.
pub fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name.to_owned()
    }
}
