//! Where a connection stands.

/// The state of a connection.
///
/// ```text
///           transport is up
///                  │
///                  ▼
///           ┌────────────┐   anything but Connect, timeout, end
///           │ Connecting ├──────────────────────────────────────┐
///           └──────┬─────┘                                      │
///          Connect │                                            │
///                  ▼                                            │
///         ┌────────────────┐  Error, Disconnect, timeout, end   │
///         │ Authenticating ├──────────────────────────────────┐ │
///         └────────┬───────┘                                  │ │
///               Ok │                                          │ │
///                  ▼                                          ▼ ▼
///              ┌───────┐  Disconnect, keep alive missed,    ┌────────┐
///              │ Ready ├───────────────────────────────────►│ Closed │
///              └───────┘  malformed stream, overflow, end   └────────┘
/// ```
///
/// A device is never seen in `Connecting`: it sends its Connect at once. A
/// server is in `Authenticating` from the Connect until its owner decides, and
/// reads nothing more meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// The device has to introduce itself.
    Connecting,
    /// The server decides on the Connect.
    Authenticating,
    /// Both ends may send requests.
    Ready,
    /// Nothing more is sent or received.
    Closed,
}

/// The end that a session plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end that dialled and has resources.
    Device,
    /// The end that was dialled and decides.
    Server,
}

impl Role {
    /// The role in lower case, as in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Server => "server",
        }
    }
}
