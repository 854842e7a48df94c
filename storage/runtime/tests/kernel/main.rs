//! The real form of the seams over the real kernel: files on the file system of the build, sockets on loopback.

mod common;
mod files;
mod mailbox;
mod shards;
mod sockets;
