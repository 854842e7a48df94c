//! PartitionChangeRecord (metadata record 5). Generated from `schema/partition_change_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, TaggedFields, Writer, check_version};

/// PartitionChangeRecord, versions 0 to 2, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionChangeRecord {
    /// Default -1.
    pub partition_id: i32,
    pub topic_id: TopicId,
    /// Tag 0; nullable.
    pub isr: Option<Vec<i32>>,
    /// Tag 1; default -2.
    pub leader: i32,
    /// Tag 2; nullable.
    pub replicas: Option<Vec<i32>>,
    /// Tag 3; nullable.
    pub removing_replicas: Option<Vec<i32>>,
    /// Tag 4; nullable.
    pub adding_replicas: Option<Vec<i32>>,
    /// Tag 5; default -1.
    pub leader_recovery_state: i8,
    /// From version 1; tag 8; nullable.
    pub directories: Option<Vec<TopicId>>,
    /// From version 2; tag 6; nullable.
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// From version 2; tag 7; nullable.
    pub last_known_elr: Option<Vec<i32>>,
}

impl Default for PartitionChangeRecord {
    fn default() -> PartitionChangeRecord {
        PartitionChangeRecord {
            partition_id: -1,
            topic_id: TopicId::ZERO,
            isr: None,
            leader: -2,
            replicas: None,
            removing_replicas: None,
            adding_replicas: None,
            leader_recovery_state: -1,
            directories: None,
            eligible_leader_replicas: None,
            last_known_elr: None,
        }
    }
}

impl PartitionChangeRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<PartitionChangeRecord, DecodeError> {
        check_version("PartitionChangeRecord", version, PartitionChangeRecord::VERSIONS)?;
        let mut message = PartitionChangeRecord {
            partition_id: reader.i32()?,
            topic_id: reader.uuid()?,
            isr: None,
            leader: -2,
            replicas: None,
            removing_replicas: None,
            adding_replicas: None,
            leader_recovery_state: -1,
            directories: None,
            eligible_leader_replicas: None,
            last_known_elr: None,
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => message.isr = reader.nullable_array(true, 4, Reader::i32)?,
                1 => message.leader = reader.i32()?,
                2 => message.replicas = reader.nullable_array(true, 4, Reader::i32)?,
                3 => message.removing_replicas = reader.nullable_array(true, 4, Reader::i32)?,
                4 => message.adding_replicas = reader.nullable_array(true, 4, Reader::i32)?,
                5 => message.leader_recovery_state = reader.i8()?,
                8 if version >= 1 => message.directories = reader.nullable_array(true, 16, Reader::uuid)?,
                6 if version >= 2 => {
                    message.eligible_leader_replicas = reader.nullable_array(true, 4, Reader::i32)?
                }
                7 if version >= 2 => message.last_known_elr = reader.nullable_array(true, 4, Reader::i32)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("PartitionChangeRecord", version, PartitionChangeRecord::VERSIONS)?;
        writer.i32(self.partition_id);
        writer.uuid(self.topic_id);
        if version < 1 && self.directories.is_some() {
            return Err(EncodeError::absent(
                "PartitionChangeRecord",
                "directories",
                version,
            ));
        }
        if version < 2 && self.eligible_leader_replicas.is_some() {
            return Err(EncodeError::absent(
                "PartitionChangeRecord",
                "eligible_leader_replicas",
                version,
            ));
        }
        if version < 2 && self.last_known_elr.is_some() {
            return Err(EncodeError::absent(
                "PartitionChangeRecord",
                "last_known_elr",
                version,
            ));
        }
        let mut tags = TaggedFields::new();
        if self.isr.is_some() {
            tags.add(0, |writer| {
                writer.nullable_plain_array(true, self.isr.as_deref(), |writer, item| writer.i32(*item))?;
                Ok(())
            })?;
        }
        if self.leader != -2 {
            tags.add(1, |writer| {
                writer.i32(self.leader);
                Ok(())
            })?;
        }
        if self.replicas.is_some() {
            tags.add(2, |writer| {
                writer
                    .nullable_plain_array(true, self.replicas.as_deref(), |writer, item| writer.i32(*item))?;
                Ok(())
            })?;
        }
        if self.removing_replicas.is_some() {
            tags.add(3, |writer| {
                writer.nullable_plain_array(true, self.removing_replicas.as_deref(), |writer, item| {
                    writer.i32(*item)
                })?;
                Ok(())
            })?;
        }
        if self.adding_replicas.is_some() {
            tags.add(4, |writer| {
                writer.nullable_plain_array(true, self.adding_replicas.as_deref(), |writer, item| {
                    writer.i32(*item)
                })?;
                Ok(())
            })?;
        }
        if self.leader_recovery_state != -1 {
            tags.add(5, |writer| {
                writer.i8(self.leader_recovery_state);
                Ok(())
            })?;
        }
        if version >= 2 && self.eligible_leader_replicas.is_some() {
            tags.add(6, |writer| {
                writer.nullable_plain_array(
                    true,
                    self.eligible_leader_replicas.as_deref(),
                    |writer, item| writer.i32(*item),
                )?;
                Ok(())
            })?;
        }
        if version >= 2 && self.last_known_elr.is_some() {
            tags.add(7, |writer| {
                writer.nullable_plain_array(true, self.last_known_elr.as_deref(), |writer, item| {
                    writer.i32(*item)
                })?;
                Ok(())
            })?;
        }
        if version >= 1 && self.directories.is_some() {
            tags.add(8, |writer| {
                writer.nullable_plain_array(true, self.directories.as_deref(), |writer, item| {
                    writer.uuid(*item)
                })?;
                Ok(())
            })?;
        }
        writer.tagged_fields(&tags);
        Ok(())
    }
}
