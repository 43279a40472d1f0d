//! Dialling a server.

use alloc::string::String;
use std::io;

use tokio::net::TcpStream;

use super::Stream;
#[cfg(feature = "tls")]
use super::tls::{self, TlsError, Trust};
#[cfg(feature = "ws")]
use super::ws;
use crate::device::{Address, DEFAULT_PORT, DEFAULT_TLS_PORT};

/// How to reach a server: over TCP, unless something is put above it.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    #[cfg(feature = "tls")]
    tls: Option<Trust>,
    #[cfg(feature = "ws")]
    is_web_socket: bool,
}

/// Why there is no connection to a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// There is no TCP connection.
    #[error(transparent)]
    Tcp(io::Error),
    /// There is no TLS on it: in words, and as what was seen.
    #[error("TLS: {0}")]
    Tls(String, io::Error),
    /// Nobody is known whose certificates could be trusted.
    #[cfg(feature = "tls")]
    #[error("TLS: {0}")]
    Trust(TlsError),
    /// There is no WebSocket on it, in words.
    #[error("WebSocket: {0}")]
    WebSocket(String),
    /// The address asks for TLS, which was left out of this build.
    #[error("{0} needs TLS; build with the feature tls")]
    NoTls(Address),
    /// It took too long.
    #[error("no connection in time")]
    TimedOut,
}

impl Transport {
    /// TCP alone.
    #[must_use]
    pub fn tcp() -> Self {
        Self::default()
    }

    /// With TLS above TCP.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(mut self, trust: Trust) -> Self {
        self.tls = Some(trust);
        self
    }

    /// With WebSocket above the rest.
    #[cfg(feature = "ws")]
    #[must_use]
    pub const fn with_web_socket(mut self) -> Self {
        self.is_web_socket = true;
        self
    }

    /// Whether there is TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        {
            self.tls.is_some()
        }
        #[cfg(not(feature = "tls"))]
        {
            false
        }
    }

    /// Whether it is a WebSocket. The end of its sending is the end of the
    /// connection.
    #[must_use]
    pub const fn is_web_socket(&self) -> bool {
        #[cfg(feature = "ws")]
        {
            self.is_web_socket
        }
        #[cfg(not(feature = "ws"))]
        {
            false
        }
    }

    /// Short name: `tcp`, `tls`, `ws` or `wss`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match (self.is_tls(), self.is_web_socket()) {
            (false, false) => "tcp",
            (true, false) => "tls",
            (false, true) => "ws",
            (true, true) => "wss",
        }
    }

    /// The port where an address names none.
    #[must_use]
    pub const fn default_port(&self) -> u16 {
        match (self.is_tls(), self.is_web_socket()) {
            (true, false) => DEFAULT_TLS_PORT,
            #[cfg(feature = "ws")]
            (false, true) => ws::DEFAULT_PORT,
            #[cfg(feature = "ws")]
            (true, true) => ws::DEFAULT_TLS_PORT,
            _ => DEFAULT_PORT,
        }
    }

    /// The transport to a server that another one has named: TCP, or TLS where
    /// its address says so. Whom to trust stays the same.
    #[must_use]
    pub(crate) fn redirected(&self, target: &Address) -> Self {
        #[cfg(feature = "tls")]
        if target.is_tls
            && let Some(trust) = &self.tls
        {
            return Self::tcp().with_tls(trust.clone());
        }
        // Where TLS is asked for by the address alone, the system says whom to trust.
        let _ = target;
        Self::tcp()
    }

    /// Dials `server`, with TLS also where its address says so. It takes as
    /// long as the peer lets it.
    ///
    /// # Errors
    /// Why there is no connection.
    pub async fn dial(&self, server: &Address) -> Result<Stream, DialError> {
        let address = (server.host.as_str(), server.port);
        let stream = TcpStream::connect(address).await.map_err(DialError::Tcp)?;
        // Messages are small and answers are waited for; without it they are late.
        let _ = stream.set_nodelay(true);
        #[cfg(feature = "tls")]
        if let Some(trust) = self.trust(server)? {
            let stream = trust.connect(&server.host, stream).await;
            let stream = stream.map_err(|error| DialError::Tls(tls::explain(&error), error))?;
            return self.open(server, true, stream).await;
        }
        #[cfg(not(feature = "tls"))]
        if server.is_tls {
            return Err(DialError::NoTls(server.clone()));
        }
        self.open(server, false, stream).await
    }

    #[cfg(feature = "tls")]
    fn trust(&self, server: &Address) -> Result<Option<Trust>, DialError> {
        match &self.tls {
            Some(trust) => Ok(Some(trust.clone())),
            None if server.is_tls => Trust::system().map(Some).map_err(DialError::Trust),
            None => Ok(None),
        }
    }

    /// What stands above TCP or TLS.
    async fn open<S>(&self, server: &Address, is_tls: bool, stream: S) -> Result<Stream, DialError>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Sync + Unpin + 'static,
    {
        #[cfg(feature = "ws")]
        if self.is_web_socket {
            let authority = server.authority();
            let opened = ws::connect(stream, &authority, is_tls, ws::MAX_MESSAGE).await;
            return opened.map(Stream::new).map_err(DialError::WebSocket);
        }
        let _ = (server, is_tls);
        Ok(Stream::new(stream))
    }
}
