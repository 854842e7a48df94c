//! What the C library says of itself.

#![expect(unsafe_code, reason = "the C library's version has no safe wrapper")]

use std::ffi::CStr;

/// Its release, such as "2.36".
pub(super) fn version() -> String {
    // SAFETY: gnu_get_libc_version(3) takes nothing and returns a pointer to a constant string that ends with a zero.
    let text = unsafe { CStr::from_ptr(libc::gnu_get_libc_version()) };
    text.to_string_lossy().into_owned()
}
