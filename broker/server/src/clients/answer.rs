//! The answer to a request.

use corelog_protocol::codec::Pieces;
use corelog_runtime::local::Permit;

/// What becomes of a request.
pub enum Answer {
    /// A whole response frame, its size included.
    Send(Pieces),
    /// The same, with the memory that it holds beyond its request's: that of fetched records, or of a long answer.
    Records(Pieces, Permit),
    /// No response is due (acks=0).
    Silence,
    /// The connection is to be closed, for this reason.
    Close(String),
}
