//! Runs rustfmt over generated code, so that what is committed reads like the rest.

use std::io::{self, Write};
use std::process::{Command, Stdio};

/// Formats `code` by the workspace's `rustfmt.toml`.
///
/// # Errors
/// When rustfmt cannot be run or refuses the code.
pub fn rustfmt(code: &str) -> io::Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = child
        .stdin
        .take()
        .ok_or_else(|| io::Error::other("rustfmt has no standard input"))?;
    // rustfmt reads all of its input before it writes, so this order cannot deadlock.
    stdin.write_all(code.as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(io::Error::other("rustfmt refused the generated code"));
    }
    String::from_utf8(output.stdout).map_err(io::Error::other)
}
