//! Names every fact in which the schema and Kafka's definitions differ.

use std::collections::{BTreeMap, BTreeSet};

use super::json::{Definition, DefinitionKind};
use super::wire::{self, Facts, Layout};
use crate::Versions;
use crate::schema::{Message, Module, ModuleKind};

/// What came of a comparison.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// The messages that both sides have.
    pub messages: usize,
    /// The versions that both sides have, of all these messages together.
    pub versions: usize,
    /// One line a difference, in order and each once.
    pub differences: BTreeSet<String>,
}

/// A fact that differs, and the versions in which it does.
#[derive(Default)]
struct Findings(BTreeMap<String, BTreeSet<i16>>);

impl Findings {
    fn add(&mut self, fact: String, version: i16) {
        self.0.entry(fact).or_default().insert(version);
    }
}

/// Compares the schema with the definitions.
pub fn compare(modules: &[Module], definitions: &[Definition]) -> Comparison {
    let mut differences = BTreeSet::new();
    apis(modules, definitions, &mut differences);
    records(modules, definitions, &mut differences);
    let ours: BTreeMap<&str, &Message> = modules
        .iter()
        .flat_map(|module| &module.messages)
        .map(|message| (message.name.as_str(), message))
        .collect();
    let (mut messages, mut versions) = (0, 0);
    for definition in definitions {
        let name = &definition.name;
        let Some(valid) = definition.valid_versions else {
            if ours.contains_key(name.as_str()) {
                differences.insert(format!("{name} has no versions in Kafka"));
            }
            continue;
        };
        if let Some(message) = ours.get(name.as_str()) {
            messages += 1;
            versions += message_versions(message, definition, valid, &mut differences);
        } else if matches!(
            definition.kind,
            DefinitionKind::Header | DefinitionKind::Data | DefinitionKind::Metadata
        ) {
            differences.insert(format!("{name} is lacking"));
        }
    }
    for name in ours.keys() {
        if !definitions.iter().any(|definition| definition.name == **name) {
            differences.insert(format!("{name} is not in Kafka"));
        }
    }
    Comparison {
        messages,
        versions,
        differences,
    }
}

/// Compares which APIs there are, their keys, and what may be advertised of them.
fn apis(modules: &[Module], definitions: &[Definition], differences: &mut BTreeSet<String>) {
    for definition in definitions {
        if definition.kind != DefinitionKind::Request {
            continue;
        }
        let (Some(key), Some(valid)) = (definition.api_key, definition.valid_versions) else {
            continue;
        };
        let api = definition.name.trim_end_matches("Request");
        let Some((our_key, advertised)) = modules.iter().find_map(|module| our_api(module, api)) else {
            differences.insert(format!("API {api} ({key}) is lacking"));
            continue;
        };
        if our_key != key {
            differences.insert(format!("API {api} has key {our_key}, Kafka's is {key}"));
        }
        let stable_last = if definition.latest_version_unstable {
            valid.last - 1
        } else {
            valid.last
        };
        if advertised.last > stable_last {
            differences.insert(format!(
                "API {api} is advertised to version {}, Kafka's last stable one is {stable_last}",
                advertised.last
            ));
        }
        if advertised.first < valid.first {
            differences.insert(format!(
                "API {api} is advertised from version {}, Kafka's first one is {}",
                advertised.first, valid.first
            ));
        }
    }
}

/// Compares the keys of the metadata log's records.
fn records(modules: &[Module], definitions: &[Definition], differences: &mut BTreeSet<String>) {
    for module in modules {
        let ModuleKind::Record { key } = module.kind else {
            continue;
        };
        let theirs = definitions
            .iter()
            .find(|definition| definition.name == module.name);
        if let Some(theirs) = theirs.and_then(|definition| definition.api_key)
            && theirs != key
        {
            differences.insert(format!("{} has key {key}, Kafka's is {theirs}", module.name));
        }
    }
}

/// The key and the advertised versions of `module`, if it is the API of that name.
fn our_api(module: &Module, api: &str) -> Option<(i16, Versions)> {
    let ModuleKind::Api { key, advertised, .. } = module.kind else {
        return None;
    };
    let request = module.messages.first().filter(|_| module.name == api)?;
    Some((key, advertised.unwrap_or(request.versions)))
}

