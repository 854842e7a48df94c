//! One message in one version as it lies on the wire: the form in which both sides are compared.

use std::collections::BTreeMap;

use serde_json::Value;

use super::json::{Definition, FieldDefinition};
use crate::Versions;
use crate::schema::{Field, Message, Scalar, Type};

/// Structs within structs; more than this can only be a struct that holds itself.
const DEPTH_MAX: usize = 16;

/// The fields of one message in one version.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Layout {
    /// The paths of the fields without a tag, in wire order; a struct's own come right after it.
    pub(super) order: Vec<String>,
    /// What is to be known of each field, by its path from the message, such as `topics.partitions.error_code`.
    pub(super) fields: BTreeMap<String, Facts>,
}

/// What there is to know of a field in one version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Facts {
    /// Its type in the schema's words.
    pub(super) kind: String,
    /// It may be null.
    pub(super) nullable: bool,
    /// Its tag, if it is a tagged field in this version.
    pub(super) tag: Option<u32>,
    /// Its default: a number, `true`, `false`, `null`, or `empty`.
    pub(super) default: String,
    /// A value is dropped silently when a version lacks the field.
    pub(super) ignorable: bool,
}

impl Layout {
    fn add(&mut self, path: String, facts: Facts) {
        if facts.tag.is_none() {
            self.order.push(path.clone());
        }
        self.fields.insert(path, facts);
    }
}

/// A field's name without what tells Kafka's spelling from ours: `enable2Pc` is `enable_2_pc`.
fn plain_name(name: &str) -> String {
    name.replace('_', "").to_ascii_lowercase()
}

fn contains(versions: Option<Versions>, version: i16) -> bool {
    versions.is_some_and(|range| range.contains(version))
}

/// The layout that our schema gives.
pub(super) fn ours(message: &Message, version: i16) -> Layout {
    let mut layout = Layout::default();
    our_fields(message, &message.fields, version, "", 0, &mut layout);
    layout
}

fn our_fields(
    message: &Message,
    fields: &[Field],
    version: i16,
    above: &str,
    depth: usize,
    layout: &mut Layout,
) {
    assert!(depth < DEPTH_MAX, "{} holds itself at {above}", message.name);
    for field in fields.iter().filter(|field| field.versions.contains(version)) {
        let path = format!("{above}{}", plain_name(&field.kafka_name));
        let facts = Facts {
            kind: our_kind(&field.kind),
            nullable: contains(field.nullable, version),
            tag: field.tag,
            default: default_text(field.default.as_deref(), &our_kind(&field.kind)),
            ignorable: field.ignorable,
        };
        layout.add(path.clone(), facts);
        let element = match &field.kind {
            Type::Array(element) => element,
            kind => kind,
        };
        if let Type::Struct(name) = element
            && let Some(item) = message.find(name)
        {
            our_fields(
                message,
                &item.fields,
                version,
                &format!("{path}."),
                depth + 1,
                layout,
            );
        }
    }
}

fn our_kind(kind: &Type) -> String {
    match kind {
        Type::Scalar(scalar) => match scalar {
            Scalar::Bool => "bool",
            Scalar::I8 => "i8",
            Scalar::I16 => "i16",
            Scalar::U16 => "u16",
            Scalar::I32 => "i32",
            Scalar::I64 => "i64",
            Scalar::F64 => "f64",
            Scalar::Uuid => "uuid",
            Scalar::String | Scalar::Text => "string",
            Scalar::Bytes => "bytes",
            Scalar::Records | Scalar::Pieces => "records",
        }
        .to_owned(),
        Type::Struct(_) => "struct".to_owned(),
        Type::Array(element) => format!("[]{}", our_kind(element)),
    }
}

/// The layout that Kafka's definition gives.
pub(super) fn kafkas(definition: &Definition, version: i16) -> Layout {
    let mut layout = Layout::default();
    their_fields(definition, &definition.fields, version, "", 0, &mut layout);
    layout
}

fn their_fields(
    definition: &Definition,
    fields: &[FieldDefinition],
    version: i16,
    above: &str,
    depth: usize,
    layout: &mut Layout,
) {
    assert!(depth < DEPTH_MAX, "{} holds itself at {above}", definition.name);
    for field in fields.iter().filter(|field| contains(field.versions, version)) {
        let path = format!("{above}{}", plain_name(&field.name));
        let mut kind = their_kind(&field.kind);
        let facts = Facts {
            nullable: contains(field.nullable_versions, version),
            tag: field.tag.filter(|_| contains(field.tagged_versions, version)),
            default: default_text(json_default(&field.default).as_deref(), &kind),
            ignorable: field.ignorable,
            kind: {
                if field.flexible_versions.is_some() {
                    kind.push_str(" in a form of its own");
                }
                kind
            },
        };
        layout.add(path.clone(), facts);
        let inner = their_struct(definition, field);
        their_fields(definition, inner, version, &format!("{path}."), depth + 1, layout);
    }
}

/// The fields of the struct that `field` is, or has as elements; none if it is something else.
fn their_struct<'a>(definition: &'a Definition, field: &'a FieldDefinition) -> &'a [FieldDefinition] {
    if !field.fields.is_empty() {
        return &field.fields;
    }
    let name = field.kind.trim_start_matches("[]");
    let shared = definition.common_structs.iter().find(|item| item.name == name);
    shared.map_or(&[], |item| &item.fields)
}

fn their_kind(kind: &str) -> String {
    if let Some(element) = kind.strip_prefix("[]") {
        return format!("[]{}", their_kind(element));
    }
    match kind {
        "bool" | "string" | "bytes" | "records" | "uuid" => kind,
        "int8" => "i8",
        "int16" => "i16",
        "uint16" => "u16",
        "int32" => "i32",
        "uint32" => "u32",
        "int64" => "i64",
        "float64" => "f64",
        _ => "struct",
    }
    .to_owned()
}

fn json_default(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.trim().to_owned()),
        other => Some(other.to_string()),
    }
}

fn default_text(default: Option<&str>, kind: &str) -> String {
    let Some(text) = default else {
        return match kind {
            "bool" => "false",
            "i8" | "i16" | "u16" | "i32" | "u32" | "i64" | "f64" => "0",
            _ => "empty",
        }
        .to_owned();
    };
    match text
        .strip_prefix("0x")
        .map(|digits| i64::from_str_radix(digits, 16))
    {
        Some(Ok(number)) => number.to_string(),
        Some(Err(_)) | None => text.to_ascii_lowercase(),
    }
}
