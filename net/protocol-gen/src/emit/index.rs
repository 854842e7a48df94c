//! The files that name every API, `messages/mod.rs` and `api_table.rs`, and the one that names every record of the
//! metadata log, `metadata_record.rs`.

use std::fmt::Write;

use super::snake;
use crate::schema::{Module, ModuleKind};

/// Declares the message modules and gives each message its traits.
pub(crate) fn messages_mod(modules: &[Module]) -> String {
    let mut out = String::from(
        "//! One module an API, those for messages that travel inside others, and for records of the metadata log.\n\
         //! Generated; not to be edited.\n//!\n\
         //! APIs that neither the broker nor a client of ours speaks are there with the feature `unserved` alone.\n\n\
         use crate::message::{data_message, api_messages};\n\n",
    );
    for module in modules {
        if is_unserved(module) {
            let _ = writeln!(out, "#[cfg(feature = \"unserved\")]");
        }
        let _ = writeln!(out, "pub mod {};", snake(&module.name));
    }
    out.push('\n');
    let served = modules.iter().filter(|module| !is_unserved(module));
    for_each_api(&mut out, "not(feature = \"unserved\")", served);
    for_each_api(&mut out, "feature = \"unserved\"", modules.iter());
    out.push_str("for_each_api!(api_messages);\n");
    for module in modules {
        if matches!(module.kind, ModuleKind::Data | ModuleKind::Record { .. }) {
            for message in &module.messages {
                let _ = writeln!(out, "data_message!({}::{});", snake(&module.name), message.name);
            }
        }
    }
    out
}

fn is_unserved(module: &Module) -> bool {
    matches!(module.kind, ModuleKind::Api { unserved: true, .. })
}

/// The macro over the APIs of `modules`. It is defined once for each set of features: a condition within its rows
/// would be judged by the features of the crate that calls it.
fn for_each_api<'a>(out: &mut String, condition: &str, modules: impl Iterator<Item = &'a Module>) {
    let _ = write!(
        out,
        "/// Calls a macro with `Api: module::Request => module::Response;` for every API whose messages are there, for \
         code that treats all alike.\n#[cfg({condition})]\n#[macro_export]\nmacro_rules! for_each_api {{\n    \
         ($callback:ident) => {{\n        $callback! {{\n",
    );
    for module in modules {
        if matches!(module.kind, ModuleKind::Api { .. }) {
            let path = snake(&module.name);
            let _ = writeln!(
                out,
                "            {0}: {path}::{0}Request => {path}::{0}Response;",
                module.name
            );
        }
    }
    out.push_str("        }\n    };\n}\n\n");
}

