//! Which devices there are, and who may log them in.

use alloc::string::{String, ToString};
use core::fmt;
use std::collections::{HashMap, HashSet};

use subtle::{Choice, ConstantTimeEq};

use crate::message::nubison::ErrorCode;
use crate::nubison::{DeviceKey, Identity, LoginRequest};

/// Clients with their secrets, and the devices that each has registered.
#[derive(Clone, Default)]
pub struct Registry {
    clients: HashMap<String, Client>,
    devices: HashSet<DeviceKey>,
}

#[derive(Clone)]
struct Client {
    secret: String,
    devices: HashSet<DeviceKey>,
}

/// Why a device cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Taken {
    /// It is registered already.
    #[error("device {0} is registered twice; keep one")]
    Device(DeviceKey),
    /// The client has another secret.
    #[error("client {0} has two secrets; give all its devices the same one")]
    Client(String),
}

impl Registry {
    /// Nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a device.
    ///
    /// # Errors
    /// [`Taken`] for a device that is registered, or a client with another
    /// secret.
    pub fn insert(&mut self, identity: &Identity) -> Result<(), Taken> {
        let device = identity.device();
        if self.devices.contains(device) {
            return Err(Taken::Device(device.clone()));
        }
        let client_id = identity.client_id();
        let client = self.clients.entry(client_id.to_string());
        let client = client.or_insert_with(|| Client {
            secret: identity.client_secret().to_string(),
            devices: HashSet::new(),
        });
        if client.secret != identity.client_secret() {
            return Err(Taken::Client(client_id.to_string()));
        }
        client.devices.insert(device.clone());
        self.devices.insert(device.clone());
        Ok(())
    }

    /// The same with one more device.
    ///
    /// # Errors
    /// [`Taken`].
    pub fn with(mut self, identity: Identity) -> Result<Self, Taken> {
        self.insert(&identity)?;
        Ok(self)
    }

    /// Which device a login brings, or why it is refused.
    ///
    /// The secret of an unknown client is compared as well, with one that counts
    /// for nothing, so that time does not tell it from a wrong secret. Whether a
    /// device is registered is told only to its client.
    ///
    /// # Errors
    /// [`ErrorCode::CLIENT`] or [`ErrorCode::DEVICE_NOT_REGISTERED`].
    pub fn verify(&self, login: &LoginRequest) -> Result<DeviceKey, ErrorCode> {
        let client = self.clients.get(&login.client_id);
        let (secret, is_known) = match client {
            Some(client) => (client.secret.as_str(), Choice::from(1)),
            None => (login.client_secret.as_str(), Choice::from(0)),
        };
        let is_right = secret.as_bytes().ct_eq(login.client_secret.as_bytes()) & is_known;
        let client = client
            .filter(|_| is_right.into())
            .ok_or(ErrorCode::CLIENT)?;
        let device = DeviceKey::new(&*login.product_code, &*login.identifier).ok();
        device
            .filter(|device| client.devices.contains(device))
            .ok_or(ErrorCode::DEVICE_NOT_REGISTERED)
    }
}

/// Says how many there are, and nothing of them.
impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("clients", &self.clients.len())
            .field("devices", &self.devices.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::{Registry, Taken};
    use crate::message::nubison::ErrorCode;
    use crate::nubison::{DeviceKey, Identity, LoginRequest};

    const FIRST: &str = "client-0000000000001";
    const SECOND: &str = "client-0000000000002";
    const SECRET: &str = "secret-0000000000001";

    fn identity(client: &str, secret: &str, identifier: &str) -> Identity {
        let device = DeviceKey::new("SENSOR01", identifier).unwrap();
        Identity::new(client, secret, device).unwrap()
    }

    #[test]
    fn each_fault_has_its_code_and_the_client_comes_first() {
        let registry = Registry::new()
            .with(identity(FIRST, SECRET, "a"))
            .and_then(|registry| registry.with(identity(SECOND, &SECRET.replace('1', "2"), "b")))
            .unwrap();
        let verify = |client: &str, secret: &str, identifier: &str| {
            registry.verify(&LoginRequest {
                client_id: client.into(),
                client_secret: secret.into(),
                product_code: "SENSOR01".into(),
                identifier: identifier.into(),
            })
        };
        let device = DeviceKey::new("SENSOR01", "a").unwrap();
        assert_eq!(verify(FIRST, SECRET, "a"), Ok(device));
        assert_eq!(
            verify(FIRST, &SECRET.replace('1', "2"), "a"),
            Err(ErrorCode::CLIENT)
        );
        assert_eq!(
            verify(&FIRST.replace('1', "3"), SECRET, "a"),
            Err(ErrorCode::CLIENT)
        );
        assert_eq!(verify(SECOND, SECRET, "c"), Err(ErrorCode::CLIENT));
        let unknown = Err(ErrorCode::DEVICE_NOT_REGISTERED);
        assert_eq!(verify(FIRST, SECRET, "c"), unknown);
        // That of another client.
        assert_eq!(verify(FIRST, SECRET, "b"), unknown);
        assert_eq!(
            format!("{registry:?}"),
            "Registry { clients: 2, devices: 2, .. }"
        );
    }

    #[test]
    fn a_device_has_one_client_and_a_client_one_secret() {
        let mut registry = Registry::new().with(identity(FIRST, SECRET, "a")).unwrap();
        let device = DeviceKey::new("SENSOR01", "a").unwrap();
        let twice = registry.insert(&identity(SECOND, SECRET, "a"));
        assert_eq!(twice, Err(Taken::Device(device)));
        let other = registry.insert(&identity(FIRST, &SECRET.replace('1', "2"), "b"));
        assert_eq!(other, Err(Taken::Client(FIRST.into())));
    }
}
