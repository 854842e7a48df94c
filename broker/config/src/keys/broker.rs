//! Who this broker is, and its topics.

use crate::key::ConfigKey as K;
use crate::key::Kind::{Boolean, Int, List, String};
use crate::key::Unit::Bytes;
use crate::key::Valid::{AtLeast, NotEmpty, One};

keys! {
    NODE_ID = K::fixed("node.id", Int, "This server's number, the broker id that clients see.").default("1").valid(AtLeast(0));
    CLUSTER_ID = K::fixed("cluster.id", String, "The cluster's id. If it is not given, one is made when the data directory is first used and kept there.")
        .valid(NotEmpty);
    BROKER_RACK = K::fixed("broker.rack", String, "The rack or zone that this server stands in, as Metadata reports it.").valid(NotEmpty);
    LOG_DIRS = K::fixed("log.dirs", List, "The data directory. Kafka allows several; Corelog takes exactly one.").default("./data").valid(One);
    NUM_PARTITIONS = K::fixed("num.partitions", Int, "The partitions of a topic that is created without saying how many.").default("1").valid(AtLeast(1));
    DEFAULT_REPLICATION_FACTOR = K::fixed("default.replication.factor", Int, "The replicas of a topic that is created without saying how many.").default("1").valid(AtLeast(1));
    AUTO_CREATE_TOPICS_ENABLE = K::dynamic("auto.create.topics.enable", Boolean, "Whether asking for a topic that does not exist creates it, if the client allows it too. Kafka's default is true; the dev profile sets true.")
        .default("false");
    DELETE_TOPIC_ENABLE = K::fixed("delete.topic.enable", Boolean, "Whether topics may be deleted.").default("true");
    MAX_INCREMENTAL_FETCH_SESSION_CACHE_SLOTS = K::fixed("max.incremental.fetch.session.cache.slots", Int, "The fetch sessions (KIP-227) that are kept, over all shards.").default("1000").valid(AtLeast(0));
    FETCH_MAX_BYTES = K::fixed("fetch.max.bytes", Int, "The most that one Fetch response carries, whatever the client asks for.").default("57671680").unit(Bytes).valid(AtLeast(1024));
    MAX_REQUEST_PARTITION_SIZE_LIMIT = K::fixed("max.request.partition.size.limit", Int, "The most partitions that one DescribeTopicPartitions response lists.").default("2000").valid(AtLeast(1));
}
