//! Kafka's wire protocol: one file an API, every length bounded by the bytes that are left.
