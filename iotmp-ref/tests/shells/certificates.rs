//! Certificates that live for one test.

use iotmp_ref::transport::tls::{Certificate, Trust};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// A certificate authority, and what it has issued to a server.
pub(crate) struct Authority {
    /// Its own certificate.
    pub(crate) ca: String,
    /// The server's.
    pub(crate) certificate: String,
    /// The server's key.
    pub(crate) key: String,
}

impl Authority {
    /// A new one, which has issued a certificate for `name`.
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "Test CA");
        let ca_key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&ca_key).unwrap();
        let issuer = Issuer::new(params, ca_key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Self {
            ca: ca.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::from_pem(self.certificate.as_bytes(), self.key.as_bytes()).unwrap()
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::from_pem(self.ca.as_bytes()).unwrap()
    }
}
