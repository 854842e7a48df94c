//! Hash maps keyed by what a client chooses: seeded, fast.

/// A hash map.
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;