/// The enum of the metadata log's records, and what there is to know of each.
pub(crate) fn metadata_record(modules: &[Module]) -> String {
    let mut rows = Vec::new();
    for module in modules {
        if let ModuleKind::Record { key } = module.kind {
            let variant = module.name.trim_end_matches("Record");
            rows.push((key, variant, module.name.as_str(), snake(&module.name)));
        }
    }
    rows.sort_by_key(|row| row.0);
    let mut out = String::from(
        "//! The records of a metadata log (KIP-631). Generated from `schema/`; not to be edited.\n\n\
         use std::ops::RangeInclusive;\n\nuse crate::codec::{DecodeError, EncodeError, Reader, Writer};\n\
         use crate::messages;\n\n\
         /// A record of the metadata log.\n#[derive(Clone, PartialEq, Debug)]\npub enum MetadataRecord {\n",
    );
    for (key, variant, name, module) in &rows {
        let _ = writeln!(out, "/// Key {key}.\n{variant}(messages::{module}::{name}),");
    }
    out.push_str("}\n\nimpl MetadataRecord {\n/// Kafka's key of its kind.\npub const fn key(&self) -> i16 {\nmatch self {\n");
    for (key, variant, ..) in &rows {
        let _ = writeln!(out, "MetadataRecord::{variant}(_) => {key},");
    }
    out.push_str(
        "}\n}\n\n/// Kafka's name of the kind with this key, and its versions; `None` if there is no such kind.\n\
         pub const fn kind(key: i16) -> Option<(&'static str, RangeInclusive<i16>)> {\nSome(match key {\n",
    );
    for (key, _, name, module) in &rows {
        let _ = writeln!(
            out,
            "{key} => (\"{name}\", messages::{module}::{name}::VERSIONS),"
        );
    }
    out.push_str(
        "_ => return None,\n})\n}\n\n/// Decodes the message of a record; `None` if there is no kind with this key.\n\
         pub(crate) fn decode_message(key: i16, reader: &mut Reader, version: i16) -> Result<Option<MetadataRecord>, \
         DecodeError> {\nOk(Some(match key {\n",
    );
    for (key, variant, name, module) in &rows {
        let _ = writeln!(
            out,
            "{key} => MetadataRecord::{variant}(messages::{module}::{name}::decode(reader, version)?),"
        );
    }
    out.push_str(
        "_ => return Ok(None),\n}))\n}\n\npub(crate) fn encode_message(&self, writer: &mut Writer, version: i16) -> \
         Result<(), EncodeError> {\nmatch self {\n",
    );
    for (_, variant, ..) in &rows {
        let _ = writeln!(
            out,
            "MetadataRecord::{variant}(message) => message.encode(writer, version),"
        );
    }
    out.push_str("}\n}\n}\n");
    for (_, variant, name, module) in &rows {
        let _ = writeln!(
            out,
            "\nimpl From<messages::{module}::{name}> for MetadataRecord {{\nfn from(message: messages::{module}::{name}) \
             -> MetadataRecord {{\nMetadataRecord::{variant}(message)\n}}\n}}"
        );
    }
    out
}

/// The enum of APIs and one row of facts for each, ordered by key.
pub(crate) fn api_table(modules: &[Module]) -> String {
    let mut rows = Vec::new();
    for module in modules {
        if let ModuleKind::Api { key, advertised, .. } = module.kind
            && let Some(request) = module.messages.first()
        {
            rows.push((key, module.name.as_str(), request, advertised));
        }
    }
    rows.sort_by_key(|row| row.0);
    let mut out =
        String::from("//! Every API there is a codec for. Generated from `schema/`; not to be edited.\n\n");
    out.push_str("use crate::api_key::ApiFacts;\n\n/// A Kafka API.\n");
    out.push_str("#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]\npub enum ApiKey {\n");
    for (key, name, ..) in &rows {
        let _ = writeln!(out, "/// Key {key}.\n{name},");
    }
    out.push_str("}\n\nimpl ApiKey {\n/// Every API, ordered by key.\npub const ALL: &[ApiKey] = &[\n");
    for (_, name, ..) in &rows {
        let _ = writeln!(out, "ApiKey::{name},");
    }
    out.push_str("];\n\npub(crate) const fn facts(self) -> ApiFacts {\nmatch self {\n");
    for (key, name, request, advertised) in &rows {
        let versions = request.versions;
        let advertised = advertised.unwrap_or(versions);
        let flexible = match request.flexible {
            Some(range) => format!("Some({})", range.first),
            None => "None".to_owned(),
        };
        let _ = writeln!(
            out,
            "ApiKey::{name} => ApiFacts {{ key: {key}, name: \"{name}\", versions: ({}, {}), advertised: ({}, {}), \
             flexible: {flexible} }},",
            versions.first, versions.last, advertised.first, advertised.last
        );
    }
    out.push_str("}\n}\n\npub(crate) const fn from_key(key: i16) -> Option<ApiKey> {\nSome(match key {\n");
    for (key, name, ..) in &rows {
        let _ = writeln!(out, "{key} => ApiKey::{name},");
    }
    out.push_str("_ => return None,\n})\n}\n}\n");
    out
}
