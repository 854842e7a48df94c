//! Whatever a well-formed request says, in any version of any API that is served: it is answered, and the answer is one of
//! that version. An answer that cannot be encoded closes the connection, and its client tries again for ever.

use corelog_broker::connection::SUPPORTED;
use corelog_protocol::messages::find_coordinator::FindCoordinatorRequest;
use corelog_protocol::{ApiKey, DecodeError, Message, Reader, ResponseHeader, for_each_api};
use corelog_protocol_gen::schema::{Module, ModuleKind};

use crate::requests::{Maker, schema};
use crate::support::{Broker, Client, TOPIC, with_broker};

const REQUESTS_A_VERSION: usize = 24;

fn whole<M: Message>(mut reader: Reader, version: i16) -> Result<(), DecodeError> {
    M::decode(&mut reader, version)?;
    reader.finish()
}

macro_rules! decode_response {
    ($($api:ident: $module:ident::$request:ident => $module2:ident::$response:ident;)+) => {
        |key: ApiKey, reader: Reader, version: i16| match key {
            $(ApiKey::$api => whole::<corelog_protocol::messages::$module2::$response>(reader, version),)+
        }
    };
}

/// Whether a well-formed request may be none to Kafka: a rule whose numbers are 0 (UNKNOWN).
fn may_close(api: ApiKey) -> bool {
    matches!(
        api,
        ApiKey::DescribeAcls | ApiKey::CreateAcls | ApiKey::DeleteAcls
    )
}

/// Sends requests of every version of an API; returns what went wrong.
async fn ask(broker: &Broker, modules: &[Module], api: ApiKey, maker: &mut Maker) -> Vec<String> {
    let is_api = |module: &&Module| matches!(module.kind, ModuleKind::Api { key, .. } if key == api.key());
    let module = modules.iter().find(is_api).expect("an API of the schema");
    let decode = for_each_api!(decode_response);
    let mut faults = Vec::new();
    let mut client: Client = broker.connect().await;
    let named = api.advertised_versions();
    for version in api.versions().filter(|version| named.contains(version)) {
        let mut fault = None;
        for _ in 0..REQUESTS_A_VERSION {
            maker.topic = match broker.shard.metadata.image().topic(TOPIC) {
                Some(topic) => topic.id,
                None => broker.create(TOPIC, 1, &[]).await,
            };
            let body = maker.body(&module.messages[0], version);
            client.send_body(api, version, &body).await;
            let Some(answer) = client.receive_raw().await else {
                if !may_close(api) {
                    fault = Some(format!("{api} in version {version} closes the connection"));
                }
                client = broker.connect().await;
                continue;
            };
            let mut reader = Reader::new(answer);
            let header = api.response_header_version(version);
            ResponseHeader::decode(&mut reader, header).expect("a header");
            if let Err(error) = decode(api, reader, version) {
                fault = Some(format!("{api} in version {version}: {error}"));
            }
        }
        faults.extend(fault);
    }
    faults
}

#[test]
fn every_request_is_answered_in_its_version() {
    with_broker(|broker| async move {
        let modules = schema();
        let mut maker = Maker::new(17);
        let mut faults = Vec::new();
        // Before the first group there is no coordinator, which is an error of its own in every API of groups.
        maker.names_internal = false;
        let makes_topic = |api: ApiKey| matches!(api, ApiKey::FindCoordinator | ApiKey::AddOffsetsToTxn);
        for api in SUPPORTED.iter().filter(|api| !makes_topic(**api)) {
            faults.extend(ask(&broker, &modules, *api, &mut maker).await);
        }
        let offsets = broker
            .shard
            .metadata
            .image()
            .topic("__consumer_offsets")
            .is_some();
        assert!(!offsets, "nothing has made the topic of the groups yet");
        maker.names_internal = true;
        let client = broker.connect().await;
        let find = FindCoordinatorRequest {
            key: TOPIC.to_owned(),
            ..Default::default()
        };
        assert_eq!(client.call(0, &find).await.error_code, 0);
        for api in SUPPORTED {
            faults.extend(ask(&broker, &modules, *api, &mut maker).await);
        }
        assert!(faults.is_empty(), "{faults:#?}");
    });
}
