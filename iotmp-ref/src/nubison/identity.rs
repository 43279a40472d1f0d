//! What tells transactions, logins and devices apart.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use subtle::ConstantTimeEq;

use crate::message::nubison::{Login, Logout, Message};
use crate::wire::EncodeError;

/// What random text is made of: six bits each.
const SYMBOLS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

/// Names one transaction on a connection: whoever sends a request chooses it at
/// random, and the answer returns it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 8]);

/// The text, if it can be printed, else hex.
impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match core::str::from_utf8(&self.0) {
            Ok(text) if self.0.iter().all(u8::is_ascii_graphic) => f.write_str(text),
            _ => self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

/// An endless supply of session identifiers, printable and in no order that can
/// be seen.
#[derive(Debug, Clone)]
pub(super) struct SessionIds {
    state: u64,
}

impl SessionIds {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next one, of 48 random bits. It may have come before.
    pub(super) fn draw(&mut self) -> SessionId {
        // SplitMix64: short, and every seed is as good as any other.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        SessionId(core::array::from_fn(|index| {
            let symbol = (bits >> (index * 6)) as usize % SYMBOLS.len();
            SYMBOLS.get(symbol).copied().unwrap_or(b'0')
        }))
    }
}

/// Proof of a login: the server issues it, and every further packet carries it.
///
/// Comparing two takes the same time wherever they differ, and `Debug` does not
/// show it.
#[derive(Clone, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    /// Bytes of a token.
    pub const LEN: usize = 24;

    /// A token of 24 bytes of text.
    ///
    /// # Errors
    /// [`EncodeError::Size`] for any other number of bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, EncodeError> {
        let text = text.into();
        let logout = Logout {
            session_id: [0; 8][..].into(),
            access_token: text.as_str().into(),
        };
        Message::from(logout).to_vec()?;
        Ok(Self(text))
    }

    /// A token of random bytes: of each the low six bits count, so that it has
    /// 144 random bits.
    #[must_use]
    pub fn from_random(bytes: [u8; Self::LEN]) -> Self {
        let symbol = |byte: u8| SYMBOLS.get(usize::from(byte) % SYMBOLS.len());
        let symbols = bytes.into_iter().filter_map(symbol);
        Self(symbols.copied().map(char::from).collect())
    }

    /// The token itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `presented` is this token.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        self.0.as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// Names a device: its product code and its identifier, written
/// `PRODUCTC_IDENTIFIER`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceKey {
    product_code: String,
    identifier: String,
}

impl DeviceKey {
    /// Bytes of a product code.
    pub const PRODUCT_CODE_LEN: usize = 8;

    /// The device `identifier` of a product.
    ///
    /// # Errors
    /// [`EncodeError::Size`] for a product code of any other number of bytes.
    pub fn new(
        product_code: impl Into<String>,
        identifier: impl Into<String>,
    ) -> Result<Self, EncodeError> {
        let (product_code, identifier) = (product_code.into(), identifier.into());
        if product_code.len() != Self::PRODUCT_CODE_LEN {
            return Err(EncodeError::Size {
                field: "product_code",
                found: product_code.len(),
                expected: Self::PRODUCT_CODE_LEN,
            });
        }
        Ok(Self {
            product_code,
            identifier,
        })
    }

    /// The product code.
    #[must_use]
    pub fn product_code(&self) -> &str {
        &self.product_code
    }

    /// The identifier of the device within its product.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }
}

impl fmt::Display for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.product_code, self.identifier)
    }
}

/// Why a text is no [`DeviceKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write PRODUCTCODE_IDENTIFIER with a product code of exactly {len} bytes, such as SENSOR01_kitchen",
    len = DeviceKey::PRODUCT_CODE_LEN
)]
pub struct InvalidDeviceKey;

/// Reads `PRODUCTCODE_IDENTIFIER`; either may hold underscores.
impl FromStr for DeviceKey {
    type Err = InvalidDeviceKey;

    fn from_str(text: &str) -> Result<Self, InvalidDeviceKey> {
        let (product_code, rest) = text
            .split_at_checked(Self::PRODUCT_CODE_LEN)
            .ok_or(InvalidDeviceKey)?;
        let identifier = rest.strip_prefix('_').ok_or(InvalidDeviceKey)?;
        Self::new(product_code, identifier).map_err(|_| InvalidDeviceKey)
    }
}

