//! Texts that travel by their size alone, where a value would do as well.

use serde_json::{Value as Json, json};

use super::craft::Craft;
use super::run::action::alike;
use crate::case::{CASE, Case, DEVICE, Role};
use crate::subject::{Link, NO_SUCH_RESOURCE, Peer, Received};
use crate::verdict::{Outcome, Step, Stop};

const TEXT: &str = "IOTMP20-WIRE-003";

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "fields.text-resource",
        title: "a resource as a delimited text is the resource of that name",
        clauses: &[TEXT],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(resource(peer)),
        ..CASE
    },
    Case {
        slug: "fields.text-payload",
        title: "a payload as a delimited text is the text",
        clauses: &[TEXT],
        control: Some("fields.text-resource"),
        run: |peer| Box::pin(payload(peer)),
        ..DEVICE
    },
];

/// Sends a message, and then another in which a field that is a text is delimited: both answers.
async fn both(link: &mut Link, message: &Json, field: &str) -> Outcome<(Received, Received)> {
    let craft = Craft::new(link.codec());
    let name = message["type"].as_str().unwrap_or_default();
    let mut answers = Vec::new();
    for delimited in [false, true] {
        let id = link.id();
        let mut body = craft.number(craft.field(name, "stream_id")?, id.into());
        for (part, value) in message.as_object().into_iter().flatten() {
            match value.as_str() {
                _ if part == "type" => {}
                Some(text) if delimited && part == field => {
                    body.extend(craft.text(craft.field(name, part)?, text)?);
                }
                _ => body.extend(craft.value(craft.field(name, part)?, value)?),
            }
        }
        let frame = craft.frame(craft.code(name)?, &body);
        let manner = if delimited { "delimited" } else { "a value" };
        link.send_raw(&frame, &format!("{name} whose {field} is {manner}"))
            .await;
        let answer = link.answer(id).await;
        answers.push(answer.because(format!("the {field} is {manner}"))?);
    }
    match <[Received; 2]>::try_from(answers) {
        Ok([value, text]) => Ok((value, text)),
        Err(_) => Err(Stop::inconclusive("two messages without two answers")),
    }
}

async fn resource(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let known = match peer.role() {
        Role::Server => None,
        // One that takes an input has a second field that may be a text; that is another case.
        Role::Device => peer.catalogue()?.runnable(),
    };
    let name = known.map_or(NO_SUCH_RESOURCE, |resource| &resource.name);
    let run = json!({"type": "run", "resource": name});
    let (value, text) = both(&mut link, &run, "resource").await?;
    alike(&value, &text)?;
    peer.keep(link).await;
    Ok(())
}

async fn payload(peer: &Peer) -> Outcome {
    let resources = &peer.catalogue()?.resources;
    let takes_text = resources.iter().find_map(|resource| {
        let input = resource.input.as_ref().filter(|input| input.is_string())?;
        let usable = resource.is_plain() && !resource.needs_parameters;
        usable.then_some((&resource.name, input))
    });
    let Some((name, input)) = takes_text else {
        return Err(Stop::skip(
            "the device describes no resource that takes a text",
        ));
    };
    let mut link = peer.connected().await?;
    let run = json!({"type": "run", "resource": name, "payload": input});
    let (value, text) = both(&mut link, &run, "payload").await?;
    alike(&value, &text)?;
    peer.keep(link).await;
    Ok(())
}
