//! `corelog-bench list`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use corelog_bench::workload::{self, Workload};

use super::common::Output;

#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

pub(super) fn list_command(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let scenarios = workload::scenarios();
    match args.output {
        Output::Text => {
            let width = scenarios.iter().map(|scenario| scenario.name.len()).max();
            for scenario in &scenarios {
                let width = width.unwrap_or_default();
                writeln!(out, "{:<width$}  {}", scenario.name, scenario.description())?;
            }
        }
        Output::Json => {
            let all: Result<Vec<Workload>, _> = scenarios
                .iter()
                .map(|scenario| workload::parse(&scenario.text, &[]))
                .collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all?)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
