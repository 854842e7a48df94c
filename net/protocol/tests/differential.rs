//! Every message in every version, against the schema and against the crate `kafka-protocol`:
//! bytes made from the schema are decoded and encoded again by both, and come back unchanged.

mod support;

use bytes::{Bytes, BytesMut};
use corelog_protocol::{Message, for_each_api};
use kafka_protocol::protocol::{Decodable, Encodable};
use support::{Random, find, random_message, schema};

const MESSAGES_A_VERSION: u64 = 60;

/// The crate's messages, and a stand-in for those that it lacks.
mod theirs {
    pub(super) use kafka_protocol::messages::*;

    pub(super) type StreamsGroupDescribeRequest = Missing;
    pub(super) type StreamsGroupDescribeResponse = Missing;
    pub(super) type StreamsGroupHeartbeatRequest = Missing;
    pub(super) type StreamsGroupHeartbeatResponse = Missing;
    pub(super) type StreamsGroupTopologyDescriptionUpdateRequest = Missing;
    pub(super) type StreamsGroupTopologyDescriptionUpdateResponse = Missing;
    pub(super) type UnregisterControllerRequest = Missing;
    pub(super) type UnregisterControllerResponse = Missing;

    /// Has no versions, so nothing is ever compared with it.
    #[derive(Debug)]
    pub(super) struct Missing;

    impl kafka_protocol::protocol::Message for Missing {
        const VERSIONS: kafka_protocol::protocol::VersionRange =
            kafka_protocol::protocol::VersionRange { min: 0, max: -1 };
        const DEPRECATED_VERSIONS: Option<kafka_protocol::protocol::VersionRange> = None;
    }

    impl kafka_protocol::protocol::Decodable for Missing {
        fn decode<B: kafka_protocol::protocol::buf::ByteBuf>(_: &mut B, _: i16) -> anyhow::Result<Missing> {
            anyhow::bail!("there are no versions")
        }
    }

    impl kafka_protocol::protocol::Encodable for Missing {
        fn encode<B: kafka_protocol::protocol::buf::ByteBufMut>(
            &self,
            _: &mut B,
            _: i16,
        ) -> anyhow::Result<()> {
            anyhow::bail!("there are no versions")
        }

        fn compute_size(&self, _: i16) -> anyhow::Result<usize> {
            anyhow::bail!("there are no versions")
        }
    }
}

/// One message type in both codecs. Each function decodes bytes, and gives their re-encoding and a debug print.
struct Pair {
    name: &'static str,
    versions: std::ops::RangeInclusive<i16>,
    ours: fn(Bytes, i16) -> Result<(Bytes, String), String>,
    their_versions: std::ops::RangeInclusive<i16>,
    theirs: fn(Bytes, i16) -> Result<(Bytes, String), String>,
}

fn ours<M: Message + std::fmt::Debug>(bytes: Bytes, version: i16) -> Result<(Bytes, String), String> {
    let message = M::from_bytes(bytes, version).map_err(|error| error.to_string())?;
    let encoded = message.to_bytes(version).map_err(|error| error.to_string())?;
    Ok((encoded, format!("{message:?}")))
}

fn theirs<M: Decodable + Encodable + std::fmt::Debug>(
    mut bytes: Bytes,
    version: i16,
) -> Result<(Bytes, String), String> {
    let message = M::decode(&mut bytes, version).map_err(|error| error.to_string())?;
    if !bytes.is_empty() {
        return Err(format!("{} bytes are left", bytes.len()));
    }
    let mut encoded = BytesMut::new();
    message
        .encode(&mut encoded, version)
        .map_err(|error| error.to_string())?;
    Ok((encoded.freeze(), format!("{message:?}")))
}

fn pair<O, T>() -> Pair
where
    O: Message + std::fmt::Debug,
    T: Decodable + Encodable + kafka_protocol::protocol::Message + std::fmt::Debug,
{
    Pair {
        name: O::NAME,
        versions: O::VERSIONS,
        ours: ours::<O>,
        their_versions: T::VERSIONS.min..=T::VERSIONS.max,
        theirs: theirs::<T>,
    }
}

