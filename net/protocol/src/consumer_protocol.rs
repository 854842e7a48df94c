//! How consumers of a classic group wrap their subscriptions and assignments (Kafka's `ConsumerProtocol`).
//!
//! The bytes in JoinGroup and SyncGroup are a version, two bytes, and the message in that version. A reader takes a
//! version that is newer than it knows as the newest that it knows, and ignores what follows.

use bytes::Bytes;

use crate::codec::{DecodeError, EncodeError, Reader, VersionError, Writer};
use crate::messages::consumer_protocol::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};

/// The protocol type of consumers in JoinGroup.
pub const PROTOCOL_TYPE: &str = "consumer";

fn read_version(reader: &mut Reader, message: &'static str, last: i16) -> Result<i16, DecodeError> {
    let version = reader.i16()?;
    if version < 0 {
        return Err(VersionError { message, version }.into());
    }
    Ok(version.min(last))
}

impl ConsumerProtocolSubscription {
    /// Decodes a member's metadata in JoinGroup.
    ///
    /// # Errors
    /// See [`DecodeError`]; a negative version is one, a version that is too new is not.
    pub fn from_metadata(bytes: Bytes) -> Result<ConsumerProtocolSubscription, DecodeError> {
        let mut reader = Reader::new(bytes);
        let version = read_version(
            &mut reader,
            "ConsumerProtocolSubscription",
            *ConsumerProtocolSubscription::VERSIONS.end(),
        )?;
        ConsumerProtocolSubscription::decode(&mut reader, version)
    }

    /// Encodes a member's metadata for JoinGroup.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn to_metadata(&self, version: i16) -> Result<Bytes, EncodeError> {
        let mut writer = Writer::new();
        writer.i16(version);
        self.encode(&mut writer, version)?;
        Ok(writer.into_bytes())
    }
}

impl ConsumerProtocolAssignment {
    /// Decodes a member's assignment in SyncGroup.
    ///
    /// # Errors
    /// See [`DecodeError`]; a negative version is one, a version that is too new is not.
    pub fn from_assignment(bytes: Bytes) -> Result<ConsumerProtocolAssignment, DecodeError> {
        let mut reader = Reader::new(bytes);
        let version = read_version(
            &mut reader,
            "ConsumerProtocolAssignment",
            *ConsumerProtocolAssignment::VERSIONS.end(),
        )?;
        ConsumerProtocolAssignment::decode(&mut reader, version)
    }

    /// Encodes a member's assignment for SyncGroup.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn to_assignment(&self, version: i16) -> Result<Bytes, EncodeError> {
        let mut writer = Writer::new();
        writer.i16(version);
        self.encode(&mut writer, version)?;
        Ok(writer.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ConsumerProtocolTest of Kafka's clients: a version that is too new still reads as the newest known one.
    #[test]
    fn a_newer_version_is_read_as_the_newest_known() {
        let subscription = ConsumerProtocolSubscription {
            topics: vec!["foo".into(), "bar".into()],
            generation_id: 7,
            rack_id: Some("a".into()),
            ..ConsumerProtocolSubscription::default()
        };
        let mut bytes = subscription.to_metadata(3).unwrap().to_vec();
        bytes[1] = 100;
        bytes.extend_from_slice(b"what a later version appends");
        let decoded = ConsumerProtocolSubscription::from_metadata(bytes.into()).unwrap();
        assert_eq!(decoded, subscription);
    }

    #[test]
    fn a_negative_version_is_refused() {
        let bytes = Bytes::from_static(&[0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
        let error = ConsumerProtocolAssignment::from_assignment(bytes).unwrap_err();
        assert!(matches!(error, DecodeError::Version(_)), "{error}");
    }

    #[test]
    fn an_assignment_comes_back() {
        use crate::messages::consumer_protocol::AssignedTopicPartitions;
        let assignment = ConsumerProtocolAssignment {
            assigned_partitions: vec![AssignedTopicPartitions {
                topic: "t".into(),
                partitions: vec![0, 1],
            }],
            user_data: None,
        };
        let bytes = assignment.to_assignment(0).unwrap();
        // version, one topic, "t", two partitions, null
        assert_eq!(
            bytes[..],
            [
                0, 0, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255
            ]
        );
        assert_eq!(
            ConsumerProtocolAssignment::from_assignment(bytes).unwrap(),
            assignment
        );
    }
}
