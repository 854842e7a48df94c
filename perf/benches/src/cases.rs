//! The cases.

use std::hint::black_box;

use bytes::Bytes;
use corelog_model::batch::HEADER_SIZE;
use corelog_model::{TopicId, ValidatedBatch};
use corelog_protocol::codec::{Reader, Writer};
use corelog_protocol::frame::encode_frame_pieces;
use corelog_protocol::messages::fetch::{FetchResponse, FetchableTopicResponse, PartitionData};
use corelog_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use corelog_records::{
    BatchOptions, Header, NewRecord, RecordBatchBuilder, RecordRules, check_produced_records,
};
use corelog_storage::benches::{Commit, Index};

/// Partitions of a request, and of a commit.
const PARTITIONS: i32 = 16;
/// Bytes of a record's value.
const VALUE_BYTES: usize = 1024;
const PRODUCE_VERSION: i16 = 12;
const FETCH_VERSION: i16 = 16;

/// One path, ready to be taken any number of times.
pub struct Case {
    /// Its name, also in the committed baseline.
    pub name: &'static str,
    once: Box<dyn FnMut(u64)>,
}

impl Case {
    fn new(name: &'static str, once: impl FnMut(u64) + 'static) -> Case {
        Case {
            name,
            once: Box::new(once),
        }
    }

    /// Takes it once; `number` counts the times.
    pub fn once(&mut self, number: u64) {
        (self.once)(number);
    }
}

/// All cases, ready.
pub fn cases() -> Vec<Case> {
    let produce = produce_request();
    let response = fetch_response();
    let block = vec![0x5a; 64 << 10];
    let whole = batch(64).bytes().clone();
    let large = batch(64);
    let small_records = build(600, &[0x5a; 100], &[]);
    let header = Header {
        key: b"traceparent",
        value: Some(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    };
    let with_headers = build(64, &[0x5a; VALUE_BYTES], &[header]);
    let values = vec![0x5a; VALUE_BYTES];
    let commit = Commit::new(16, 16 << 10);
    let small = Commit::new(16, 512);
    let index = Index::new(16_384);
    vec![
        Case::new("produce-decode", move |_| {
            let mut reader = Reader::new(produce.clone());
            black_box(ProduceRequest::decode(&mut reader, PRODUCE_VERSION).expect("it was encoded here"));
        }),
        Case::new("fetch-encode", move |number| {
            let correlation = i32::try_from(number % 1000).expect("below 1000");
            let pieces = encode_frame_pieces(correlation, 1, |writer| response.encode(writer, FETCH_VERSION));
            black_box(pieces.expect("it fits"));
        }),
        Case::new("crc32c-64k", move |_| {
            black_box(crc32c::crc32c(black_box(&block)));
        }),
        Case::new("batch-check", move |_| {
            black_box(ValidatedBatch::new(whole.clone()).expect("it was built here"));
        }),
        Case::new("records-walk-1k", move |_| walk(&large)),
        Case::new("records-walk-100b", move |_| walk(&small_records)),
        Case::new("records-walk-headers", move |_| walk(&with_headers)),
        Case::new("batch-build", move |_| {
            black_box(build(64, &values, &[]));
        }),
        Case::new("journal-frame-256k", move |number| {
            black_box(commit.frame(number));
        }),
        Case::new("journal-frame-8k", move |number| {
            black_box(small.frame(number));
        }),
        Case::new("index-lookup", move |number| {
            black_box(index.position(number));
        }),
    ]
}

/// Looks through the records, as the produce path does after the checksum.
fn walk(batch: &ValidatedBatch) {
    let found = check_produced_records(batch.header(), &batch.bytes()[HEADER_SIZE..], RecordRules::FORM);
    black_box(found.expect("it was built here"));
}

fn build(records: i32, value: &[u8], headers: &[Header<'_>]) -> ValidatedBatch {
    let mut builder = RecordBatchBuilder::new(BatchOptions::default());
    for _ in 0..records {
        let record = NewRecord {
            value: Some(value),
            headers,
            ..NewRecord::default()
        };
        builder.append(&record).expect("it fits");
    }
    builder.build().expect("it has records")
}

fn batch(records: i32) -> ValidatedBatch {
    build(records, &[0x5a; VALUE_BYTES], &[])
}

fn produce_request() -> Bytes {
    let records = batch(4).bytes().clone();
    let partitions = (0..PARTITIONS)
        .map(|index| PartitionProduceData {
            index,
            records: Some(records.clone()),
        })
        .collect();
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topics: vec![TopicProduceData {
            name: "orders".into(),
            topic_id: TopicId::ZERO,
            partitions,
        }],
        ..ProduceRequest::default()
    };
    let mut writer = Writer::new();
    request.encode(&mut writer, PRODUCE_VERSION).expect("it fits");
    writer.into_bytes()
}

fn fetch_response() -> FetchResponse {
    let piece = batch(16).bytes().clone();
    let partitions = (0..PARTITIONS)
        .map(|partition_index| PartitionData {
            partition_index,
            high_watermark: 1000,
            records: Some(vec![piece.clone(), piece.clone()].into()),
            ..PartitionData::default()
        })
        .collect();
    FetchResponse {
        topics: vec![FetchableTopicResponse {
            topic_id: TopicId::ZERO,
            partitions,
            ..FetchableTopicResponse::default()
        }],
        ..FetchResponse::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_can_be_taken() {
        let mut names = Vec::new();
        for mut case in cases() {
            case.once(0);
            case.once(1);
            names.push(case.name);
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
    }
}
