//! The ids of the cluster and of the data directory, kept in its `meta.properties`, as Kafka does.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use corelog_config::BrokerConfig;
use corelog_model::{DirectoryId, TopicId};
use corelog_storage::{DataDir, MetaFault, MetaProperties};

const FILE: &str = "meta.properties";

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
    /// It is not what was written.
    #[error(
        "{} is damaged: {what}. Restore it. If it was changed on purpose, remove its last line, which holds the checksum", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: MetaFault,
    },
    /// It is gone from a directory that is not new.
    #[error(
        "{} is missing, and the directory is not new. Restore it, or set cluster.id to the cluster's id, and it is made again", path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
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

/// What a data directory says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct DirectoryIdentity {
    /// The cluster that it belongs to.
    pub cluster_id: String,
    /// Its own id; `None` if none could be written.
    pub directory_id: Option<DirectoryId>,
}

/// Reads the ids, or makes them and keeps them.
///
/// # Errors
/// See [`ClusterIdError`].
pub(super) fn load_or_make(
    data_dir: &DataDir,
    config: &BrokerConfig,
) -> Result<DirectoryIdentity, ClusterIdError> {
    let dir = data_dir.path();
    let path = dir.join(FILE);
    let io = |source| ClusterIdError::Io {
        path: path.clone(),
        source,
    };
    let node = config.node_id.get();
    match fs::read(&path) {
        Ok(bytes) => {
            let meta = MetaProperties::parse(&bytes).map_err(|what| ClusterIdError::Damaged {
                path: path.clone(),
                what,
            })?;
            check_identity(&meta, &path, config)?;
            let directory_id = complete(dir, &String::from_utf8_lossy(&bytes), &meta);
            Ok(DirectoryIdentity {
                cluster_id: meta.cluster_id,
                directory_id,
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // It is made before the layout is, so a crash leaves no directory in use without it.
            if !data_dir.is_new() && config.cluster_id.is_none() {
                return Err(ClusterIdError::Missing { path });
            }
            let id = config.cluster_id.clone().unwrap_or_else(random_id);
            let directory = random_directory_id();
            let properties =
                format!("version=1\ndirectory.id={directory}\ncluster.id={id}\nnode.id={node}\n");
            write(dir, &properties).map_err(io)?;
            Ok(DirectoryIdentity {
                cluster_id: id,
                directory_id: Some(directory),
            })
        }
        Err(error) => Err(io(error)),
    }
}

/// Adds what an earlier release, or Kafka, has not written to the file, whose content is `content`. Returns the
/// directory's id.
fn complete(dir: &Path, content: &str, meta: &MetaProperties) -> Option<DirectoryId> {
    if meta.has_checksum && meta.directory_id.is_some() {
        return meta.directory_id;
    }
    let id = meta.directory_id.unwrap_or_else(random_directory_id);
    let known = MetaProperties::properties(content);
    // In front: a file that is cut short has the id, or is no longer whole.
    let properties = match meta.directory_id {
        Some(_) => known.to_owned(),
        None => format!("directory.id={id}\n{known}"),
    };
    match write(dir, &properties) {
        Ok(()) => Some(id),
        Err(error) => {
            // A full disk keeps no broker from starting.
            tracing::warn!(%error, "{} stays as an earlier release left it", dir.join(FILE).display());
            meta.directory_id
        }
    }
}

fn check_identity(meta: &MetaProperties, path: &Path, config: &BrokerConfig) -> Result<(), ClusterIdError> {
    let node = config.node_id.get();
    if meta.node_id != node.to_string() {
        return Err(ClusterIdError::Node {
            path: path.to_owned(),
            found: meta.node_id.clone(),
            configured: node,
        });
    }
    match &config.cluster_id {
        Some(configured) if *configured != meta.cluster_id => Err(ClusterIdError::Cluster {
            path: path.to_owned(),
            found: meta.cluster_id.clone(),
            configured: configured.clone(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Writes the properties and their checksum: whole, or not at all.
fn write(dir: &Path, properties: &str) -> io::Result<()> {
    let temporary = dir.join("meta.properties.tmp");
    let mut file = fs::File::create(&temporary)?;
    file.write_all(MetaProperties::encode(properties).as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, dir.join(FILE))?;
    fs::File::open(dir)?.sync_all()
}

fn random_id() -> String {
    TopicId::new(random_bytes()).to_string()
}

/// A random UUID (RFC 9562, version 4), but none whose text begins with a dash (Kafka's `Uuid.randomUuid`). Those that
/// Kafka keeps for itself are of no version.
fn random_directory_id() -> DirectoryId {
    loop {
        let mut bytes = random_bytes();
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let id = DirectoryId::new(bytes);
        if !id.to_string().starts_with('-') {
            return id;
        }
    }
}

fn random_bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    bytes
}

/// This machine's name, for clients that connect to a listener on every interface.
pub(super) fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> BrokerConfig {
        BrokerConfig::from_pairs(pairs).unwrap()
    }

    /// A directory that has been in use, and its `meta.properties`.
    fn used(dir: &Path) -> PathBuf {
        let made = DataDir::open(dir).unwrap();
        load_or_make(&made, &config(&[("node.id", "12")])).unwrap();
        fs::create_dir_all(dir.join("journal")).unwrap();
        dir.join(FILE)
    }

    #[test]
    fn a_changed_byte_or_a_cut_changes_neither_identity_nor_its_check() {
        let parent = tempfile::tempdir().unwrap();
        let path = used(parent.path());
        let whole = fs::read(&path).unwrap();
        let meta = MetaProperties::parse(&whole).unwrap();
        let identity = DirectoryIdentity {
            cluster_id: meta.cluster_id,
            directory_id: meta.directory_id,
        };
        assert!(identity.directory_id.is_some());
        let check = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let held = DataDir::open(parent.path()).unwrap();
            match load_or_make(&held, &config(&[("node.id", "12")])) {
                Ok(found) => {
                    assert_eq!(found, identity, "{}", bytes.escape_ascii());
                    let error = load_or_make(&held, &config(&[("node.id", "1")])).unwrap_err();
                    assert!(matches!(error, ClusterIdError::Node { .. }), "{error}");
                }
                Err(error) => {
                    assert!(matches!(error, ClusterIdError::Damaged { .. }), "{error}");
                    assert!(error.to_string().contains(FILE), "{error}");
                }
            }
        };
        for at in 0..whole.len() {
            for change in [1, 2, 4, 8, 16, 32, 64, 128, b'#' ^ whole[at], b'\n' ^ whole[at]] {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                check(&bytes);
            }
        }
        for length in 0..whole.len() {
            check(&whole[..length]);
        }
        check(&whole);
    }

    #[test]
    fn what_release_0_1_0_and_kafka_wrote_is_taken_and_gets_what_it_lacks() {
        let own = "version=1\ncluster.id=MkU3OEVBNTcwNTJENDM2Qg\nnode.id=1\n";
        let kafkas = "#\n#Mon Nov 23 10:00:00 UTC 2026\ncluster.id=MkU3OEVBNTcwNTJENDM2Qg\n\
                      directory.id=x6GyJr-bTHCzeRZDMyFTPQ\nnode.id=1\nversion=1\n";
        let sealed = MetaProperties::encode(own);
        for (text, known) in [
            (own, None),
            (kafkas, DirectoryId::parse("x6GyJr-bTHCzeRZDMyFTPQ")),
            (&sealed, None),
        ] {
            let parent = tempfile::tempdir().unwrap();
            let path = used(parent.path());
            fs::write(&path, text).unwrap();
            let held = DataDir::open(parent.path()).unwrap();
            let found = load_or_make(&held, &config(&[])).unwrap();
            assert_eq!(found.cluster_id, "MkU3OEVBNTcwNTJENDM2Qg");
            assert!(known.is_none() || found.directory_id == known, "{found:?}");
            let rewritten = fs::read_to_string(&path).unwrap();
            assert!(
                rewritten.contains(MetaProperties::properties(text)),
                "{rewritten}"
            );
            let meta = MetaProperties::parse(rewritten.as_bytes()).unwrap();
            assert!(meta.has_checksum && meta.directory_id.is_some(), "{rewritten}");
            // It is kept.
            assert_eq!(load_or_make(&held, &config(&[])).unwrap(), found);
            assert_eq!(fs::read_to_string(&path).unwrap(), rewritten);
        }
    }

    #[test]
    fn a_missing_file_is_made_in_a_new_directory_alone_or_when_the_id_is_given() {
        let parent = tempfile::tempdir().unwrap();
        let path = used(parent.path());
        fs::remove_file(&path).unwrap();
        let held = DataDir::open(parent.path()).unwrap();
        let error = load_or_make(&held, &config(&[("node.id", "12")])).unwrap_err();
        assert!(matches!(error, ClusterIdError::Missing { .. }), "{error}");
        let given = config(&[("node.id", "12"), ("cluster.id", "MkU3OEVBNTcwNTJENDM2Qg")]);
        assert_eq!(
            load_or_make(&held, &given).unwrap().cluster_id,
            "MkU3OEVBNTcwNTJENDM2Qg"
        );
    }
}
