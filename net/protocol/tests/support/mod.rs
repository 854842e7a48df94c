//! Random but valid messages, written straight from the schema: a second way to bytes that shares no code with the
//! codec.

use std::path::Path;

use corelog_protocol_gen::schema::{Field, Message, Module, Scalar, Type};

/// A small seeded generator (SplitMix64), so that a failure can be run again.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap();
        usize::try_from(self.next() % bound).unwrap()
    }
}

/// The parsed schema.
pub(crate) fn schema() -> Vec<Module> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    corelog_protocol_gen::read_schema(&folder).unwrap()
}

/// The message of that name.
pub(crate) fn find<'a>(modules: &'a [Module], name: &str) -> &'a Message {
    modules
        .iter()
        .flat_map(|module| &module.messages)
        .find(|message| message.name == name)
        .unwrap_or_else(|| panic!("{name} is in the schema"))
}

/// Writes one random message in canonical form: tagged fields only where they differ from their default.
pub(crate) fn random_message(message: &Message, version: i16, random: &mut Random) -> Vec<u8> {
    let mut bytes = MessageBytes {
        message,
        version,
        flexible: message.is_flexible(version),
        random,
        out: Vec::new(),
    };
    bytes.fields(&message.fields, 0);
    bytes.out
}

struct MessageBytes<'a> {
    message: &'a Message,
    version: i16,
    flexible: bool,
    random: &'a mut Random,
    out: Vec<u8>,
}

impl MessageBytes<'_> {
    fn fields(&mut self, fields: &[Field], depth: usize) {
        let version = self.version;
        let present = |field: &&Field| field.versions.contains(version);
        for field in fields.iter().filter(present).filter(|field| field.tag.is_none()) {
            self.field(field, depth);
        }
        if !self.flexible {
            return;
        }
        let mut tagged: Vec<&Field> = fields
            .iter()
            .filter(present)
            .filter(|field| field.tag.is_some())
            .collect();
        tagged.sort_by_key(|field| field.tag);
        tagged.retain(|_| self.random.below(3) > 0);
        self.varint(tagged.len());
        for field in tagged {
            let outer = std::mem::take(&mut self.out);
            self.value(&field.kind, depth, true);
            let value = std::mem::replace(&mut self.out, outer);
            self.varint(usize::try_from(field.tag.unwrap()).unwrap());
            self.varint(value.len());
            self.out.extend_from_slice(&value);
        }
    }

    fn field(&mut self, field: &Field, depth: usize) {
        let nullable = field.nullable.is_some_and(|range| range.contains(self.version));
        if nullable && self.random.below(4) == 0 {
            match &field.kind {
                Type::Struct(_) => self.out.push(0xff),
                Type::Scalar(Scalar::String | Scalar::Text) if !self.flexible => {
                    self.out.extend_from_slice(&[0xff; 2])
                }
                _ if !self.flexible => self.out.extend_from_slice(&[0xff; 4]),
                _ => self.out.push(0),
            }
            return;
        }
        if nullable && matches!(field.kind, Type::Struct(_)) {
            self.out.push(1);
        }
        self.value(&field.kind, depth, false);
    }

    fn value(&mut self, kind: &Type, depth: usize, not_default: bool) {
        match kind {
            Type::Scalar(scalar) => self.scalar(*scalar, not_default),
            Type::Struct(name) => {
                let fields = &self.message.find(name).expect("a struct of the message").fields;
                if not_default {
                    // Its first field makes it differ; all of these structs begin with an integer.
                    self.value(&fields[0].kind, depth + 1, true);
                    self.fields(&fields[1..], depth + 1);
                } else {
                    self.fields(fields, depth + 1);
                }
            }
            Type::Array(element) => {
                let count = usize::from(not_default) + self.random.below(4usize.saturating_sub(depth).max(1));
                self.length(count);
                for _ in 0..count {
                    self.value(element, depth, false);
                }
            }
        }
    }

    fn scalar(&mut self, scalar: Scalar, not_default: bool) {
        // No default of the schema is in 1000..2000 or among large random numbers.
        let number = if not_default || self.random.below(2) == 0 {
            1000 + self.random.next() % 1000
        } else {
            self.random.next()
        };
        let bytes = number.to_be_bytes();
        match scalar {
            Scalar::Bool => {
                let bit = if not_default { 1 } else { bytes[7] & 1 };
                self.out.push(bit);
            }
            Scalar::I8 => self.out.push(if not_default { 77 } else { bytes[7] }),
            Scalar::I16 | Scalar::U16 => self.out.extend_from_slice(&bytes[6..]),
            Scalar::I32 => self.out.extend_from_slice(&bytes[4..]),
            Scalar::I64 => self.out.extend_from_slice(&bytes),
            Scalar::F64 => {
                let small = f64::from(u32::from(bytes[7])) / 8.0 + 1.0;
                self.out.extend_from_slice(&small.to_be_bytes());
            }
            Scalar::Uuid => {
                self.out.extend_from_slice(&bytes);
                self.out.extend_from_slice(&self.random.next().to_be_bytes());
            }
            Scalar::String | Scalar::Text => self.string(usize::from(not_default)),
            Scalar::Bytes | Scalar::Records | Scalar::Pieces => {
                let size = self.random.below(700);
                self.length(size);
                for _ in 0..size {
                    let [byte, ..] = self.random.next().to_be_bytes();
                    self.out.push(byte);
                }
            }
        }
    }

    fn string(&mut self, size_min: usize) {
        const LETTERS: [char; 8] = ['a', 'Z', '0', '-', '_', '.', 'ß', '語'];
        let count = size_min + self.random.below(12);
        let text: String = (0..count)
            .map(|_| LETTERS[self.random.below(LETTERS.len())])
            .collect();
        if self.flexible {
            self.varint(text.len() + 1);
        } else {
            let size = u16::try_from(text.len()).unwrap();
            self.out.extend_from_slice(&size.to_be_bytes());
        }
        self.out.extend_from_slice(text.as_bytes());
    }

    fn length(&mut self, length: usize) {
        if self.flexible {
            self.varint(length + 1);
        } else {
            let size = u32::try_from(length).unwrap();
            self.out.extend_from_slice(&size.to_be_bytes());
        }
    }

    fn varint(&mut self, value: usize) {
        let mut rest = value;
        loop {
            let low = u8::try_from(rest & 0x7f).unwrap();
            rest >>= 7;
            if rest == 0 {
                self.out.push(low);
                return;
            }
            self.out.push(low | 0x80);
        }
    }
}
