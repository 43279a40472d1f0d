//! Saying what a device is and has.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::time::Duration;

use super::Device;
use super::outcome::IntoOutcome;
use super::resources::{Entry, Request, Resources};
use crate::pson::Value;
use crate::session::dialect::{Dialect, Function};
use crate::session::{Config, Identity, IotmpShipping};
use crate::wire::Encoding;

/// What it is.
impl Device {
    /// A device without resources that speaks the shipping profile.
    #[must_use]
    pub fn new(
        username: impl Into<String>,
        device: impl Into<String>,
        credential: impl Into<String>,
    ) -> Self {
        Self {
            config: Config::new(&IotmpShipping),
            identity: Identity::new(username, device, credential),
            resources: Resources::default(),
            session: None,
            streams: BTreeMap::new(),
        }
    }

    /// Speaks another revision of the protocol, with the limits of that one.
    #[must_use]
    pub fn dialect(mut self, dialect: &'static dyn Dialect) -> Self {
        self.config = Config::new(dialect);
        self
    }

    /// Changes limits and timeouts.
    #[must_use]
    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Sends a keep alive every `interval`, which is in whole seconds.
    #[must_use]
    pub const fn keep_alive(mut self, interval: Duration) -> Self {
        self.identity.keep_alive = Some(interval);
        self
    }

    /// Asks for a version of the protocol other than 0.
    #[must_use]
    pub const fn protocol_version(mut self, version: u64) -> Self {
        self.identity.protocol_version = version;
        self
    }

    /// Asks for an encoding of values, where the revision lets it choose.
    #[must_use]
    pub const fn encoding(mut self, encoding: Encoding) -> Self {
        self.identity.encoding = Some(encoding);
        self
    }

    /// Introduces itself by a token or certificate instead of user, device and
    /// credential, where the revision has that.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.identity.token = Some(token.into());
        self
    }

    /// Says in its Connect what kind of client it is.
    #[must_use]
    pub fn client_type(mut self, client_type: impl Into<String>) -> Self {
        self.identity.client_type = Some(client_type.into());
        self
    }

    /// Says in its Connect which firmware it runs.
    #[must_use]
    pub fn firmware(mut self, firmware: impl Into<String>) -> Self {
        self.identity.firmware = Some(firmware.into());
        self
    }
}

/// What it has. A path may hold `:name`, which stands for any one segment, and
/// end in `*name`, which stands for all that are left. A handler returns
/// nothing, a value, or a `Result` of either.
impl Device {
    /// A resource that gives a value.
    #[must_use]
    pub fn output<R: IntoOutcome>(
        self,
        path: &str,
        mut handler: impl FnMut() -> R + Send + 'static,
    ) -> Self {
        self.output_with(path, move |_| handler())
    }

    /// A resource that gives a value and sees how it was asked for.
    #[must_use]
    pub fn output_with<R: IntoOutcome>(
        self,
        path: &str,
        mut handler: impl FnMut(&Request<'_>) -> R + Send + 'static,
    ) -> Self {
        self.add(path, Function::Output, move |request, _| handler(request))
    }

    /// A resource that takes a value, null where none was sent.
    #[must_use]
    pub fn input<R: IntoOutcome>(
        self,
        path: &str,
        mut handler: impl FnMut(Value) -> R + Send + 'static,
    ) -> Self {
        self.input_with(path, move |_, value| handler(value))
    }

    /// A resource that takes a value and sees how it was asked for.
    #[must_use]
    pub fn input_with<R: IntoOutcome>(
        self,
        path: &str,
        handler: impl FnMut(&Request<'_>, Value) -> R + Send + 'static,
    ) -> Self {
        self.add(path, Function::Input, handler)
    }

    /// A resource that takes a value, null where none was sent, and gives one.
    #[must_use]
    pub fn input_output<R: IntoOutcome>(
        self,
        path: &str,
        mut handler: impl FnMut(Value) -> R + Send + 'static,
    ) -> Self {
        self.input_output_with(path, move |_, value| handler(value))
    }

    /// A resource that takes a value, gives one, and sees how it was asked for.
    #[must_use]
    pub fn input_output_with<R: IntoOutcome>(
        self,
        path: &str,
        handler: impl FnMut(&Request<'_>, Value) -> R + Send + 'static,
    ) -> Self {
        self.add(path, Function::InputOutput, handler)
    }

    /// A resource that only runs.
    #[must_use]
    pub fn run<R: IntoOutcome>(
        self,
        path: &str,
        mut handler: impl FnMut() -> R + Send + 'static,
    ) -> Self {
        self.run_with(path, move |_| handler())
    }

    /// A resource that only runs and sees how it was asked for.
    #[must_use]
    pub fn run_with<R: IntoOutcome>(
        self,
        path: &str,
        mut handler: impl FnMut(&Request<'_>) -> R + Send + 'static,
    ) -> Self {
        self.add(path, Function::Run, move |request, _| handler(request))
    }

    fn add<R: IntoOutcome>(
        mut self,
        path: &str,
        function: Function,
        mut handler: impl FnMut(&Request<'_>, Value) -> R + Send + 'static,
    ) -> Self {
        let handler = move |request: &Request<'_>, value| handler(request, value).into_outcome();
        self.resources.add(path, function, Box::new(handler));
        self
    }
}

/// More about the resource that was named last. Without one they do nothing.
impl Device {
    /// A number that names it as well.
    #[must_use]
    pub fn alias(self, number: u64) -> Self {
        self.change_last(|entry| entry.description_mut().alias = Some(number))
    }

    /// Describes it as one that needs parameters.
    #[must_use]
    pub fn needs_parameters(self) -> Self {
        self.change_last(|entry| entry.description_mut().needs_parameters = true)
    }

    /// Refuses streams of it. One that only runs refuses them anyway.
    #[must_use]
    pub fn no_streams(self) -> Self {
        self.change_last(|entry| entry.description_mut().can_stream = false)
    }

    /// What its input looks like, for Describe. One that gives a value as well
    /// is run on the sample to show that, so this must do no harm.
    #[must_use]
    pub fn sample(self, input: impl Into<Value>) -> Self {
        self.change_last(|entry| entry.set_sample(input.into()))
    }

    fn change_last(mut self, change: impl FnOnce(&mut Entry)) -> Self {
        if let Some(entry) = self.resources.last_added() {
            change(entry);
        }
        self
    }
}
