//! The committed list of known differences, each with its reason.
//!
//! ```text
//! # a remark
//! API Vote (52) is lacking              a difference, word for word; several may share the reason that follows
//! API Envelope (58) is lacking
//!     The reason, indented, on as many lines as it takes.
//! ```

use std::collections::{BTreeMap, BTreeSet};

/// The list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known(BTreeMap<String, String>);

/// Why the list was not understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KnownError {
    /// A reason stands before any difference.
    #[error("line {line}: a reason without a difference")]
    ReasonAlone {
        /// The line, from 1.
        line: usize,
    },
    /// Nothing is indented below a difference.
    #[error("no reason is given for {difference:?}")]
    NoReason {
        /// The difference.
        difference: String,
    },
    /// A difference is listed twice.
    #[error("line {line}: {difference:?} is listed already")]
    Twice {
        /// The line, from 1.
        line: usize,
        /// The difference.
        difference: String,
    },
}

/// What the list makes of a comparison.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// Differences that are not in the list.
    pub unknown: Vec<String>,
    /// Rows of the list that are no differences.
    pub stale: Vec<String>,
    /// How many differences the list gives a reason for.
    pub known: usize,
}

impl Known {
    /// Reads the list.
    ///
    /// # Errors
    /// The first row that does not follow the form.
    pub fn parse(text: &str) -> Result<Known, KnownError> {
        let mut rows: BTreeMap<String, String> = BTreeMap::new();
        let mut open: Vec<String> = Vec::new();
        let mut reason_begun = false;
        for (index, line) in text.lines().enumerate() {
            let (line_number, words) = (index + 1, line.trim());
            if words.is_empty() || words.starts_with('#') {
                continue;
            }
            if line.starts_with(' ') {
                if open.is_empty() {
                    return Err(KnownError::ReasonAlone { line: line_number });
                }
                reason_begun = true;
                for difference in &open {
                    let reason = rows.entry(difference.clone()).or_default();
                    if !reason.is_empty() {
                        reason.push(' ');
                    }
                    reason.push_str(words);
                }
                continue;
            }
            if std::mem::take(&mut reason_begun) {
                open.clear();
            }
            if rows.contains_key(words) || open.iter().any(|difference| difference == words) {
                return Err(KnownError::Twice {
                    line: line_number,
                    difference: words.to_owned(),
                });
            }
            open.push(words.to_owned());
        }
        match open.into_iter().find(|difference| !rows.contains_key(difference)) {
            Some(difference) => Err(KnownError::NoReason { difference }),
            None => Ok(Known(rows)),
        }
    }

    /// Holds differences to the list.
    pub fn judge(&self, differences: &BTreeSet<String>) -> Verdict {
        let unknown: Vec<String> = differences
            .iter()
            .filter(|difference| !self.0.contains_key(*difference))
            .cloned()
            .collect();
        let stale = self.0.keys().filter(|row| !differences.contains(*row));
        Verdict {
            known: differences.len() - unknown.len(),
            stale: stale.cloned().collect(),
            unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_share_the_reason_that_follows_them() {
        let known =
            Known::parse("# head\nA is lacking\nB is lacking\n    for this\n    reason\n\nC\n    other\n")
                .unwrap();
        let row = |name: &str| known.0.get(name).map(String::as_str);
        assert_eq!(row("A is lacking"), Some("for this reason"));
        assert_eq!(row("B is lacking"), Some("for this reason"));
        assert_eq!(row("C"), Some("other"));
    }

    #[test]
    fn a_list_that_says_too_little_or_too_much_is_refused() {
        let check = |text: &str, error: KnownError| assert_eq!(Known::parse(text), Err(error), "{text}");
        check("    why\n", KnownError::ReasonAlone { line: 1 });
        let none = KnownError::NoReason {
            difference: "B".into(),
        };
        check("A\n    why\nB\n", none);
        let twice = KnownError::Twice {
            line: 3,
            difference: "A".into(),
        };
        check("A\n    why\nA\n    why\n", twice);
    }

    #[test]
    fn new_differences_and_rows_that_no_longer_hold_are_told_apart() {
        let known = Known::parse("A\nB\n    why\n").unwrap();
        let differences = ["B".to_owned(), "C".to_owned()].into();
        let verdict = Verdict {
            unknown: vec!["C".into()],
            stale: vec!["A".into()],
            known: 1,
        };
        assert_eq!(known.judge(&differences), verdict);
    }
}
