//! What a version lacks: defaults after decoding, errors or silence when encoding. And tagged fields.

use bytes::Bytes;
use corelog_protocol::codec::{ARRAY_LENGTH_MAX, TAGGED_FIELDS_MAX, TaggedFields};
use corelog_protocol::messages::api_versions::ApiVersionsResponse;
use corelog_protocol::messages::create_topics::CreateTopicsRequest;
use corelog_protocol::messages::delete_records::DeleteRecordsRequest;
use corelog_protocol::messages::describe_topic_partitions::{CursorRequest, DescribeTopicPartitionsRequest};
use corelog_protocol::messages::fetch::{EpochEndOffset, FetchRequest, PartitionData};
use corelog_protocol::messages::find_coordinator::FindCoordinatorRequest;
use corelog_protocol::messages::heartbeat::HeartbeatRequest;
use corelog_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use corelog_protocol::{DecodeError, EncodeError, Message, Reader, RequestHeader, Writer};

#[test]
fn defaults_are_kafkas() {
    assert_eq!(CreateTopicsRequest::default().timeout_ms, 60_000);
    assert!(MetadataRequest::default().allow_auto_topic_creation);
    assert_eq!(FetchRequest::default().max_bytes, i32::MAX);
    assert_eq!(PartitionData::default().last_stable_offset, -1);
    assert_eq!(ApiVersionsResponse::default().finalized_features_epoch, -1);
}

#[test]
fn a_field_that_matters_is_not_dropped_silently() {
    let request = FindCoordinatorRequest {
        key: "g".into(),
        coordinator_keys: vec!["g".into()],
        ..FindCoordinatorRequest::default()
    };
    let absent = |field, version| {
        Err(EncodeError::Absent {
            message: "FindCoordinatorRequest",
            field,
            version,
        })
    };
    assert_eq!(request.to_bytes(3), absent("coordinator_keys", 3));
    assert_eq!(request.to_bytes(4), absent("key", 4));
}

#[test]
fn an_ignorable_field_is_dropped_silently() {
    let request = HeartbeatRequest {
        group_id: "g".into(),
        group_instance_id: None,
        ..HeartbeatRequest::default()
    };
    let old = request.to_bytes(0).unwrap();
    assert_eq!(HeartbeatRequest::from_bytes(old, 0).unwrap(), request);
    let response = ApiVersionsResponse {
        throttle_time_ms: 5,
        ..ApiVersionsResponse::default()
    };
    let old = response.to_bytes(0).unwrap();
    assert_eq!(old[..], [0, 0, 0, 0, 0, 0][..]);
}

