//! TLS 1.2 and 1.3: what a server shows, and whom a device believes.

mod insecure;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::io::{self, Read};
use std::path::Path;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, InconsistentKeys, RootCertStore, ServerConfig,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use self::insecure::AnyCertificate;

/// Longest file of certificates or keys that is read: all authorities of a system are far shorter.
const MAX_PEM: u64 = 64 << 20;

/// What a server shows to prove who it is: a chain of certificates, its own
/// first, and the key to it.
#[derive(Clone)]
pub struct Certificate(Arc<ServerConfig>);

/// Whose certificates a device believes.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

/// Why certificates or keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{file} cannot be read: {error}")]
    File {
        /// Which.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// There is no certificate where one is needed.
    #[error("{file} holds no certificate; a PEM file with BEGIN CERTIFICATE is needed")]
    NoCertificate {
        /// The file, or what it would have held.
        file: String,
    },
    /// There is no key where one is needed.
    #[error("{file} holds no private key; a PEM file with BEGIN PRIVATE KEY is needed")]
    NoKey {
        /// The file, or what it would have held.
        file: String,
    },
    /// It is not well-formed PEM.
    #[error("{file} is not well-formed PEM: {error}")]
    Pem {
        /// The file, or what it would have held.
        file: String,
        /// Why.
        error: pem::Error,
    },
    /// A certificate or a key is not usable.
    #[error("{file} is not usable: {error}")]
    Unusable {
        /// The file, or what it would have held.
        file: String,
        /// Why.
        error: rustls::Error,
    },
    /// The key is not the one of the certificate.
    #[error("the key in {key} does not belong to the first certificate in {certificate}")]
    Mismatch {
        /// Where the certificate is.
        certificate: String,
        /// Where the key is.
        key: String,
    },
    /// The system trusts nobody, or does not say whom.
    #[error("the system names no certificate authority to trust; name one")]
    NoSystemRoots,
}

impl Certificate {
    /// The certificates and the key in two PEM files.
    ///
    /// # Errors
    /// Where they cannot be read or used.
    pub fn from_files(
        certificate: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsError> {
        let (chain, chain_file) = read(certificate.as_ref())?;
        let (key, key_file) = read(key.as_ref())?;
        Self::read_pem(&chain, chain_file, &key, key_file)
    }

    /// The certificates and the key in two texts in PEM.
    ///
    /// # Errors
    /// Where they cannot be used.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let names = ("the certificate".to_string(), "the key".to_string());
        Self::read_pem(certificate, names.0, key, names.1)
    }

    fn read_pem(
        chain: &[u8],
        chain_file: String,
        key: &[u8],
        key_file: String,
    ) -> Result<Self, TlsError> {
        let chain = certificates(chain, &chain_file)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsError::NoKey {
                file: key_file.clone(),
            },
            error => TlsError::Pem {
                file: key_file.clone(),
                error,
            },
        })?;
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                    TlsError::Mismatch {
                        certificate: chain_file,
                        key: key_file,
                    }
                }
                error @ rustls::Error::InvalidCertificate(_) => TlsError::Unusable {
                    file: chain_file,
                    error,
                },
                error => TlsError::Unusable {
                    file: key_file,
                    error,
                },
            })?;
        Ok(Self(Arc::new(config)))
    }

    /// The server's part of the handshake on a connection that has just come up.
    /// It takes as long as the peer lets it.
    ///
    /// # Errors
    /// Where the peer does not speak TLS, or no version or cipher that this end
    /// has, or the transport fails.
    pub async fn accept<S>(&self, stream: S) -> io::Result<server::TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(Arc::clone(&self.0)).accept(stream).await
    }
}

impl Trust {
    /// Whom the system trusts.
    ///
    /// # Errors
    /// Where that is nobody.
    pub fn system() -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        match added {
            0 => Err(TlsError::NoSystemRoots),
            _ => Self::roots(roots, "the trust of the system"),
        }
    }

    /// The certificate authorities in a PEM file, and nobody else.
    ///
    /// # Errors
    /// Where it cannot be read or used.
    pub fn from_file(ca: impl AsRef<Path>) -> Result<Self, TlsError> {
        let (pem, file) = read(ca.as_ref())?;
        Self::read_pem(&pem, &file)
    }

    /// The certificate authorities in a text in PEM, and nobody else.
    ///
    /// # Errors
    /// Where it cannot be used.
    pub fn from_pem(ca: &[u8]) -> Result<Self, TlsError> {
        Self::read_pem(ca, "the CA")
    }

    /// Everybody. Whoever sits between the two ends can read and change all, so
    /// it is good for tests alone.
    ///
    /// # Errors
    /// None are known.
    pub fn insecure() -> Result<Self, TlsError> {
        let provider = provider();
        let verifier = Arc::new(AnyCertificate::new(&provider));
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable("TLS", error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    fn read_pem(pem: &[u8], file: &str) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(pem, file)? {
            roots
                .add(certificate)
                .map_err(|error| unusable(file, error))?;
        }
        Self::roots(roots, file)
    }

    fn roots(roots: RootCertStore, file: &str) -> Result<Self, TlsError> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(file, error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// The device's part of the handshake on a connection that has just come
    /// up, with a server whose certificate has to be for `host`, a name or an IP
    /// address. It takes as long as the peer lets it.
    ///
    /// # Errors
    /// Where the certificate is not trusted, or the peer does not speak TLS, or
    /// the transport fails. [`explain`] says it in words.
    pub async fn connect<S>(&self, host: &str, stream: S) -> io::Result<client::TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host.to_string())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let connector = TlsConnector::from(Arc::clone(&self.0));
        connector.connect(name, stream).await
    }
}

/// Why a handshake has failed, and what can be done.
#[must_use]
pub fn explain(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let hint = match inner {
        Some(rustls::Error::InvalidCertificate(error)) => match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "it was issued by nobody that is trusted; trust the CA that issued it"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "dial a name that stands in it"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "renew it",
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
                "it is the certificate of a CA itself; let the server show one that is not \
                 (basicConstraints CA:FALSE)"
            }
            _ => "check the certificate of the server",
        },
        Some(rustls::Error::InvalidMessage(_)) => "the server does not seem to speak TLS here",
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the server closed the connection; it does not seem to speak TLS here"
        }
        _ => return error.to_string(),
    };
    alloc::format!("{error}: {hint}")
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn unusable(file: &str, error: rustls::Error) -> TlsError {
    let file = file.to_string();
    TlsError::Unusable { file, error }
}

/// What a file holds, and its name.
fn read(path: &Path) -> Result<(Vec<u8>, String), TlsError> {
    let file = path.display().to_string();
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path);
    let read = opened.and_then(|opened| opened.take(MAX_PEM + 1).read_to_end(&mut bytes));
    let too_long = || io::Error::other(format!("it is longer than {MAX_PEM} bytes"));
    match read {
        Ok(len) if len as u64 > MAX_PEM => Err(TlsError::File {
            file,
            error: too_long(),
        }),
        Ok(_) => Ok((bytes, file)),
        Err(error) => Err(TlsError::File { file, error }),
    }
}

fn certificates(pem: &[u8], file: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| TlsError::Pem {
        file: file.to_string(),
        error,
    })?;
    match found.is_empty() {
        true => Err(TlsError::NoCertificate {
            file: file.to_string(),
        }),
        false => Ok(found),
    }
}

/// The key stays out of logs.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(..)")
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust(..)")
    }
}
