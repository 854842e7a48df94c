//! Asking a broker's admin port.

use std::io::Read;

use corelog_client::Address;

use crate::error::CliError;

/// How long an answer may take, in seconds: `/metrics` of very many partitions takes long.
const SECONDS_MAX: u64 = 60;
/// The most bytes of an answer that are read.
pub(crate) const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// Why the admin port was not heard.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There is no answer.
    #[error(
        "the admin port {address} does not answer: {source}; --admin HOST:PORT names it (the broker's admin.listener)"
    )]
    NoAnswer {
        /// As it was named.
        address: String,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It refuses.
    #[error("the admin port {address} answers {path} with {status}: {text}")]
    Refused {
        /// As it was named.
        address: String,
        /// What was asked for.
        path: String,
        /// HTTP's.
        status: u16,
        /// Its words.
        text: String,
    },
    /// The answer is not what it should be.
    #[error(
        "the admin port {address} answers {path} with what is none: {source}; is it a broker of this release?"
    )]
    Form {
        /// As it was named.
        address: String,
        /// What was asked for.
        path: String,
        /// The cause.
        source: serde_json::Error,
    },
}

/// The port of a broker whose configuration says nothing else.
const PORT: u16 = 9644;

/// A broker's admin port.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    address: String,
}

impl Admin {
    /// The one at `address`: HOST:PORT, or a HOST.
    pub(crate) fn new(address: &str) -> Result<Admin, CliError> {
        let has_port = address.rsplit_once(':').is_some_and(|(host, port)| {
            !port.is_empty()
                && port.chars().all(|c| c.is_ascii_digit())
                && (!host.contains(':') || host.ends_with(']'))
        });
        let text = if has_port {
            address.to_owned()
        } else {
            format!("{address}:{PORT}")
        };
        // The form is that of a broker's address.
        let parsed: Vec<Address> = Address::parse_list(&text)?;
        Ok(Admin {
            address: parsed.first().map_or(text, ToString::to_string),
        })
    }

    /// Asks for a page.
    pub(crate) fn get(&self, path: &str) -> Result<String, AdminError> {
        self.bounded(path, SECONDS_MAX, ANSWER_BYTES_MAX)
    }

    /// Asks for a page: so many seconds may it take, and so many bytes of it are read.
    pub(crate) fn bounded(&self, path: &str, seconds: u64, bytes_max: u64) -> Result<String, AdminError> {
        let no_answer = |source: Box<dyn std::error::Error + Send + Sync>| AdminError::NoAnswer {
            address: self.address.clone(),
            source,
        };
        let response = minreq::get(format!("http://{}{path}", self.address))
            .with_timeout(seconds)
            .with_follow_redirects(false)
            .send_lazy()
            .map_err(|error| no_answer(Box::new(error)))?;
        let status = response.status_code;
        let mut bytes = Vec::new();
        response
            .take(bytes_max)
            .read_to_end(&mut bytes)
            .map_err(|error| no_answer(Box::new(error)))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if status == 200 {
            return Ok(text);
        }
        Err(AdminError::Refused {
            address: self.address.clone(),
            path: path.to_owned(),
            status,
            text: text.trim().chars().take(200).collect(),
        })
    }

    /// Asks for a page in JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, AdminError> {
        let text = self.get(path)?;
        serde_json::from_str(&text).map_err(|source| AdminError::Form {
            address: self.address.clone(),
            path: path.to_owned(),
            source,
        })
    }
}

/// One sample of a page of metrics.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Sample<'a> {
    pub(crate) name: &'a str,
    labels: &'a str,
    pub(crate) value: f64,
}

impl<'a> Sample<'a> {
    /// The value of a label. Names of topics and numbers have nothing that is escaped.
    pub(crate) fn label(&self, name: &str) -> Option<&'a str> {
        self.labels.split(',').find_map(|label| {
            let (found, value) = label.split_once('=')?;
            (found == name).then(|| value.trim_matches('"'))
        })
    }
}

/// The samples of a page in Prometheus' text format.
pub(crate) fn samples(page: &str) -> impl Iterator<Item = Sample<'_>> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}')?),
            None => (series, ""),
        };
        Some(Sample {
            name,
            labels,
            value: value.parse().ok()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_port() {
        let check = |text: &str, expected: Option<&str>| {
            let found = Admin::new(text).ok().map(|admin| admin.address);
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check("h:1", Some("h:1"));
        check("h", Some("h:9644"));
        check("[::1]", Some("[::1]:9644"));
        check("[::1]:7", Some("[::1]:7"));
        check("", None);
    }

    #[test]
    fn samples_are_read() {
        let page = "# HELP a b\na 5\nb{topic=\"t\",partition=\"3\"} 1.5\nnothing\n";
        let found: Vec<_> = samples(page)
            .map(|sample| {
                (
                    sample.name,
                    sample.label("topic"),
                    sample.label("partition"),
                    sample.value,
                )
            })
            .collect();
        assert_eq!(found, [("a", None, None, 5.0), ("b", Some("t"), Some("3"), 1.5)]);
    }
}
