//! What stands behind a subject: what the wire does not show, and what makes a subject speak first.

use core::fmt;
use core::pin::Pin;
use std::sync::Arc;

/// Something to ask of the application behind a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Of that behind a server: a command to the device; what comes of it is the answer.
    Command(Option<Vec<u8>>),
    /// Of that behind a server: whether a device's payload has arrived.
    Arrived(Vec<u8>),
    /// Of that behind a device: data to the server.
    Data(Vec<u8>),
    /// Of that behind a device: a heartbeat to the server.
    Heartbeat(Option<Vec<u8>>),
    /// Of that behind a device: the end of its login.
    Logout,
    /// Of that behind a device: whether a command's payload has arrived.
    Heard(Option<Vec<u8>>),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// The application cannot do that.
    #[error("the application behind the subject cannot be asked for that")]
    Unable,
    /// It was done and failed, or did not come to pass.
    #[error("{0}")]
    Failed(String),
}

/// What comes of an [`Ask`].
pub type Answering = Pin<Box<dyn Future<Output = Result<Option<Vec<u8>>, Unheard>> + Send>>;

type Doing = dyn Fn(Ask) -> Answering + Send + Sync;

/// The application behind a subject.
#[derive(Clone)]
pub struct Application {
    doing: Arc<Doing>,
    /// A payload that the server takes; none where it takes any but the next two.
    pub right_payload: Option<Vec<u8>>,
    /// A payload that has not the structure that the server wants.
    pub wrong_payload: Option<Vec<u8>>,
    /// A payload on which the server fails.
    pub failing_payload: Option<Vec<u8>>,
}

impl Application {
    /// An application that does this.
    pub fn new(doing: impl Fn(Ask) -> Answering + Send + Sync + 'static) -> Self {
        Self {
            doing: Arc::new(doing),
            right_payload: None,
            wrong_payload: None,
            failing_payload: None,
        }
    }

    /// Asks for something.
    #[must_use]
    pub fn ask(&self, ask: Ask) -> Answering {
        (self.doing)(ask)
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Application(..)")
    }
}
