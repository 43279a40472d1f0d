//! Properties that a device has at its server: what a server is told, and asked for again.

use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};

use crate::subject::{Link, Received, vocabulary};
use crate::verdict::Outcome;

/// A Run, without an identifier, that sets a property to a payload.
pub(super) fn set(spec: &Spec, name: &str, payload: &Json) -> Outcome<Json> {
    let set = vocabulary::number(spec, "server_resource", "set_device_property")?;
    Ok(json!({"type": "run", "resource": set, "parameters": name, "payload": payload}))
}

/// A Run, without an identifier, that reads a property.
pub(super) fn read(spec: &Spec, name: &str) -> Outcome<Json> {
    let read = vocabulary::number(spec, "server_resource", "read_device_property")?;
    Ok(json!({"type": "run", "resource": read, "parameters": name}))
}

/// The same request under an identifier.
pub(super) fn with_id(request: &Json, id: u16) -> Json {
    let mut request = request.clone();
    if let Some(object) = request.as_object_mut() {
        object.insert("stream_id".to_owned(), id.into());
    }
    request
}

/// Asks under an identifier of its own, and waits for the answer.
pub(super) async fn asked(link: &mut Link, request: &Json) -> Outcome<Received> {
    let id = link.id();
    link.send(with_id(request, id)).await?;
    link.answer(id).await
}
