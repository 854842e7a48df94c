//! ClientQuotaRecord (metadata record 14). Generated from `schema/client_quota_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ClientQuotaRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ClientQuotaRecord {
    pub entity: Vec<EntityData>,
    pub key: String,
    pub value: f64,
    pub remove: bool,
}

impl ClientQuotaRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ClientQuotaRecord, DecodeError> {
        check_version("ClientQuotaRecord", version, ClientQuotaRecord::VERSIONS)?;
        let message = ClientQuotaRecord {
            entity: reader.array(true, 3, |reader| EntityData::decode(reader, version))?,
            key: reader.string(true)?,
            value: reader.f64()?,
            remove: reader.bool()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("ClientQuotaRecord", version, ClientQuotaRecord::VERSIONS)?;
        writer.array(true, &self.entity, |writer, item| item.encode(writer, version))?;
        writer.string(true, &self.key)?;
        writer.f64(self.value);
        writer.bool(self.remove);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ClientQuotaRecord`].
#[derive(Clone, PartialEq, Debug)]
pub struct EntityData {
    pub entity_type: String,
    /// Nullable; default empty, not null.
    pub entity_name: Option<String>,
}

impl Default for EntityData {
    fn default() -> EntityData {
        EntityData {
            entity_type: String::new(),
            entity_name: Some(String::new()),
        }
    }
}

impl EntityData {
    fn decode(reader: &mut Reader, _version: i16) -> Result<EntityData, DecodeError> {
        let message = EntityData {
            entity_type: reader.string(true)?,
            entity_name: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.entity_type)?;
        writer.nullable_string(true, self.entity_name.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }
}
