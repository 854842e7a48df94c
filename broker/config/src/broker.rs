//! A broker's configuration in force, typed, built from layers: default < profile < file < environment < flags.

use std::collections::BTreeMap;
use std::path::PathBuf;

use corelog_model::BrokerId;

use crate::env;
use crate::error::{ConfigError, LoadError};
use crate::file;
use crate::keys;
use crate::layers::Layers;
use crate::origin::Origin;
use crate::profile::Profile;
use crate::profile_settings::ProfileSetting;
use crate::reader::{Reader, check_nodes, check_together};
use crate::registry::registry;
use crate::settings::{
    GroupConfig, LogFormat, NetworkConfig, ProducerConfig, ShardConfig, StorageConfig, TopicDefaults,
    TransactionConfig,
};
use crate::shards::ShardCount;

/// What configures a broker.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConfigSources {
    /// The TOML file, if one is given. It must be there.
    pub file: Option<PathBuf>,
    /// The environment: all of it; other programs' variables are left alone.
    pub environment: Vec<(String, String)>,
    /// Flags, as broker keys with values.
    pub flags: Vec<(String, String)>,
}

/// A broker's configuration in force. Topics' defaults are read through [`crate::TopicConfig::effective`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerConfig {
    /// `profile`
    pub profile: Profile,
    /// `node.id`
    pub node_id: BrokerId,
    /// `cluster.id`; `None`: the data directory knows, or makes one.
    pub cluster_id: Option<String>,
    /// `broker.rack`
    pub rack: Option<String>,
    /// `shards`
    pub shards: ShardCount,
    /// `memory.bytes`, of one shard; `None`: an equal share of `memory_percent`.
    pub memory_bytes: Option<u64>,
    /// `memory.percent`, of the machine's memory.
    pub memory_percent: u32,
    /// `memory.cache.percent`
    pub memory_cache_percent: u32,
    /// How a shard waits for work.
    pub shard: ShardConfig,
    /// `log.format`
    pub log_format: LogFormat,
    /// `log.level`; `None`: the environment says it.
    pub log_level: Option<String>,
    /// Listeners, connections and their limits.
    pub network: NetworkConfig,
    /// How topics come and go.
    pub topics: TopicDefaults,
    /// Consumer groups.
    pub groups: GroupConfig,
    /// Transactions.
    pub transactions: TransactionConfig,
    /// Producers.
    pub producers: ProducerConfig,
    /// The data directory and the journal.
    pub storage: StorageConfig,
    layers: Layers,
}

impl Default for BrokerConfig {
    /// Every key at its default, profile balanced.
    fn default() -> BrokerConfig {
        BrokerConfig::build(Layers::default()).expect("the defaults go together")
    }
}

impl BrokerConfig {
    /// Reads and layers all sources.
    ///
    /// # Errors
    /// The first fault, with where it was set.
    pub fn load(sources: &ConfigSources) -> Result<BrokerConfig, LoadError> {
        let mut settings: Vec<(String, String, Origin)> = Vec::new();
        if let Some(path) = &sources.file {
            let text = std::fs::read_to_string(path).map_err(|source| LoadError::Read {
                path: path.clone(),
                source,
            })?;
            for (name, value) in file::parse(path, &text)? {
                settings.push((name, value, Origin::File(path.clone())));
            }
        }
        for (variable, value) in &sources.environment {
            let origin = Origin::Environment(variable.clone());
            match env::key_of(variable, value) {
                Ok(Some(key)) => settings.push((key.name.to_owned(), value.clone(), origin)),
                Ok(None) => {}
                Err(source) => return Err(LoadError::Key { origin, source }),
            }
        }
        for (name, value) in &sources.flags {
            settings.push((name.clone(), value.clone(), Origin::Flag));
        }
        let mut layers = Layers::default();
        for (name, value, origin) in settings {
            let place = origin.clone();
            layers
                .set(&name, &value, origin)
                .map_err(|source| LoadError::Key {
                    origin: place,
                    source,
                })?;
        }
        Ok(BrokerConfig::build(with_profile(layers))?)
    }

    /// As `load`, from keys with values alone.
    ///
    /// # Errors
    /// As `load`.
    pub fn from_pairs(pairs: &[(&str, &str)]) -> Result<BrokerConfig, LoadError> {
        let flags = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        BrokerConfig::load(&ConfigSources {
            flags,
            ..ConfigSources::default()
        })
    }

    /// This configuration with other dynamic values: those set for all brokers, and for this one. Both replace what
    /// was set before.
    ///
    /// # Errors
    /// `NeedsRestart` for a static key; else as a static value's.
    pub fn with_dynamic(
        &self,
        cluster: &BTreeMap<String, String>,
        broker: &BTreeMap<String, String>,
    ) -> Result<BrokerConfig, ConfigError> {
        let mut layers = self.layers.clone();
        layers.set_dynamic(cluster, broker)?;
        BrokerConfig::build(layers)
    }

