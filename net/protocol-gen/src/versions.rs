//! Ranges of a message's versions.

use std::str::FromStr;

/// An inclusive range of versions; `last` is `i16::MAX` where the schema says `N+`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Versions {
    /// The first version.
    pub first: i16,
    /// The last version, inclusive.
    pub last: i16,
}

impl Versions {
    /// Tells whether `version` lies in the range.
    pub fn contains(self, version: i16) -> bool {
        (self.first..=self.last).contains(&version)
    }

    /// The versions in both ranges, if there are any.
    pub fn intersect(self, other: Versions) -> Option<Versions> {
        let first = self.first.max(other.first);
        let last = self.last.min(other.last);
        (first <= last).then_some(Versions { first, last })
    }

    /// The Rust condition under which `version`, known to lie within `scope`, lies in this range.
    /// `None` when it always does.
    pub fn condition(self, scope: Versions) -> Option<String> {
        let from = self.first > scope.first;
        let to = self.last < scope.last;
        match (from, to) {
            (false, false) => None,
            (true, false) => Some(format!("version >= {}", self.first)),
            (false, true) => Some(format!("version <= {}", self.last)),
            (true, true) if self.first == self.last => Some(format!("version == {}", self.first)),
            (true, true) => Some(format!("({}..={}).contains(&version)", self.first, self.last)),
        }
    }

    /// The opposite of [`Versions::condition`].
    pub fn absent_condition(self, scope: Versions) -> Option<String> {
        let from = self.first > scope.first;
        let to = self.last < scope.last;
        match (from, to) {
            (false, false) => None,
            (true, false) => Some(format!("version < {}", self.first)),
            (false, true) => Some(format!("version > {}", self.last)),
            (true, true) if self.first == self.last => Some(format!("version != {}", self.first)),
            (true, true) => Some(format!("!({}..={}).contains(&version)", self.first, self.last)),
        }
    }

    /// The range in words, for docs.
    pub fn describe(self, scope: Versions) -> String {
        match (self.last >= scope.last, self.first == self.last) {
            (true, _) => format!("from version {}", self.first),
            (false, true) => format!("version {} only", self.first),
            (false, false) => format!("versions {} to {}", self.first, self.last),
        }
    }
}

impl FromStr for Versions {
    type Err = String;

    fn from_str(text: &str) -> Result<Versions, String> {
        let number = |part: &str| {
            part.parse::<i16>()
                .map_err(|_| format!("{text:?} is not a range of versions"))
        };
        if let Some(first) = text.strip_suffix('+') {
            return Ok(Versions {
                first: number(first)?,
                last: i16::MAX,
            });
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Ok(Versions {
            first: number(first)?,
            last: number(last)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_say_no_more_than_the_scope_leaves_open() {
        let scope = Versions { first: 2, last: 7 };
        let check = |range: &str, present: Option<&str>, absent: Option<&str>| {
            let range: Versions = range.parse().unwrap();
            assert_eq!(range.condition(scope).as_deref(), present, "{range:?}");
            assert_eq!(range.absent_condition(scope).as_deref(), absent, "{range:?}");
        };
        check("0+", None, None);
        check("2-7", None, None);
        check("5+", Some("version >= 5"), Some("version < 5"));
        check("0-3", Some("version <= 3"), Some("version > 3"));
        check("4", Some("version == 4"), Some("version != 4"));
        check(
            "3-5",
            Some("(3..=5).contains(&version)"),
            Some("!(3..=5).contains(&version)"),
        );
    }
}
