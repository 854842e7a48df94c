//! The headers of batches, without their records: how data is batched and compressed.

use std::collections::BTreeMap;

use corelog_model::batch::{BatchHeader, parse_header};
use corelog_model::{BatchError, Offset, PartitionIndex};

use crate::client::Client;
use crate::consumer::{ConsumerOptions, fetch_data};
use crate::error::ClientError;

impl Client {
    /// Reads the headers of some batches of each partition, from the offset that stands beside it on, by one fetch from
    /// each leader: at most `options.partition_bytes_max` of a partition. A partition beyond what an answer holds has none.
    ///
    /// # Errors
    /// OFFSET_OUT_OF_RANGE if an offset lies outside its log; else see [`ClientError`].
    pub fn batch_headers(
        &mut self,
        topic: &str,
        from: &BTreeMap<PartitionIndex, Offset>,
        options: &ConsumerOptions,
    ) -> Result<BTreeMap<PartitionIndex, Vec<BatchHeader>>, ClientError> {
        self.retrying(|client| {
            let mut by_leader: BTreeMap<i32, Vec<(PartitionIndex, Offset)>> = BTreeMap::new();
            for (partition, offset) in from {
                let leader = client.cluster().leader(topic, *partition)?;
                by_leader.entry(leader).or_default().push((*partition, *offset));
            }
            let mut found = BTreeMap::new();
            for (leader, partitions) in by_leader {
                for (index, _, data) in fetch_data(client, topic, leader, &partitions, options)? {
                    let bytes = data.records.map(|records| records.into_bytes());
                    let headers = headers(&bytes.unwrap_or_default());
                    found.insert(
                        index,
                        headers.map_err(|source| ClientError::DecodeRecords {
                            topic: topic.to_owned(),
                            partition: index.get(),
                            source: source.into(),
                        })?,
                    );
                }
            }
            Ok(found)
        })
    }
}

/// The headers of the batches that are there as a whole.
fn headers(mut bytes: &[u8]) -> Result<Vec<BatchHeader>, BatchError> {
    let mut headers = Vec::new();
    while !bytes.is_empty() {
        let header = match parse_header(bytes) {
            Ok(header) => header,
            Err(BatchError::Truncated { .. }) => break,
            Err(error) => return Err(error),
        };
        match bytes.get(header.size..) {
            Some(rest) if header.size > 0 => bytes = rest,
            Some(_) | None => break,
        }
        headers.push(header);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::record::{BatchOptions, Record, encode_batch};

    #[test]
    fn whole_batches_are_listed_and_the_cut_one_is_not() {
        let record = Record {
            value: Some(Bytes::from_static(b"v")),
            ..Record::default()
        };
        let batch = encode_batch(&[record.clone(), record], BatchOptions::default()).unwrap();
        let mut bytes = batch.to_vec();
        bytes.extend_from_slice(&batch);
        bytes.extend_from_slice(&batch[..batch.len() - 1]);
        let counts: Vec<_> = headers(&bytes)
            .unwrap()
            .iter()
            .map(|header| header.record_count)
            .collect();
        assert_eq!(counts, [2, 2]);
        assert_eq!(headers(&batch[..5]), Ok(Vec::new()));
        bytes[16] = 1;
        assert_eq!(headers(&bytes), Err(BatchError::Magic(1)));
    }
}
