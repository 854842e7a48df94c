//! Code from a parsed schema. What comes out is still to be formatted.

mod decode;
mod encode;
mod errors;
pub(crate) mod index;
mod types;

use std::fmt::Write;

use crate::Versions;
use crate::schema::{Field, Message, Module, ModuleKind};

/// A struct on its way to code: a message or one of the structs below it.
struct Item<'a> {
    message: &'a Message,
    name: &'a str,
    fields: &'a [Field],
    /// The versions in which it can occur.
    scope: Versions,
    /// What is generated besides the struct's own fields.
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Its version is checked, and nothing may follow it.
    Request,
    /// Its version is checked. Bytes that follow it are left: brokers of other makes have been seen to send some.
    Response,
    /// A message within another; what a later version appended is left.
    Data,
    /// A part of a message.
    Part,
}

impl Item<'_> {
    /// The Rust expression for "this version is in flexible form".
    fn flexible(&self) -> &'static str {
        match self
            .message
            .flexible
            .and_then(|range| range.intersect(self.scope))
        {
            None => "false",
            Some(range) if range == self.scope => "true",
            Some(_) => "flexible",
        }
    }

    /// `let flexible = ..;` where `code` needs it.
    fn flexible_binding(&self, code: &str) -> String {
        match self.message.flexible {
            Some(range) if self.flexible() == "flexible" && code.contains("flexible") => {
                format!("let flexible = version >= {};\n", range.first)
            }
            _ => String::new(),
        }
    }
}

/// `CreateTopics` as `create_topics`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// The name of the version parameter of a function with this body: underscored when it is not used.
fn version_parameter(body: &str) -> &'static str {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let used = body.match_indices("version").any(|(start, word)| {
        let before = body[..start].chars().next_back();
        let after = body[start + word.len()..].chars().next();
        // A field of that name follows a dot or is followed by a colon.
        !before.is_some_and(|letter| is_word(letter) || letter == '.')
            && !after.is_some_and(|letter| is_word(letter) || letter == ':')
    });
    if used { "version" } else { "_version" }
}

/// The code of one module.
pub(crate) fn module(module: &Module) -> String {
    let mut body = String::new();
    for message in &module.messages {
        let role = match module.kind {
            ModuleKind::Data | ModuleKind::Record { .. } => Role::Data,
            ModuleKind::Api { .. } if message.name.ends_with("Request") => Role::Request,
            ModuleKind::Api { .. } => Role::Response,
        };
        let top = Item {
            message,
            name: &message.name,
            fields: &message.fields,
            scope: message.versions,
            role,
        };
        body.push_str(&item(&top));
        for below in &message.structs {
            body.push_str(&item(&Item {
                message,
                name: &below.name,
                fields: &below.fields,
                scope: below.versions,
                role: Role::Part,
            }));
        }
    }
    let mut out = String::new();
    let title = match module.kind {
        ModuleKind::Api { key, .. } => format!("{} (API key {key})", module.name),
        ModuleKind::Record { key } => format!("{} (metadata record {key})", module.name),
        ModuleKind::Data => module.name.clone(),
    };
    let file = snake(&module.name);
    let _ = writeln!(
        out,
        "//! {title}. Generated from `schema/{file}.schema`; not to be edited.\n"
    );
    out.push_str(&imports(&body));
    out.push_str(&body);
    out
}

/// Tells whether `body` names the type `name`, and not one whose name ends in it.
fn names(body: &str, name: &str) -> bool {
    body.match_indices(name).any(|(start, _)| {
        let before = body[..start].chars().next_back();
        let after = body[start + name.len()..].chars().next();
        let is_word = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
        !is_word(before) && !is_word(after)
    })
}

fn imports(body: &str) -> String {
    let mut out = String::new();
    if body.contains("RangeInclusive") {
        out.push_str("use std::ops::RangeInclusive;\n\n");
    }
    if names(body, "Bytes") {
        out.push_str("use bytes::Bytes;\n");
    }
    if body.contains("TopicId") {
        out.push_str("use corelog_model::TopicId;\n");
    }
    out.push('\n');
    let mut codec = vec!["DecodeError", "EncodeError", "Reader", "Writer"];
    for name in ["TaggedFields", "required", "check_version"] {
        if body.contains(&format!("{name}(")) || body.contains(&format!("{name}::")) {
            codec.push(name);
        }
    }
    for name in ["ByteStr", "Records"] {
        if names(body, name) {
            codec.push(name);
        }
    }
    let _ = writeln!(out, "use crate::codec::{{{}}};\n", codec.join(", "));
    out
}

fn item(item: &Item<'_>) -> String {
    let mut out = String::new();
    let message = item.message;
    let last = item.scope.last;
    if item.role != Role::Part {
        let _ = write!(out, "/// {}, versions {} to {last}", item.name, item.scope.first);
        match message.flexible {
            Some(range) if range.first <= item.scope.first => out.push_str(", all flexible.\n"),
            Some(range) => {
                let _ = writeln!(out, ", flexible from {}.", range.first);
            }
            None => out.push_str(", none flexible.\n"),
        }
    } else {
        let _ = writeln!(out, "/// A part of [`{}`].", message.name);
    }
    let derives_default = item.fields.iter().all(types::has_natural_default);
    let default = if derives_default { ", Default" } else { "" };
    let _ = writeln!(out, "#[derive(Clone, PartialEq, Debug{default})]");
    let _ = writeln!(out, "pub struct {} {{", item.name);
    for field in item.fields {
        if let Some(doc) = types::doc(item, field) {
            let _ = writeln!(out, "/// {doc}");
        }
        let _ = writeln!(out, "pub {}: {},", field.name, types::rust(field));
    }
    out.push_str("}\n\n");
    if !derives_default {
        let _ = writeln!(
            out,
            "impl Default for {0} {{ fn default() -> {0} {{ {0} {{",
            item.name
        );
        for field in item.fields {
            let _ = writeln!(out, "{}: {},", field.name, types::default(field));
        }
        out.push_str("} } }\n\n");
    }
    let _ = writeln!(out, "impl {} {{", item.name);
    if item.role != Role::Part {
        out.push_str("/// The versions there are.\n");
        let first = item.scope.first;
        let _ = writeln!(
            out,
            "pub const VERSIONS: RangeInclusive<i16> = {first}..={last};\n"
        );
    }
    out.push_str(&decode::function(item));
    out.push('\n');
    out.push_str(&encode::function(item));
    out.push_str(&errors::function(item));
    out.push_str("}\n\n");
    out
}