macro_rules! pairs {
    ($($api:ident: $module:ident::$request:ident => $module2:ident::$response:ident;)+) => {
        vec![$(
            pair::<
                corelog_protocol::messages::$module::$request,
                theirs::$request,
            >(),
            pair::<
                corelog_protocol::messages::$module2::$response,
                theirs::$response,
            >(),
        )+]
    };
}

fn all_pairs() -> Vec<Pair> {
    let mut all = for_each_api!(pairs);
    all.push(pair::<
        corelog_protocol::messages::consumer_protocol::ConsumerProtocolSubscription,
        kafka_protocol::messages::ConsumerProtocolSubscription,
    >());
    all.push(pair::<
        corelog_protocol::messages::consumer_protocol::ConsumerProtocolAssignment,
        kafka_protocol::messages::ConsumerProtocolAssignment,
    >());
    all
}

fn check_all(check: impl Fn(&Pair, i16, Bytes, u64)) {
    let modules = schema();
    for pair in all_pairs() {
        let message = find(&modules, pair.name);
        for version in pair.versions.clone() {
            for seed in 0..MESSAGES_A_VERSION {
                let bytes = random_message(message, version, &mut Random::new(seed));
                check(&pair, version, bytes.into(), seed);
            }
        }
    }
}

#[test]
fn what_the_schema_gives_is_decoded_and_encoded_unchanged() {
    check_all(|pair, version, bytes, seed| {
        let place = format!("{} version {version} seed {seed}", pair.name);
        match (pair.ours)(bytes.clone(), version) {
            Ok((encoded, print)) => assert_eq!(encoded, bytes, "{place}: {print}"),
            Err(error) => panic!("{place}: {error}"),
        }
    });
}

#[test]
fn kafka_protocol_agrees() {
    check_all(|pair, version, bytes, seed| {
        if !pair.their_versions.contains(&version) {
            return;
        }
        let place = format!("{} version {version} seed {seed}", pair.name);
        match (pair.theirs)(bytes.clone(), version) {
            Ok((encoded, print)) => assert_eq!(encoded, bytes, "{place}: {print}"),
            Err(error) => panic!("{place}: {error}"),
        }
    });
}

/// The names of fields in a debug print, in order, without underscores: the crate has `_match` and `enable_2_pc`.
fn field_names(print: &str) -> Vec<String> {
    print
        .match_indices(": ")
        .map(|(end, _)| {
            let start = print[..end]
                .rfind(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
                .map_or(0, |index| index + 1);
            print[start..end].replace('_', "")
        })
        .filter(|name| *name != "unknowntaggedfields")
        .collect()
}

#[test]
fn fields_have_the_same_names_in_kafka_protocol() {
    check_all(|pair, version, bytes, seed| {
        // These two have names of their own, which the schema tells beside Kafka's.
        let named = ["Produce", "Fetch"]
            .iter()
            .any(|name| pair.name == format!("{name}Request") || pair.name == format!("{name}Response"));
        if named || seed > 10 || !pair.their_versions.contains(&version) {
            return;
        }
        let (Ok((_, our_print)), Ok((_, their_print))) =
            ((pair.ours)(bytes.clone(), version), (pair.theirs)(bytes, version))
        else {
            return;
        };
        // Ours may have more: fields of versions that the crate does not know yet.
        let mut ours = field_names(&our_print).into_iter();
        for mut name in field_names(&their_print) {
            // Kafka renamed this field after the version that the crate follows.
            if pair.name == "TxnOffsetCommitRequest" && name == "generationid" {
                name = "generationidormemberepoch".to_owned();
            }
            assert!(
                ours.any(|our_name| our_name == name),
                "{} version {version} seed {seed}: {name} is missing or out of place",
                pair.name
            );
        }
    });
}
