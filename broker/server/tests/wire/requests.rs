//! Requests made from the schema: well formed, and wrong in what they say. Names are known, unknown, empty, internal or as
//! long as a string can be; numbers are at bounds; ids are known, zero or unknown; what may be null is so at times.

use std::path::Path;

use bytes::Bytes;
use corelog_model::TopicId;
use corelog_protocol::Writer;
use corelog_protocol_gen::schema::{Field, Message, Module, Scalar, Type};

use crate::support::{Batch, TOPIC};

/// The parsed schema.
pub(crate) fn schema() -> Vec<Module> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../net/protocol/schema");
    corelog_protocol_gen::read_schema(&folder).expect("the schema")
}

/// What requests are made of.
pub(crate) struct Maker {
    random: u64,
    /// The id of [`TOPIC`].
    pub(crate) topic: TopicId,
    /// Whether internal topics are named.
    pub(crate) names_internal: bool,
}

impl Maker {
    pub(crate) fn new(seed: u64) -> Maker {
        Maker {
            random: seed,
            topic: TopicId::ZERO,
            names_internal: true,
        }
    }

    /// SplitMix64.
    fn below(&mut self, bound: usize) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.random;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^= value >> 31;
        usize::try_from(value % u64::try_from(bound).expect("small")).expect("small")
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// The body of one request.
    pub(crate) fn body(&mut self, message: &Message, version: i16) -> Bytes {
        let mut writer = Writer::new();
        self.fields(message, &message.fields, version, &mut writer);
        writer.into_bytes()
    }

    fn fields(&mut self, message: &Message, fields: &[Field], version: i16, out: &mut Writer) {
        let flexible = message.is_flexible(version);
        let present = fields.iter().filter(|field| field.versions.contains(version));
        for field in present.filter(|field| field.tag.is_none()) {
            let may_be_null = field.nullable.is_some_and(|range| range.contains(version));
            if may_be_null && self.below(4) == 0 {
                null(&field.kind, flexible, out);
                continue;
            }
            if may_be_null && matches!(field.kind, Type::Struct(_)) {
                out.i8(1);
            }
            self.value(message, field, &field.kind, version, out);
        }
        if flexible {
            out.no_tagged_fields();
        }
    }

    fn value(&mut self, message: &Message, field: &Field, kind: &Type, version: i16, out: &mut Writer) {
        match kind {
            Type::Struct(name) => {
                let fields = &message.find(name).expect("a struct of the message").fields;
                self.fields(message, fields, version, out);
            }
            Type::Array(element) => {
                let items = vec![(); self.below(3)];
                let flexible = message.is_flexible(version);
                let made = out.array(flexible, &items, |out, ()| {
                    self.value(message, field, element, version, out);
                    Ok(())
                });
                made.expect("short");
            }
            Type::Scalar(scalar) => self.scalar(field, *scalar, message.is_flexible(version), out),
        }
    }

    fn scalar(&mut self, field: &Field, scalar: Scalar, flexible: bool, out: &mut Writer) {
        // No wait is long, and each answer is sent: with acks=0 there is none.
        let is_time = field.name.ends_with("_ms");
        let small: &[i8] = if field.name == "acks" {
            &[-2, -1, 1, 2]
        } else {
            &[-2, -1, 0, 1, 2, 3]
        };
        let number = self.pick(small);
        let is_large = !is_time && field.name != "acks" && self.below(4) == 0;
        match scalar {
            Scalar::Bool => out.bool(self.below(2) == 0),
            Scalar::I8 => out.i8(if is_large { i8::MAX } else { number }),
            Scalar::I16 => out.i16(if is_large { i16::MAX } else { number.into() }),
            Scalar::U16 => out.u16(u16::from(number.unsigned_abs())),
            Scalar::I32 => out.i32(if is_large { i32::MAX } else { number.into() }),
            Scalar::I64 => out.i64(if is_large { i64::MAX } else { number.into() }),
            Scalar::F64 => out.f64(f64::from(number)),
            Scalar::Uuid => out.uuid(self.pick(&[self.topic, TopicId::ZERO, TopicId::new([7; 16])])),
            Scalar::String | Scalar::Text => {
                out.string(flexible, &self.name()).expect("at most 32,767 bytes")
            }
            Scalar::Bytes => out.bytes(flexible, b"bytes").expect("short"),
            Scalar::Records | Scalar::Pieces => {
                let mut bytes = Batch::of(1).bytes().to_vec();
                let cut = self.pick(&[0, 0, 1, bytes.len()]);
                bytes.truncate(bytes.len() - cut);
                out.bytes(flexible, &bytes).expect("short");
            }
        }
    }

    fn name(&mut self) -> String {
        // The most bytes that a string has on the wire, of two bytes a character and of one.
        match self.below(9) {
            0 => "é".repeat(32_766 / 2),
            1 => "a".repeat(32_767),
            2 if self.names_internal => "__consumer_offsets".to_owned(),
            3 => String::new(),
            4 => "retention.ms".to_owned(),
            5 => "no-such".to_owned(),
            6 => "1".to_owned(),
            _ => TOPIC.to_owned(),
        }
    }
}

fn null(kind: &Type, flexible: bool, out: &mut Writer) {
    let done = match kind {
        Type::Struct(_) => {
            out.i8(-1);
            Ok(())
        }
        Type::Array(_) => out.nullable_array::<()>(flexible, None, |_, ()| Ok(())),
        Type::Scalar(Scalar::String | Scalar::Text) => out.nullable_string(flexible, None),
        Type::Scalar(_) => out.nullable_bytes(flexible, None),
    };
    done.expect("null is short");
}
