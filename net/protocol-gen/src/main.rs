//! Rewrites `net/protocol/src/messages/` and `net/protocol/src/api_table.rs` from `net/protocol/schema/`.

use std::path::Path;

use anyhow::Context;
use corelog_protocol_gen::{generate, read_schema};

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol");
    let modules = read_schema(&root.join("schema")).context("reading the schema")?;
    for file in generate(&modules).context("writing code")? {
        let path = root.join("src").join(&file.path);
        std::fs::write(&path, file.text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
