//! Who makes a server call its devices.
//!
//! A server asks a device for values when one of its users listens to them.
//! How users reach it is no matter of the protocol, so that it takes somebody
//! who knows the server at hand.

use core::fmt;
use core::pin::Pin;
use core::time::Duration;

use iotmp_ref::server::{Hub, Stream};
use iotmp_ref::session::Call;

use super::Credentials;

/// What comes of something asked of a server, or why nothing does.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// Makes a server call the devices that are connected to it.
pub trait Operator: fmt::Debug + Send + Sync {
    /// Listens to a resource of a device, with a value every `interval`.
    ///
    /// It ends when the device has answered what the server asks of it.
    fn listen<'a>(
        &'a self,
        device: &'a Credentials,
        resource: &'a str,
        interval: Duration,
    ) -> Asked<'a, Box<dyn Listener>>;
}

/// A user of a server who listens to a resource, until it is dropped.
pub trait Listener: Send + Sync {
    /// Wants a value every `interval` from now on.
    fn set_interval(&self, interval: Duration) -> Asked<'_, ()>;
}

/// Makes a server of the reference in this process call its devices.
#[derive(Debug)]
pub struct HubOperator(Hub);

impl HubOperator {
    /// An operator that calls by `hub`.
    #[must_use]
    pub const fn new(hub: Hub) -> Self {
        Self(hub)
    }
}

impl Operator for HubOperator {
    fn listen<'a>(
        &'a self,
        device: &'a Credentials,
        resource: &'a str,
        interval: Duration,
    ) -> Asked<'a, Box<dyn Listener>> {
        Box::pin(async move {
            let call = Call::new(resource);
            let stream = self.0.stream(&device.user, &device.device, call, interval);
            match stream.await {
                Ok(stream) => Ok(Box::new(HubListener(stream)) as Box<dyn Listener>),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}

/// A stream of a hub.
struct HubListener(Stream);

impl Listener for HubListener {
    fn set_interval(&self, interval: Duration) -> Asked<'_, ()> {
        Box::pin(async move {
            let set = self.0.set_interval(interval).await;
            set.map_err(|error| error.to_string())
        })
    }
}
