//! What a device says of itself.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::craft::Craft;
use crate::case::{Case, DEVICE};
use crate::subject::{Function, Link, NO_SUCH_RESOURCE, Peer, Resource, Want, untagged};
use crate::verdict::{Outcome, Step, Stop};

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "describe.all",
        title: "a Describe of everything is answered by a map of maps",
        clauses: &["IOTMP25-DESCRIBE-001", "IOTMP25-SID-001", "IOTMPS-WIRE-001"],
        run: |peer| Box::pin(all(peer)),
        ..DEVICE
    },
    Case {
        slug: "describe.function",
        title: "every description has a function, 1 to 4",
        clauses: &["IOTMP25-DESCRIBE-002"],
        control: Some("describe.all"),
        run: |peer| Box::pin(function(peer)),
        ..DEVICE
    },
    Case {
        slug: "describe.types",
        title: "parameters and streaming are booleans, the alias is a number",
        clauses: &["IOTMP25-DESCRIBE-005"],
        control: Some("describe.function"),
        run: |peer| Box::pin(types(peer)),
        ..DEVICE
    },
    Case {
        slug: "describe.one",
        title: "a Describe of a resource is answered by samples of what it takes and gives",
        clauses: &["IOTMP25-DESCRIBE-003"],
        control: Some("describe.types"),
        run: |peer| Box::pin(one(peer)),
        ..DEVICE
    },
    Case {
        slug: "describe.resource-in-field-3",
        title: "the resource of a Describe is its field 3",
        clauses: &["IOTMP23-DESCRIBE-006"],
        run: |peer| Box::pin(resource_in_field_3(peer)),
        ..DEVICE
    },
    Case {
        slug: "describe.unknown",
        title: "a Describe of a resource that does not exist is answered by Error",
        clauses: &["IOTMP25-DESCRIBE-004"],
        control: Some("describe.all"),
        run: |peer| Box::pin(unknown(peer)),
        ..DEVICE
    },
];

/// The descriptions by name, from a fresh Describe.
async fn described(link: &mut Link) -> Outcome<BTreeMap<String, Json>> {
    let id = link.id();
    link.send(json!({"type": "describe", "stream_id": id}))
        .await?;
    let answer = link.message(&[Want::Ok(id)]).await?;
    match answer.field("payload") {
        Some(Json::Object(map)) => Ok(untagged(map)),
        Some(other) => Err(Stop::fail("a payload that is a map", other.to_string())),
        None => Err(Stop::fail("a payload that is a map", "no payload")),
    }
}

async fn all(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for (name, description) in described(&mut link).await? {
        if !description.is_object() {
            return Err(Stop::fail(
                format!("{name:?} described by a map"),
                format!("{description}"),
            ));
        }
    }
    peer.keep(link).await;
    Ok(())
}

async fn function(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let described = described(&mut link)
        .await
        .unrelated("asking for descriptions")?;
    peer.keep(link).await;
    if described.is_empty() {
        return Err(Stop::skip("the device describes no resource"));
    }
    for (name, description) in described {
        let number = description.get("fn").and_then(Json::as_u64);
        if number
            .and_then(|number| Function::of(peer.spec(), number))
            .is_none()
        {
            let got = description
                .get("fn")
                .map_or_else(|| "no fn".to_owned(), |number| format!("fn {number}"));
            return Err(Stop::fail(format!("{name:?} to have fn 1 to 4"), got));
        }
    }
    Ok(())
}

async fn types(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let described = described(&mut link)
        .await
        .unrelated("asking for descriptions")?;
    peer.keep(link).await;
    if described.is_empty() {
        return Err(Stop::skip("the device describes no resource"));
    }
    for (name, description) in described {
        let wrong = [
            ("pr", "a boolean", Json::is_boolean as fn(&Json) -> bool),
            ("st", "a boolean", Json::is_boolean),
            ("id", "a number", Json::is_u64),
        ]
        .into_iter()
        .find_map(|(key, kind, fits)| {
            let value = description.get(key)?;
            (!fits(value)).then(|| (format!("{key} of {name:?} to be {kind}"), value.to_string()))
        });
        if let Some((expected, got)) = wrong {
            return Err(Stop::fail(expected, got));
        }
    }
    Ok(())
}

async fn one(peer: &Peer) -> Outcome {
    let catalogue = peer.catalogue()?;
    let plain: Vec<&Resource> = catalogue
        .resources
        .iter()
        .filter(|r| r.is_plain())
        .collect();
    if plain.is_empty() {
        return Err(Stop::skip(
            "the device describes no resource that can be asked for",
        ));
    }
    let mut link = peer.connected().await?;
    for resource in plain {
        let id = link.id();
        link.send(json!({"type": "describe", "stream_id": id, "resource": resource.name}))
            .await?;
        let answer = link
            .message(&[Want::Ok(id)])
            .await
            .because(format!("{:?} was asked for", resource.name))?;
        let samples: &[&str] = match resource.function {
            Function::None => &[],
            Function::Input => &["in"],
            Function::Output => &["out"],
            Function::InputOutput => &["in", "out"],
        };
        let payload = answer.field("payload").cloned().unwrap_or_default();
        for key in samples {
            if payload.get(key).is_none() {
                return Err(Stop::fail(
                    format!("a sample {key:?} of {:?}", resource.name),
                    format!("payload {payload}"),
                ));
            }
        }
        // Null is a sample of nothing.
        let is_there = |key: &&str| payload.get(*key).is_some_and(|sample| !sample.is_null());
        let mut strange = ["in", "out"]
            .into_iter()
            .filter(|key| !samples.contains(key));
        if let Some(key) = strange.find(is_there) {
            return Err(Stop::fail(
                format!("no sample {key:?} of {:?}, by its function", resource.name),
                format!("payload {payload}"),
            ));
        }
    }
    peer.keep(link).await;
    Ok(())
}

async fn unknown(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(json!({"type": "describe", "stream_id": id, "resource": NO_SUCH_RESOURCE}))
        .await?;
    link.message(&[Want::Error(id)]).await?;
    peer.keep(link).await;
    Ok(())
}

/// Number of the field that 2023 gives the resource, in which others have a payload.
const FIELD: u32 = 3;

/// Puts the request together byte by byte. One that is not there has to be missed, or the field
/// was not read.
async fn resource_in_field_3(peer: &Peer) -> Outcome {
    let mut resources = peer.catalogue()?.resources.iter();
    let Some(resource) = resources.find(|resource| resource.is_plain()) else {
        return Err(Stop::skip(
            "the device describes no resource that can be asked for",
        ));
    };
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    for (name, is_there) in [(resource.name.as_str(), true), (NO_SUCH_RESOURCE, false)] {
        let id = link.id();
        let body = [
            craft.number(craft.field("describe", "stream_id")?, id.into()),
            craft.value(FIELD, &json!(name))?,
        ];
        let message = craft.frame(craft.code("describe")?, &body.concat());
        link.send_raw(
            &message,
            &format!("describe with {name:?} in field {FIELD}"),
        )
        .await;
        let want = if is_there {
            Want::Ok(id)
        } else {
            Want::Error(id)
        };
        link.message(&[want]).await?;
    }
    peer.keep(link).await;
    Ok(())
}
