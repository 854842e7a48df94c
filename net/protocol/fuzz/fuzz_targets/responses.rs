//! Every response in every version: the first two bytes choose.
#![no_main]

use bytes::Bytes;
use corelog_protocol::{ApiKey, Message, for_each_api};
use libfuzzer_sys::fuzz_target;

/// What was decoded from bytes in any form can be encoded, and that form is the last word.
fn settle<M: Message>(bytes: Bytes, version: i16) {
    let Ok(message) = M::from_bytes(bytes, version) else {
        return;
    };
    let encoded = message
        .to_bytes(version)
        .expect("what was decoded can be encoded");
    let again = M::from_bytes(encoded.clone(), version).expect("what was encoded can be decoded");
    assert_eq!(again.to_bytes(version).as_ref(), Ok(&encoded));
}

macro_rules! settle_response {
    ($($api:ident: $module:ident::$request:ident => $module2:ident::$response:ident;)+) => {
        |key: ApiKey, bytes: Bytes, version: i16| match key {
            $(ApiKey::$api => settle::<corelog_protocol::messages::$module2::$response>(bytes, version),)+
        }
    };
}

fuzz_target!(|data: &[u8]| {
    let [key, version, rest @ ..] = data else {
        return;
    };
    if let Ok(key) = ApiKey::try_from(i16::from(*key)) {
        let settle_one = for_each_api!(settle_response);
        settle_one(key, Bytes::copy_from_slice(rest), i16::from(*version));
    }
});
