//! An address to listen on, and what connections there run over.

use core::net::SocketAddr;
use std::io;

use tokio::net::TcpStream;

use crate::transport::Stream;
#[cfg(feature = "tls")]
use crate::transport::tls::Certificate;
#[cfg(feature = "ws")]
use crate::transport::ws;

/// An address to listen on, over TCP unless something is put above it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Where; port 0 takes a free one.
    pub listen: SocketAddr,
    #[cfg(feature = "tls")]
    tls: Option<Certificate>,
    #[cfg(feature = "ws")]
    is_web_socket: bool,
}

impl Endpoint {
    /// TCP alone.
    #[must_use]
    pub const fn tcp(listen: SocketAddr) -> Self {
        Self {
            listen,
            #[cfg(feature = "tls")]
            tls: None,
            #[cfg(feature = "ws")]
            is_web_socket: false,
        }
    }

    /// With TLS above TCP.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(mut self, certificate: Certificate) -> Self {
        self.tls = Some(certificate);
        self
    }

    /// With WebSocket above the rest, at [`ws::PATH`].
    #[cfg(feature = "ws")]
    #[must_use]
    pub const fn with_web_socket(mut self) -> Self {
        self.is_web_socket = true;
        self
    }

    /// Short name of what connections run over: `tcp`, `tls`, `ws` or `wss`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        #[cfg(feature = "tls")]
        let is_tls = self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        let is_tls = false;
        #[cfg(feature = "ws")]
        let is_web_socket = self.is_web_socket;
        #[cfg(not(feature = "ws"))]
        let is_web_socket = false;
        match (is_tls, is_web_socket) {
            (false, false) => "tcp",
            (true, false) => "tls",
            (false, true) => "ws",
            (true, true) => "wss",
        }
    }

    /// Does the handshakes on a connection that has just come up. They take as
    /// long as the peer lets them.
    pub(super) async fn open(&self, stream: TcpStream) -> io::Result<Stream> {
        #[cfg(feature = "tls")]
        if let Some(certificate) = &self.tls {
            return self.open_above(certificate.accept(stream).await?).await;
        }
        self.open_above(stream).await
    }

    /// What stands above TCP or TLS.
    async fn open_above<S>(&self, stream: S) -> io::Result<Stream>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Sync + Unpin + 'static,
    {
        #[cfg(feature = "ws")]
        if self.is_web_socket {
            let stream = ws::accept(stream, ws::MAX_MESSAGE).await?;
            return Ok(Stream::new(stream));
        }
        Ok(Stream::new(stream))
    }
}