    /// Where a broker key was set; `None` if it was not, or is not known.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.layers.origin(name)
    }

    /// What is set on the broker and changes nothing: the key's name, where it was set, and why.
    pub fn without_effect(&self) -> impl Iterator<Item = (&'static str, &Origin, &'static str)> {
        registry().broker_keys().filter_map(|key| {
            let (reason, origin) = (key.inert?, self.layers.origin(key.name)?);
            Some((key.name, origin, reason))
        })
    }

    pub(crate) fn layers(&self) -> &Layers {
        &self.layers
    }

    pub(crate) fn build(layers: Layers) -> Result<BrokerConfig, ConfigError> {
        let read = Reader(&layers);
        let storage = read.storage();
        let network = read.network();
        let groups = read.groups();
        let transactions = read.transactions();
        let shard = read.shard();
        check_together(&network, &groups, &storage)?;
        check_nodes(read.long(&keys::NODE_ID), &shard)?;
        Ok(BrokerConfig {
            profile: profile_of(&layers),
            node_id: BrokerId::new(i32::try_from(read.long(&keys::NODE_ID)).expect("the key's kind is int")),
            cluster_id: read.optional(&keys::CLUSTER_ID),
            rack: read.optional(&keys::BROKER_RACK),
            shards: read.text(&keys::SHARDS).parse().expect("shards passed its check"),
            memory_bytes: Some(read.count(&keys::MEMORY_BYTES)).filter(|bytes| *bytes > 0),
            memory_percent: read.size(&keys::MEMORY_PERCENT),
            memory_cache_percent: read.size(&keys::MEMORY_CACHE_PERCENT),
            shard,
            log_format: match read.text(&keys::LOG_FORMAT).as_str() {
                "auto" => LogFormat::Auto,
                "human" => LogFormat::Human,
                "json" => LogFormat::Json,
                other => unreachable!("log.format {other} passed its check"),
            },
            log_level: read.optional(&keys::LOG_LEVEL),
            network,
            topics: TopicDefaults {
                partitions: read.size(&keys::NUM_PARTITIONS),
                replication_factor: read.size(&keys::DEFAULT_REPLICATION_FACTOR),
                is_auto_creation_enabled: read.truth(&keys::AUTO_CREATE_TOPICS_ENABLE),
                is_deletion_enabled: read.truth(&keys::DELETE_TOPIC_ENABLE),
            },
            groups,
            transactions,
            producers: ProducerConfig {
                producer_id_expiration_ms: read.count(&keys::PRODUCER_ID_EXPIRATION_MS),
            },
            storage,
            layers,
        })
    }
}

fn profile_of(layers: &Layers) -> Profile {
    let word = Reader(layers).text(&keys::PROFILE);
    Profile::named(&word).unwrap_or_else(|| unreachable!("profile {word} passed its check"))
}

