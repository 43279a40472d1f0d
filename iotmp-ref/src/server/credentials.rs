//! Who may connect, and how that is found out without giving hints.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;
use std::collections::HashMap;

use subtle::{Choice, ConstantTimeEq};

/// Longest credential, in bytes.
///
/// All are compared at this length, so that the time which that takes says
/// nothing about the one that is stored.
pub const MAX_CREDENTIAL: usize = 256;

/// Names a device: a user and a device of that user.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId {
    /// User that the device belongs to.
    pub user: String,
    /// Name of the device.
    pub device: String,
}

impl DeviceId {
    /// The device `device` of `user`.
    #[must_use]
    pub fn new(user: impl Into<String>, device: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            device: device.into(),
        }
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.user, self.device)
    }
}

/// Reads `USER/DEVICE`.
impl FromStr for DeviceId {
    type Err = InvalidCredential;

    fn from_str(text: &str) -> Result<Self, InvalidCredential> {
        match text.split_once('/') {
            Some((user, device)) if !user.is_empty() && !device.is_empty() => {
                Ok(Self::new(user, device))
            }
            _ => Err(InvalidCredential::NotADevice),
        }
    }
}

/// A device and its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// Whose it is.
    pub id: DeviceId,
    /// Its secret.
    pub secret: String,
}

/// The secret stays out of logs.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Reads `USER/DEVICE/CREDENTIAL`; the credential may hold slashes.
impl FromStr for Credential {
    type Err = InvalidCredential;

    fn from_str(text: &str) -> Result<Self, InvalidCredential> {
        let mut parts = text.splitn(3, '/').filter(|part| !part.is_empty());
        let (Some(user), Some(device), Some(secret)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(InvalidCredential::NotATriple);
        };
        Secret::new(secret)?;
        Ok(Self {
            id: DeviceId::new(user, device),
            secret: secret.to_string(),
        })
    }
}

/// Why a text names no device, or no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCredential {
    /// Not of the form `USER/DEVICE`.
    #[error("write USER/DEVICE, such as user1/sensor1")]
    NotADevice,
    /// Not of the form `USER/DEVICE/CREDENTIAL`.
    #[error("write USER/DEVICE/CREDENTIAL, such as user1/sensor1/secret123")]
    NotATriple,
    /// The credential is longer than [`MAX_CREDENTIAL`].
    #[error("the credential has {0} bytes; use at most {MAX_CREDENTIAL}")]
    TooLong(usize),
}

/// The devices that a server lets in.
#[derive(Clone, Default)]
pub struct Credentials {
    devices: HashMap<DeviceId, Secret>,
}

impl Credentials {
    /// Nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets a device in, from now on by this secret alone.
    ///
    /// # Errors
    /// [`InvalidCredential::TooLong`].
    pub fn insert(&mut self, credential: Credential) -> Result<(), InvalidCredential> {
        let secret = Secret::new(&credential.secret)?;
        self.devices.insert(credential.id, secret);
        Ok(())
    }

    /// The same with one more device.
    ///
    /// # Errors
    /// [`InvalidCredential::TooLong`].
    pub fn with(
        mut self,
        user: &str,
        device: &str,
        secret: &str,
    ) -> Result<Self, InvalidCredential> {
        self.insert(Credential {
            id: DeviceId::new(user, device),
            secret: secret.to_string(),
        })?;
        Ok(self)
    }

    /// The devices, in no order.
    pub(super) fn devices(&self) -> impl Iterator<Item = &DeviceId> {
        self.devices.keys()
    }

    /// How many devices there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// Whether nobody is let in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// Whether `secret` is the one of the device.
    ///
    /// An unknown device is compared as well, with a secret that nothing
    /// equals, so that time does not tell it from a wrong secret.
    #[must_use]
    pub fn verify(&self, id: &DeviceId, secret: &str) -> bool {
        let (stored, is_known) = match self.devices.get(id) {
            Some(stored) => (stored, Choice::from(1)),
            None => (&Secret::NONE, Choice::from(0)),
        };
        (stored.matches(secret) & is_known).into()
    }
}

