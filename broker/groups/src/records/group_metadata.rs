//! The value of a group's metadata.
//!
//! ```text
//! protocol_type string   generation i32   protocol string?   leader string?
//! current_state_timestamp i64 (v2+), -1: none
//! members array of
//!     member_id string   group_instance_id string? (v3+)   client_id string   client_host string
//!     rebalance_timeout i32 ms (v1+), -1: the session's   session_timeout i32 ms
//!     subscription bytes   assignment bytes
//! v4 is flexible.
//! ```

use std::time::Duration;

use bytes::Bytes;
use corelog_model::TimestampMs;

use super::RecordError;
use super::reader::Reader;
use super::writer::Writer;
use crate::{Generation, InstanceId, MemberId};

const NAME: &str = "GroupMetadataValue";
const WRITTEN_VERSION: i16 = 3;

/// A group as its record describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupMetadataValue {
    /// Empty if the group has none.
    pub protocol_type: String,
    /// The generation.
    pub generation: Generation,
    /// The chosen protocol. There is one if there are members.
    pub protocol: Option<String>,
    /// The leader.
    pub leader: Option<MemberId>,
    /// Since when the group is in its state.
    pub current_state_timestamp: Option<TimestampMs>,
    /// The members; none in an empty group.
    pub members: Vec<MemberMetadata>,
}

/// A member as its group's record describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberMetadata {
    /// Its id.
    pub member_id: MemberId,
    /// Its instance id, if it is static.
    pub group_instance_id: Option<InstanceId>,
    /// Its client id.
    pub client_id: String,
    /// Its address.
    pub client_host: String,
    /// How long it may take to rejoin. Whole milliseconds.
    pub rebalance_timeout: Duration,
    /// How long it may be silent. Whole milliseconds.
    pub session_timeout: Duration,
    /// Its metadata for the chosen protocol.
    pub subscription: Bytes,
    /// Its assignment.
    pub assignment: Bytes,
}

impl GroupMetadataValue {
    /// Decodes a value of any version.
    ///
    /// # Errors
    /// If the version is newer than 4 or a field is malformed.
    pub fn decode(bytes: &[u8]) -> Result<GroupMetadataValue, RecordError> {
        let mut reader = Reader::new(bytes);
        let version = reader.read_i16()?;
        if !(0..=4).contains(&version) {
            return Err(RecordError::Version { name: NAME, version });
        }
        let flexible = version >= 4;
        let protocol_type = required(reader.read_nullable_string(flexible)?, "protocol_type")?;
        let generation = reader.read_i32()?;
        let protocol = reader.read_nullable_string(flexible)?;
        let leader = reader.read_nullable_string(flexible)?;
        let timestamp = if version >= 2 { reader.read_i64()? } else { -1 };
        let member_count = reader.read_array_length(flexible)?;
        let mut members = Vec::new();
        for _ in 0..member_count {
            // A member takes at least eleven bytes, so a hostile count ends with the bytes.
            members.push(decode_member(&mut reader, version)?);
        }
        if protocol.is_none() && !members.is_empty() {
            return Err(RecordError::MembersWithoutProtocol);
        }
        Ok(GroupMetadataValue {
            protocol_type,
            generation: Generation::new(generation).ok_or(RecordError::Field {
                field: "generation",
                value: i64::from(generation),
            })?,
            protocol,
            leader: leader.map(|id| MemberId::new(&id)),
            current_state_timestamp: (timestamp != -1).then(|| TimestampMs::new(timestamp)),
            members,
        })
    }

    /// Encodes a value, v3, as Kafka does.
    pub fn encode(&self) -> Bytes {
        let mut writer = Writer::new(WRITTEN_VERSION);
        writer.put_string(&self.protocol_type);
        writer.put_i32(self.generation.get());
        writer.put_nullable_string(self.protocol.as_deref());
        writer.put_nullable_string(self.leader.as_ref().map(MemberId::as_str));
        writer.put_i64(self.current_state_timestamp.map_or(-1, TimestampMs::get));
        writer.put_length(self.members.len());
        for member in &self.members {
            writer.put_string(member.member_id.as_str());
            writer.put_nullable_string(member.group_instance_id.as_ref().map(InstanceId::as_str));
            writer.put_string(&member.client_id);
            writer.put_string(&member.client_host);
            writer.put_i32(milliseconds(member.rebalance_timeout));
            writer.put_i32(milliseconds(member.session_timeout));
            writer.put_bytes(&member.subscription);
            writer.put_bytes(&member.assignment);
        }
        writer.finish()
    }
}

fn decode_member(reader: &mut Reader<'_>, version: i16) -> Result<MemberMetadata, RecordError> {
    let flexible = version >= 4;
    let member_id = required(reader.read_nullable_string(flexible)?, "member_id")?;
    let group_instance_id = if version >= 3 {
        reader.read_nullable_string(flexible)?
    } else {
        None
    };
    let client_id = required(reader.read_nullable_string(flexible)?, "client_id")?;
    let client_host = required(reader.read_nullable_string(flexible)?, "client_host")?;
    let rebalance_timeout = if version >= 1 { reader.read_i32()? } else { -1 };
    let session_timeout = duration(reader.read_i32()?, "session_timeout")?;
    let subscription = reader.read_bytes(flexible)?;
    let assignment = reader.read_bytes(flexible)?;
    if flexible {
        reader.read_tagged_fields(|_, _| Ok(()))?;
    }
    Ok(MemberMetadata {
        member_id: MemberId::new(&member_id),
        group_instance_id: group_instance_id.map(|id| InstanceId::new(&id)),
        client_id,
        client_host,
        rebalance_timeout: match rebalance_timeout {
            -1 => session_timeout,
            _ => duration(rebalance_timeout, "rebalance_timeout")?,
        },
        session_timeout,
        subscription,
        assignment,
    })
}

fn required(text: Option<String>, field: &'static str) -> Result<String, RecordError> {
    text.ok_or(RecordError::Null(field))
}

fn duration(milliseconds: i32, field: &'static str) -> Result<Duration, RecordError> {
    u64::try_from(milliseconds)
        .map(Duration::from_millis)
        .map_err(|_| RecordError::Field {
            field,
            value: i64::from(milliseconds),
        })
}

/// Timeouts come from the wire as `i32` milliseconds, so nothing is lost; a larger one would be capped.
fn milliseconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}
