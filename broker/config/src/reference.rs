//! The reference page, in Markdown.

use std::fmt::Write;

use crate::env::environment_name;
use crate::key::{ConfigKey, Scope};
use crate::registry::registry;
use crate::value::expected;

/// Writes the reference page of every key.
pub fn reference_markdown() -> String {
    let mut page = String::from(
        "# Configuration reference\n\n\
         Made from the tables in `broker/config/src/keys`; do not edit.\n\n\
         A broker key is set, the weaker first: by `profile`, in the TOML file (`\"num.partitions\" = 3` or\n\
         `[num]` `partitions = 3`), in the environment (`CORELOG_NUM_PARTITIONS=3`), by a flag. Values in bytes take\n\
         KiB, MiB, GiB and TiB. A topic key is set when a topic is created or altered; the broker keys beside it\n\
         supply the value where the topic sets none, the first that is set.\n",
    );
    page.push_str("\n## Broker keys\n");
    for key in registry().broker_keys() {
        section(&mut page, key);
    }
    page.push_str("\n## Topic keys\n");
    for key in registry().topic_keys() {
        section(&mut page, key);
    }
    page
}

fn section(page: &mut String, key: &ConfigKey) {
    let mut line = |text: String| {
        page.push_str(&text);
        page.push('\n');
    };
    line(format!("\n### `{}`\n", key.name));
    line(key.doc.to_owned());
    if let Some(reason) = key.inert {
        line(format!("Accepted, and without effect: {reason}."));
    }
    let mut facts = key.kind.name().to_owned();
    if !key.unit.name().is_empty() {
        let _ = write!(facts, ", {}", key.unit.name());
    }
    let bounds = expected(key.valid);
    if !bounds.is_empty() {
        let _ = write!(facts, ", {bounds}");
    }
    line(format!("\n- Type: {facts}"));
    line(match key.default {
        Some("") => "- Default: empty".to_owned(),
        Some(default) => format!("- Default: `{default}`"),
        None => "- Default: none".to_owned(),
    });
    match key.scope {
        Scope::Topic if key.synonyms.is_empty() => {}
        Scope::Topic => {
            let names: Vec<_> = key
                .synonyms
                .iter()
                .map(|synonym| format!("`{}`", synonym.name))
                .collect();
            line(format!("- Broker keys: {}", names.join(", ")));
        }
        Scope::BrokerStatic | Scope::BrokerDynamic => {
            line(format!("- Scope: {}", key.scope.name()));
            line(format!("- Environment: `{}`", environment_name(key.name)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_key() {
        let page = reference_markdown();
        for key in registry().broker_keys().chain(registry().topic_keys()) {
            assert!(page.contains(&format!("### `{}`", key.name)), "{}", key.name);
            assert!(page.contains(key.doc), "{}", key.name);
        }
        assert!(page.contains("`CORELOG_LOG_RETENTION_MS`"));
    }
}
