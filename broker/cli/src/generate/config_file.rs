//! `corelog generate config-file`.

use clap::Args;
use corelog_config::{LoadError, sample_file};

use crate::error::CliError;
use crate::output::Output;
use crate::parse::key_value;

/// What the file sets.
#[derive(Clone, PartialEq, Debug, Args)]
pub struct ConfigFileArgs {
    /// Set this key; the others are comments.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

pub(super) fn run(args: &ConfigFileArgs, output: &mut Output<'_>) -> Result<(), CliError> {
    let file = sample_file(&args.set).map_err(LoadError::from)?;
    output.bytes(file.as_bytes())
}
