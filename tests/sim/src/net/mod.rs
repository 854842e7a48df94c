//! A network between machines that delays, splits, holds up and cuts.

mod network;
mod pipe;
mod seam;

pub use network::NetOptions;
pub(crate) use network::{Network, address_of};
pub(crate) use seam::SimNet;
