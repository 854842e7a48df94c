//! DescribeTransactions (API key 65): where transactional ids stand (KIP-664).

use corelog_protocol::messages::describe_transactions::{
    DescribeTransactionsRequest, DescribeTransactionsResponse, TopicData, TransactionState,
};
use corelog_transactions::{DescribedTransaction, Request, Response, TransactionalId};
use futures_util::future::join_all;

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::transaction_code;
use crate::shard::Shards;

/// Asks the coordinator of each.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    context: &RequestContext,
    request: DescribeTransactionsRequest,
) -> DescribeTransactionsResponse {
    let asked = request.transactional_ids.iter().map(|id| {
        let describe = Request::DescribeTransaction(TransactionalId::new(id));
        coordinator::ask_of_transactions(metadata, shards, id, describe)
    });
    let answers = join_all(asked.collect::<Vec<_>>()).await;
    let states = request.transactional_ids.into_iter().zip(answers);
    DescribeTransactionsResponse {
        transaction_states: states
            .map(|(transactional_id, answer)| match answer {
                Response::DescribeTransaction(Ok(described)) => state(*described),
                Response::DescribeTransaction(Err(error)) => TransactionState {
                    error_code: transaction_code(error, context.api, context.version).code(),
                    transactional_id,
                    ..Default::default()
                },
                _ => unreachable!("a DescribeTransaction is answered as one"),
            })
            .collect(),
        ..Default::default()
    }
}

fn state(described: DescribedTransaction) -> TransactionState {
    let mut topics: Vec<TopicData> = Vec::new();
    for partition in described.partitions {
        let index = partition.partition.get();
        match topics.last_mut() {
            Some(topic) if topic.topic == partition.topic.as_str() => topic.partitions.push(index),
            _ => topics.push(TopicData {
                topic: partition.topic.as_str().to_owned(),
                partitions: vec![index],
            }),
        }
    }
    TransactionState {
        error_code: 0,
        transactional_id: described.transactional_id.as_str().to_owned(),
        transaction_state: described.state.as_str().to_owned(),
        transaction_timeout_ms: described.timeout_ms,
        transaction_start_time_ms: described.start.map_or(-1, |start| start.get()),
        producer_id: described.producer_id.get(),
        producer_epoch: described.producer_epoch.get(),
        topics,
    }
}
