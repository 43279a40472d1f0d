//! What a device may run on the server.

use crate::device::Failure;
use crate::pson::Value;
use crate::session::{Reply, Resource};

/// Runs a resource of the server for a device.
///
/// # Errors
/// What the Error says. There is no resource yet.
pub(super) fn run(
    resource: &Resource,
    _parameters: Option<Value>,
    _payload: Option<Value>,
) -> Result<Reply, Reply> {
    Err(unknown(resource))
}

/// Opens a stream of a resource of the server for a device.
///
/// # Errors
/// What the Error says. There is no resource yet.
pub(super) fn start_stream(resource: &Resource) -> Result<Reply, Reply> {
    Err(unknown(resource))
}

fn unknown(resource: &Resource) -> Reply {
    // A name that came from outside is not sent back at any length.
    let name = super::shown(&alloc::string::ToString::to_string(resource));
    Failure::new(alloc::format!("no resource {name} on this server")).into()
}
