//! What the tests over the real kernel share.

use std::future::Future;
use std::path::PathBuf;

use bytes::Bytes;
use corelog_runtime::buffer::AlignedBuf;
use corelog_runtime::{Handle, Shard, ShardsOptions, run_shard_here};
use tempfile::TempDir;

/// A directory on the file system that holds the build, which takes O_DIRECT where /tmp may not.
pub(crate) fn directory() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

pub(crate) fn options(shards: u16) -> ShardsOptions {
    ShardsOptions {
        shards,
        allow_more_shards_than_cores: true,
        ..ShardsOptions::default()
    }
}

/// Runs `main` as one shard on this thread, so that its panics are the test's.
pub(crate) fn on_one_shard<T: 'static, Fut: Future<Output = T> + 'static>(
    main: impl FnOnce(Handle) -> Fut,
) -> T {
    with_options(&options(1), main)
}

pub(crate) fn with_options<T: 'static, Fut: Future<Output = T> + 'static>(
    options: &ShardsOptions,
    main: impl FnOnce(Handle) -> Fut,
) -> T {
    run_shard_here(options, |shard: Shard<()>| main(shard.handle)).unwrap()
}

/// Whole pages, each byte a function of its position and `seed`.
pub(crate) fn pattern(seed: usize, length: usize) -> Bytes {
    let mut buffer = AlignedBuf::zeroed(length);
    for (index, byte) in buffer.iter_mut().enumerate() {
        *byte = u8::try_from((index / 7 + index * 31 + seed * 131) % 251).unwrap();
    }
    buffer.freeze()
}

pub(crate) fn path(directory: &TempDir, name: &str) -> PathBuf {
    directory.path().join(name)
}

/// Runs all futures side by side on this shard and gives their outputs in order.
pub(crate) async fn all<T: 'static>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    futures_util::future::join_all(futures).await
}
