//! What the server keeps for devices: properties and buckets, and events.

use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Face;
use super::error::Refusal;
use super::routes::{JSON, Place, body, known};
use crate::json;
use crate::server::{DEVICE_PROPERTY_UPDATE, DEVICE_TOPIC_PUBLISH};

/// Longest name of a property, in bytes, as devices may give it.
const MAX_NAME: usize = 128;

pub(super) async fn properties(
    State(face): State<Arc<Face>>,
    place: Place,
) -> Result<Response, Refusal> {
    let id = place.device();
    known(&face, &id)?;
    let all = face.hub.properties(&id).into_iter();
    let all = all
        .map(|(name, value)| (name, json::json(&value)))
        .collect();
    Ok((JSON, serde_json::Value::Object(all).to_string()).into_response())
}

pub(super) async fn property(
    State(face): State<Arc<Face>>,
    place: Place,
) -> Result<Response, Refusal> {
    let id = place.device();
    known(&face, &id)?;
    let value = face.hub.property(&id, place.get("property"));
    let value = value.ok_or_else(|| {
        Refusal::not_found(
            "property_unset",
            "the property is not set",
            "PUT a JSON value to set it; GET .../properties lists those that are",
        )
    })?;
    Ok((JSON, json::text(&value)).into_response())
}

pub(super) async fn set_property(
    State(face): State<Arc<Face>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let (id, name) = (place.device(), place.get("property"));
    known(&face, &id)?;
    if name.len() > MAX_NAME {
        return Err(Refusal::bad_request(
            "bad_name",
            format!("the name has more than {MAX_NAME} bytes"),
            "choose a shorter one",
        ));
    }
    let value = body(&face, request).await?.unwrap_or_default();
    let set = face.hub.set_property(&id, name, value);
    set.map_err(|failure| {
        Refusal::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "no_room",
            format!("{failure}"),
            "send less, or set a property that is there already",
        )
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn bucket(
    State(face): State<Arc<Face>>,
    place: Place,
) -> Result<Response, Refusal> {
    let points = face.hub.bucket(place.get("user"), place.get("bucket"));
    let points = points.ok_or_else(|| {
        Refusal::not_found(
            "bucket_unknown",
            "no device has written to this bucket",
            "let a device of the user write to it",
        )
    })?;
    let points = points.iter().map(|point| {
        let at = point.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        json!({ "ts": at, "device": point.device, "value": json::json(&point.value) })
    });
    Ok((JSON, serde_json::Value::from_iter(points).to_string()).into_response())
}

pub(super) async fn event(
    State(face): State<Arc<Face>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let event = place.get("event");
    if [DEVICE_PROPERTY_UPDATE, DEVICE_TOPIC_PUBLISH].contains(&event) {
        return Err(Refusal::bad_request(
            "own_event",
            format!("the server itself tells of {event}"),
            "set a property, or let a device publish",
        ));
    }
    let value = body(&face, request).await?.unwrap_or_default();
    let count = face.hub.publish(place.get("user"), event, &value);
    let body = json!({ "subscriptions": count }).to_string();
    Ok((JSON, body).into_response())
}
