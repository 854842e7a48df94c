//! A broker's error for one item of a request.

use std::fmt;

use corelog_protocol::ErrorCode;

/// An error code with the broker's words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiError {
    code: i16,
    message: Option<String>,
}

impl ApiError {
    /// The result that a code with a message stands for.
    pub(crate) fn check(code: i16, message: Option<&String>) -> Result<(), ApiError> {
        if code == ErrorCode::None.code() {
            return Ok(());
        }
        Err(ApiError {
            code,
            message: message.cloned().filter(|message| !message.is_empty()),
        })
    }

    /// The code; `None` if it is newer than this client.
    pub fn code(&self) -> Option<ErrorCode> {
        ErrorCode::from_code(self.code)
    }

    /// The code on the wire.
    pub fn raw_code(&self) -> i16 {
        self.code
    }

    /// Whether trying again may help.
    pub fn is_retriable(&self) -> bool {
        ErrorCode::is_retriable_code(self.code)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code(), &self.message) {
            (Some(code), Some(message)) => write!(f, "{message} ({})", code.name()),
            (Some(code), None) => write!(f, "{} ({})", code.message(), code.name()),
            (None, Some(message)) => write!(f, "{message} (error {})", self.code),
            (None, None) => write!(f, "error {}", self.code),
        }
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_error_is_a_sentence() {
        let check = |code: i16, message: Option<&str>, expected: &str| {
            let message = message.map(str::to_owned);
            let shown = ApiError::check(code, message.as_ref()).map_err(|error| error.to_string());
            assert_eq!(shown, Err(expected.to_owned()));
        };
        check(
            36,
            Some("Topic 'a' exists."),
            "Topic 'a' exists. (TOPIC_ALREADY_EXISTS)",
        );
        check(
            36,
            Some(""),
            "a topic of this name exists already (TOPIC_ALREADY_EXISTS)",
        );
        check(9999, None, "error 9999");
        assert_eq!(ApiError::check(0, None), Ok(()));
    }
}
