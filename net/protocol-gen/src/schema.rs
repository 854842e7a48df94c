//! The schema's form and its parsed shape.
//!
//! ```text
//! api CreateTopics 19                        an API and its key; or `record TopicRecord 2`, a record of the metadata log
//!                                            and its key; or `data Name` for messages without a key
//!                                            `unserved`: nothing of ours speaks it yet
//!                                            `advertise 0-13`: what ApiVersions names, where it is something else
//!
//! request 2-7 flexible 5+                    then `request`, `response` or `message Name`, its versions, and the
//!                                            versions in flexible form
//!     topics: []CreatableTopic 0+            a field, its type, its versions; a struct's fields indented below it
//!         name: string 0+
//!         value: string 0+ null 0+           may be null in these versions
//!     error_code: i16 5+ tag 0 ignorable     a tagged field; ignorable: its value is dropped silently when a
//!                                            version lacks it
//!     timeout_ms: i32 0+ = 60000             a default that is not zero, empty or false; `null` too
//!     topic_data: []Topic 0+ named topics    the Rust name, where it is not Kafka's
//!     acks: i16 0+ # how many have it        what the field's doc says besides
//!     struct Shared 0+                       a struct that several fields name
//!         name: string 0+
//! ```
//! Types: `bool i8 i16 u16 i32 i64 f64 uuid string bytes records`, a struct's name, or `[]` of these. `text` is a string
//! that stays a slice of its frame, and `pieces` are records in as many slices as they were found in: for hot paths.
//! The facts are those of Apache Kafka 4.4's message definitions.

use crate::Versions;

/// One schema file.
#[derive(Clone, Debug)]
pub struct Module {
    /// Kafka's name, such as `CreateTopics`.
    pub name: String,
    /// What the file declares.
    pub kind: ModuleKind,
    /// The messages, in the file's order.
    pub messages: Vec<Message>,
}

/// What a schema file declares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ModuleKind {
    /// A request and its response.
    Api {
        /// Kafka's API key.
        key: i16,
        /// Neither the broker nor a client of ours speaks it yet: its messages compile with the feature `unserved`.
        unserved: bool,
        /// What ApiVersions names, where it is not what is implemented.
        advertised: Option<Versions>,
    },
    /// A record of the metadata log (KIP-631).
    Record {
        /// Kafka's key of it.
        key: i16,
    },
    /// Messages that travel inside others.
    Data,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    /// The Rust name, such as `CreateTopicsRequest`.
    pub name: String,
    /// The versions there are.
    pub versions: Versions,
    /// The versions in flexible form, if any.
    pub flexible: Option<Versions>,
    /// Its fields in wire order.
    pub fields: Vec<Field>,
    /// Every struct below it, in the order in which the schema names them.
    pub structs: Vec<Struct>,
}

/// A struct below a message.
#[derive(Clone, Debug)]
pub struct Struct {
    /// The Rust name.
    pub name: String,
    /// The versions in which it can occur.
    pub versions: Versions,
    /// Its fields in wire order.
    pub fields: Vec<Field>,
}

/// One field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its Rust name, `r#` before it if it is a keyword.
    pub name: String,
    /// Kafka's name in snake case.
    pub kafka_name: String,
    /// What its doc says besides the facts: a sentence without its full stop.
    pub remark: Option<String>,
    /// Its type.
    pub kind: Type,
    /// The versions that have it.
    pub versions: Versions,
    /// The versions in which it may be null.
    pub nullable: Option<Versions>,
    /// Its tag, if it is a tagged field.
    pub tag: Option<u32>,
    /// A value is dropped silently when the version lacks the field.
    pub ignorable: bool,
    /// Its default, as the schema writes it.
    pub default: Option<String>,
}

/// A field's type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Type {
    /// A type without elements.
    Scalar(Scalar),
    /// A struct.
    Struct(String),
    /// An array of scalars or of structs.
    Array(Box<Type>),
}

/// A type without elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scalar {
    /// One byte, 0 or 1.
    Bool,
    /// One byte.
    I8,
    /// Two bytes.
    I16,
    /// Two bytes, unsigned.
    U16,
    /// Four bytes.
    I32,
    /// Eight bytes.
    I64,
    /// Eight bytes, IEEE 754.
    F64,
    /// Sixteen bytes.
    Uuid,
    /// UTF-8 with a length, copied.
    String,
    /// UTF-8 with a length, as a slice of the frame.
    Text,
    /// Bytes with a length.
    Bytes,
    /// Record batches with a length.
    Records,
    /// Record batches with a length, in as many slices as they were found in.
    Pieces,
}

impl Scalar {
    /// The fewest bytes a value takes.
    pub fn size_min(self) -> usize {
        match self {
            Scalar::Bool
            | Scalar::I8
            | Scalar::String
            | Scalar::Text
            | Scalar::Bytes
            | Scalar::Records
            | Scalar::Pieces => 1,
            Scalar::I16 | Scalar::U16 => 2,
            Scalar::I32 => 4,
            Scalar::I64 | Scalar::F64 => 8,
            Scalar::Uuid => 16,
        }
    }
}

impl Message {
    /// The struct named `name`.
    pub fn find(&self, name: &str) -> Option<&Struct> {
        self.structs.iter().find(|item| item.name == name)
    }

    /// Tells whether `version` is in flexible form.
    pub fn is_flexible(&self, version: i16) -> bool {
        self.flexible.is_some_and(|range| range.contains(version))
    }

    /// The fewest bytes a value of `kind` takes in any version of this message that is within `scope`.
    pub fn size_min(&self, kind: &Type, scope: Versions) -> usize {
        match kind {
            Type::Scalar(scalar) => scalar.size_min(),
            Type::Array(_) => 1,
            Type::Struct(name) => {
                let Some(item) = self.find(name) else { return 1 };
                let scope = scope.intersect(item.versions).unwrap_or(scope);
                let smallest = (scope.first..=scope.last)
                    .map(|version| self.struct_size(&item.fields, version))
                    .min();
                smallest.unwrap_or(1).max(1)
            }
        }
    }

    fn struct_size(&self, fields: &[Field], version: i16) -> usize {
        let flexible = self.is_flexible(version);
        let one = Versions {
            first: version,
            last: version,
        };
        let present = fields
            .iter()
            .filter(|field| field.versions.contains(version) && field.tag.is_none());
        let sizes = present.map(|field| match &field.kind {
            // The two-byte length of a string, the four-byte length of the rest, unless the form is compact.
            Type::Scalar(Scalar::String | Scalar::Text) if !flexible => 2,
            Type::Scalar(Scalar::Bytes | Scalar::Records | Scalar::Pieces) | Type::Array(_) if !flexible => 4,
            Type::Struct(_) if field.nullable.is_some() => 1,
            kind => self.size_min(kind, one),
        });
        sizes.sum::<usize>() + usize::from(flexible)
    }
}
