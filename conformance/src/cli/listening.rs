//! Where devices dial.

use core::net::SocketAddr;

use tokio::net::TcpListener;

/// Listens on `HOST:PORT`, and says where that is: port 0 is a free one.
pub(super) async fn listen(address: &str) -> Result<(TcpListener, SocketAddr), String> {
    if address
        .rsplit_once(':')
        .is_none_or(|(host, port)| host.is_empty() || port.parse::<u16>().is_err())
    {
        return Err(format!(
            "{address:?} is no address to listen on: write HOST:PORT, such as 0.0.0.0:25204"
        ));
    }
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| format!("{address} cannot be listened on: {error}"))?;
    let bound = listener.local_addr().map_err(|error| error.to_string())?;
    Ok((listener, bound))
}
