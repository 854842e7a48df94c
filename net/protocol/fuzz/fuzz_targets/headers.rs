//! Frames and the headers in them, from a stream of arbitrary bytes.
#![no_main]

use bytes::BytesMut;
use corelog_protocol::frame::split_frame;
use corelog_protocol::{Reader, RequestHeader, ResponseHeader, Writer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut buffer = BytesMut::from(data);
    while let Ok(Some(frame)) = split_frame(&mut buffer, 1 << 20) {
        let mut reader = Reader::new(frame.clone());
        if let Ok(header) = RequestHeader::decode(&mut reader) {
            let mut writer = Writer::new();
            header
                .encode(&mut writer)
                .expect("a decoded header can be encoded");
            let again = RequestHeader::decode(&mut Reader::new(writer.into_bytes()));
            assert_eq!(again.as_ref(), Ok(&header));
        }
        for version in 0..=1 {
            let _ = ResponseHeader::decode(&mut Reader::new(frame.clone()), version);
        }
    }
});
