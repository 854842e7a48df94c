//! The encoder of a struct.

use std::fmt::Write;

use super::{Item, Role, types, version_parameter};
use crate::Versions;
use crate::schema::{Field, Scalar, Type};

pub(super) fn function(item: &Item<'_>) -> String {
    let mut body = String::new();
    for field in item.fields {
        if field.tag.is_none() {
            body.push_str(&regular(item, field));
        } else {
            body.push_str(&tag_check(item, field));
        }
    }
    body.push_str(&tags(item));
    body.push_str("Ok(())\n");
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
    let (visibility, doc) = if item.role != Role::Part {
        let doc = "/// Appends the message to `writer`.\n///\n/// # Errors\n/// See [`EncodeError`].\n";
        ("pub ", doc)
    } else {
        ("", "")
    };
    format!(
        "{doc}{visibility}fn encode(&self, writer: &mut Writer, {version}: i16) -> Result<(), EncodeError> {{\n{code}}}\n"
    )
}

fn absent_error(item: &Item<'_>, field: &Field) -> String {
    format!(
        "return Err(EncodeError::absent(\"{}\", \"{}\", version));",
        item.name, field.name
    )
}

fn regular(item: &Item<'_>, field: &Field) -> String {
    let Some(present) = field.versions.intersect(item.scope) else {
        return String::new();
    };
    let write = write_field(item, field, present, item.flexible());
    match field.versions.condition(item.scope) {
        None => write,
        Some(condition) if field.ignorable => format!("if {condition} {{\n{write}}}\n"),
        Some(condition) => format!(
            "if {condition} {{\n{write}}} else if {} {{\n{}\n}}\n",
            types::differs(field),
            absent_error(item, field)
        ),
    }
}

fn write_field(item: &Item<'_>, field: &Field, present: Versions, flexible: &str) -> String {
    let name = &field.name;
    let Some(range) = field.nullable else {
        return write(&field.kind, flexible, &format!("self.{name}"), Access::Place);
    };
    let nullable = write_nullable(&field.kind, flexible, &format!("self.{name}"));
    let Some(condition) = range.condition(present) else {
        return nullable;
    };
    let required = format!(
        "let value = required(self.{name}.as_ref(), \"{}\", \"{name}\", version)?;\n{}",
        item.name,
        write(&field.kind, flexible, "value", Access::Reference)
    );
    format!("if {condition} {{\n{nullable}}} else {{\n{required}}}\n")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// A field: `self.name`.
    Place,
    /// A variable that holds a reference.
    Reference,
}

fn write(kind: &Type, flexible: &str, place: &str, access: Access) -> String {
    let (by_ref, by_value) = match access {
        Access::Place => (format!("&{place}"), place.to_owned()),
        Access::Reference => (place.to_owned(), format!("*{place}")),
    };
    match kind {
        Type::Scalar(Scalar::String) => format!("writer.string({flexible}, {by_ref})?;\n"),
        Type::Scalar(Scalar::Text) => format!("writer.byte_str({flexible}, {by_ref})?;\n"),
        Type::Scalar(Scalar::Bytes) => format!("writer.bytes({flexible}, {by_ref})?;\n"),
        Type::Scalar(Scalar::Records) => format!("writer.shared_bytes({flexible}, {by_ref})?;\n"),
        Type::Scalar(Scalar::Pieces) => format!("writer.records({flexible}, {by_ref})?;\n"),
        Type::Scalar(scalar) => format!("writer.{}({by_value});\n", plain_method(*scalar)),
        Type::Struct(_) => format!("{place}.encode(writer, version)?;\n"),
        Type::Array(element) => {
            let (method, closure) = array(element, flexible);
            format!("writer.{method}({flexible}, {by_ref}, {closure})?;\n")
        }
    }
}

