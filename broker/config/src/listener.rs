//! Listener addresses: `NAME://host:port`.

use std::fmt;
use std::net::IpAddr;

/// One listener.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Listener {
    /// The name that `advertised.listeners` refers to, in capitals.
    pub name: String,
    /// A name or an address, an IPv6 one without its brackets; empty is every interface.
    pub host: String,
    /// The port; 0 takes a free one.
    pub port: u16,
}

/// Why text is not a listener.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ListenerError {
    /// No `NAME://`.
    #[error("NAME://host:port, such as PLAINTEXT://:9092; {0:?} lacks the NAME://")]
    NoName(String),
    /// No port, or no number.
    #[error("host:port with a port of 0 to 65535; {0:?} is not")]
    Port(String),
    /// A protocol that is not there.
    #[error("a PLAINTEXT listener; {0} is not available")]
    Protocol(String),
    /// One name or address twice.
    #[error("a list in which each name stands once; {0} stands twice")]
    Twice(String),
    /// Nothing.
    #[error("at least one listener")]
    None,
}

impl Listener {
    /// Parses `NAME://host:port`.
    ///
    /// # Errors
    /// See `ListenerError`.
    pub fn parse(text: &str) -> Result<Listener, ListenerError> {
        let (name, address) = text
            .split_once("://")
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| ListenerError::NoName(text.to_owned()))?;
        let name = name.to_ascii_uppercase();
        if matches!(name.as_str(), "SSL" | "SASL_SSL" | "SASL_PLAINTEXT") {
            return Err(ListenerError::Protocol(name));
        }
        let (host, port) = Listener::parse_host_port(address)?;
        Ok(Listener { name, host, port })
    }

    /// Parses listeners separated by commas.
    ///
    /// # Errors
    /// See `ListenerError`.
    pub fn parse_list(text: &str) -> Result<Vec<Listener>, ListenerError> {
        let mut listeners: Vec<Listener> = Vec::new();
        for element in crate::list::elements(text) {
            let listener = Listener::parse(element)?;
            if listeners.iter().any(|other| other.name == listener.name) {
                return Err(ListenerError::Twice(listener.name));
            }
            listeners.push(listener);
        }
        if listeners.is_empty() {
            return Err(ListenerError::None);
        }
        Ok(listeners)
    }

    /// Parses `host:port`, `[v6]:port` or `:port`.
    ///
    /// # Errors
    /// `Port`.
    pub fn parse_host_port(text: &str) -> Result<(String, u16), ListenerError> {
        let refuse = || ListenerError::Port(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(refuse)?;
        let port = port.parse().map_err(|_| refuse())?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').ok_or_else(refuse)?,
            None if host.contains(':') => return Err(refuse()),
            None => host,
        };
        Ok((host.to_owned(), port))
    }
}

impl Listener {
    /// Whether the host is no place to connect to: it means every interface of whoever uses it (`0.0.0.0`, `::`, in any
    /// way to write them), or is empty.
    pub fn is_any_host(&self) -> bool {
        let is_zero = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte == b'0');
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_unspecified(),
            // `0` and `0.0` are 0.0.0.0 to inet_aton(3), and so to most clients.
            Err(_) => self.host.is_empty() || self.host.split('.').all(is_zero),
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "{}://[{}]:{}", self.name, self.host, self.port)
        } else {
            write!(f, "{}://{}:{}", self.name, self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_parsed() {
        let check = |text: &str, expected: Result<&str, ListenerError>| {
            let parsed = Listener::parse_list(text)
                .map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
            assert_eq!(parsed, expected.map(str::to_owned), "{text}");
        };
        check("PLAINTEXT://:9092", Ok("PLAINTEXT://:9092"));
        check(
            "plaintext://h:0, INTERNAL://[::1]:1",
            Ok("PLAINTEXT://h:0,INTERNAL://[::1]:1"),
        );
        check(":9092", Err(ListenerError::NoName(":9092".into())));
        check("A://h", Err(ListenerError::Port("h".into())));
        check("A://::1:9092", Err(ListenerError::Port("::1:9092".into())));
        check("A://h:65536", Err(ListenerError::Port("h:65536".into())));
        check("A://h:1,A://g:2", Err(ListenerError::Twice("A".into())));
        check("SSL://h:1", Err(ListenerError::Protocol("SSL".into())));
        check("", Err(ListenerError::None));
    }

    #[test]
    fn hosts_that_mean_every_interface() {
        let check = |text: &str, expected: bool| {
            let listener = Listener::parse(text).unwrap();
            assert_eq!(listener.is_any_host(), expected, "{text}");
        };
        for text in [
            "A://:1",
            "A://0.0.0.0:1",
            "A://[::]:1",
            "A://[::ffff:0.0.0.0]:1",
            "A://0:1",
            "A://0.0:1",
        ] {
            check(text, true);
        }
        for text in [
            "A://127.0.0.1:1",
            "A://[::1]:1",
            "A://h:1",
            "A://0.example:1",
            "A://10.0.0.0:1",
        ] {
            check(text, false);
        }
    }
}
