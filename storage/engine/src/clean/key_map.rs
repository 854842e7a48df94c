//! The last offset of each key of a stretch of a log (Kafka's `SkimpyOffsetMap`), in bounded memory however many keys there are
//! and however long they are.
//!
//! Keys are known by hashes of 128 bits. Two keys of one hash would cost a record, and clients choose the keys, so the hash is
//! keyed (SipHash) with what no client knows.
//!
//! Invariants: a slot is empty or holds the newest offset that was put for its hash; the probes for a hash end at it or at an
//! empty slot; some slots are always empty.

use std::hash::Hasher;

use corelog_model::Offset;
use siphasher::sip128::{Hasher128, SipHasher24};

/// The secret of a shard's hashes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HashKey(pub(crate) u64, pub(crate) u64);

/// The two halves of a hash, and the offset plus one; zeros if it is empty, so that memory is not touched before it is needed.
type Slot = [u64; 3];

/// The bytes of a slot.
pub(crate) const SLOT_BYTES: usize = size_of::<Slot>();
/// At most so many of eight slots are taken: probes stay short.
const TAKEN_EIGHTHS: usize = 6;

/// See the module.
pub(crate) struct KeyMap {
    key: HashKey,
    slots: Vec<Slot>,
    len: usize,
    taken_max: usize,
}

impl KeyMap {
    /// A map for up to `records` keys that takes `bytes_max` at most, and has room for one key at least.
    pub(crate) fn new(key: HashKey, records: u64, bytes_max: usize) -> KeyMap {
        let wanted = usize::try_from(records).unwrap_or(usize::MAX / 8);
        let wanted = wanted.saturating_mul(8).div_ceil(TAKEN_EIGHTHS) + 1;
        let count = wanted.min(bytes_max / SLOT_BYTES).max(2);
        KeyMap {
            key,
            slots: vec![[0; 3]; count],
            len: 0,
            taken_max: (count * TAKEN_EIGHTHS / 8).clamp(1, count - 1),
        }
    }

    /// How many keys it knows.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn hash(&self, key: &[u8]) -> (u64, u64) {
        let mut hasher = SipHasher24::new_with_keys(self.key.0, self.key.1);
        hasher.write(key);
        hasher.finish128().as_u64()
    }

    /// The slot that has the hash, or the empty one that it would get.
    fn slot_of(&self, hash: (u64, u64)) -> usize {
        let count = u64::try_from(self.slots.len()).expect("a count within u64");
        let mut at = usize::try_from(hash.0 % count).expect("below the count");
        loop {
            let [first, second, offset] = self.slots[at];
            if offset == 0 || (first, second) == hash {
                return at;
            }
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
        }
    }

    /// A record with `key` lies at `offset`. False if the key is a new one and there is no room: nothing has changed then.
    pub(crate) fn put(&mut self, key: &[u8], offset: Offset) -> bool {
        let hash = self.hash(key);
        let at = self.slot_of(hash);
        let [first, second, known] = &mut self.slots[at];
        if *known == 0 {
            // INV-10: so many keys and no more.
            if self.len == self.taken_max {
                return false;
            }
            self.len += 1;
            (*first, *second) = hash;
        }
        *known = stored(offset).max(*known);
        true
    }

    /// Whether a record with `key` lies behind `offset`, as far as it is known.
    pub(crate) fn has_later(&self, key: &[u8], offset: Offset) -> bool {
        self.slots[self.slot_of(self.hash(key))][2] > stored(offset)
    }
}

/// An offset as it is in a slot.
fn stored(offset: Offset) -> u64 {
    offset.get().unsigned_abs() + 1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const KEY: HashKey = HashKey(1, 2);

    fn offset(value: i64) -> Offset {
        Offset::new(value).unwrap()
    }

    #[test]
    fn the_last_offset_of_each_key_is_known() {
        let mut map = KeyMap::new(KEY, 1000, 1 << 20);
        let mut known: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
        for at in 0..3000i64 {
            let key = format!("key {}", (at * at) % 701).into_bytes();
            assert!(map.put(&key, offset(at)));
            known.insert(key, at);
        }
        assert_eq!(map.len(), known.len());
        for (key, at) in &known {
            assert!(!map.has_later(key, offset(*at)));
            assert!(map.has_later(key, offset(at - 1)) || *at == 0);
        }
        assert!(!map.has_later(b"another", offset(0)));
        // An older one changes nothing.
        assert!(map.put(b"key 0", offset(0)));
        assert!(map.has_later(b"key 0", offset(known[&b"key 0"[..]] - 1)));
    }

    #[test]
    fn a_full_map_takes_known_keys_alone() {
        for bytes_max in [0, 100, 1000, 10_000] {
            let mut map = KeyMap::new(KEY, u64::MAX, bytes_max);
            let mut taken = 0i64;
            while map.put(&taken.to_be_bytes(), offset(taken)) {
                taken += 1;
            }
            assert!(taken >= 1 && map.slots.len() * SLOT_BYTES <= bytes_max.max(2 * SLOT_BYTES));
            assert!(!map.put(b"one more", offset(taken)));
            assert!(!map.has_later(b"one more", offset(0)));
            for key in 0..taken {
                assert!(map.put(&key.to_be_bytes(), offset(taken + key)));
                assert!(map.has_later(&key.to_be_bytes(), offset(taken + key - 1)));
            }
        }
    }

    #[test]
    fn it_takes_no_more_than_the_records_need() {
        assert!(KeyMap::new(KEY, 10, 1 << 30).slots.len() < 20);
        let mut map = KeyMap::new(KEY, 10, 1 << 30);
        assert!((0..10u8).all(|key| map.put(&[key], offset(1))));
    }
}
