//! PartitionRecord (metadata record 3). Generated from `schema/partition_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, TaggedFields, Writer, check_version};

/// PartitionRecord, versions 0 to 2, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionRecord {
    /// Default -1.
    pub partition_id: i32,
    pub topic_id: TopicId,
    pub replicas: Vec<i32>,
    pub isr: Vec<i32>,
    pub removing_replicas: Vec<i32>,
    pub adding_replicas: Vec<i32>,
    /// Default -1.
    pub leader: i32,
    /// Tag 0.
    pub leader_recovery_state: i8,
    /// Default -1.
    pub leader_epoch: i32,
    /// Default -1.
    pub partition_epoch: i32,
    /// From version 1.
    pub directories: Vec<TopicId>,
    /// From version 2; tag 1; nullable.
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// From version 2; tag 2; nullable.
    pub last_known_elr: Option<Vec<i32>>,
}

impl Default for PartitionRecord {
    fn default() -> PartitionRecord {
        PartitionRecord {
            partition_id: -1,
            topic_id: TopicId::ZERO,
            replicas: Vec::new(),
            isr: Vec::new(),
            removing_replicas: Vec::new(),
            adding_replicas: Vec::new(),
            leader: -1,
            leader_recovery_state: 0,
            leader_epoch: -1,
            partition_epoch: -1,
            directories: Vec::new(),
            eligible_leader_replicas: None,
            last_known_elr: None,
        }
    }
}

impl PartitionRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<PartitionRecord, DecodeError> {
        check_version("PartitionRecord", version, PartitionRecord::VERSIONS)?;
        let mut message = PartitionRecord {
            partition_id: reader.i32()?,
            topic_id: reader.uuid()?,
            replicas: reader.array(true, 4, Reader::i32)?,
            isr: reader.array(true, 4, Reader::i32)?,
            removing_replicas: reader.array(true, 4, Reader::i32)?,
            adding_replicas: reader.array(true, 4, Reader::i32)?,
            leader: reader.i32()?,
            leader_recovery_state: 0,
            leader_epoch: reader.i32()?,
            partition_epoch: reader.i32()?,
            directories: if version >= 1 {
                reader.array(true, 16, Reader::uuid)?
            } else {
                Vec::new()
            },
            eligible_leader_replicas: None,
            last_known_elr: None,
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => message.leader_recovery_state = reader.i8()?,
                1 if version >= 2 => {
                    message.eligible_leader_replicas = reader.nullable_array(true, 4, Reader::i32)?
                }
                2 if version >= 2 => message.last_known_elr = reader.nullable_array(true, 4, Reader::i32)?,
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
        check_version("PartitionRecord", version, PartitionRecord::VERSIONS)?;
        writer.i32(self.partition_id);
        writer.uuid(self.topic_id);
        writer.plain_array(true, &self.replicas, |writer, item| writer.i32(*item))?;
        writer.plain_array(true, &self.isr, |writer, item| writer.i32(*item))?;
        writer.plain_array(true, &self.removing_replicas, |writer, item| writer.i32(*item))?;
        writer.plain_array(true, &self.adding_replicas, |writer, item| writer.i32(*item))?;
        writer.i32(self.leader);
        writer.i32(self.leader_epoch);
        writer.i32(self.partition_epoch);
        if version >= 1 {
            writer.plain_array(true, &self.directories, |writer, item| writer.uuid(*item))?;
        } else if !self.directories.is_empty() {
            return Err(EncodeError::absent("PartitionRecord", "directories", version));
        }
        if version < 2 && self.eligible_leader_replicas.is_some() {
            return Err(EncodeError::absent(
                "PartitionRecord",
                "eligible_leader_replicas",
                version,
            ));
        }
        if version < 2 && self.last_known_elr.is_some() {
            return Err(EncodeError::absent("PartitionRecord", "last_known_elr", version));
        }
        let mut tags = TaggedFields::new();
        if self.leader_recovery_state != 0 {
            tags.add(0, |writer| {
                writer.i8(self.leader_recovery_state);
                Ok(())
            })?;
        }
        if version >= 2 && self.eligible_leader_replicas.is_some() {
            tags.add(1, |writer| {
                writer.nullable_plain_array(
                    true,
                    self.eligible_leader_replicas.as_deref(),
                    |writer, item| writer.i32(*item),
                )?;
                Ok(())
            })?;
        }
        if version >= 2 && self.last_known_elr.is_some() {
            tags.add(2, |writer| {
                writer.nullable_plain_array(true, self.last_known_elr.as_deref(), |writer, item| {
                    writer.i32(*item)
                })?;
                Ok(())
            })?;
        }
        writer.tagged_fields(&tags);
        Ok(())
    }
}
