//! Who this broker is, and its topics.

use crate::key::ConfigKey as K;
use crate::key::Kind::{Boolean, Int, List, String};
use crate::key::Unit::Bytes;
use crate::key::Valid::{AtLeast, NotEmpty, One};

pub(super) const KEYS: &[K] = &[
    K::fixed("node.id", Int, "This server's number, the broker id that clients see.").default("1").valid(AtLeast(0)),
    K::fixed("cluster.id", String, "The cluster's id. If it is not given, one is made when the data directory is first used and kept there.")
        .valid(NotEmpty),
    K::fixed("broker.rack", String, "The rack or zone that this server stands in, as Metadata reports it.").valid(NotEmpty),
    K::fixed("log.dirs", List, "The data directory. Kafka allows several; Corelog takes exactly one.").default("./data").valid(One),
    K::fixed("num.partitions", Int, "The partitions of a topic that is created without saying how many.").default("1").valid(AtLeast(1)),
    K::fixed("default.replication.factor", Int, "The replicas of a topic that is created without saying how many.").default("1").valid(AtLeast(1)),
    K::dynamic("auto.create.topics.enable", Boolean, "Whether asking for a topic that does not exist creates it, if the client allows it too. Kafka's default is true; the dev profile sets true.")
        .default("false"),
    K::fixed("delete.topic.enable", Boolean, "Whether topics may be deleted.").default("true"),
    K::fixed("max.incremental.fetch.session.cache.slots", Int, "The fetch sessions (KIP-227) that are kept, over all shards.").default("1000").valid(AtLeast(0)),
    K::fixed("fetch.max.bytes", Int, "The most that one Fetch response carries, whatever the client asks for.").default("57671680").unit(Bytes).valid(AtLeast(1024)),
    K::fixed("max.request.partition.size.limit", Int, "The most partitions that one DescribeTopicPartitions response lists.").default("2000").valid(AtLeast(1)),
];
