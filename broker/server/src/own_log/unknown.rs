//! Records that this release does not know, of a log whose records have keys: a later release wrote them, and goes on with
//! them when it runs again. A snapshot takes them along.

use std::cell::RefCell;
use std::collections::BTreeMap;

use bytes::Bytes;

use super::append::OwnRecord;

/// The last value of each key that is not known, or whose value is not.
#[derive(Debug, Default)]
pub(crate) struct Unknown(RefCell<BTreeMap<Bytes, Bytes>>);

impl Unknown {
    /// Notes a record that is not known. Returns whether it is the first one.
    pub(crate) fn note(&self, key: &[u8], value: Option<&[u8]>) -> bool {
        let mut kept = self.0.borrow_mut();
        let is_first = kept.is_empty();
        match value {
            Some(value) => {
                kept.insert(Bytes::copy_from_slice(key), Bytes::copy_from_slice(value));
            }
            None => {
                kept.remove(key);
            }
        }
        is_first && !kept.is_empty()
    }

    /// Notes a record that is known: what its key stood for before is over.
    pub(crate) fn forget(&self, key: &[u8]) {
        self.0.borrow_mut().remove(key);
    }

    /// Nothing is kept.
    pub(crate) fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    /// All that is kept.
    pub(crate) fn records(&self) -> Vec<OwnRecord> {
        let kept = self.0.borrow();
        let record = |(key, value): (&Bytes, &Bytes)| OwnRecord {
            key: Some(key.clone()),
            value: Some(value.clone()),
        };
        kept.iter().map(record).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_record_of_a_key_is_kept() {
        let unknown = Unknown::default();
        assert!(unknown.note(b"a", Some(b"1")));
        assert!(!unknown.note(b"b", Some(b"2")));
        assert!(!unknown.note(b"a", Some(b"3")));
        unknown.note(b"c", None);
        let records = |unknown: &Unknown| -> Vec<(Bytes, Bytes)> {
            let records = unknown.records().into_iter();
            records
                .map(|record| (record.key.unwrap(), record.value.unwrap()))
                .collect()
        };
        let pair = |key: &'static str, value: &'static str| (Bytes::from(key), Bytes::from(value));
        assert_eq!(records(&unknown), [pair("a", "3"), pair("b", "2")]);
        unknown.note(b"a", None);
        unknown.forget(b"b");
        assert!(records(&unknown).is_empty());
    }
}
