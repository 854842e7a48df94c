//! The client at the other end of a connection.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::sync::Arc;

use corelog_protocol::ByteStr;
use corelog_runtime::local::Permit;

use super::in_transaction::InTransaction;

/// What a connection knows of its client.
pub struct Client {
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// The name of the listener that it came to: it is told of the addresses that go by that name.
    pub(crate) listener: Arc<str>,
    /// A number of its own within the shard, for logs.
    pub(crate) number: u64,
    /// Held while a long answer of this connection is put together: see [`crate::memory::long_answer`].
    pub(crate) long_answer: RefCell<Option<Permit>>,
    /// What its producer's transaction is known to have.
    pub(crate) in_transaction: RefCell<InTransaction>,
    /// What it has told of itself and asked.
    pub(crate) told: Telling,
}

/// What a client says of itself is kept up to so many characters.
const TEXT_CHARS_MAX: usize = 128;

/// What a client has told of itself and asked, as it goes on.
#[derive(Default)]
pub(crate) struct Telling {
    client_id: RefCell<String>,
    software: RefCell<Option<Software>>,
    requests: Cell<u64>,
    received_bytes: Cell<u64>,
    sent_bytes: Cell<u64>,
}

/// The software of a client (KIP-511).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Software {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
}

/// What a client had told of itself and asked at a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    /// How it called itself last.
    pub(crate) client_id: String,
    /// If it has said so.
    pub(crate) software: Option<Software>,
    /// Requests that came in whole.
    pub(crate) requests: u64,
    /// Bytes of those.
    pub(crate) received_bytes: u64,
    /// Bytes of the answers.
    pub(crate) sent_bytes: u64,
}

impl Telling {
    /// A request of `bytes` came in.
    pub(crate) fn request(&self, bytes: usize, client_id: Option<&ByteStr>) {
        self.requests.set(self.requests.get() + 1);
        self.received_bytes
            .set(self.received_bytes.get() + u64::try_from(bytes).unwrap_or(u64::MAX));
        // Each request names it; text is looked at where it is another one.
        let bytes = client_id.map_or(&[][..], |id| &id.as_bytes()[..]);
        let is_new = self.client_id.borrow().as_bytes() != bytes;
        if is_new {
            let client_id = client_id.map_or("", ByteStr::as_str);
            self.client_id.replace(shortened(client_id).to_owned());
        }
    }

    /// It says what software it is.
    pub(crate) fn software(&self, name: &str, version: &str) {
        self.software.replace(Some(Software {
            name: shortened(name).to_owned(),
            version: shortened(version).to_owned(),
        }));
    }

    /// `bytes` of answers went out.
    pub(crate) fn sent(&self, bytes: usize) {
        self.sent_bytes
            .set(self.sent_bytes.get() + u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    pub(crate) fn snapshot(&self) -> Told {
        Told {
            client_id: self.client_id.borrow().clone(),
            software: self.software.borrow().clone(),
            requests: self.requests.get(),
            received_bytes: self.received_bytes.get(),
            sent_bytes: self.sent_bytes.get(),
        }
    }
}

/// The beginning of a text.
fn shortened(text: &str) -> &str {
    if text.len() <= TEXT_CHARS_MAX {
        return text;
    }
    text.char_indices()
        .nth(TEXT_CHARS_MAX)
        .map_or(text, |(end, _)| &text[..end])
}

impl Client {
    /// A client at the other end, `peer`, that came to `listener`.
    pub fn new(peer: SocketAddr, listener: Arc<str>, number: u64) -> Client {
        Client {
            peer,
            listener,
            number,
            long_answer: RefCell::default(),
            in_transaction: RefCell::default(),
            told: Telling::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_tells_is_kept_and_bounded() {
        let telling = Telling::default();
        telling.request(10, Some(&"a".into()));
        telling.request(20, Some(&"b".into()));
        telling.software("librdkafka", &"é".repeat(500));
        telling.sent(7);
        let told = telling.snapshot();
        assert_eq!((told.client_id.as_str(), told.requests), ("b", 2));
        assert_eq!((told.received_bytes, told.sent_bytes), (30, 7));
        let software = told.software.unwrap();
        assert_eq!(software.version.chars().count(), TEXT_CHARS_MAX);
        telling.request(1, None);
        assert_eq!(telling.snapshot().client_id, "");
    }
}
