//! A scripted broker on loopback: it answers ApiVersions and Metadata by itself, and everything else from a script.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use corelog_client::{Address, Client, ClientOptions};
use corelog_model::TopicId;
use corelog_protocol::frame::encode_frame;
use corelog_protocol::messages::api_versions::{ApiVersion, ApiVersionsResponse};
use corelog_protocol::messages::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use corelog_protocol::{ApiKey, ErrorCode, Message, Reader, RequestHeader};

/// What the broker does with a request of the script.
pub(crate) enum Reply {
    /// Answers with this body.
    Body(Bytes),
    /// Answers with these bytes as they are, frame and all.
    Raw(Vec<u8>),
    /// Answers nothing and goes on.
    Silence,
    /// Closes the connection.
    Close,
}

/// One request that the script expects: its API, and from version and body to a reply.
pub(crate) struct Step {
    api: ApiKey,
    reply: Box<dyn FnOnce(i16, Bytes) -> Reply + Send>,
}

/// Expects a request, and answers it with the message that `reply` makes of it.
pub(crate) fn answer<Q: Message + 'static, A: Message>(
    api: ApiKey,
    reply: impl FnOnce(Q) -> A + Send + 'static,
) -> Step {
    raw(api, |version, body| {
        let request = Q::from_bytes(body, version).expect("the client sends well-formed requests");
        Reply::Body(
            reply(request)
                .to_bytes(version)
                .expect("the test's answer fits the version"),
        )
    })
}

/// Expects a request, and does with it what `reply` says.
pub(crate) fn raw(api: ApiKey, reply: impl FnOnce(i16, Bytes) -> Reply + Send + 'static) -> Step {
    Step {
        api,
        reply: Box::new(reply),
    }
}

/// How the scripted broker is set up.
#[derive(Clone)]
pub(crate) struct Setup {
    /// The newest ApiVersions that it understands.
    pub(crate) api_versions_last: i16,
    /// The newest version of every other API that it offers.
    pub(crate) version_last: i16,
    /// Its topics, by name, with the number of partitions.
    pub(crate) topics: Vec<(&'static str, i32)>,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            api_versions_last: 5,
            version_last: i16::MAX,
            topics: vec![("orders", 2)],
        }
    }
}

/// The broker; its threads end with the test's process.
pub(crate) struct FakeBroker {
    pub(crate) address: Address,
    script: Arc<Mutex<VecDeque<Step>>>,
    seen: Arc<Mutex<Vec<(ApiKey, i16)>>>,
}

impl FakeBroker {
    pub(crate) fn start(setup: Setup, script: Vec<Step>) -> FakeBroker {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(Mutex::new(VecDeque::from(script)));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let broker = FakeBroker {
            address: Address {
                host: "127.0.0.1".into(),
                port,
            },
            script: Arc::clone(&script),
            seen: Arc::clone(&seen),
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (setup, script, seen) = (setup.clone(), Arc::clone(&script), Arc::clone(&seen));
                thread::spawn(move || serve(stream.unwrap(), port, &setup, &script, &seen));
            }
        });
        broker
    }

    /// A client of this broker that gives up soon.
    pub(crate) fn client(&self) -> Client {
        Client::connect(self.options()).unwrap()
    }

    pub(crate) fn options(&self) -> ClientOptions {
        let mut options = ClientOptions::new(vec![self.address.clone()]);
        options.connection.request_timeout = Duration::from_millis(500);
        options.retry_time_max = Duration::from_secs(2);
        options
    }

    /// The requests of the script and those around it, with their versions.
    pub(crate) fn seen(&self) -> Vec<(ApiKey, i16)> {
        self.seen.lock().unwrap().clone()
    }

    /// Checks that the script was played to its end.
    pub(crate) fn finish(&self) {
        assert_eq!(
            self.script.lock().unwrap().len(),
            0,
            "steps are left; seen: {:?}",
            self.seen()
        );
    }
}