fn write_nullable(kind: &Type, flexible: &str, place: &str) -> String {
    match kind {
        Type::Scalar(Scalar::Text) => {
            format!("writer.nullable_byte_str({flexible}, {place}.as_ref())?;\n")
        }
        Type::Scalar(Scalar::String) => {
            format!("writer.nullable_string({flexible}, {place}.as_deref())?;\n")
        }
        Type::Scalar(Scalar::Records) => {
            format!("writer.nullable_shared_bytes({flexible}, {place}.as_ref())?;\n")
        }
        Type::Scalar(Scalar::Pieces) => {
            format!("writer.nullable_records({flexible}, {place}.as_ref())?;\n")
        }
        Type::Scalar(_) => format!("writer.nullable_bytes({flexible}, {place}.as_deref())?;\n"),
        Type::Struct(_) => {
            format!(
                "writer.nullable_struct({place}.as_ref(), |writer, value| value.encode(writer, version))?;\n"
            )
        }
        Type::Array(element) => {
            let (method, closure) = array(element, flexible);
            format!("writer.nullable_{method}({flexible}, {place}.as_deref(), {closure})?;\n")
        }
    }
}

fn array(element: &Type, flexible: &str) -> (&'static str, String) {
    match element {
        Type::Scalar(Scalar::String | Scalar::Text) => {
            ("array", format!("|writer, item| writer.string({flexible}, item)"))
        }
        Type::Scalar(Scalar::Bytes | Scalar::Records | Scalar::Pieces) => {
            ("array", format!("|writer, item| writer.bytes({flexible}, item)"))
        }
        Type::Scalar(scalar) => (
            "plain_array",
            format!("|writer, item| writer.{}(*item)", plain_method(*scalar)),
        ),
        Type::Struct(_) | Type::Array(_) => {
            ("array", "|writer, item| item.encode(writer, version)".to_owned())
        }
    }
}

fn plain_method(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "bool",
        Scalar::I8 => "i8",
        Scalar::I16 => "i16",
        Scalar::U16 => "u16",
        Scalar::I32 => "i32",
        Scalar::I64 => "i64",
        Scalar::F64 => "f64",
        Scalar::Uuid => "uuid",
        Scalar::String | Scalar::Text | Scalar::Bytes | Scalar::Records | Scalar::Pieces => "bytes",
    }
}

fn tag_check(item: &Item<'_>, field: &Field) -> String {
    match field.versions.absent_condition(item.scope) {
        Some(absent) if !field.ignorable => format!(
            "if {absent} && {} {{\n{}\n}}\n",
            types::differs(field),
            absent_error(item, field)
        ),
        _ => String::new(),
    }
}

fn tags(item: &Item<'_>) -> String {
    let flexible = item.flexible();
    let Some(scope) = item
        .message
        .flexible
        .and_then(|range| range.intersect(item.scope))
    else {
        return String::new();
    };
    let mut tagged: Vec<(u32, &Field)> = item
        .fields
        .iter()
        .filter_map(|field| field.tag.map(|tag| (tag, field)))
        .collect();
    tagged.sort_by_key(|(tag, _)| *tag);
    let mut out = String::new();
    if tagged.is_empty() {
        out.push_str("writer.no_tagged_fields();\n");
    } else {
        out.push_str("let mut tags = TaggedFields::new();\n");
        for (tag, field) in tagged {
            let Some(present) = field.versions.intersect(scope) else {
                continue;
            };
            let condition = match field.versions.condition(scope) {
                Some(condition) => format!("{condition} && {}", types::differs(field)),
                None => types::differs(field),
            };
            let write = write_field(item, field, present, "true");
            let _ = writeln!(
                out,
                "if {condition} {{\ntags.add({tag}, |writer| {{\n{write}Ok(())\n}})?;\n}}"
            );
        }
        out.push_str("writer.tagged_fields(&tags);\n");
    }
    if flexible == "flexible" {
        format!("if flexible {{\n{out}}}\n")
    } else {
        out
    }
}
