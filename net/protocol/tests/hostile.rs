//! Bytes that are not messages: no decoder panics, and none allocates more than the bound of `codec::Reader`.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bytes::Bytes;
use corelog_protocol::codec::{MEMORY_BASE, MEMORY_FACTOR};
use corelog_protocol::{DecodeError, Message, Reader, RequestHeader, for_each_api};
use support::{Random, find, random_message, schema};

/// Counts what the current thread allocates.
struct CountingAllocator;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

fn grow(size: usize) {
    // A thread that is ending has no counters any more.
    let _ = LIVE.try_with(|live| {
        live.set(live.get().saturating_add(size));
        PEAK.with(|peak| peak.set(peak.get().max(live.get())));
        COUNT.with(|count| count.set(count.get() + 1));
    });
}

fn shrink(size: usize) {
    let _ = LIVE.try_with(|live| live.set(live.get().saturating_sub(size)));
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: every call goes to the system's allocator unchanged; only numbers are kept besides.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller keeps `alloc`'s contract, which is the system allocator's too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrink(layout.size());
        // SAFETY: `pointer` came from `System` with this layout, for `alloc` passes both on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Runs `work` and returns its result, the most memory it held at once, and the number of its allocations.
fn measure<T>(work: impl FnOnce() -> T) -> (T, usize, usize) {
    let start = LIVE.with(Cell::get);
    let count = COUNT.with(Cell::get);
    PEAK.with(|peak| peak.set(start));
    let result = work();
    let peak = PEAK.with(Cell::get) - start;
    (result, peak, COUNT.with(Cell::get) - count)
}

struct Decoder {
    name: &'static str,
    versions: std::ops::RangeInclusive<i16>,
    decode: fn(Bytes, i16) -> Result<(), DecodeError>,
    settle: fn(Bytes, i16),
}

fn decoder<M: Message>() -> Decoder {
    Decoder {
        name: M::NAME,
        versions: M::VERSIONS,
        decode: |bytes, version| M::from_bytes(bytes, version).map(drop),
        settle: settle::<M>,
    }
}

/// What was decoded from bytes in any form can be encoded, and that form is the last word.
fn settle<M: Message>(bytes: Bytes, version: i16) {
    let Ok(message) = M::from_bytes(bytes, version) else {
        return;
    };
    let encoded = message.to_bytes(version).unwrap();
    let again = M::from_bytes(encoded.clone(), version).unwrap();
    assert_eq!(again.to_bytes(version).unwrap(), encoded, "{} {version}", M::NAME);
}

macro_rules! decoders {
    ($($api:ident: $module:ident::$request:ident => $module2:ident::$response:ident;)+) => {
        vec![$(
            decoder::<corelog_protocol::messages::$module::$request>(),
            decoder::<corelog_protocol::messages::$module2::$response>(),
        )+]
    };
}

/// Decodes, and checks the memory it took: arrays, copied strings, and a little for the frame itself.
fn check(decoder: &Decoder, version: i16, bytes: &[u8]) -> Result<(), DecodeError> {
    let frame = Bytes::copy_from_slice(bytes);
    let (result, peak, _) = measure(|| (decoder.decode)(frame, version));
    let bound = (MEMORY_FACTOR + 1) * bytes.len() + MEMORY_BASE + 4096;
    assert!(
        peak <= bound,
        "{} version {version} took {peak} bytes for {} bytes: {bytes:02x?}",
        decoder.name,
        bytes.len()
    );
    result
}

#[test]
fn truncated_messages_are_refused() {
    let modules = schema();
    for decoder in for_each_api!(decoders) {
        let message = find(&modules, decoder.name);
        for version in decoder.versions.clone() {
            let bytes = random_message(message, version, &mut Random::new(7));
            check(&decoder, version, &bytes).unwrap();
            let step = bytes.len() / 64 + 1;
            for size in (0..bytes.len()).step_by(step) {
                let result = check(&decoder, version, &bytes[..size]);
                assert!(
                    result.is_err(),
                    "{} version {version} of {size} bytes",
                    decoder.name
                );
            }
            if !decoder.name.ends_with("Request") {
                continue;
            }
            // As librdkafka's Metadata v13 for all topics, and as Kafka has it: the rest of the frame is ignored.
            let mut longer = bytes.clone();
            longer.extend([0xff, 0, 1]);
            assert_eq!(
                check(&decoder, version, &longer),
                Ok(()),
                "{} version {version}",
                decoder.name
            );
        }
    }
}

#[test]
fn mutated_messages_do_no_harm() {
    let modules = schema();
    for decoder in for_each_api!(decoders) {
        let message = find(&modules, decoder.name);
        for version in decoder.versions.clone() {
            for seed in 0..40 {
                let mut random = Random::new(seed);
                let mut bytes = random_message(message, version, &mut random);
                for _ in 0..=random.below(4) {
                    if bytes.is_empty() {
                        break;
                    }
                    let at = random.below(bytes.len());
                    // Lengths live in bytes like these.
                    let values = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];
                    bytes[at] = values[random.below(values.len())];
                }
                let _ = check(&decoder, version, &bytes);
                (decoder.settle)(bytes.into(), version);
            }
        }
    }
}

