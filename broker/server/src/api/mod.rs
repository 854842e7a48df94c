//! One file a Kafka API: `handle(shard, context, request) -> response`.

pub mod api_versions;
pub mod authorized;
pub mod delete_records;
pub mod fetch;
pub mod init_producer_id;
pub mod list_offsets;
pub mod metadata;
pub mod offset_for_leader_epoch;
pub mod produce;
