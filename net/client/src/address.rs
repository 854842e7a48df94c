//! Where brokers are: `host:port`.

use std::fmt;
use std::str::FromStr;

/// The port of an address that names none (Kafka's own default).
const PORT_DEFAULT: u16 = 9092;

/// A host and a port, not resolved.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Address {
    /// A name or an address, an IPv6 one without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Why text is not an address.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is not an address: give host:port, such as 127.0.0.1:9092 or [::1]:9092")]
pub struct AddressError(String);

impl Address {
    /// Parses addresses separated by commas.
    ///
    /// # Errors
    /// If one is malformed, or if there is none.
    pub fn parse_list(text: &str) -> Result<Vec<Address>, AddressError> {
        text.split(',').map(str::trim).map(str::parse).collect()
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let refuse = || AddressError(text.to_owned());
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or_else(refuse)?,
            None => match text.find(':') {
                Some(at) => text.split_at(at),
                None => (text, ""),
            },
        };
        let port = match port.strip_prefix(':') {
            Some(number) => number.parse().map_err(|_| refuse())?,
            None if port.is_empty() => PORT_DEFAULT,
            None => return Err(refuse()),
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(refuse());
        }
        Ok(Address {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed() {
        let check = |text: &str, expected: Option<&str>| {
            let parsed = Address::parse_list(text).ok();
            let shown = parsed.map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
            assert_eq!(shown.as_deref(), expected, "{text}");
        };
        check("h:1", Some("h:1"));
        check("h", Some("h:9092"));
        check("h:1, g", Some("h:1,g:9092"));
        check("[::1]:1", Some("[::1]:1"));
        check("[::1]", Some("[::1]:9092"));
        check("h:", None);
        check("h:x", None);
        check(":9092", None);
        check("", None);
        check("h:1,", None);
        check("::1:9092", None);
    }
}
