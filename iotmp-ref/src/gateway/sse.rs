//! Server-Sent Events.

use alloc::sync::Arc;
use core::convert::Infallible;
use core::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use tokio::sync::watch;

use super::Face;
use super::feed::Listener;
use super::query::{Query, wrong};
use crate::gateway::error::Refusal;
use crate::link::told;
use crate::server::DeviceId;
use crate::session::dialect;

/// What the last event says, after which a client may come again.
const END: &str = r#"{"code":"stream_ended","message":"the stream of the device has ended"}"#;

impl Face {
    /// Listens to a resource at the interval that a query asks for.
    pub(super) async fn listen(
        &self,
        id: DeviceId,
        resource: &str,
        query: Query<'_>,
    ) -> Result<Listener, Refusal> {
        let interval = query.interval(self.config.min_interval)?;
        self.listen_every(id, resource, interval).await
    }

    /// Listens to a resource at an interval that is long enough.
    pub(super) async fn listen_every(
        &self,
        id: DeviceId,
        resource: &str,
        interval: Duration,
    ) -> Result<Listener, Refusal> {
        let spec = self.hub.device(&id).map(|info| info.spec);
        let spec = dialect::ALL
            .iter()
            .find(|dialect| Some(dialect.name()) == spec);
        if let Some(unit) = spec.map(|spec| spec.constants().interval_unit)
            && !interval.as_nanos().is_multiple_of(unit.as_nanos().max(1))
        {
            // What this device counts in is the shortest that it can be asked for.
            return Err(wrong(&alloc::format!("{}", interval.as_secs_f64()), unit));
        }
        self.feeds.listen(id, resource.into(), interval).await
    }
}

/// The values of a listener, one event each.
pub(super) fn events(face: &Face, listener: Listener) -> Response {
    let state = Some((listener, face.stop.clone()));
    let events = unfold(state, |state| async {
        let (mut listener, mut stop) = state?;
        let value = next(&mut listener, &mut stop).await;
        Some(match value {
            Some(value) => (event(&value), Some((listener, stop))),
            None => (Ok(Event::default().event("end").data(END)), None),
        })
    });
    let heartbeat = KeepAlive::new().interval(face.config.heartbeat);
    Sse::new(events).keep_alive(heartbeat).into_response()
}

fn event(value: &Arc<str>) -> Result<Event, Infallible> {
    // JSON on one line holds no end of line.
    Ok(Event::default().data(&**value))
}

/// The next value, unless the stream ends or everything does.
pub(super) async fn next(
    listener: &mut Listener,
    stop: &mut watch::Receiver<bool>,
) -> Option<Arc<str>> {
    tokio::select! {
        value = listener.next() => value,
        () = told(stop) => None,
    }
}
