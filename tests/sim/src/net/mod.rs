//! The network.

mod unplugged;

pub(crate) use unplugged::Unplugged;
