//! Another server than the one that a device dialled.

use core::net::SocketAddr;
use std::io;

use iotmp_ref::transport::Stream;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::{Link, Peer};
use crate::verdict::{Outcome, Stop};

/// Where a device can be sent to.
#[derive(Debug)]
pub(crate) struct Elsewhere<'a> {
    peer: &'a Peer,
    listener: TcpListener,
    address: SocketAddr,
}

impl<'a> Elsewhere<'a> {
    /// Listens on the address that the device of `link` dialled, on another port.
    pub(super) async fn listen(peer: &'a Peer, link: &Link) -> Outcome<Self> {
        let listened = async {
            let address = link.own_address()?;
            let listener = TcpListener::bind((address.ip(), 0)).await?;
            let address = listener.local_addr()?;
            Ok::<_, io::Error>(Self {
                peer,
                listener,
                address,
            })
        };
        listened
            .await
            .map_err(|error| Stop::inconclusive(format!("the suite cannot listen twice: {error}")))
    }

    /// Where it is.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connection of the device that was sent here.
    ///
    /// # Errors
    /// A failure where none comes.
    pub(crate) async fn accept(&self) -> Outcome<Link> {
        let limit = self.peer.timeout();
        match timeout(limit, self.listener.accept()).await {
            Ok(Ok((stream, from))) => {
                let note = format!("accepted from {from} at {}", self.address);
                // Without it the kernel joins what a case sends in pieces.
                let _ = stream.set_nodelay(true);
                Ok(self.peer.link(Stream::new(stream), note))
            }
            Ok(Err(error)) => Err(Stop::inconclusive(format!(
                "no connection can be accepted: {error}"
            ))),
            Err(_) => {
                let got = format!("none within {} ms", limit.as_millis());
                Err(Stop::fail("a connection to the other server", got))
            }
        }
    }
}
