//! Frames of real clients, decoded and encoded again: the same bytes come out.

use bytes::Bytes;
use corelog_protocol::messages::{api_versions, fetch, join_group, metadata, produce};
use corelog_protocol::{
    ApiKey, Message, Reader, Request, RequestHeader, ResponseHeader, Writer, for_each_api,
};

fn bytes(hex: &str) -> Bytes {
    let digits: Vec<u32> = hex.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap())
        .collect()
}

struct Frame {
    client: String,
    api: String,
    version: i16,
    request: Bytes,
    response: Option<Bytes>,
}

impl Frame {
    /// The request, its header taken off.
    fn decode_request<M: Request>(&self) -> M {
        let mut reader = Reader::new(self.request.clone());
        RequestHeader::decode(&mut reader).unwrap();
        M::decode(&mut reader, self.version).unwrap()
    }

    /// The response, its header taken off.
    fn decode_response<M: Request>(&self) -> M::Response {
        let mut reader = Reader::new(self.response.clone().unwrap());
        ResponseHeader::decode(&mut reader, M::KEY.response_header_version(self.version)).unwrap();
        M::Response::decode(&mut reader, self.version).unwrap()
    }
}

fn frames() -> Vec<Frame> {
    include_str!("golden/clients.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            Frame {
                client: words[0].to_owned(),
                api: words[1].to_owned(),
                version: words[2].parse().unwrap(),
                request: bytes(words[3]),
                response: (words[4] != "-").then(|| bytes(words[4])),
            }
        })
        .collect()
}

fn find(client: &str, api: ApiKey, version: i16) -> Frame {
    frames()
        .into_iter()
        .find(|frame| frame.client == client && frame.api == api.name() && frame.version == version)
        .unwrap()
}

fn check<M: Request>(frame: &Frame) {
    let place = format!("{} {} version {}", frame.client, frame.api, frame.version);
    let mut reader = Reader::new(frame.request.clone());
    let header = RequestHeader::decode(&mut reader).unwrap();
    assert_eq!(header.api_key, M::KEY, "{place}");
    assert_eq!(header.api_version, frame.version, "{place}");
    let request = M::decode(&mut reader, frame.version).unwrap();
    let mut writer = Writer::new();
    header.encode(&mut writer).unwrap();
    request.encode(&mut writer, frame.version).unwrap();
    assert_eq!(writer.into_bytes(), frame.request, "the request of {place}");

    let Some(response_bytes) = &frame.response else {
        return;
    };
    let header_version = M::KEY.response_header_version(frame.version);
    let mut reader = Reader::new(response_bytes.clone());
    let header = ResponseHeader::decode(&mut reader, header_version).unwrap();
    let response = M::Response::decode(&mut reader, frame.version).unwrap();
    let mut writer = Writer::new();
    header.encode(&mut writer, header_version).unwrap();
    response.encode(&mut writer, frame.version).unwrap();
    // The mock cluster ends Metadata version 13 with a byte too many.
    let excess = usize::from(frame.api == "Metadata" && frame.version == 13);
    assert_eq!(reader.remaining(), excess, "the response of {place}");
    let whole = response_bytes.slice(..response_bytes.len() - excess);
    assert_eq!(writer.into_bytes(), whole, "the response of {place}");
}

macro_rules! checks {
    ($($api:ident: $module:ident::$request:ident => $module2:ident::$response:ident;)+) => {
        |frame: &Frame, key: ApiKey| match key {
            $(ApiKey::$api => check::<corelog_protocol::messages::$module::$request>(frame),)+
        }
    };
}

#[test]
fn frames_of_real_clients_come_back_unchanged() {
    let check_frame = for_each_api!(checks);
    let frames = frames();
    assert!(frames.len() > 30);
    for frame in frames {
        let key = ApiKey::ALL.iter().find(|key| key.name() == frame.api).unwrap();
        check_frame(&frame, *key);
    }
}

#[test]
fn librdkafka_says_who_it_is() {
    let request: api_versions::ApiVersionsRequest =
        find("librdkafka-2.16.0", ApiKey::ApiVersions, 3).decode_request();
    assert_eq!(request.client_software_version, "2.16.1-rdkafka-2.16.0");
}

#[test]
fn a_produce_request_has_one_batch_and_it_is_whole() {
    let request: produce::ProduceRequest = find("librdkafka-2.16.0", ApiKey::Produce, 10).decode_request();
    assert_eq!(request.acks, -1);
    assert_eq!(request.topics[0].name, "golden-topic");
    let records = request.topics[0].partitions[0].records.clone().unwrap();
    let batch = corelog_model::ValidatedBatch::new(records).unwrap();
    assert_eq!(batch.header().record_count, 5);
    assert!(batch.header().producer.is_some());
}

#[test]
fn a_fetch_response_has_batches() {
    let response = find("librdkafka-2.16.0", ApiKey::Fetch, 16).decode_response::<fetch::FetchRequest>();
    let records = response
        .topics
        .into_iter()
        .flat_map(|topic| topic.partitions)
        .filter_map(|partition| partition.records)
        .map(corelog_protocol::Records::into_bytes)
        .find(|records| !records.is_empty())
        .unwrap();
    let mut rest = records;
    let batch = corelog_model::ValidatedBatch::split_from(&mut rest).unwrap();
    assert_eq!(batch.header().base_offset, corelog_model::Offset::ZERO);
}

#[test]
fn a_group_member_names_its_topics() {
    use corelog_protocol::messages::consumer_protocol::ConsumerProtocolSubscription;
    let request: join_group::JoinGroupRequest =
        find("librdkafka-2.16.0", ApiKey::JoinGroup, 5).decode_request();
    assert_eq!(request.protocol_type, "consumer");
    for protocol in request.protocols {
        let subscription = ConsumerProtocolSubscription::from_metadata(protocol.metadata).unwrap();
        assert_eq!(subscription.topics, ["golden-topic"], "{}", protocol.name);
    }
}

#[test]
fn metadata_of_the_mock_cluster_has_one_broker() {
    let response =
        find("librdkafka-2.16.0", ApiKey::Metadata, 13).decode_response::<metadata::MetadataRequest>();
    assert_eq!(response.brokers.len(), 1);
    assert_eq!(response.brokers[0].host, "127.0.0.1");
}