#[test]
fn a_tagged_field_that_matters_is_not_dropped_silently() {
    let response = corelog_protocol::messages::fetch::FetchResponse {
        topics: vec![corelog_protocol::messages::fetch::FetchableTopicResponse {
            partitions: vec![PartitionData {
                diverging_epoch: EpochEndOffset {
                    epoch: 1,
                    end_offset: 2,
                },
                ..PartitionData::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    assert_eq!(
        response.to_bytes(11),
        Err(EncodeError::Absent {
            message: "PartitionData",
            field: "diverging_epoch",
            version: 11
        })
    );
    assert!(response.to_bytes(12).is_ok());
}

#[test]
fn null_is_all_topics_from_version_1_only() {
    let request = MetadataRequest {
        topics: None,
        ..MetadataRequest::default()
    };
    assert_eq!(
        request.to_bytes(0),
        Err(EncodeError::Null {
            message: "MetadataRequest",
            field: "topics",
            version: 0
        })
    );
    assert_eq!(request.to_bytes(1).unwrap()[..], [0xff; 4][..]);
    let null = Bytes::from_static(&[0xff; 4]);
    assert_eq!(
        MetadataRequest::from_bytes(null.clone(), 0),
        Err(DecodeError::Null { position: 0 })
    );
    assert_eq!(MetadataRequest::from_bytes(null, 1).unwrap().topics, None);
}

#[test]
fn topic_names_are_null_from_version_10_only() {
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: None,
            ..MetadataRequestTopic::default()
        }]),
        ..MetadataRequest::default()
    };
    assert!(matches!(
        request.to_bytes(9),
        Err(EncodeError::Null { field: "name", .. })
    ));
    let bytes = request.to_bytes(10).unwrap();
    assert_eq!(MetadataRequest::from_bytes(bytes, 10).unwrap(), request);
}

#[test]
fn a_nullable_struct_is_one_byte_or_one_byte_and_the_struct() {
    let without = DescribeTopicPartitionsRequest {
        cursor: None,
        ..DescribeTopicPartitionsRequest::default()
    };
    let bytes = without.to_bytes(0).unwrap();
    // no topics, limit 2000, null, no tags
    assert_eq!(bytes[..], [1, 0, 0, 7, 0xd0, 0xff, 0][..]);
    let with = DescribeTopicPartitionsRequest {
        cursor: Some(CursorRequest {
            topic_name: "t".into(),
            partition_index: 3,
        }),
        ..DescribeTopicPartitionsRequest::default()
    };
    let bytes = with.to_bytes(0).unwrap();
    assert_eq!(bytes[..], [1, 0, 0, 7, 0xd0, 1, 2, b't', 0, 0, 0, 3, 0, 0][..]);
    assert_eq!(
        DescribeTopicPartitionsRequest::from_bytes(bytes, 0).unwrap(),
        with
    );
}

#[test]
fn a_string_beyond_32767_bytes_is_refused_both_ways() {
    let request = HeartbeatRequest {
        group_id: "x".repeat(32_768),
        ..HeartbeatRequest::default()
    };
    for version in [0, 4] {
        assert!(
            matches!(
                request.to_bytes(version),
                Err(EncodeError::TooLong { length: 32_768, .. })
            ),
            "version {version}"
        );
    }
    let mut frame = vec![0x81, 0x80, 0x02];
    frame.resize(40_000, b'x');
    assert_eq!(
        HeartbeatRequest::from_bytes(frame.into(), 4),
        Err(DecodeError::StringLength {
            position: 3,
            length: 32_768
        })
    );
}

fn tags(fields: &[(u32, &[u8])]) -> Bytes {
    let mut tags = TaggedFields::new();
    for (tag, value) in fields {
        tags.add(*tag, |writer| {
            for byte in *value {
                writer.i8(i8::from_be_bytes([*byte]));
            }
            Ok(())
        })
        .unwrap();
    }
    let mut writer = Writer::new();
    writer.tagged_fields(&tags);
    writer.into_bytes()
}

/// Reads tagged fields of which tag 1 is known and is an `i32`.
fn read(bytes: Bytes) -> Result<Option<i32>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let mut value = None;
    reader.tagged_fields(|tag, reader| {
        if tag != 1 {
            return Ok(false);
        }
        value = Some(reader.i32()?);
        Ok(true)
    })?;
    reader.finish()?;
    Ok(value)
}

#[test]
fn unknown_tags_are_skipped() {
    let bytes = tags(&[(0, b"abc"), (1, &[0, 0, 0, 9]), (200, b"")]);
    assert_eq!(read(bytes), Ok(Some(9)));
    assert_eq!(read(tags(&[])), Ok(None));
}

/// Tags 10, 11, and so on, each without a value.
fn many_tags(count: u32) -> Bytes {
    let mut writer = Writer::new();
    writer.unsigned_varint(count);
    for index in 0..count {
        writer.unsigned_varint(10 + index);
        writer.unsigned_varint(0);
    }
    writer.into_bytes()
}

#[test]
fn a_struct_has_at_most_10000_tagged_fields() {
    assert_eq!(TAGGED_FIELDS_MAX, 10_000);
    assert_eq!(read(many_tags(10_000)), Ok(None));
    let count = 10_001;
    assert_eq!(
        read(many_tags(count)),
        Err(DecodeError::TagCount { position: 2, count })
    );
    // A header is refused by the same rule: key 3, version 9, correlation id 1, no client id, then the tags.
    let header = |count| {
        let head: &[u8] = &[0, 3, 0, 9, 0, 0, 0, 1, 0xff, 0xff];
        let frame = Bytes::from([head, &many_tags(count)].concat());
        RequestHeader::decode(&mut Reader::new(frame)).map(drop)
    };
    assert_eq!(header(10_000), Ok(()));
    assert_eq!(header(count), Err(DecodeError::TagCount { position: 12, count }));
}