/// Compares one message in every version. Returns how many versions both sides have.
fn message_versions(
    message: &Message,
    definition: &Definition,
    valid: Versions,
    differences: &mut BTreeSet<String>,
) -> usize {
    let mut findings = Findings::default();
    let mut common = 0;
    let all = message.versions.first.min(valid.first)..=message.versions.last.max(valid.last);
    for version in all {
        match (message.versions.contains(version), valid.contains(version)) {
            (true, true) => {
                common += 1;
                one_version(message, definition, version, &mut findings);
            }
            (true, false) => findings.add("is not in Kafka".to_owned(), version),
            (false, true) => findings.add("is lacking".to_owned(), version),
            (false, false) => {}
        }
    }
    for (fact, versions) in findings.0 {
        differences.insert(format!("{} {}: {fact}", message.name, ranges(&versions)));
    }
    common
}

fn one_version(message: &Message, definition: &Definition, version: i16, findings: &mut Findings) {
    let flexible = definition
        .flexible_versions
        .is_some_and(|range| range.contains(version));
    if flexible != message.is_flexible(version) {
        let form = |flexible| if flexible { "flexible" } else { "not flexible" };
        let fact = format!("is {}, Kafka's is {}", form(!flexible), form(flexible));
        findings.add(fact, version);
    }
    let (ours, theirs) = (wire::ours(message, version), wire::kafkas(definition, version));
    for (path, facts) in &theirs.fields {
        match ours.fields.get(path) {
            Some(our_facts) => field(path, our_facts, facts, version, findings),
            None => findings.add(format!("{path} is lacking"), version),
        }
    }
    for path in ours
        .fields
        .keys()
        .filter(|path| !theirs.fields.contains_key(*path))
    {
        findings.add(format!("{path} is not in Kafka"), version);
    }
    // Fields that one side alone has are named above.
    let common = |layout: &Layout, other: &Layout| -> Vec<String> {
        let both = layout.order.iter().filter(|path| other.order.contains(path));
        both.cloned().collect()
    };
    let (our_order, their_order) = (common(&ours, &theirs), common(&theirs, &ours));
    if let Some((our_path, their_path)) = our_order
        .iter()
        .zip(&their_order)
        .find(|(ours, theirs)| ours != theirs)
    {
        findings.add(format!("{our_path} stands where Kafka has {their_path}"), version);
    }
}

fn field(path: &str, ours: &Facts, theirs: &Facts, version: i16, findings: &mut Findings) {
    let tag = |facts: &Facts| facts.tag.map_or_else(|| "none".to_owned(), |tag| tag.to_string());
    let pairs = [
        ("type", ours.kind.clone(), theirs.kind.clone()),
        ("nullable", ours.nullable.to_string(), theirs.nullable.to_string()),
        ("tag", tag(ours), tag(theirs)),
        ("default", ours.default.clone(), theirs.default.clone()),
        (
            "ignorable",
            ours.ignorable.to_string(),
            theirs.ignorable.to_string(),
        ),
    ];
    for (what, ours, theirs) in pairs {
        if ours != theirs {
            findings.add(format!("{path} has {what} {ours}, Kafka's is {theirs}"), version);
        }
    }
}

