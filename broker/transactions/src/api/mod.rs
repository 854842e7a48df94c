//! What goes into a coordinator and what comes out. Plain data, no wire format.

mod event;
mod queries;
mod requests;

pub use event::{Action, Event, MarkerOutcome, Now, Request, Response, WriteMarkers};
pub use queries::{
    DescribedTransaction, IdFilter, ListTransactionsRequest, ListedTransaction, ListedTransactions,
};
pub use requests::{
    AddPartitionsRequest, EndTransactionRequest, InitProducerIdRequest, ProducerIdAndEpoch,
    VerifyPartitionsRequest,
};
