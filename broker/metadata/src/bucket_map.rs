//! A map whose copies share what did not change: 256 buckets, each a `BTreeMap` behind an `Arc`.
//!
//! A copy costs one reference count. A change copies one bucket, a 256th of the entries, and the array of buckets; a
//! comparison skips the buckets that are still shared. Iteration goes bucket by bucket: the same order every time, but
//! not the order of the keys. A bucket into which every key is forced is a `BTreeMap`, no worse.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

const BUCKET_COUNT: usize = 256;

/// A key's bucket. Equal for a key and what it is borrowed as.
pub(crate) trait Bucket {
    fn bucket(&self) -> u8;
}

impl Bucket for str {
    fn bucket(&self) -> u8 {
        fold(self.as_bytes())
    }
}

impl Bucket for String {
    fn bucket(&self) -> u8 {
        self.as_str().bucket()
    }
}

impl Bucket for corelog_model::TopicName {
    fn bucket(&self) -> u8 {
        self.as_str().bucket()
    }
}

impl Bucket for corelog_model::TopicId {
    fn bucket(&self) -> u8 {
        fold(&self.get())
    }
}

/// FNV-1a, folded to a byte.
fn fold(bytes: &[u8]) -> u8 {
    let hash = bytes.iter().fold(0x811c_9dc5u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    hash.to_le_bytes().iter().fold(0, |folded, byte| folded ^ byte)
}

#[derive(Clone, Debug)]
pub(crate) struct BucketMap<K, V> {
    buckets: Arc<[Arc<BTreeMap<K, V>>; BUCKET_COUNT]>,
    count: usize,
}

impl<K, V> Default for BucketMap<K, V> {
    fn default() -> Self {
        let empty = Arc::new(BTreeMap::new());
        BucketMap {
            buckets: Arc::new(std::array::from_fn(|_| empty.clone())),
            count: 0,
        }
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for BucketMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.buckets, &other.buckets) || self.buckets == other.buckets
    }
}

impl<K: Eq, V: Eq> Eq for BucketMap<K, V> {}

impl<K: Ord + Clone + Bucket, V: Clone> BucketMap<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn get<Q: Ord + Bucket + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.buckets[usize::from(key.bucket())].get(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        let bucket = usize::from(key.bucket());
        let bucket = Arc::make_mut(&mut Arc::make_mut(&mut self.buckets)[bucket]);
        if bucket.insert(key, value).is_none() {
            self.count += 1;
        }
    }

    pub(crate) fn remove<Q: Ord + Bucket + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        if self.get(key).is_some() {
            let bucket = usize::from(key.bucket());
            Arc::make_mut(&mut Arc::make_mut(&mut self.buckets)[bucket]).remove(key);
            self.count -= 1;
        }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.buckets.iter().flat_map(|bucket| bucket.values())
    }

    /// Calls `visit` with the old and the new value of each key that is in only one of the two maps or in buckets that
    /// are not shared.
    pub(crate) fn compare<'a>(&'a self, new: &'a Self, mut visit: impl FnMut(Option<&'a V>, Option<&'a V>)) {
        if Arc::ptr_eq(&self.buckets, &new.buckets) {
            return;
        }
        for (old, new) in self.buckets.iter().zip(new.buckets.iter()) {
            if Arc::ptr_eq(old, new) {
                continue;
            }
            let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
            loop {
                let order = match (old.peek(), new.peek()) {
                    (None, None) => break,
                    (Some(_), None) => Ordering::Less,
                    (None, Some(_)) => Ordering::Greater,
                    (Some((old, _)), Some((new, _))) => old.cmp(new),
                };
                let old = if order.is_le() { old.next() } else { None };
                let new = if order.is_ge() { new.next() } else { None };
                visit(old.map(|(_, value)| value), new.map(|(_, value)| value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_a_btree_map(changes in proptest::collection::vec(("[a-c]{0,3}", proptest::option::of(0..3u8)), 0..200)) {
            let mut model = BTreeMap::new();
            let mut map = BucketMap::default();
            let (mut old_model, mut old) = (model.clone(), map.clone());
            for (at, (key, value)) in changes.into_iter().enumerate() {
                if at % 50 == 25 {
                    (old_model, old) = (model.clone(), map.clone());
                }
                if let Some(value) = value {
                    model.insert(key.clone(), value);
                    map.insert(key, value);
                } else {
                    model.remove(&key);
                    map.remove(&key);
                }
            }
            prop_assert_eq!(map.len(), model.len());
            for (key, value) in &model {
                prop_assert_eq!(map.get(key.as_str()), Some(value));
            }
            let mut values: Vec<_> = map.values().collect();
            let mut expected: Vec<_> = model.values().collect();
            values.sort();
            expected.sort();
            prop_assert_eq!(values, expected);
            let mut differences = 0;
            old.compare(&map, |old, new| differences += usize::from(old != new));
            let keys: std::collections::BTreeSet<_> = model.keys().chain(old_model.keys()).collect();
            let expected = keys.iter().filter(|key| model.get(**key) != old_model.get(**key)).count();
            prop_assert_eq!(differences, expected);
        }
    }

    #[test]
    fn the_buckets_are_even() {
        let mut seen = [0; BUCKET_COUNT];
        for topic in 0..256 * 40 {
            seen[usize::from(format!("topic-{topic}").bucket())] += 1;
        }
        assert!(seen.iter().all(|count| (10..100).contains(count)), "{seen:?}");
    }
}
