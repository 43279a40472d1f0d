//! What a user is told of a device's resources.

use serde_json::{Value as Json, json};

use super::{CALLED, OWN_ANSWER, RESOURCE, device, id_of, next_told, ok, unheard};
use crate::case::Case;
use crate::subject::{Event, Link, Peer, Told};
use crate::verdict::{Outcome, Stop};

pub(in crate::suite) const CASES: &[Case] = &[Case {
    slug: "call.describe",
    title: "what the device says of its resources reaches who asks",
    clauses: &[OWN_ANSWER],
    run: |peer| Box::pin(describe(peer)),
    ..CALLED
}];

/// What the device says of everything, or of the one resource.
fn said(resource: Option<&Json>) -> Json {
    match resource {
        None => json!({"temperature": {"fn": 3}, "led": {"fn": 2}}),
        Some(_) => json!({"out": {"celsius": 21}}),
    }
}

async fn describe(peer: &Peer) -> Outcome {
    peer.operator()?;
    let mut link = device(peer, &["describe"]).await?;
    let mut is_known = true;
    for resource in [None, Some(RESOURCE)] {
        is_known &= !reaches_who_asks(peer, &mut link, resource).await?;
    }
    match is_known {
        true => Err(Stop::skip("the server knows its devices without asking")),
        false => Ok(()),
    }
}

/// Lets a user ask; whether the device was asked for it. The server may ask it more than that for
/// reasons of its own.
async fn reaches_who_asks(peer: &Peer, link: &mut Link, resource: Option<&str>) -> Outcome<bool> {
    let asked = peer.operator()?.describe(peer.credentials()?, resource);
    let mut waiting = vec![(0, asked)];
    let mut requests = 0;
    let told = loop {
        let event = tokio::select! {
            biased;
            event = link.next() => event,
            (_, told) = next_told(&mut waiting) => break told.map_err(unheard)?,
        };
        match event {
            Event::Message(request) if request.name() == "describe" => {
                requests += 1;
                let said = said(request.field("resource"));
                link.send(ok(id_of(&request)?, &said)).await?;
            }
            other => {
                let expected = match requests {
                    0 => format!("a Describe of {}", resource.unwrap_or("everything")),
                    _ => "the user to be told".to_owned(),
                };
                return Err(Stop::fail(expected, other.to_string()));
            }
        }
    };
    if requests == 0 && matches!(told, Told::Value(_)) {
        return Ok(false);
    }
    let wanted = Told::Value(Some(said(resource.map(|name| json!(name)).as_ref())));
    if told != wanted {
        return Err(Stop::fail(wanted.to_string(), told.to_string()).because("told the user"));
    }
    Ok(true)
}
