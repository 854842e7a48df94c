//! Fields as Rust: their types, defaults and docs.

use super::Item;
use crate::schema::{Field, Scalar, Type};

/// The Rust type of a field.
pub(super) fn rust(field: &Field) -> String {
    let plain = rust_plain(&field.kind);
    if field.nullable.is_some() {
        format!("Option<{plain}>")
    } else {
        plain
    }
}

fn rust_plain(kind: &Type) -> String {
    match kind {
        Type::Scalar(scalar) => match scalar {
            Scalar::Bool => "bool",
            Scalar::I8 => "i8",
            Scalar::I16 => "i16",
            Scalar::U16 => "u16",
            Scalar::I32 => "i32",
            Scalar::I64 => "i64",
            Scalar::F64 => "f64",
            Scalar::Uuid => "TopicId",
            Scalar::String => "String",
            Scalar::Text => "ByteStr",
            Scalar::Bytes | Scalar::Records => "Bytes",
            Scalar::Pieces => "Records",
        }
        .to_owned(),
        Type::Struct(name) => name.clone(),
        Type::Array(element) => format!("Vec<{}>", rust_plain(element)),
    }
}

/// Tells whether `#[derive(Default)]` gives the field Kafka's default.
pub(super) fn has_natural_default(field: &Field) -> bool {
    match (&field.nullable, &field.default) {
        (None, None) => true,
        (Some(_), Some(default)) => default == "null",
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// The field's default as an expression.
pub(super) fn default(field: &Field) -> String {
    if field.default.as_deref() == Some("null") {
        return "None".to_owned();
    }
    let plain = match (&field.kind, &field.default) {
        (Type::Scalar(Scalar::I32), Some(value)) if value == "2147483647" => "i32::MAX".to_owned(),
        (Type::Scalar(Scalar::I32), Some(value)) if value == "-2147483648" => "i32::MIN".to_owned(),
        (Type::Scalar(Scalar::I64), Some(value)) if value == "9223372036854775807" => "i64::MAX".to_owned(),
        (_, Some(value)) => value.clone(),
        (Type::Scalar(scalar), None) => match scalar {
            Scalar::Bool => "false",
            Scalar::I8 | Scalar::I16 | Scalar::U16 | Scalar::I32 | Scalar::I64 => "0",
            Scalar::F64 => "0.0",
            Scalar::Uuid => "TopicId::ZERO",
            Scalar::String => "String::new()",
            Scalar::Text => "ByteStr::default()",
            Scalar::Bytes | Scalar::Records => "Bytes::new()",
            Scalar::Pieces => "Records::default()",
        }
        .to_owned(),
        (Type::Struct(name), None) => format!("{name}::default()"),
        (Type::Array(_), None) => "Vec::new()".to_owned(),
    };
    if field.nullable.is_some() {
        format!("Some({plain})")
    } else {
        plain
    }
}

/// The condition under which the field's value differs from its default.
pub(super) fn differs(field: &Field) -> String {
    let name = format!("self.{}", field.name);
    let has_empty = matches!(
        field.kind,
        Type::Array(_)
            | Type::Scalar(Scalar::String | Scalar::Text | Scalar::Bytes | Scalar::Records | Scalar::Pieces)
    );
    match (&field.nullable, field.default.as_deref()) {
        (Some(_), Some("null")) => format!("{name}.is_some()"),
        (Some(_), None) if has_empty => format!("{name}.as_ref().is_none_or(|value| !value.is_empty())"),
        (None, None) if has_empty => format!("!{name}.is_empty()"),
        (None, None) if field.kind == Type::Scalar(Scalar::Bool) => name,
        (None, Some("true")) => format!("!{name}"),
        _ => format!("{name} != {}", default(field)),
    }
}

/// What there is to say of the field beyond its name and type.
pub(super) fn doc(item: &Item<'_>, field: &Field) -> Option<String> {
    let mut parts = Vec::new();
    if field.versions.condition(item.scope).is_some() {
        parts.push(field.versions.describe(item.scope));
    }
    if let Some(tag) = field.tag {
        parts.push(format!("tag {tag}"));
    }
    if let Some(range) = field.nullable {
        let present = field.versions.intersect(item.scope).unwrap_or(item.scope);
        match range.condition(present) {
            Some(_) => parts.push(format!("null {}", range.describe(item.scope))),
            None => parts.push("nullable".to_owned()),
        }
    }
    if !has_natural_default(field) {
        let value = match default(field).as_str() {
            "Some(String::new())"
            | "Some(ByteStr::default())"
            | "Some(Vec::new())"
            | "Some(Bytes::new())"
            | "Some(Records::default())" => "empty, not null".to_owned(),
            value => value.to_owned(),
        };
        parts.push(format!("default {value}"));
    }
    let sentence = |text: &str| {
        let mut letters = text.chars();
        let first = letters.next()?.to_ascii_uppercase();
        Some(format!("{first}{}.", letters.as_str()))
    };
    let remark = field.remark.as_deref().and_then(sentence);
    match (remark, sentence(&parts.join("; "))) {
        (Some(remark), Some(facts)) => Some(format!("{remark} {facts}")),
        (remark, facts) => remark.or(facts),
    }
}
