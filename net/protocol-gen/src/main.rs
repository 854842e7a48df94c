//! Rewrites `net/protocol/src/messages/`, `net/protocol/src/api_table.rs` and
//! `net/protocol/src/metadata_record.rs` from `net/protocol/schema/`.
//!
//! With `--against FOLDER --known FILE` it writes nothing and holds the schema to Kafka's definitions in FOLDER; see
//! `tests/wire/run`, which calls it.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use corelog_protocol_gen::definitions::{Known, compare, read_definitions};
use corelog_protocol_gen::{generate, read_schema};

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let protocol = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol");
    match words.as_slice() {
        [] => write(&protocol),
        ["--against", folder, "--known", file] => hold(&protocol, Path::new(folder), Path::new(file)),
        _ => bail!("usage: corelog-protocol-gen [--against FOLDER --known FILE]"),
    }
}

fn write(protocol: &Path) -> anyhow::Result<ExitCode> {
    let modules = read_schema(&protocol.join("schema")).context("reading the schema")?;
    for file in generate(&modules).context("writing code")? {
        let path = protocol.join("src").join(&file.path);
        std::fs::write(&path, file.text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints each difference that the list does not know, each row of it that no longer holds, and a count.
fn hold(protocol: &Path, folder: &Path, file: &Path) -> anyhow::Result<ExitCode> {
    let modules = read_schema(&protocol.join("schema")).context("reading the schema")?;
    let definitions = read_definitions(folder).context("reading Kafka's definitions")?;
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let known = Known::parse(&text).with_context(|| format!("reading {}", file.display()))?;
    let comparison = compare(&modules, &definitions);
    let verdict = known.judge(&comparison.differences);
    for difference in &verdict.unknown {
        println!("differs  {difference}");
    }
    for row in &verdict.stale {
        println!("stale    {row}");
    }
    println!(
        "{} messages in {} versions were compared; {} differences have a reason",
        comparison.messages, comparison.versions, verdict.known
    );
    let failed = verdict.unknown.len() + verdict.stale.len();
    println!("{} passed, {failed} failed", comparison.messages);
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
