//! `corelog log inspect` on files made here: what it prints, and which exit code damage has.

use std::fs;
use std::path::Path;

use clap::{CommandFactory, Parser};
use corelog_cli::{CliError, Command, Exit, Globals, execute};
use corelog_client::Record;
use corelog_client::record::{BatchOptions, encode_batch};
use corelog_model::TimestampMs;

#[derive(Debug, Parser)]
#[command(name = "corelog")]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

fn inspect(arguments: &[&str]) -> (Result<Exit, CliError>, String) {
    let words = ["corelog", "log", "inspect"].iter().chain(arguments);
    let cli = Cli::try_parse_from(words).unwrap();
    let mut out = Vec::new();
    let result = execute(&cli.globals, &cli.command, Cli::command(), &mut out);
    (result, String::from_utf8(out).unwrap())
}

/// Two batches at offsets 0 and 1, and the room that a segment reserves.
fn segment(dir: &Path) -> std::path::PathBuf {
    let partition = dir.join("orders-3");
    fs::create_dir(&partition).unwrap();
    let mut bytes = Vec::new();
    for offset in 0..2_i64 {
        let record = Record {
            key: Some("k".into()),
            value: Some(format!("value {offset}").into()),
            timestamp: TimestampMs::new(7),
            ..Record::default()
        };
        let batch = encode_batch(&[record], BatchOptions::default()).unwrap();
        let mut batch = batch.to_vec();
        // The base offset lies outside the checksum.
        batch[..8].copy_from_slice(&offset.to_be_bytes());
        bytes.extend(batch);
    }
    bytes.resize(bytes.len() + 4096, 0);
    let path = partition.join("00000000000000000000.log");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_whole_segment_is_shown_with_its_records() {
    let dir = tempfile::tempdir().unwrap();
    let path = segment(dir.path());
    let (exit, text) = inspect(&[path.to_str().unwrap(), "--records"]);
    assert_eq!(exit.unwrap(), Exit::Success, "{text}");
    assert!(
        text.contains("segment: 2 batches, 2 records, offsets 0 to 1"),
        "{text}"
    );
    assert!(
        text.contains(r#""topic":"orders","partition":3,"offset":1"#),
        "{text}"
    );
    let (exit, text) = inspect(&[dir.path().to_str().unwrap(), "-o", "json", "--records"]);
    assert_eq!(exit.unwrap(), Exit::Success, "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json[0]["kind"], "Segment");
    assert_eq!(json[0]["detail"]["segment"]["batches"][1]["base_offset"], 1);
    assert_eq!(json[0]["records"][1]["value"], "value 1");
}

#[test]
fn damage_has_an_exit_code_and_says_where() {
    let dir = tempfile::tempdir().unwrap();
    let path = segment(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[70] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (exit, text) = inspect(&[dir.path().to_str().unwrap()]);
    assert_eq!(exit.unwrap(), Exit::Damaged, "{text}");
    assert!(text.contains("DAMAGED"), "{text}");
    assert!(text.contains("at byte 0: "), "{text}");
    let layout = dir.path().join("layout");
    fs::write(&layout, b"nothing of ours").unwrap();
    let (exit, text) = inspect(&[layout.to_str().unwrap()]);
    assert_eq!(exit.unwrap(), Exit::Damaged, "{text}");
}

#[test]
fn what_is_none_of_ours_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (exit, _) = inspect(&[dir.path().to_str().unwrap()]);
    assert_eq!(exit.unwrap_err().exit(), Exit::Usage);
    let file = dir.path().join("notes.txt");
    fs::write(&file, "x").unwrap();
    let (exit, _) = inspect(&[file.to_str().unwrap()]);
    assert_eq!(exit.unwrap_err().exit(), Exit::Usage);
    let (exit, _) = inspect(&[dir.path().join("nowhere").to_str().unwrap()]);
    assert_eq!(exit.unwrap_err().exit(), Exit::Failure);
}
