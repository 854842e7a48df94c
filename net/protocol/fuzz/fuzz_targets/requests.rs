//! Every request in every version: the frame's own header says which.
#![no_main]

use bytes::Bytes;
use corelog_protocol::{ApiKey, Message, Reader, RequestHeader, for_each_api};
use libfuzzer_sys::fuzz_target;

/// What was decoded from bytes in any form can be encoded, and that form is the last word.
fn settle<M: Message>(reader: &mut Reader, version: i16) {
    let Ok(message) = M::decode(reader, version) else {
        return;
    };
    let encoded = message
        .to_bytes(version)
        .expect("what was decoded can be encoded");
    let again = M::from_bytes(encoded.clone(), version).expect("what was encoded can be decoded");
    assert_eq!(again.to_bytes(version).as_ref(), Ok(&encoded));
}

macro_rules! settle_request {
    ($($api:ident: $module:ident::$request:ident => $module2:ident::$response:ident;)+) => {
        |key: ApiKey, reader: &mut Reader, version: i16| match key {
            $(ApiKey::$api => settle::<corelog_protocol::messages::$module::$request>(reader, version),)+
        }
    };
}

fuzz_target!(|data: &[u8]| {
    let mut reader = Reader::new(Bytes::copy_from_slice(data));
    if let Ok(header) = RequestHeader::decode(&mut reader) {
        let settle_one = for_each_api!(settle_request);
        settle_one(header.api_key, &mut reader, header.api_version);
    }
});
