//! `corelog-bench report`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use corelog_bench::report::page;

use super::common::write_page;

#[derive(Args, Debug)]
pub(super) struct ReportArgs {
    /// Results that `--out` wrote
    #[arg(value_name = "RESULT.json", required = true)]
    results: Vec<PathBuf>,
    /// The page to write; default: standard output
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn report_command(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let mut documents = Vec::with_capacity(args.results.len());
    for path in &args.results {
        let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let value =
            serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", path.display()))?;
        let name = path.file_stem().unwrap_or(path.as_os_str());
        documents.push((name.to_string_lossy().into_owned(), value));
    }
    match &args.out {
        Some(path) => write_page(path, &documents)?,
        None => io::stdout().write_all(page(&documents)?.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}
