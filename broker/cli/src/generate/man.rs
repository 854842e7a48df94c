//! `corelog generate man`: manual pages made from the command line itself.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use clap_mangen::Man;

use crate::error::CliError;
use crate::output::Output;

/// Where the pages go.
#[derive(Clone, PartialEq, Debug, Args)]
pub struct ManArgs {
    /// Write corelog.1, corelog-serve.1 and so on into this directory, which is there.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(super) fn run(
    args: &ManArgs,
    mut program: clap::Command,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    // Gives every command its full name.
    program.build();
    let Some(directory) = &args.directory else {
        return output.bytes(&page(program)?);
    };
    write_all(program, directory)
}

fn write_all(command: clap::Command, directory: &Path) -> Result<(), CliError> {
    let commands = command.get_subcommands().filter(|sub| !is_left_out(sub));
    for sub in commands {
        write_all(sub.clone(), directory)?;
    }
    let path = directory.join(Man::new(command.clone()).get_filename());
    fs::write(&path, page(command)?).map_err(|source| CliError::Write { path, source })
}

/// Clap's own `help` says what the pages say.
fn is_left_out(command: &clap::Command) -> bool {
    command.is_hide_set() || command.get_name() == "help"
}

fn page(command: clap::Command) -> Result<Vec<u8>, CliError> {
    let mut page = Vec::new();
    Man::new(command.disable_help_subcommand(true))
        .manual("Corelog")
        .render(&mut page)
        .map_err(CliError::Output)?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::args::tests::Cli;
    use crate::globals::Format;

    #[test]
    fn every_command_has_a_page() {
        let dir = tempfile::tempdir().unwrap();
        let args = ManArgs {
            directory: Some(dir.path().to_owned()),
        };
        let mut nothing = Vec::new();
        run(
            &args,
            Cli::command(),
            &mut Output::new(Format::Table, &mut nothing),
        )
        .unwrap();
        for name in [
            "corelog.1",
            "corelog-topic.1",
            "corelog-topic-create.1",
            "corelog-generate-man.1",
        ] {
            let page = fs::read_to_string(dir.path().join(name)).unwrap();
            assert!(page.contains(".SH SYNOPSIS"), "{name}");
        }
        assert!(!dir.path().join("corelog-help.1").exists());
    }
}
