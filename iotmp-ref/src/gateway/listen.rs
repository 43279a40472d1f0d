//! Connections of HTTP clients.

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::{Face, permits, routes};
use crate::link::told;

/// How long to wait after the system could not give another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Largest head of a request, in bytes: hyper takes none smaller.
const MAX_HEAD: usize = 8 * 1024;

/// Most headers of a request.
const MAX_HEADERS: usize = 64;

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Serves whoever connects, until it is told to stop.
pub(super) async fn accept(listener: TcpListener, face: Arc<Face>) {
    let connections = permits(face.config.max_connections);
    let read_timeout = face.config.read_timeout;
    let mut stop = face.stop.clone();
    let router = routes::router(face);
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = tasks.join_next() => continue,
            () = told(&mut stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "no HTTP connection could be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&connections).try_acquire_owned() else {
            debug!(%peer, "closed: too many HTTP connections");
            continue;
        };
        let served = serve(stream, peer, router.clone(), read_timeout, stop.clone());
        tasks.spawn(async move {
            served.await;
            drop(permit);
        });
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
    info!("stopped listening for HTTP");
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    read_timeout: Duration,
    mut stop: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "answers may be held back by the system");
    }
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(read_timeout)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = core::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = told(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        debug!(%error, "an HTTP connection failed");
    }
}
