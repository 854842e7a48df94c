//! The metadata in force, and changes of it: asked of the controller, kept in its log, acted on by every shard.

mod change;
pub(crate) mod internal_topics;
mod load;
mod producer_ids;
mod publish;
pub(crate) mod topics;
mod transactions;

pub use change::{change, register};
pub use load::{embedded, load};
pub(crate) use producer_ids::next_producer_id;
pub use publish::publish;
pub use topics::ApplyError;
