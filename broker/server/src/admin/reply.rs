//! An answer of the admin port.

use bytes::Bytes;

/// What to answer with.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Reply {
    status: u16,
    body: String,
}

impl Reply {
    /// An answer with this status and text.
    pub(super) fn new(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: body.to_owned(),
        }
    }

    /// As HTTP/1.1 has it.
    pub(super) fn into_bytes(self) -> Bytes {
        let Reply { status, body } = self;
        let reason = match status {
            200 => "OK",
            400 => "Bad Request",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            431 => "Request Header Fields Too Large",
            _ => "Service Unavailable",
        };
        Bytes::from(format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ))
    }
}
