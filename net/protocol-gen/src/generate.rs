//! The whole of it: schema folder in, files out.

use std::io;
use std::path::{Path, PathBuf};

use crate::emit;
use crate::format::rustfmt;
use crate::parse::{ParseError, parse};
use crate::schema::Module;

/// A file to be written.
#[derive(Clone, Debug)]
pub struct GeneratedFile {
    /// Its path below `net/protocol/src`.
    pub path: PathBuf,
    /// Its content, formatted.
    pub text: String,
}

/// Why no code came out.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A file could not be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A schema file is not well formed.
    #[error("{path}: {source}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ParseError,
    },
    /// rustfmt failed.
    #[error("formatting {path}: {source}")]
    Format {
        /// The file that was being made.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Reads every `*.schema` file of `folder`, ordered by file name.
///
/// # Errors
/// The first file that cannot be read or parsed.
pub fn read_schema(folder: &Path) -> Result<Vec<Module>, GenerateError> {
    let read_error = |path: &Path| {
        let path = path.to_owned();
        move |source| GenerateError::Read { path, source }
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read_error(folder))? {
        let path = entry.map_err(read_error(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "schema") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut modules = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(read_error(&path))?;
        modules.push(parse(&text).map_err(|source| GenerateError::Parse { path, source })?);
    }
    Ok(modules)
}

/// Makes every generated file: a module for each schema file, `messages/mod.rs`, `api_table.rs`, `metadata_record.rs`.
///
/// # Errors
/// When rustfmt cannot be run.
pub fn generate(modules: &[Module]) -> Result<Vec<GeneratedFile>, GenerateError> {
    let mut files = vec![
        (
            PathBuf::from("messages/mod.rs"),
            emit::index::messages_mod(modules),
        ),
        (PathBuf::from("api_table.rs"), emit::index::api_table(modules)),
        (
            PathBuf::from("metadata_record.rs"),
            emit::index::metadata_record(modules),
        ),
    ];
    for module in modules {
        let path = PathBuf::from(format!("messages/{}.rs", emit::snake(&module.name)));
        files.push((path, emit::module(module)));
    }
    files
        .into_iter()
        .map(|(path, code)| match rustfmt(&code) {
            Ok(text) => Ok(GeneratedFile { path, text }),
            Err(source) => Err(GenerateError::Format { path, source }),
        })
        .collect()
}
