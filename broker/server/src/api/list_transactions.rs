//! ListTransactions (API key 66): the transactional ids that this broker coordinates (KIP-664, KIP-1152).

use corelog_model::ProducerId;
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::list_transactions::{
    ListTransactionsRequest, ListTransactionsResponse, TransactionState,
};
use corelog_transactions::{self as transactions, IdFilter, ListedTransactions, Response, TransactionError};
use regex::Regex;

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::memory::Memory;
use crate::shard::Shards;

/// Asks every coordinator.
pub(crate) async fn handle(
    shards: &Shards,
    memory: &Memory,
    context: &RequestContext,
    request: ListTransactionsRequest,
) -> ListTransactionsResponse {
    // How many there are is not known here.
    memory.answers.begin(context, usize::MAX).await;
    let refuse = |code: ErrorCode| ListTransactionsResponse {
        error_code: code.code(),
        ..Default::default()
    };
    let pattern = request
        .transactional_id_pattern
        .filter(|pattern| !pattern.is_empty());
    let transactional_ids = match pattern.map(|pattern| filter(&pattern)).transpose() {
        Ok(filter) => filter,
        Err(_) => return refuse(ErrorCode::InvalidRegularExpression),
    };
    let wanted = transactions::ListTransactionsRequest {
        producer_ids: request
            .producer_id_filters
            .into_iter()
            .map(ProducerId::new)
            .collect(),
        states: request.state_filters,
        duration_ms: Some(request.duration_filter).filter(|duration| *duration >= 0),
        transactional_ids,
    };
    let mut response = ListTransactionsResponse::default();
    let mut is_told = false;
    for answer in coordinator::list_transactions(shards, &wanted).await {
        match answer {
            Response::ListTransactions(Ok(listed)) => {
                add(&mut response, listed, !is_told);
                is_told = true;
            }
            Response::ListTransactions(Err(TransactionError::CoordinatorLoadInProgress)) => {
                return refuse(ErrorCode::CoordinatorLoadInProgress);
            }
            // One that has gone meanwhile has none.
            Response::ListTransactions(Err(_)) => {}
            _ => unreachable!("a ListTransactions is answered as one"),
        }
    }
    response
}

/// Lets the ids pass that match as a whole.
fn filter(pattern: &str) -> Result<IdFilter, regex::Error> {
    let pattern = Regex::new(&format!("^(?:{pattern})$"))?;
    Ok(IdFilter::new(move |id| pattern.is_match(id)))
}

fn add(response: &mut ListTransactionsResponse, listed: ListedTransactions, tells_unknown: bool) {
    if tells_unknown {
        response.unknown_state_filters = listed.unknown_states;
    }
    let states = listed.transactions.into_iter();
    response
        .transaction_states
        .extend(states.map(|transaction| TransactionState {
            transactional_id: transaction.transactional_id.as_str().to_owned(),
            producer_id: transaction.producer_id.get(),
            transaction_state: transaction.state.as_str().to_owned(),
        }));
}