/// `0-3, 5`.
fn ranges(versions: &BTreeSet<i16>) -> String {
    let mut found: Vec<Versions> = Vec::new();
    for &version in versions {
        match found.last_mut() {
            Some(range) if range.last + 1 == version => range.last = version,
            _ => found.push(Versions {
                first: version,
                last: version,
            }),
        }
    }
    let text = |range: &Versions| {
        if range.first == range.last {
            range.first.to_string()
        } else {
            format!("{}-{}", range.first, range.last)
        }
    };
    found.iter().map(text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::*;
    use crate::parse::parse;

    const DEFINITION: &str = r#"{
        "apiKey": 7, "type": "request", "name": "ThingRequest", "validVersions": "1-4", "flexibleVersions": "3+",
        "latestVersionUnstable": true,
        "fields": [
            {"name": "TimeoutMs", "type": "int32", "versions": "0+", "default": "0x7fffffff", "ignorable": true},
            {"name": "Enable2Pc", "type": "bool", "versions": "2+"},
            {"name": "Items", "type": "[]Item", "versions": "1+", "nullableVersions": "2+", "fields": [
                {"name": "Name", "type": "string", "versions": "1+"},
                {"name": "Rack", "type": "string", "versions": "3+", "taggedVersions": "3+", "tag": 0,
                 "nullableVersions": "3+", "default": "null"}
            ]}
        ]
    }"#;

    /// The schema that agrees with it.
    const SCHEMA: &str = "api Thing 7 advertise 1-3\n\
        request 1-4 flexible 3+\n\
        \x20   timeout_ms: i32 0+ ignorable = 2147483647\n\
        \x20   enable_2_pc: bool 2+\n\
        \x20   items: []Item 1+ null 2+\n\
        \x20       name: string 1+\n\
        \x20       rack: string 3+ null 3+ tag 0 = null\n";

    fn differences(schema: &str) -> Vec<String> {
        let definition = json::parse(DEFINITION).unwrap();
        let comparison = compare(&[parse(schema).unwrap()], &[definition]);
        assert_eq!(comparison.messages, 1);
        comparison.differences.into_iter().collect()
    }

    #[test]
    fn what_agrees_has_no_differences() {
        assert_eq!(differences(SCHEMA), Vec::<String>::new());
    }

    #[test]
    fn each_fact_that_differs_is_named_with_its_versions() {
        let check = |from: &str, to: &str, expected: &[&str]| {
            assert!(SCHEMA.contains(from), "{from}");
            assert_eq!(differences(&SCHEMA.replace(from, to)), expected, "{from} as {to}");
        };
        let one = "ThingRequest";
        check("Thing 7", "Thing 8", &["API Thing has key 8, Kafka's is 7"]);
        check(
            " advertise 1-3",
            "",
            &["API Thing is advertised to version 4, Kafka's last stable one is 3"],
        );
        check(
            "advertise 1-3",
            "advertise 0-3",
            &["API Thing is advertised from version 0, Kafka's first one is 1"],
        );
        check("1-4 flex", "1-3 flex", &[&format!("{one} 4: is lacking")]);
        check("1-4 flex", "0-4 flex", &[&format!("{one} 0: is not in Kafka")]);
        check(
            "flexible 3+",
            "flexible 2+",
            &[&format!("{one} 2: is flexible, Kafka's is not flexible")],
        );
        check(
            "enable_2_pc: bool 2+",
            "enable_2_pc: bool 4+",
            &[&format!("{one} 2-3: enable2pc is lacking")],
        );
        check(
            "enable_2_pc: bool 2+",
            "enable_2_pc: i8 2+",
            &[
                &format!("{one} 2-4: enable2pc has default 0, Kafka's is false"),
                &format!("{one} 2-4: enable2pc has type i8, Kafka's is bool"),
            ],
        );
        check(
            "null 2+",
            "null 4+",
            &[&format!("{one} 2-3: items has nullable false, Kafka's is true")],
        );
        check(
            "tag 0",
            "tag 1",
            &[&format!("{one} 3-4: items.rack has tag 1, Kafka's is 0")],
        );
        check(
            "= 2147483647",
            "= 5",
            &[&format!(
                "{one} 1-4: timeoutms has default 5, Kafka's is 2147483647"
            )],
        );
        check(
            "ignorable ",
            "",
            &[&format!(
                "{one} 1-4: timeoutms has ignorable false, Kafka's is true"
            )],
        );
        check(
            "        name: string 1+\n",
            "        name: string 1+\n        more: i8 4+\n",
            &[&format!("{one} 4: items.more is not in Kafka")],
        );
    }

    #[test]
    fn fields_that_changed_places_are_named() {
        let enable = "    enable_2_pc: bool 2+\n";
        let moved = SCHEMA.replace(enable, "") + enable;
        let expected = "ThingRequest 2-4: items stands where Kafka has enable2pc";
        assert_eq!(differences(&moved), [expected]);
    }

    #[test]
    fn apis_and_messages_of_one_side_alone_are_named() {
        let definition = json::parse(DEFINITION).unwrap();
        let data = json::parse(r#"{"name": "Marker", "type": "data", "validVersions": "0-1", "fields": []}"#)
            .unwrap();
        let schema = parse("api Other 9\nrequest 0\n").unwrap();
        let comparison = compare(&[schema], &[definition, data]);
        let found: Vec<String> = comparison.differences.into_iter().collect();
        assert_eq!(
            found,
            [
                "API Thing (7) is lacking",
                "Marker is lacking",
                "OtherRequest is not in Kafka"
            ]
        );
    }
}