/// What a device logs in with. `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    client_id: String,
    client_secret: String,
    device: DeviceKey,
}

impl Identity {
    /// The device `device` of a client.
    ///
    /// # Errors
    /// [`EncodeError`] for what does not fit its field: client identifier and
    /// secret take exactly 20 bytes each, the identifier of the device at most
    /// 255. Nothing is padded or cut off.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
        device: DeviceKey,
    ) -> Result<Self, EncodeError> {
        let identity = Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            device,
        };
        Message::from(identity.login(&SessionId([0; 8]))).to_vec()?;
        Ok(identity)
    }

    /// The client identifier.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The client secret.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> &DeviceKey {
        &self.device
    }

    pub(super) fn login<'a>(&'a self, session_id: &'a SessionId) -> Login<'a> {
        Login {
            session_id: session_id.0[..].into(),
            client_id: self.client_id.as_str().into(),
            client_secret: self.client_secret.as_str().into(),
            product_code: self.device.product_code.as_str().into(),
            identifier: self.device.identifier.as_str().into(),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("client_id", &self.client_id)
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::format;
    use alloc::string::ToString;

    use super::{AccessToken, DeviceKey, Identity, InvalidDeviceKey, SessionId, SessionIds};

    const ID: &str = "client-0000000000001";
    const SECRET: &str = "secret-0000000000001";

    #[test]
    fn session_ids_are_printable_and_differ() {
        let mut ids = SessionIds::new(1);
        let drawn: BTreeSet<_> = (0..1000).map(|_| ids.draw()).collect();
        assert_eq!(drawn.len(), 1000);
        assert!(drawn.iter().all(|id| id.to_string().len() == 8));
        assert_ne!(SessionIds::new(1).draw(), SessionIds::new(2).draw());
        assert_eq!(
            SessionId([0, 255, 1, 2, 3, 4, 5, 6]).to_string(),
            "00ff010203040506"
        );
    }

    #[test]
    fn what_does_not_fit_its_field_is_refused() {
        let device = DeviceKey::new("SENSOR01", "kitchen").unwrap();
        let refused = |id: &str, secret: &str, device: &DeviceKey| {
            let refused = Identity::new(id, secret, device.clone());
            refused.unwrap_err().to_string()
        };
        Identity::new(ID, SECRET, device.clone()).unwrap();
        assert_eq!(
            refused("user1", SECRET, &device),
            "field client_id takes exactly 20 bytes, not 5"
        );
        assert_eq!(
            refused(ID, "secret123", &device),
            "field client_secret takes exactly 20 bytes, not 9"
        );
        let long = DeviceKey::new("SENSOR01", "x".repeat(256)).unwrap();
        assert_eq!(
            refused(ID, SECRET, &long),
            "identifier is 256, but at most 255 fits"
        );
        assert_eq!(
            DeviceKey::new("SENSOR1", "x").unwrap_err().to_string(),
            "field product_code takes exactly 8 bytes, not 7"
        );
        assert!(AccessToken::new("x".repeat(23)).is_err());
        AccessToken::new("x".repeat(AccessToken::LEN)).unwrap();
        let token = AccessToken::from_random([0xff; 24]);
        AccessToken::new(token.as_str()).unwrap();
    }

    #[test]
    fn keys_are_read_back() {
        for text in ["SENSOR01_kitchen", "A_B_C_D__x_y", "SENSOR01_"] {
            assert_eq!(text.parse::<DeviceKey>().unwrap().to_string(), text);
        }
        for text in ["", "SENSOR1_x", "SENSOR001_x", "SENSOR01", "äääää_x"] {
            assert_eq!(text.parse::<DeviceKey>(), Err(InvalidDeviceKey), "{text}");
        }
    }

    #[test]
    fn secrets_stay_out_of_debug() {
        let device = DeviceKey::new("SENSOR01", "kitchen").unwrap();
        let identity = Identity::new(ID, SECRET, device).unwrap();
        assert!(!format!("{identity:?}").contains("secret-0"));
        let token = AccessToken::new("0123456789abcdefghijklmn").unwrap();
        assert!(!format!("{token:?}").contains("0123"));
        assert!(token.matches("0123456789abcdefghijklmn"));
        assert!(!token.matches("0123456789abcdefghijklmN"));
        assert!(!token.matches("0123456789abcdefghijklm"));
    }
}