/// Lays the profile's defaults under what is set.
fn with_profile(mut layers: Layers) -> Layers {
    let profile = profile_of(&layers);
    for ProfileSetting { key, value, .. } in profile.settings() {
        if layers.origin(key).is_none() {
            layers
                .set(key, value, Origin::Profile(profile.name()))
                .expect("a profile's defaults pass their checks");
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn each_layer_stands_over_the_weaker_ones() {
        let file = file("profile = \"development\"\n[journal]\nfiles = 5\n[num]\npartitions = 2");
        let mut sources = ConfigSources {
            file: Some(file.path().to_owned()),
            ..ConfigSources::default()
        };
        let check = |sources: &ConfigSources, partitions: u32, origin: Option<Origin>| {
            let config = BrokerConfig::load(sources).unwrap();
            assert_eq!(config.topics.partitions, partitions);
            assert_eq!(config.origin("num.partitions"), origin.as_ref());
            config
        };
        let config = check(&sources, 2, Some(Origin::File(file.path().to_owned())));
        assert_eq!(config.profile, Profile::Dev);
        assert_eq!(
            config.storage.journal_files, 5,
            "the file stands over the profile"
        );
        assert_eq!(
            config.storage.journal_file_bytes,
            16 << 20,
            "the profile stands over the default"
        );
        assert_eq!(config.origin("journal.file.bytes"), Some(&Origin::Profile("dev")));
        assert!(config.topics.is_auto_creation_enabled);

        sources.environment = pairs(&[("CORELOG_NUM_PARTITIONS", "3"), ("HOME", "/")]);
        check(
            &sources,
            3,
            Some(Origin::Environment("CORELOG_NUM_PARTITIONS".into())),
        );
        sources.flags = pairs(&[("num.partitions", "4")]);
        check(&sources, 4, Some(Origin::Flag));
        sources.flags.extend(pairs(&[("profile", "production")]));
        assert!(
            !BrokerConfig::load(&sources)
                .unwrap()
                .topics
                .is_auto_creation_enabled
        );
    }

    #[test]
    fn errors_say_where_and_what_to_do() {
        let check = |text: &str, parts: &[&str]| {
            let file = file(text);
            let sources = ConfigSources {
                file: Some(file.path().to_owned()),
                ..ConfigSources::default()
            };
            let message = BrokerConfig::load(&sources).unwrap_err().to_string();
            assert!(message.contains(&file.path().display().to_string()), "{message}");
            for part in parts {
                assert!(message.contains(part), "{message}");
            }
        };
        check(
            "num.partition = 1",
            &[
                "no configuration key \"num.partition\"",
                "did you mean num.partitions?",
            ],
        );
        check(
            "num.partitions = 0",
            &["num.partitions cannot be \"0\"", "at least 1"],
        );
        check("num.io.threads = 8", &["set shards"]);
        check("log.dirs = [\"/a\", \"/b\"]", &["exactly one element"]);
        check("listeners = \"SSL://h:1\"", &["PLAINTEXT"]);
    }

    #[test]
    fn values_that_do_not_go_together_are_refused() {
        let check = |pairs: &[(&str, &str)], part: &str| {
            let message = BrokerConfig::from_pairs(pairs).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        };
        check(&[("advertised.listeners", "OTHER://h:1")], "advertised once");
        check(
            &[("advertised.listeners", "PLAINTEXT://:9092")],
            "that clients can connect to",
        );
        for host in ["0.0.0.0", "[::]", "0"] {
            let told = format!("PLAINTEXT://{host}:9092");
            check(&[("advertised.listeners", &told)], "that clients can connect to");
        }
        check(
            &[("advertised.listeners", "PLAINTEXT://h:0")],
            "the port that clients connect to",
        );
        let free = [
            ("listeners", "PLAINTEXT://0.0.0.0:0"),
            ("advertised.listeners", "PLAINTEXT://h:0"),
        ];
        BrokerConfig::from_pairs(&free).expect("the port that is taken is told");
        check(
            &[("group.min.session.timeout.ms", "1800001")],
            "at most the longest",
        );
        check(&[("checkpoint.bytes", "4GiB")], "before the journal");
    }

    #[test]
    fn special_values_become_options() {
        let config = BrokerConfig::default();
        assert_eq!(config.memory_bytes, None);
        assert_eq!(config.network.send_buffer_bytes, None);
        assert_eq!(config.network.connection_idle_max_ms, Some(600_000));
        assert_eq!(config.storage.checkpoint_bytes, (256 << 20) * 16 / 2);
        let config = BrokerConfig::from_pairs(&[("connections.max.idle.ms", "-1"), ("memory.bytes", "1GiB")]);
        let config = config.unwrap();
        assert_eq!(config.network.connection_idle_max_ms, None);
        assert_eq!(config.memory_bytes, Some(1 << 30));
    }

    /// A key is read, or says that it has no effect.
    #[test]
    fn every_key_is_read_or_says_that_it_is_not() {
        crate::reader::KEYS_READ.with_borrow_mut(|read| read.clear());
        let broker = BrokerConfig::default();
        let mut topic = BTreeMap::new();
        for codec in ["gzip", "lz4", "zstd"] {
            topic.insert("compression.type".to_owned(), codec.to_owned());
            crate::TopicConfig::effective(&broker, &topic).unwrap();
        }
        let read = crate::reader::KEYS_READ.with_borrow(Clone::clone);
        // These are refused where they ask for what there is not, or contradict each other, and nothing else.
        let only_checked = ["remote.storage.enable"];
        for key in registry()
            .topic_keys()
            .filter(|key| !only_checked.contains(&key.name))
        {
            assert_eq!(read.contains(key.name), key.inert.is_none(), "{}", key.name);
        }
        for key in registry().broker_keys() {
            // The broker keys behind a topic key are read with it.
            let is_behind_a_topic_key = registry()
                .topic_keys()
                .any(|topic| topic.synonyms.iter().any(|synonym| synonym.name == key.name));
            if !is_behind_a_topic_key {
                assert_eq!(read.contains(key.name), key.inert.is_none(), "{}", key.name);
            }
        }
    }

    #[test]
    fn what_has_no_effect_is_told() {
        let config = BrokerConfig::from_pairs(&[("log.flush.interval.ms", "5"), ("node.id", "3")]).unwrap();
        let told: Vec<_> = config.without_effect().collect();
        let reason = "durability says when a message is on stable storage";
        assert_eq!(told, [("log.flush.interval.ms", &Origin::Flag, reason)]);
    }
}
