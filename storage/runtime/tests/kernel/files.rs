//! Files over the real kernel, on the file system that holds the build.

use std::rc::Rc;

use crate::common::{all, directory, on_one_shard, path, pattern, with_options};
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::{DirectIoRefused, File, Handle, IoOperation, OpenOptions, ShardsOptions};

const NEW: OpenOptions = OpenOptions {
    write: true,
    create: true,
    create_new: false,
    truncate: false,
    direct: true,
};
const NEW_BUFFERED: OpenOptions = OpenOptions { direct: false, ..NEW };

async fn read(file: &Rc<dyn File>, position: u64, length: usize) -> Vec<u8> {
    let (result, buffer) = file.read_at(position, AlignedBuf::zeroed(length)).await;
    buffer[..result.unwrap()].to_vec()
}

#[test]
fn direct_file_round_trip() {
    let directory = directory();
    let file_path = path(&directory, "a");
    on_one_shard(async move |handle: Handle| {
        let file = handle.disk.open(&file_path, NEW).await.unwrap();
        assert!(file.is_direct());
        let (first, second) = (pattern(1, 3 * PAGE), pattern(2, 64 * PAGE));
        file.write_at(0, first.clone()).await.unwrap();
        file.write_durably_at(3 * PAGE as u64, second.clone())
            .await
            .unwrap();
        file.sync().await.unwrap();
        assert_eq!(file.size().await.unwrap(), 67 * PAGE as u64);
        assert_eq!(read(&file, 0, 3 * PAGE).await, first);
        assert_eq!(read(&file, 3 * PAGE as u64, 64 * PAGE).await, second);

        file.allocate(100 * PAGE as u64).await.unwrap();
        assert_eq!(file.size().await.unwrap(), 100 * PAGE as u64);
        assert_eq!(read(&file, 67 * PAGE as u64, PAGE).await, vec![0; PAGE]);
        file.allocate(PAGE as u64).await.unwrap();
        assert_eq!(
            file.size().await.unwrap(),
            100 * PAGE as u64,
            "allocate never shrinks"
        );

        file.truncate(2 * PAGE as u64).await.unwrap();
        assert_eq!(file.size().await.unwrap(), 2 * PAGE as u64);
        assert_eq!(read(&file, 0, 8 * PAGE).await, &first[..2 * PAGE]);
    });
}

#[test]
fn reads_stop_at_the_end_of_the_file() {
    let directory = directory();
    for direct in [true, false] {
        let file_path = path(&directory, "b");
        on_one_shard(async move |handle: Handle| {
            let options = OpenOptions { direct, ..NEW };
            let file = handle.disk.open(&file_path, options).await.unwrap();
            let data = pattern(3, 2 * PAGE);
            file.write_at(0, data.clone()).await.unwrap();
            file.truncate(5000).await.unwrap();
            assert_eq!(read(&file, 0, 4 * PAGE).await, &data[..5000]);
            assert_eq!(read(&file, PAGE as u64, PAGE).await, &data[PAGE..5000]);
            assert_eq!(read(&file, 2 * PAGE as u64, PAGE).await, b"");
        });
    }
}

#[test]
fn directories_and_names() {
    let directory = directory();
    let root = path(&directory, "x/y/z");
    on_one_shard(async move |handle: Handle| {
        let disk = &handle.disk;
        disk.create_dir_all(&root).await.unwrap();
        disk.create_dir_all(&root).await.unwrap();
        for name in ["c", "a", "b"] {
            disk.open(&root.join(name), NEW_BUFFERED).await.unwrap();
        }
        assert_eq!(disk.list_dir(&root).await.unwrap(), ["a", "b", "c"]);
        disk.rename(&root.join("a"), &root.join("b")).await.unwrap();
        disk.remove_file(&root.join("c")).await.unwrap();
        disk.sync_dir(&root).await.unwrap();
        disk.sync_filesystem(&root).await.unwrap();
        assert_eq!(disk.list_dir(&root).await.unwrap(), ["b"]);

        let error = disk.remove_dir(&root).await.unwrap_err();
        assert_eq!(error.operation, IoOperation::Remove);
        assert_eq!(error.path, root);
        disk.remove_file(&root.join("b")).await.unwrap();
        disk.remove_dir(&root).await.unwrap();
        assert!(disk.list_dir(&root).await.unwrap_err().is_not_found());
        assert!(disk.rename(&root, &root).await.unwrap_err().is_not_found());
    });
}

