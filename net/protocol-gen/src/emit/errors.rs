//! The walk over the error codes of a response.

use std::fmt::Write;

use super::{Item, Role};
use crate::schema::{Field, Message, Scalar, Type};

/// `error_codes` of a response, and of those of its parts that have some.
pub(super) fn function(item: &Item<'_>) -> String {
    let mut body = String::new();
    for field in item.fields {
        body.push_str(&visit(item.message, field));
    }
    let (visibility, doc) = match item.role {
        Role::Response => (
            "pub ",
            "/// Gives `tell` every error code of the answer, that of no error included.\n",
        ),
        Role::Part if item.message.name.ends_with("Response") && !body.is_empty() => ("", ""),
        Role::Part | Role::Request | Role::Data => return String::new(),
    };
    let tell = if body.is_empty() { "_tell" } else { "tell" };
    format!("\n{doc}{visibility}fn error_codes(&self, {tell}: &mut impl FnMut(i16)) {{\n{body}}}\n")
}

fn visit(message: &Message, field: &Field) -> String {
    let (name, is_nullable) = (&field.name, field.nullable.is_some());
    let mut out = String::new();
    match &field.kind {
        _ if is_code(field) => {
            let _ = writeln!(out, "tell(self.{name});");
        }
        Type::Struct(part) if has_codes(message, part) => {
            let _ = if is_nullable {
                writeln!(
                    out,
                    "if let Some(part) = &self.{name} {{ part.error_codes(tell); }}"
                )
            } else {
                writeln!(out, "self.{name}.error_codes(tell);")
            };
        }
        Type::Array(element) if matches!(&**element, Type::Struct(part) if has_codes(message, part)) => {
            let items = if is_nullable {
                format!("self.{name}.iter().flatten()")
            } else {
                format!("&self.{name}")
            };
            let _ = writeln!(out, "for item in {items} {{ item.error_codes(tell); }}");
        }
        Type::Scalar(_) | Type::Struct(_) | Type::Array(_) => {}
    }
    out
}

/// What Kafka's `errorCounts` of a response counts.
fn is_code(field: &Field) -> bool {
    field.kafka_name == "error_code" && field.kind == Type::Scalar(Scalar::I16)
}

fn has_codes(message: &Message, part: &str) -> bool {
    let Some(part) = message.find(part) else {
        return false;
    };
    part.fields.iter().any(|field| {
        is_code(field)
            || match &field.kind {
                Type::Struct(below) => has_codes(message, below),
                Type::Array(element) => {
                    matches!(&**element, Type::Struct(below) if has_codes(message, below))
                }
                Type::Scalar(_) => false,
            }
    })
}
