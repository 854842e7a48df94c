//! `corelog log rebuild-layout`: the file `layout` from what it stands for.

use std::path::Path;

use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;

pub(super) fn run(path: &Path, output: &mut Output<'_>) -> Result<Exit, CliError> {
    let layout = corelog_storage::rebuild_layout(path)?;
    if output.is_json() {
        output.json(&serde_json::json!({
            "generation": layout.generation,
            "shards": layout.shard_count,
        }))?;
    } else {
        output.line(&format!(
            "{} is written again: {} shards, generation {}",
            path.join("layout").display(),
            layout.shard_count,
            layout.generation
        ))?;
    }
    Ok(Exit::Success)
}