#[test]
fn open_options_are_kept() {
    let directory = directory();
    let file_path = path(&directory, "f");
    on_one_shard(async move |handle: Handle| {
        let disk = &handle.disk;
        let missing = disk.open(&file_path, OpenOptions::default()).await;
        assert!(missing.err().unwrap().is_not_found());
        let create_new = OpenOptions {
            create_new: true,
            ..NEW
        };
        let file = disk.open(&file_path, create_new).await.unwrap();
        file.write_at(0, pattern(0, PAGE)).await.unwrap();
        let error = disk.open(&file_path, create_new).await.err().unwrap();
        assert_eq!(error.source.kind(), std::io::ErrorKind::AlreadyExists);
        let truncated = OpenOptions {
            truncate: true,
            ..NEW
        };
        let file = disk.open(&file_path, truncated).await.unwrap();
        assert_eq!(file.size().await.unwrap(), 0);
        let read_only = disk.open(&file_path, OpenOptions::default()).await.unwrap();
        let error = read_only.write_at(0, pattern(0, PAGE)).await.unwrap_err();
        assert_eq!(error.operation, IoOperation::Write);
    });
}

#[test]
fn more_operations_than_the_ring_holds() {
    let directory = directory();
    let file_path = path(&directory, "many");
    let options = ShardsOptions {
        disk_operations_max: 8,
        network_operations_max: 8,
        ..crate::common::options(1)
    };
    with_options(&options, async move |handle: Handle| {
        let file = handle.disk.open(&file_path, NEW).await.unwrap();
        let count = 3000;
        let position = |index: usize| (index * PAGE) as u64;
        let writes = (0..count).map(|index| file.write_at(position(index), pattern(index, PAGE)));
        for result in all(writes.collect()).await {
            result.unwrap();
        }
        let reads = (0..count).map(|index| file.read_at(position(index), AlignedBuf::zeroed(PAGE)));
        for (index, (result, buffer)) in all(reads.collect()).await.into_iter().enumerate() {
            assert_eq!(result.unwrap(), PAGE);
            assert_eq!(buffer[..], pattern(index, PAGE)[..]);
        }
    });
}

/// Polls each future once, so that its operation is under way, and drops it.
#[test]
fn dropped_futures_leave_their_operations() {
    let directory = directory();
    let file_path = path(&directory, "dropped");
    on_one_shard(async move |handle: Handle| {
        let file = handle.disk.open(&file_path, NEW).await.unwrap();
        for index in 0..200usize {
            let write = file.write_at((index * PAGE) as u64, pattern(index, PAGE));
            assert!(futures_util::FutureExt::now_or_never(write).is_none());
            let read = file.read_at(0, AlignedBuf::zeroed(64 * PAGE));
            drop(futures_util::FutureExt::now_or_never(read));
        }
        // A sync begins after the writes in the same batch but need not wait for them; reading them back does.
        loop {
            if file.size().await.unwrap() == 200 * PAGE as u64 {
                break;
            }
        }
        for index in 0..200 {
            // Written out of order: a page may still be zeros for a moment.
            while read(&file, (index * PAGE) as u64, PAGE).await != pattern(index, PAGE) {}
        }
    });
}

#[test]
#[should_panic(expected = "misaligned direct write of 4096 bytes")]
fn misaligned_direct_writes_panic() {
    let directory = directory();
    let file_path = path(&directory, "misaligned");
    on_one_shard(async move |handle: Handle| {
        let file = handle.disk.open(&file_path, NEW).await.unwrap();
        let _panics = file.write_at(512, pattern(0, PAGE)).await;
    });
}

/// proc(5) refuses O_DIRECT with EINVAL on every kernel, which a tmpfs no longer does on new ones.
#[test]
fn refused_direct_io_is_an_error_or_a_fallback() {
    let refusing = "/proc/self/status";
    let direct = OpenOptions {
        direct: true,
        ..OpenOptions::default()
    };
    on_one_shard(async move |handle: Handle| {
        let error = handle.disk.open(refusing.as_ref(), direct).await.err().unwrap();
        assert!(DirectIoRefused::is_cause_of(&error), "{error}");
        assert_eq!(
            error.to_string(),
            "open /proc/self/status: the file system refuses direct I/O (O_DIRECT), and buffered I/O is not allowed"
        );
    });
    let options = ShardsOptions {
        allow_buffered: true,
        ..crate::common::options(1)
    };
    with_options(&options, async move |handle: Handle| {
        let file = handle.disk.open(refusing.as_ref(), direct).await.unwrap();
        assert!(!file.is_direct());
        assert!(!read(&file, 0, PAGE).await.is_empty());
    });
}
