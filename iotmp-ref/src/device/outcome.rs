//! What handlers give back.

use alloc::string::{String, ToString};
use core::fmt;

use crate::pson::{Map, Value};
use crate::session::Reply;

/// Key of the text in the payload of an Error.
pub(crate) const ERROR_KEY: &str = "error";

/// What a handler gives: perhaps a value, or why not.
pub type Outcome = Result<Option<Value>, Failure>;

/// Whatever a handler may return: nothing, anything that is a [`Value`], or a
/// `Result` of either with a [`Failure`].
pub trait IntoOutcome {
    /// The outcome.
    ///
    /// # Errors
    /// The failure that the handler returned.
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Ok(None)
    }
}

impl<T: Into<Value>> IntoOutcome for T {
    fn into_outcome(self) -> Outcome {
        Ok(Some(self.into()))
    }
}

impl<T: IntoOutcome, E: Into<Failure>> IntoOutcome for Result<T, E> {
    fn into_outcome(self) -> Outcome {
        self.map_err(Into::into)?.into_outcome()
    }
}

/// Why a resource could not do what it was asked for. It travels as an Error
/// with the code as parameters, where the revision has parameters of answers, and
/// `{"error": text}` as payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    code: Option<Value>,
    text: String,
}

impl Failure {
    /// A failure that says what went wrong.
    #[must_use]
    pub fn new(text: impl fmt::Display) -> Self {
        Self {
            code: None,
            text: text.to_string(),
        }
    }

    /// The same failure with a code.
    #[must_use]
    pub fn code(mut self, code: impl Into<Value>) -> Self {
        self.code = Some(code.into());
        self
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        Self {
            parameters: failure.code,
            payload: Some(Map::from([(ERROR_KEY, failure.text)]).into()),
        }
    }
}

impl From<&str> for Failure {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl core::error::Error for Failure {}
