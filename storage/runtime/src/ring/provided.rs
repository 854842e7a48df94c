//! The provided buffers: the kernel takes one when bytes have come, so that an idle connection holds none.
//!
//! Laid out as io_uring_register_buf_ring(3) says: an array of 16-byte entries at a page's boundary, whose tail lies
//! in the reserved field of the first. We are the only producer, the kernel the only consumer. A buffer is copied out
//! of and given back in the same reap, so all of them are the kernel's whenever we enter it.

use std::io;
use std::sync::atomic::{AtomicU16, Ordering};

use bytes::Bytes;
use io_uring::IoUring;
use io_uring::types::BufRingEntry;

use crate::buffer::{AlignedBuf, PAGE};

/// Bytes of one buffer.
pub(super) const BUFFER_SIZE: usize = 16 * 1024;
/// The same, as an entry holds it.
const BUFFER_BYTES: u32 = 16 * 1024;
const _: () = assert!(BUFFER_BYTES as usize == BUFFER_SIZE);
/// The group that `recv` names.
pub(super) const GROUP: u16 = 0;

const ENTRY_SIZE: usize = size_of::<BufRingEntry>();
const _: () = assert!(ENTRY_SIZE == 16);

/// The registered ring and its buffers. Dropped only after the io_uring that it is registered with.
pub(super) struct ProvidedBuffers {
    ring: AlignedBuf,
    buffers: AlignedBuf,
    count: u16,
    tail: u16,
}

impl ProvidedBuffers {
    /// Registers `count` buffers, a power of two.
    pub(super) fn register(uring: &IoUring, count: u16) -> io::Result<ProvidedBuffers> {
        assert!(
            count.is_power_of_two() && count <= 1 << 15,
            "a ring of {count} buffers"
        );
        let ring_size = (usize::from(count) * ENTRY_SIZE).next_multiple_of(PAGE);
        let mut provided = ProvidedBuffers {
            ring: AlignedBuf::zeroed(ring_size),
            buffers: AlignedBuf::zeroed(usize::from(count) * BUFFER_SIZE),
            count,
            tail: 0,
        };
        let address = provided.ring.as_mut_ptr() as u64;
        // SAFETY: `address` is page-aligned and valid for `count` entries; `self.ring` keeps it until after the ring
        // is gone (see the type's contract, kept by `Core`'s field order and its `Drop`).
        unsafe {
            uring
                .submitter()
                .register_buf_ring_with_flags(address, count, GROUP, 0)?;
        }
        for id in 0..count {
            provided.put(id);
        }
        provided.publish();
        Ok(provided)
    }

    /// Copies `length` bytes out of buffer `id` and gives it back to the kernel.
    pub(super) fn take(&mut self, id: u16, length: usize) -> Bytes {
        assert!(
            id < self.count && length <= BUFFER_SIZE,
            "buffer {id} with {length} bytes"
        );
        let start = usize::from(id) * BUFFER_SIZE;
        let bytes = Bytes::copy_from_slice(&self.buffers[start..start + length]);
        self.give_back(id);
        bytes
    }

    /// Gives buffer `id` back to the kernel.
    pub(super) fn give_back(&mut self, id: u16) {
        self.put(id);
        self.publish();
    }

    fn put(&mut self, id: u16) {
        let address = self.buffers[usize::from(id) * BUFFER_SIZE..].as_ptr() as u64;
        let slot = usize::from(self.tail & (self.count - 1));
        let entries: *mut BufRingEntry = self.ring.as_mut_ptr().cast();
        // SAFETY: `slot < count`, the memory holds `count` initialized entries at a page's alignment, and the kernel
        // reads an entry only once the tail has passed it. The setters leave the reserved field alone, in which the
        // tail lies.
        unsafe {
            let entry = &mut *entries.add(slot);
            entry.set_addr(address);
            entry.set_len(BUFFER_BYTES);
            entry.set_bid(id);
        }
        self.tail = self.tail.wrapping_add(1);
    }

    fn publish(&mut self) {
        let entries: *const BufRingEntry = self.ring.as_ptr().cast();
        // SAFETY: the first entry is initialized memory of ours; its reserved field is aligned for a u16, and the
        // kernel reads it while we write it, hence the atomic.
        let tail = unsafe { AtomicU16::from_ptr(BufRingEntry::tail(entries).cast_mut()) };
        tail.store(self.tail, Ordering::Release);
    }
}
