//! The storage engine of one shard: journal, segments, index, recovery, retention, tail cache.
