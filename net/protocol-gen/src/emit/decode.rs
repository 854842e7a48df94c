//! The decoder of a struct.

use std::fmt::Write;

use super::{Item, Role, types, version_parameter};
use crate::Versions;
use crate::schema::{Field, Scalar, Type};

pub(super) fn function(item: &Item<'_>) -> String {
    let mut body = String::new();
    let tagged: Vec<&Field> = item.fields.iter().filter(|field| field.tag.is_some()).collect();
    let needs_name = !tagged.is_empty() || item.flexible() != "false";
    let mutable = if tagged.is_empty() { "" } else { "mut " };
    if needs_name {
        let _ = writeln!(body, "let {mutable}message = {} {{", item.name);
    } else {
        let _ = writeln!(body, "Ok({} {{", item.name);
    }
    for field in item.fields {
        let _ = writeln!(body, "{}: {},", field.name, initial(item, field));
    }
    if needs_name {
        body.push_str("};\n");
        body.push_str(&tags(item, &tagged));
        body.push_str("Ok(message)\n");
    } else {
        body.push_str("})\n");
    }
    let mut head = String::new();
    if item.role != Role::Part {
        let _ = writeln!(
            head,
            "check_version(\"{}\", version, {}::VERSIONS)?;",
            item.name, item.name
        );
    }
    head.push_str(&item.flexible_binding(&body));
    let code = head + &body;
    let version = version_parameter(&code);
    let (visibility, doc) = match item.role {
        // Requests too: Kafka reads what the schema says and ignores the rest of the frame, and there are clients that
        // count on it (librdkafka's Metadata v13 for all topics has three bytes to spare).
        Role::Request | Role::Response | Role::Data => (
            "pub ",
            "/// Decodes from `reader` and leaves in it what follows.\n///\n/// # Errors\n/// See [`DecodeError`].\n",
        ),
        Role::Part => ("", ""),
    };
    format!(
        "{doc}{visibility}fn decode(reader: &mut Reader, {version}: i16) -> Result<{}, DecodeError> {{\n{code}}}\n",
        item.name
    )
}

/// The value of a field in the struct expression: decoded, or its default when it is tagged or absent.
fn initial(item: &Item<'_>, field: &Field) -> String {
    if field.tag.is_some() {
        return types::default(field);
    }
    let Some(present) = field.versions.intersect(item.scope) else {
        return types::default(field);
    };
    let value = value(item, field, present, item.flexible());
    match field.versions.condition(item.scope) {
        None => value,
        Some(condition) => format!(
            "if {condition} {{ {value} }} else {{ {} }}",
            types::default(field)
        ),
    }
}

fn value(item: &Item<'_>, field: &Field, present: Versions, flexible: &str) -> String {
    let plain = call(item, &field.kind, present, flexible, "");
    let Some(range) = field.nullable else {
        return format!("{plain}?");
    };
    let nullable = call(item, &field.kind, present, flexible, "nullable_");
    match range.condition(present) {
        None => format!("{nullable}?"),
        Some(condition) => format!("if {condition} {{ {nullable}? }} else {{ Some({plain}?) }}"),
    }
}

fn call(item: &Item<'_>, kind: &Type, present: Versions, flexible: &str, prefix: &str) -> String {
    match kind {
        Type::Scalar(scalar) => match sized(*scalar) {
            Some(method) => format!("reader.{prefix}{method}()"),
            None => format!("reader.{prefix}{}({flexible})", unsized_method(*scalar)),
        },
        Type::Struct(name) if prefix.is_empty() => format!("{name}::decode(reader, version)"),
        Type::Struct(name) => {
            format!("reader.{prefix}struct(|reader| {name}::decode(reader, version))")
        }
        Type::Array(element) => {
            let size = item.message.size_min(element, present);
            let closure = match element.as_ref() {
                Type::Scalar(scalar) => match sized(*scalar) {
                    Some(method) => format!("Reader::{method}"),
                    None => format!("|reader| {}", call(item, element, present, flexible, "")),
                },
                _ => format!("|reader| {}", call(item, element, present, flexible, "")),
            };
            format!("reader.{prefix}array({flexible}, {size}, {closure})")
        }
    }
}

fn sized(scalar: Scalar) -> Option<&'static str> {
    Some(match scalar {
        Scalar::Bool => "bool",
        Scalar::I8 => "i8",
        Scalar::I16 => "i16",
        Scalar::U16 => "u16",
        Scalar::I32 => "i32",
        Scalar::I64 => "i64",
        Scalar::F64 => "f64",
        Scalar::Uuid => "uuid",
        Scalar::String | Scalar::Text | Scalar::Bytes | Scalar::Records | Scalar::Pieces => return None,
    })
}

fn unsized_method(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::String => "string",
        Scalar::Text => "byte_str",
        Scalar::Pieces => "records",
        _ => "bytes",
    }
}

fn tags(item: &Item<'_>, tagged: &[&Field]) -> String {
    let mut out = String::new();
    let flexible = item.flexible();
    if flexible == "false" {
        return out;
    }
    if flexible == "flexible" {
        out.push_str("if flexible {\n");
    }
    if tagged.is_empty() {
        out.push_str("reader.skip_tagged_fields()?;\n");
    } else {
        out.push_str("reader.tagged_fields(|tag, reader| {\nmatch tag {\n");
        let flexible_scope = item
            .message
            .flexible
            .and_then(|range| range.intersect(item.scope));
        let scope = flexible_scope.unwrap_or(item.scope);
        for field in tagged {
            let Some(tag) = field.tag else { continue };
            let guard = match field.versions.condition(scope) {
                Some(condition) => format!(" if {condition}"),
                None => String::new(),
            };
            let present = field.versions.intersect(scope).unwrap_or(scope);
            let value = value(item, field, present, "true");
            let _ = writeln!(out, "{tag}{guard} => message.{} = {value},", field.name);
        }
        out.push_str("_ => return Ok(false),\n}\nOk(true)\n})?;\n");
    }
    if flexible == "flexible" {
        out.push_str("}\n");
    }
    out
}
