//! Frames, headers and the pieces of a Fetch response.

use bytes::{Bytes, BytesMut};
use corelog_protocol::frame::{
    FrameError, encode_frame, encode_frame_pieces, encode_request_frame, encode_request_frame_pieces,
    frame_size, split_frame,
};
use corelog_protocol::messages::fetch::{FetchResponse, FetchableTopicResponse, PartitionData};
use corelog_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use corelog_protocol::{ApiKey, DecodeError, Message, Reader, Records, RequestHeader, ResponseHeader};

fn header(api_key: ApiKey, api_version: i16) -> RequestHeader {
    RequestHeader {
        api_key,
        api_version,
        correlation_id: 77,
        client_id: Some("client".into()),
    }
}

#[test]
fn a_frame_is_split_off_once_it_is_whole() {
    let mut buffer = BytesMut::from(&[0, 0, 0][..]);
    assert_eq!(split_frame(&mut buffer, 100), Ok(None));
    buffer.extend_from_slice(&[3, b'a', b'b']);
    assert_eq!(split_frame(&mut buffer, 100), Ok(None));
    buffer.extend_from_slice(b"cd");
    assert_eq!(
        split_frame(&mut buffer, 100),
        Ok(Some(Bytes::from_static(b"abc")))
    );
    assert_eq!(buffer[..], b"d"[..]);
}

#[test]
fn impossible_frame_sizes_are_refused_before_the_frame_is_there() {
    assert_eq!(
        frame_size([0xff, 0xff, 0xff, 0xff], 100),
        Err(FrameError::Negative(-1))
    );
    assert_eq!(frame_size([0, 0, 0, 100], 100), Ok(100));
    let too_large = Err(FrameError::TooLarge { size: 101, max: 100 });
    assert_eq!(frame_size([0, 0, 0, 101], 100), too_large);
    let mut buffer = BytesMut::from(&[0, 0, 0, 101][..]);
    assert_eq!(
        split_frame(&mut buffer, 100),
        Err(FrameError::TooLarge { size: 101, max: 100 })
    );
}

#[test]
fn request_headers_come_back_in_both_versions() {
    for (key, version) in [(ApiKey::Metadata, 8), (ApiKey::Metadata, 9), (ApiKey::Produce, 3)] {
        for client_id in [None, Some("".into()), Some("client".into())] {
            let header = RequestHeader {
                client_id,
                ..header(key, version)
            };
            let frame = encode_request_frame(&header, |_| Ok(())).unwrap();
            let mut reader = Reader::new(frame.slice(4..));
            assert_eq!(RequestHeader::decode(&mut reader).unwrap(), header);
            reader.finish().unwrap();
        }
    }
}

#[test]
fn the_header_of_an_api_versions_request_from_the_future_is_read() {
    // Key 18, version 99, correlation id 5, client id "x", no tags, then a body of unknown form.
    let frame = Bytes::from_static(&[0, 18, 0, 99, 0, 0, 0, 5, 0, 1, b'x', 0, 1, 2, 3]);
    let mut reader = Reader::new(frame);
    let header = RequestHeader::decode(&mut reader).unwrap();
    assert_eq!((header.api_key, header.api_version), (ApiKey::ApiVersions, 99));
    assert!(!header.is_supported());
    assert_eq!(reader.remaining(), 3);
}

#[test]
fn an_unknown_api_key_is_refused() {
    let frame = Bytes::from_static(&[0x7f, 0, 0, 0, 0, 0, 0, 5, 0xff, 0xff]);
    assert_eq!(
        RequestHeader::decode(&mut Reader::new(frame)),
        Err(DecodeError::ApiKey(0x7f00))
    );
}

#[test]
fn header_versions_follow_the_flexible_versions() {
    let check = |key: ApiKey, version, request, response| {
        assert_eq!(key.request_header_version(version), request, "{key} {version}");
        assert_eq!(key.response_header_version(version), response, "{key} {version}");
    };
    check(ApiKey::Produce, 8, 1, 0);
    check(ApiKey::Produce, 9, 2, 1);
    check(ApiKey::Fetch, 11, 1, 0);
    check(ApiKey::Fetch, 18, 2, 1);
    // KIP-511: a client that guesses the version too high must be able to read the refusal.
    check(ApiKey::ApiVersions, 2, 1, 0);
    check(ApiKey::ApiVersions, 5, 2, 0);
    check(ApiKey::SaslHandshake, 1, 1, 0);
    check(ApiKey::OffsetDelete, 0, 1, 0);
}