/// A DeleteRecords request of one topic with so many partitions of 12 bytes, or 13 in flexible form.
fn many_partitions(count: u32, version: i16) -> Result<usize, DecodeError> {
    let mut writer = Writer::new();
    let flexible = version >= 2;
    let length = |writer: &mut Writer, length: u32| {
        if flexible {
            writer.unsigned_varint(length + 1);
        } else {
            writer.i32(i32::try_from(length).unwrap());
        }
    };
    length(&mut writer, 1);
    writer.string(flexible, "t").unwrap();
    length(&mut writer, count);
    for _ in 0..count {
        writer.i32(0);
        writer.i64(0);
        if flexible {
            writer.no_tagged_fields();
        }
    }
    if flexible {
        writer.no_tagged_fields();
    }
    writer.i32(0);
    if flexible {
        writer.no_tagged_fields();
    }
    let request = DeleteRecordsRequest::from_bytes(writer.into_bytes(), version)?;
    Ok(request.topics[0].partitions.len())
}

#[test]
fn an_array_has_at_most_a_million_elements() {
    assert_eq!(ARRAY_LENGTH_MAX, 1_000_000);
    for (version, position) in [(1, 11), (2, 6)] {
        assert_eq!(many_partitions(1_000_000, version), Ok(1_000_000));
        let count = 1_000_001;
        assert_eq!(
            many_partitions(1_000_001, version),
            Err(DecodeError::ArrayTooLong { position, count }),
            "version {version}"
        );
    }
}

#[test]
fn tags_are_in_order_and_each_once() {
    let order = |tag, previous| Err(DecodeError::TagOrder { tag, previous });
    assert_eq!(read(tags(&[(3, b""), (2, b"")])), order(2, 3));
    assert_eq!(read(tags(&[(1, &[0; 4]), (1, &[0; 4])])), order(1, 1));
}

#[test]
fn a_tagged_field_is_bounded_by_its_own_size() {
    // The four bytes would be there, but they belong to the next tag.
    let short = tags(&[(1, &[0, 0]), (2, &[1, 2, 3, 4])]);
    assert_eq!(
        read(short),
        Err(DecodeError::Truncated {
            position: 3,
            needed: 4,
            available: 2
        })
    );
    let long = tags(&[(1, &[0, 0, 0, 9, 7])]);
    assert_eq!(read(long), Err(DecodeError::TagSize { tag: 1, excess: 1 }));
}

#[test]
fn varints_have_at_most_32_bits() {
    let read = |bytes: &'static [u8]| Reader::new(Bytes::from_static(bytes)).unsigned_varint();
    assert_eq!(read(&[0]), Ok(0));
    assert_eq!(read(&[0x80, 0x01]), Ok(128));
    assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Ok(u32::MAX));
    assert!(matches!(
        read(&[0xff, 0xff, 0xff, 0xff, 0x1f]),
        Err(DecodeError::Varint { .. })
    ));
    assert!(matches!(
        read(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00]),
        Err(DecodeError::Varint { .. })
    ));
    assert!(matches!(read(&[0x80]), Err(DecodeError::Truncated { .. })));
    for value in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 268_435_456, u32::MAX] {
        let mut writer = Writer::new();
        writer.unsigned_varint(value);
        assert_eq!(Reader::new(writer.into_bytes()).unsigned_varint(), Ok(value));
    }
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let frame = Bytes::from_static(&[0, 2, 0xc3, 0x28, 0, 0, 0, 0, 0, 0]);
    assert_eq!(
        HeartbeatRequest::from_bytes(frame, 0),
        Err(DecodeError::Utf8 { position: 4 })
    );
}
