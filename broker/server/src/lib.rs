//! The broker: shard runtime, partitions, one file a Kafka API, the corelog binary.