#[test]
fn what_is_implemented_is_advertised_with_two_exceptions() {
    assert_eq!(ApiKey::Produce.versions(), 3..=13);
    assert_eq!(ApiKey::Produce.advertised_versions(), 0..=13);
    assert_eq!(ApiKey::InitProducerId.versions(), 0..=6);
    assert_eq!(ApiKey::InitProducerId.advertised_versions(), 0..=5);
    for key in ApiKey::ALL {
        if ![ApiKey::Produce, ApiKey::InitProducerId].contains(key) {
            assert_eq!(key.versions(), key.advertised_versions(), "{key}");
        }
        assert_eq!(ApiKey::try_from(key.key()), Ok(*key));
    }
}

fn fetch_response(pieces: Vec<Bytes>) -> FetchResponse {
    let partition = |index, records: Records| PartitionData {
        partition_index: index,
        records: Some(records),
        ..PartitionData::default()
    };
    FetchResponse {
        topics: vec![FetchableTopicResponse {
            topic: "t".into(),
            partitions: vec![
                partition(0, pieces.clone().into()),
                partition(1, Records::default()),
                partition(2, pieces.into()),
            ],
            ..FetchableTopicResponse::default()
        }],
        ..FetchResponse::default()
    }
}

#[test]
fn a_fetch_response_shares_its_records_and_has_the_exact_size_first() {
    let records = [
        Bytes::from(vec![1; 4000]),
        Bytes::from(vec![2; 9]),
        Bytes::from(vec![3; 700]),
    ];
    for version in FetchResponse::VERSIONS {
        let response = fetch_response(records.to_vec());
        let header_version = ApiKey::Fetch.response_header_version(version);
        let pieces =
            encode_frame_pieces(5, header_version, |writer| response.encode(writer, version)).unwrap();
        let shared = |bytes: &Bytes| {
            pieces
                .iter()
                .filter(|piece| piece.as_ptr() == bytes.as_ptr())
                .count()
        };
        assert_eq!(shared(&records[0]), 2, "version {version}");
        assert_eq!(shared(&records[1]), 0, "small slices are copied");
        assert_eq!(shared(&records[2]), 2, "version {version}");

        let whole = Bytes::from(pieces.concat());
        let size = i32::from_be_bytes(whole[..4].try_into().unwrap());
        assert_eq!(usize::try_from(size).unwrap(), whole.len() - 4);
        let one = encode_frame(5, header_version, |writer| response.encode(writer, version)).unwrap();
        assert_eq!(one, whole);

        let mut reader = Reader::new(whole.slice(4..));
        let header = ResponseHeader::decode(&mut reader, header_version).unwrap();
        assert_eq!(header.correlation_id, 5);
        let decoded = FetchResponse::decode(&mut reader, version).unwrap();
        let first = decoded.topics[0].partitions[0]
            .records
            .clone()
            .unwrap()
            .into_bytes();
        assert_eq!(first.len(), 4709);
        assert!(
            whole.as_ptr_range().contains(&first.as_ptr()),
            "decoded records are a slice of the frame"
        );
        assert_eq!(
            decoded.topics[0].partitions[2].records,
            Some(records.to_vec().into())
        );
    }
}

#[test]
fn a_produce_request_shares_its_records_both_ways() {
    let records = Bytes::from(vec![1; 4000]);
    let request = ProduceRequest {
        acks: -1,
        topics: vec![TopicProduceData {
            name: "t".into(),
            partitions: vec![PartitionProduceData {
                index: 0,
                records: Some(records.clone()),
            }],
            ..TopicProduceData::default()
        }],
        ..ProduceRequest::default()
    };
    let pieces =
        encode_request_frame_pieces(&header(ApiKey::Produce, 9), |writer| request.encode(writer, 9)).unwrap();
    assert!(pieces.iter().any(|piece| piece.as_ptr() == records.as_ptr()));
    let frame = Bytes::from(pieces.concat());
    let mut reader = Reader::new(frame.slice(4..));
    RequestHeader::decode(&mut reader).unwrap();
    let decoded = ProduceRequest::decode(&mut reader, 9).unwrap();
    assert_eq!(decoded, request);
    let slice = decoded.topics[0].partitions[0].records.clone().unwrap();
    assert!(frame.as_ptr_range().contains(&slice.as_ptr()));
}

#[test]
fn produce_before_version_3_is_refused() {
    let error = ProduceRequest::from_bytes(Bytes::from_static(&[0; 20]), 2).unwrap_err();
    assert_eq!(error.to_string(), "ProduceRequest has no version 2");
}
