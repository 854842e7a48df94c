//! Where a partition's leader is, as Produce and Fetch tell a client that asked the wrong broker (KIP-951).
//! These structs travel in tagged fields alone, so they are always in flexible form.

use crate::codec::{DecodeError, EncodeError, Reader, Writer};

/// A partition's leader; by default unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeaderIdAndEpoch {
    /// The broker, or -1.
    pub leader_id: i32,
    /// Its reign, or -1.
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> LeaderIdAndEpoch {
        LeaderIdAndEpoch {
            leader_id: -1,
            leader_epoch: -1,
        }
    }
}

impl LeaderIdAndEpoch {
    pub(crate) fn decode(reader: &mut Reader) -> Result<LeaderIdAndEpoch, DecodeError> {
        let leader = LeaderIdAndEpoch {
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(leader)
    }

    pub(crate) fn encode(self, writer: &mut Writer) {
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.no_tagged_fields();
    }
}

/// How to reach a broker.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NodeEndpoint {
    /// The broker.
    pub node_id: i32,
    /// Its host name.
    pub host: String,
    /// Its port.
    pub port: i32,
    /// Its rack, if it has one.
    pub rack: Option<String>,
}

impl NodeEndpoint {
    /// The fewest bytes an endpoint takes.
    pub(crate) const SIZE_MIN: usize = 11;

    pub(crate) fn decode(reader: &mut Reader) -> Result<NodeEndpoint, DecodeError> {
        let endpoint = NodeEndpoint {
            node_id: reader.i32()?,
            host: reader.string(true)?,
            port: reader.i32()?,
            rack: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(endpoint)
    }

    pub(crate) fn encode(writer: &mut Writer, endpoint: &NodeEndpoint) -> Result<(), EncodeError> {
        writer.i32(endpoint.node_id);
        writer.string(true, &endpoint.host)?;
        writer.i32(endpoint.port);
        writer.nullable_string(true, endpoint.rack.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }
}
