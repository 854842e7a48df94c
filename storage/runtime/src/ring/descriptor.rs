//! Descriptors that operations in flight share with their owner: closed once, after the last of both.

use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::rc::Rc;

use super::Offload;

/// An open descriptor. Each operation in flight holds a clone of its `Rc`, so that its number cannot be reused under
/// the kernel's feet.
pub(crate) struct Descriptor {
    fd: ManuallyDrop<OwnedFd>,
    /// Closing a file may free its blocks, if it was unlinked: that is for the helper thread.
    close_on: Option<Rc<Offload>>,
}

impl Descriptor {
    /// Owns a socket's descriptor, closed where it is dropped.
    pub(crate) fn socket(fd: OwnedFd) -> Rc<Descriptor> {
        Rc::new(Descriptor {
            fd: ManuallyDrop::new(fd),
            close_on: None,
        })
    }

    /// Owns a file's descriptor, closed on the helper thread.
    pub(crate) fn file(fd: OwnedFd, offload: Rc<Offload>) -> Rc<Descriptor> {
        Rc::new(Descriptor {
            fd: ManuallyDrop::new(fd),
            close_on: Some(offload),
        })
    }

    /// The number, valid as long as this lives.
    pub(crate) fn number(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: taken once, here, and `self` is not used afterwards.
        let fd = unsafe { ManuallyDrop::take(&mut self.fd) };
        match self.close_on.take() {
            Some(offload) => offload.detach(move || drop(fd)),
            None => drop(fd),
        }
    }
}
