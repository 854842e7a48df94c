//! One change of one key, as IncrementalAlterConfigs asks for it (KIP-339).

use crate::error::ConfigError;
use crate::key::{ConfigKey, Kind};
use crate::list;
use crate::value;

/// What to do with a key (`AlterConfigOp.OpType`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AlterOperation {
    /// Set it.
    Set,
    /// Forget what was set.
    Delete,
    /// Add elements to a list.
    Append,
    /// Take elements out of a list.
    Subtract,
}

impl AlterOperation {
    /// The operation of a wire value; `None` if there is no such operation.
    pub const fn from_wire(id: i8) -> Option<AlterOperation> {
        match id {
            0 => Some(AlterOperation::Set),
            1 => Some(AlterOperation::Delete),
            2 => Some(AlterOperation::Append),
            3 => Some(AlterOperation::Subtract),
            _ => None,
        }
    }
}

/// The canonical value that is to be stored after a change; `None`: nothing is stored any more. `in_force` is the
/// value before it, inherited or not; only lists look at it.
///
/// # Errors
/// `NotAList`, `NoValue`, or `InvalidValue`. Whether the key may be altered at all is not checked here.
pub fn altered(
    key: &ConfigKey,
    operation: AlterOperation,
    in_force: &str,
    text: Option<&str>,
) -> Result<Option<String>, ConfigError> {
    if operation == AlterOperation::Delete {
        return Ok(None);
    }
    let text = text.ok_or(ConfigError::NoValue { name: key.name })?;
    if operation == AlterOperation::Set {
        return value::check(key, text).map(Some);
    }
    if key.kind != Kind::List {
        return Err(ConfigError::NotAList { name: key.name });
    }
    let asked = list::elements(text);
    let mut elements = list::elements(in_force);
    elements.retain(|element| !asked.contains(element));
    if operation == AlterOperation::Append {
        // What is there already keeps its place.
        elements = list::elements(in_force);
        for element in asked {
            if !elements.contains(&element) {
                elements.push(element);
            }
        }
    }
    value::check(key, &elements.join(",")).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::registry;

    #[test]
    fn operations_follow_kafka() {
        use AlterOperation::{Append, Delete, Set, Subtract};
        let check = |name: &str,
                     operation,
                     in_force: &str,
                     text: Option<&str>,
                     expected: Result<Option<&str>, &str>| {
            let key = registry().topic_key(name).unwrap();
            let result = altered(key, operation, in_force, text).map_err(|error| error.to_string());
            match (result, expected) {
                (Ok(value), Ok(expected)) => assert_eq!(value.as_deref(), expected, "{operation:?} {text:?}"),
                (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
                (result, expected) => panic!("{result:?} is not {expected:?}"),
            }
        };
        check("retention.ms", Set, "1", Some(" 5 "), Ok(Some("5")));
        check("retention.ms", Set, "1", Some("x"), Err("an integer"));
        check("retention.ms", Set, "1", None, Err("needs a value"));
        check("retention.ms", Delete, "1", None, Ok(None));
        check("retention.ms", Append, "1", Some("5"), Err("no list"));
        check(
            "cleanup.policy",
            Append,
            "delete",
            Some("compact"),
            Ok(Some("delete,compact")),
        );
        check(
            "cleanup.policy",
            Append,
            "delete",
            Some("delete"),
            Ok(Some("delete")),
        );
        check(
            "cleanup.policy",
            Append,
            "delete",
            Some("nothing"),
            Err("compact, delete"),
        );
        check(
            "cleanup.policy",
            Subtract,
            "delete,compact",
            Some("delete"),
            Ok(Some("compact")),
        );
        check("cleanup.policy", Subtract, "delete", Some("delete"), Ok(Some("")));
        assert_eq!(AlterOperation::from_wire(3), Some(Subtract));
        assert_eq!(AlterOperation::from_wire(4), None);
    }
}