#[test]
fn arbitrary_bytes_do_no_harm() {
    for decoder in for_each_api!(decoders) {
        for version in decoder.versions.clone() {
            for seed in 0..40 {
                let mut random = Random::new(seed);
                let size = random.below(200);
                let sparse = seed % 2 == 0;
                let bytes: Vec<u8> = (0..size)
                    .map(|_| {
                        let [byte, other, ..] = random.next().to_be_bytes();
                        if sparse { byte & other & 3 } else { byte }
                    })
                    .collect();
                let _ = check(&decoder, version, &bytes);
            }
        }
    }
}

/// In a large frame of one repeated byte, every length is plausible and every array as long as it can be.
#[test]
fn large_monotonous_frames_take_bounded_memory() {
    for decoder in for_each_api!(decoders) {
        for version in [*decoder.versions.start(), *decoder.versions.end()] {
            for byte in [0, 1, 2, 3, 0x7f, 0x80, 0xff] {
                let mut bytes = vec![byte; 200_000];
                let _ = check(&decoder, version, &bytes);
                // One array that takes all the rest, its elements as small as can be.
                bytes[..8].copy_from_slice(&[0, 0, 0, 0, 0, 1, 0x86, 0xa0]);
                let _ = check(&decoder, version, &bytes);
                bytes[..4].copy_from_slice(&[0xa0, 0x8d, 0x06, 1]);
                let _ = check(&decoder, version, &bytes);
            }
        }
    }
}

#[test]
fn an_array_of_empty_strings_is_refused_before_it_takes_memory() {
    use corelog_protocol::messages::list_groups::ListGroupsRequest;
    // states_filter with 100,000 elements (varint 100,001), each an empty compact string.
    let mut bytes = vec![0xa1, 0x8d, 0x06];
    bytes.resize(bytes.len() + 100_000, 1);
    bytes.extend_from_slice(&[1, 0]);
    let frame = Bytes::from(bytes);
    let (result, peak, _) = measure(|| ListGroupsRequest::from_bytes(frame, 5));
    assert!(
        matches!(result, Err(DecodeError::Memory { count: 100_000, .. })),
        "{result:?}"
    );
    assert!(peak < 1000, "{peak}");
}

#[test]
fn request_headers_of_arbitrary_bytes_do_no_harm() {
    for seed in 0..20_000 {
        let mut random = Random::new(seed);
        let size = random.below(40);
        let mut bytes: Vec<u8> = (0..size).map(|_| random.next().to_be_bytes()[0]).collect();
        if let Some(high) = bytes.first_mut() {
            *high = 0;
        }
        let frame = Bytes::from(bytes);
        let (_, peak, _) = measure(|| RequestHeader::decode(&mut Reader::new(frame)).map(drop));
        assert!(peak < 4096, "seed {seed}: {peak}");
    }
}

/// One allocation for the list of topics and one for each topic's partitions.
#[test]
fn decoding_a_produce_request_allocates_nothing_a_partition() {
    use corelog_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
    for version in ProduceRequest::VERSIONS {
        let topic = TopicProduceData {
            name: "a-topic".into(),
            partitions: (0..64)
                .map(|index| PartitionProduceData {
                    index,
                    records: Some(Bytes::from(vec![7; 1000])),
                })
                .collect(),
            ..TopicProduceData::default()
        };
        let request = ProduceRequest {
            acks: -1,
            topics: vec![topic.clone(), topic],
            ..ProduceRequest::default()
        };
        let frame = request.to_bytes(version).unwrap();
        // The first slice of a frame makes its reference count.
        let keep = frame.clone();
        let (decoded, _, count) = measure(|| ProduceRequest::from_bytes(frame, version));
        assert_eq!(decoded.unwrap().topics.len(), 2);
        assert_eq!(count, 3, "version {version}");
        drop(keep);
    }
}
