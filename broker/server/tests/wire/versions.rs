//! ApiVersions (KIP-511) and the order of answers.

use bytes::{BufMut as _, Bytes, BytesMut};
use corelog_protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use corelog_protocol::messages::init_producer_id::InitProducerIdRequest;
use corelog_protocol::{ApiKey, ErrorCode, Reader};

use crate::support::with_broker;

#[test]
fn the_header_of_api_versions_is_always_version_0() {
    with_broker(|broker| async move {
        let client = broker.connect().await;
        let request = ApiVersionsRequest {
            client_software_name: "test".to_owned(),
            client_software_version: "1.0".to_owned(),
            ..Default::default()
        };
        for version in 0..=4 {
            let id = client.send(version, &request).await;
            let mut reader = Reader::new(client.receive_raw().await.expect("an answer"));
            assert_eq!(reader.i32().expect("a correlation id"), id);
            let response = ApiVersionsResponse::decode(&mut reader, version).expect("a response");
            assert_eq!(response.error_code, 0);
            let produce = response
                .api_keys
                .iter()
                .find(|row| row.api_key == ApiKey::Produce.key());
            // KAFKA-18659: librdkafka stops compressing when the range begins later.
            assert_eq!(produce.map(|row| row.min_version), Some(0));
        }
        let bad = ApiVersionsRequest {
            client_software_name: "a b".to_owned(),
            ..request
        };
        let refused = client.call(3, &bad).await;
        assert_eq!(refused.error_code, ErrorCode::InvalidRequest.code());
    });
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_in_version_0() {
    with_broker(|broker| async move {
        let client = broker.connect().await;
        let mut frame = BytesMut::new();
        frame.put_i16(ApiKey::ApiVersions.key());
        frame.put_i16(99);
        frame.put_i32(7);
        // No client id, no tagged fields, then a body of that unknown version.
        frame.put_i16(-1);
        frame.put_u8(0);
        frame.put_slice(&[0xff; 30]);
        let mut sized = BytesMut::new();
        sized.put_i32(i32::try_from(frame.len()).expect("short"));
        sized.extend_from_slice(&frame);
        client.send_raw(sized.freeze()).await;
        let mut reader = Reader::new(client.receive_raw().await.expect("an answer"));
        assert_eq!(reader.i32().expect("a correlation id"), 7);
        let response = ApiVersionsResponse::decode(&mut reader, 0).expect("a response");
        assert_eq!(response.error_code, ErrorCode::UnsupportedVersion.code());
        assert_eq!(response.api_keys.len(), 1);
        assert_eq!(response.api_keys[0].api_key, ApiKey::ApiVersions.key());
    });
}

#[test]
fn a_version_that_kafka_calls_unstable_is_neither_named_nor_served() {
    with_broker(|broker| async move {
        let client = broker.connect().await;
        let response = client.call(0, &ApiVersionsRequest::default()).await;
        let row = response
            .api_keys
            .iter()
            .find(|row| row.api_key == ApiKey::InitProducerId.key())
            .expect("it is served");
        assert_eq!((row.min_version, row.max_version), (0, 5));
        let request = InitProducerIdRequest::default();
        client.call(5, &request).await;
        client.send(6, &request).await;
        assert!(client.receive_raw().await.is_none());
    });
}

#[test]
fn what_is_no_request_closes_the_connection() {
    with_broker(|broker| async move {
        for frame in [
            &[0, 0, 0, 2, 0, 0][..],
            &[0xff, 0xff, 0xff, 0xff],
            &[0, 0, 0, 4, 0x7f, 0xff, 0, 0],
        ] {
            let client = broker.connect().await;
            client.send_raw(Bytes::copy_from_slice(frame)).await;
            assert!(client.receive_raw().await.is_none(), "{frame:?}");
        }
        // The broker serves on.
        let client = broker.connect().await;
        client.call(0, &ApiVersionsRequest::default()).await;
    });
}