fn serve(
    mut stream: TcpStream,
    port: u16,
    setup: &Setup,
    script: &Mutex<VecDeque<Step>>,
    seen: &Mutex<Vec<(ApiKey, i16)>>,
) {
    loop {
        let mut size = [0; 4];
        if stream.read_exact(&mut size).is_err() {
            return;
        }
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(size)).unwrap()];
        stream.read_exact(&mut frame).unwrap();
        let frame = Bytes::from(frame);
        let mut reader = Reader::new(frame.clone());
        let header = RequestHeader::decode(&mut reader).unwrap();
        let body = frame.slice(reader.position()..);
        let (api, version) = (header.api_key, header.api_version);
        seen.lock().unwrap().push((api, version));
        let reply = match api {
            ApiKey::ApiVersions => Reply::Body(api_versions(version, setup)),
            ApiKey::Metadata => {
                let request = MetadataRequest::from_bytes(body, version).unwrap();
                Reply::Body(metadata(&request, port, setup).to_bytes(version).unwrap())
            }
            _ => {
                let step = script.lock().unwrap().pop_front();
                let step = step.unwrap_or_else(|| panic!("{api} comes after the end of the script"));
                assert_eq!(step.api, api);
                (step.reply)(version, body)
            }
        };
        match reply {
            Reply::Body(body) => {
                let header_version = api.response_header_version(version);
                let frame = encode_frame(header.correlation_id, header_version, |writer| {
                    body.iter().for_each(|byte| writer.i8(byte.cast_signed()));
                    Ok(())
                });
                // The client may have given up.
                let _ = stream.write_all(&frame.unwrap());
            }
            Reply::Raw(bytes) => stream.write_all(&bytes).unwrap(),
            Reply::Silence => {}
            Reply::Close => return,
        }
    }
}

fn api_versions(version: i16, setup: &Setup) -> Bytes {
    let range = |api: ApiKey| ApiVersion {
        api_key: api.key(),
        min_version: *api.versions().start(),
        max_version: match api {
            ApiKey::ApiVersions => setup.api_versions_last,
            _ => setup.version_last.min(*api.versions().end()),
        },
    };
    let is_known = version <= setup.api_versions_last;
    let response = ApiVersionsResponse {
        error_code: if is_known {
            0
        } else {
            ErrorCode::UnsupportedVersion.code()
        },
        api_keys: (0..100)
            .filter_map(|key| ApiKey::try_from(key).ok())
            .map(range)
            .collect(),
        ..ApiVersionsResponse::default()
    };
    response.to_bytes(if is_known { version } else { 0 }).unwrap()
}

fn metadata(request: &MetadataRequest, port: u16, setup: &Setup) -> MetadataResponse {
    let topic = |(number, (name, partitions)): (usize, &(&str, i32))| MetadataResponseTopic {
        name: Some((*name).to_owned()),
        topic_id: TopicId::new([u8::try_from(number + 1).unwrap(); 16]),
        partitions: (0..*partitions)
            .map(|partition_index| MetadataResponsePartition {
                partition_index,
                leader_id: 1,
                ..MetadataResponsePartition::default()
            })
            .collect(),
        ..MetadataResponseTopic::default()
    };
    let all = setup.topics.iter().enumerate().map(topic);
    let topics = match &request.topics {
        None => all.collect(),
        Some(asked) => {
            let known: Vec<_> = all.collect();
            let find = |name: &Option<String>| {
                known
                    .iter()
                    .find(|topic| topic.name == *name)
                    .cloned()
                    .unwrap_or(MetadataResponseTopic {
                        name: name.clone(),
                        error_code: ErrorCode::UnknownTopicOrPartition.code(),
                        ..MetadataResponseTopic::default()
                    })
            };
            asked.iter().map(|topic| find(&topic.name)).collect()
        }
    };
    MetadataResponse {
        brokers: vec![MetadataResponseBroker {
            node_id: 1,
            host: "127.0.0.1".into(),
            port: i32::from(port),
            rack: None,
        }],
        controller_id: 1,
        topics,
        ..MetadataResponse::default()
    }
}
