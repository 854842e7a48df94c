//! Real records to send, from a file: one a line, or each after its length.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Workload;

/// How a payload file is cut into records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PayloadFormat {
    /// One a line; empty lines are none.
    Lines,
    /// Each after its length in bytes, four of them, big-endian.
    LengthPrefixed,
}

/// Most bytes of a payload file: it is kept in memory.
const FILE_SIZE_MAX: u64 = 1024 * 1024 * 1024;
/// Most bytes of a record, as for `message_size`.
const RECORD_SIZE_MAX: usize = 100 * 1024 * 1024;
/// What a `payload_file` that is no path begins with.
const SAMPLE: &str = "sample:";
/// The records that the generator brings along.
const SAMPLES: [(&str, &str); 1] = [(
    "web-events",
    include_str!("../../../perf/payloads/web-events.jsonl"),
)];

/// Why a payload file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PayloadFileError {
    /// It cannot be read.
    #[error("cannot read the payload file {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It is too large to be kept in memory.
    #[error(
        "the payload file {path} has {size} bytes, and {} are the most",
        FILE_SIZE_MAX
    )]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Its bytes.
        size: u64,
    },
    /// A length that is not followed by as many bytes.
    #[error(
        "the payload file {path} is no sequence of records after their lengths: byte {position} is wrong"
    )]
    Length {
        /// Which.
        path: PathBuf,
        /// Where the length stands.
        position: usize,
    },
    /// There is nothing in it.
    #[error("the payload file {path} has no records")]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// There is no such sample.
    #[error("there is no sample {name:?}; there is {}", SAMPLES[0].0)]
    NoSample {
        /// What was asked for.
        name: String,
    },
}

impl Workload {
    /// Takes a `payload_file` that is a relative path as one below `folder`.
    pub fn resolve_payload_file(&mut self, folder: &Path) {
        if !self.payload_file.is_empty() && !self.payload_file.starts_with(SAMPLE) {
            self.payload_file = folder.join(&self.payload_file).to_string_lossy().into_owned();
        }
    }

    /// The records of the payload file; none if there is no such file.
    ///
    /// # Errors
    /// See `PayloadFileError`.
    pub fn read_payload_file(&self) -> Result<Option<Vec<Vec<u8>>>, PayloadFileError> {
        if self.payload_file.is_empty() {
            return Ok(None);
        }
        let path = PathBuf::from(&self.payload_file);
        let records = if let Some(name) = self.payload_file.strip_prefix(SAMPLE) {
            let found = SAMPLES.iter().find(|(known, _)| *known == name);
            let (_, text) = found.ok_or_else(|| PayloadFileError::NoSample {
                name: name.to_owned(),
            })?;
            lines(text.as_bytes())
        } else {
            let bytes = read(&path)?;
            match self.payload_format {
                PayloadFormat::Lines => lines(&bytes),
                PayloadFormat::LengthPrefixed => {
                    length_prefixed(&bytes).map_err(|position| PayloadFileError::Length {
                        path: path.clone(),
                        position,
                    })?
                }
            }
        };
        if records.is_empty() {
            return Err(PayloadFileError::Empty { path });
        }
        Ok(Some(records))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, PayloadFileError> {
    let failed = |source| PayloadFileError::Read {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > FILE_SIZE_MAX {
        return Err(PayloadFileError::TooLarge {
            path: path.to_owned(),
            size,
        });
    }
    std::fs::read(path).map_err(failed)
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let lines = bytes.split(|byte| *byte == b'\n');
    lines
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

/// The records, or the position of a length that cannot be.
fn length_prefixed(bytes: &[u8]) -> Result<Vec<Vec<u8>>, usize> {
    let (mut rest, mut records) = (bytes, Vec::new());
    while !rest.is_empty() {
        let position = bytes.len() - rest.len();
        let (prefix, after) = rest.split_first_chunk::<4>().ok_or(position)?;
        let length = usize::try_from(u32::from_be_bytes(*prefix)).map_err(|_| position)?;
        if length > RECORD_SIZE_MAX || length > after.len() {
            return Err(position);
        }
        let (record, after) = after.split_at(length);
        records.push(record.to_vec());
        rest = after;
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::parse;

    #[test]
    fn lines_are_records() {
        assert_eq!(lines(b"a\r\n\nbc\n"), [b"a".to_vec(), b"bc".to_vec()]);
        assert!(lines(b"\n\n").is_empty());
    }

    #[test]
    fn lengths_stand_before_records() {
        let check = |bytes: &[u8], expected: Result<Vec<Vec<u8>>, usize>| {
            assert_eq!(length_prefixed(bytes), expected, "{bytes:?}");
        };
        check(b"", Ok(vec![]));
        check(b"\0\0\0\x02ab\0\0\0\0", Ok(vec![b"ab".to_vec(), vec![]]));
        check(b"\0\0\0\x02ab\0\0\0\x03ab", Err(6));
        check(b"\0\0\0", Err(0));
        check(b"\xff\xff\xff\xffab", Err(0));
    }

    #[test]
    fn a_sample_and_a_file_are_read() {
        let read = |text: &str| parse(text, &[]).unwrap().read_payload_file();
        assert!(read("").unwrap().is_none());
        let sample = read("payload_file = \"sample:web-events\"").unwrap().unwrap();
        assert!(sample.len() > 50 && sample.iter().all(|line| line.starts_with(b"{")));
        let error = read("payload_file = \"sample:no\"").unwrap_err().to_string();
        assert!(error.contains("web-events"), "{error}");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../perf/payloads");
        let mut workload = parse("payload_file = \"web-events.jsonl\"", &[]).unwrap();
        assert!(matches!(
            workload.read_payload_file(),
            Err(PayloadFileError::Read { .. })
        ));
        workload.resolve_payload_file(Path::new(folder));
        assert_eq!(workload.read_payload_file().unwrap().unwrap(), sample);
    }
}