/// Says how many there are, and nothing of them.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// A secret at a fixed length.
#[derive(Clone)]
pub(crate) struct Secret {
    bytes: [u8; MAX_CREDENTIAL],
    length: u64,
}

impl Secret {
    const NONE: Self = Self {
        bytes: [0; MAX_CREDENTIAL],
        length: u64::MAX,
    };

    /// Takes a secret of at most [`MAX_CREDENTIAL`] bytes.
    pub(crate) fn new(secret: &str) -> Result<Self, InvalidCredential> {
        if secret.len() > MAX_CREDENTIAL {
            return Err(InvalidCredential::TooLong(secret.len()));
        }
        Ok(Self::padded(secret))
    }

    /// The first bytes and the whole length.
    fn padded(secret: &str) -> Self {
        let mut bytes = [0; MAX_CREDENTIAL];
        for (to, from) in bytes.iter_mut().zip(secret.bytes()) {
            *to = from;
        }
        Self {
            bytes,
            length: secret.len() as u64,
        }
    }

    /// Compares in a time that says nothing about the secret.
    pub(crate) fn matches(&self, presented: &str) -> Choice {
        let presented = Self::padded(presented);
        self.bytes.ct_eq(&presented.bytes) & self.length.ct_eq(&presented.length)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::{Credential, Credentials, DeviceId, InvalidCredential, MAX_CREDENTIAL};

    #[test]
    fn only_the_whole_triple_is_let_in() {
        let long = "x".repeat(MAX_CREDENTIAL);
        let credentials = Credentials::new()
            .with("user1", "sensor1", "secret123")
            .and_then(|credentials| credentials.with("user1", "long", &long))
            .and_then(|credentials| credentials.with("user1", "open", ""))
            .unwrap();
        let verify = |user: &str, device: &str, secret: &str| {
            credentials.verify(&DeviceId::new(user, device), secret)
        };
        assert!(verify("user1", "sensor1", "secret123"));
        for wrong in ["", "secret12", "secret1234", "secret124", "secret123\0"] {
            assert!(!verify("user1", "sensor1", wrong), "{wrong:?}");
        }
        assert!(!verify("user2", "sensor1", "secret123"));
        assert!(!verify("user1", "sensor2", "secret123"));
        assert!(!verify("user1", "nobody", ""));
        assert!(verify("user1", "long", &long));
        assert!(!verify("user1", "long", &format!("{long}x")));
        assert!(verify("user1", "open", ""));
        assert!(!verify("user1", "open", "\0"));
    }

    #[test]
    fn the_last_secret_of_a_device_counts() {
        let credentials = Credentials::new()
            .with("u", "d", "old")
            .and_then(|credentials| credentials.with("u", "d", "new"))
            .unwrap();
        let id = DeviceId::new("u", "d");
        assert!(credentials.verify(&id, "new") && !credentials.verify(&id, "old"));
        assert_eq!(credentials.len(), 1);
    }

    #[test]
    fn texts_that_are_none_say_what_to_write() {
        let credential: Credential = "u/d/a/b".parse().unwrap();
        assert_eq!(
            (
                credential.id.to_string().as_str(),
                credential.secret.as_str()
            ),
            ("u/d", "a/b")
        );
        for text in ["", "u", "u/d", "u/d/", "/d/c", "u//c"] {
            let refused = text.parse::<Credential>();
            assert_eq!(refused, Err(InvalidCredential::NotATriple), "{text}");
        }
        let long = format!("u/d/{}", "x".repeat(MAX_CREDENTIAL + 1));
        assert_eq!(
            long.parse::<Credential>(),
            Err(InvalidCredential::TooLong(MAX_CREDENTIAL + 1))
        );
        assert_eq!("u".parse::<DeviceId>(), Err(InvalidCredential::NotADevice));
    }

    #[test]
    fn secrets_stay_out_of_debug() {
        let credential: Credential = "u/d/secret".parse().unwrap();
        assert!(!format!("{credential:?}").contains("secret"));
        let credentials = Credentials::new().with("u", "d", "secret").unwrap();
        assert_eq!(format!("{credentials:?}"), "Credentials { len: 1, .. }");
    }
}
