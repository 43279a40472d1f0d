//! That a value is the same however it is said.

use iotmp_ref::wire::Encoding;
use serde_json::{Value as Json, json};

use super::{announced, choices, speaks};
use crate::case::{CASE, Case, DEVICE, Role};
use crate::subject::vocabulary::{connect, number};
use crate::subject::{Credentials, Event, NO_SUCH_RESOURCE, Peer, Want, phrase};
use crate::suite::connect::{nothing_in_common, refused_with};
use crate::suite::craft::{Carrier, Craft};
use crate::suite::hostile::taken;
use crate::suite::run::runnable;
use crate::verdict::{Outcome, Step, Stop};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "encoding.wire-types",
        title: "a value means the same under each wire type that can carry it",
        specs: &["iotmp-2023"],
        clauses: &["IOTMP23-WIRE-002"],
        run: |peer| Box::pin(wire_types(peer)),
        ..CASE
    },
    Case {
        slug: "encoding.fills-its-size",
        title: "a name that does not fill the size before it names nothing",
        specs: &["iotmp-2023"],
        roles: DEVICE.roles,
        clauses: &["IOTMP23-WIRE-003"],
        run: |peer| Box::pin(fills_its_size(peer)),
        ..CASE
    },
    Case {
        slug: "encoding.loses-nothing",
        title: "a number that the encoding cannot say by itself leads back to it, or is refused",
        clauses: &["IOTMP23-ENCODING-006"],
        run: |peer| Box::pin(loses_nothing(peer)),
        ..CASE
    },
];

async fn loses_nothing(peer: &Peer) -> Outcome {
    match peer.role() {
        Role::Server => refusal_in_every_encoding(peer).await,
        Role::Device => outputs_by_themselves(peer).await,
    }
}

/// Credentials that no server takes for the right ones, however it compares: who takes a part for
/// the whole breaks another rule.
async fn strangers(peer: &Peer) -> Outcome<Credentials> {
    let mut wrong = peer.credentials()?.clone();
    nothing_in_common(&mut wrong);
    refused_with(peer, &wrong)
        .await
        .unrelated("refusing a wrong credential")?;
    Ok(wrong)
}

/// Sends a Connect in an encoding and returns what comes next.
async fn connect_in(
    peer: &Peer,
    (number, encoding): (u64, Encoding),
    who: &Credentials,
) -> Outcome<(u16, Event)> {
    let mut link = peer.open().await?;
    link.set_encoding(encoding);
    let id = link.id();
    let parts = json!({"encoding": number});
    link.send(connect(peer.spec(), id, &parts, &who.payload())?)
        .await?;
    Ok((id, link.next().await))
}

/// Has a server say its code for bad credentials, a number that stands by itself, in every
/// encoding that it takes but the usual one.
async fn refusal_in_every_encoding(peer: &Peer) -> Outcome {
    let wrong = strangers(peer).await?;
    let code = number(peer.spec(), "connect_error", "bad_credentials")?;
    let usual = Craft::new(peer.codec()).encoding();
    let mut taken = 0;
    for (number, _, encoding) in choices(peer) {
        if encoding == usual {
            continue;
        }
        let (id, answer) = connect_in(peer, (number, encoding), peer.credentials()?).await?;
        if !Want::Ok(id).allows(&answer) {
            continue;
        }
        let (id, answer) = connect_in(peer, (number, encoding), &wrong).await?;
        let refusal = match &answer {
            Event::Message(refusal) if refusal.is("error", id) => refusal,
            other => {
                let stop = Stop::fail(Want::Error(id).to_string(), other.to_string());
                // Only in documents a number by itself is hard to say.
                if encoding == Encoding::Bson {
                    return Err(stop);
                }
                return Err(stop.unrelated("refusing a wrong credential"));
            }
        };
        taken += 1;
        let said = refusal.field("parameters");
        // Which code it is, is the matter of another case.
        if said.is_some_and(|said| !said.is_u64()) {
            let expected = format!("an Error whose parameters are a number such as {code}");
            return Err(Stop::fail(expected, phrase(&refusal.message))
                .because(format!("values were in {}", encoding.name())));
        }
    }
    match taken {
        0 => Err(Stop::skip("the server takes no other encoding")),
        _ => Ok(()),
    }
}

/// Has a device say by themselves the values that it has said in a map before.
async fn outputs_by_themselves(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    if !speaks(&link, Encoding::Bson.name()) {
        return Err(Stop::skip(
            "the device did not choose an encoding that leaves anything unsaid",
        ));
    }
    let is_scalar = |value: &&Json| value.is_number() || value.is_string() || value.is_boolean();
    let resources = peer.catalogue()?.resources.iter();
    let mut outputs = resources
        .filter(|resource| resource.is_plain() && !resource.needs_parameters)
        .filter_map(|resource| Some((resource, resource.output.as_ref().filter(is_scalar)?)));
    let Some((resource, sample)) = outputs.next() else {
        return Err(Stop::skip(
            "the device gives no value that stands by itself",
        ));
    };
    let id = link.id();
    link.send(resource.run(Some(id))).await?;
    let answer = link.answer(id).await?;
    peer.keep(link).await;
    let said = answer.field("payload");
    let same_kind = said.is_some_and(|said| {
        (said.is_number(), said.is_string(), said.is_boolean())
            == (sample.is_number(), sample.is_string(), sample.is_boolean())
    });
    if answer.name() == "error" || same_kind {
        return Ok(());
    }
    Err(Stop::fail(
        format!("a value such as {sample}, or an Error"),
        phrase(&answer.message),
    ))
}

/// Says one thing under every wire type that can carry it.
async fn wire_types(peer: &Peer) -> Outcome {
    let craft = Craft::new(peer.codec());
    let mut left_out = 0;
    for wire in craft.carriers() {
        if peer.role() == Role::Device && !understands(peer, craft, &wire).await? {
            left_out += 1;
            continue;
        }
        let because = format!("under wire type {} ({})", wire.id, wire.name);
        match peer.role() {
            Role::Server => credentials_under(peer, craft, &wire).await,
            Role::Device => resource_under(peer, craft, &wire).await,
        }
        .because(because)?;
    }
    if left_out == craft.carriers().count() {
        return Err(Stop::skip("the device understands no encoding by itself"));
    }
    Ok(())
}

/// Whether a device has to understand what is in the only encoding of a wire type: it need not
/// know both PSON and JSON, but what it has chosen.
async fn understands(peer: &Peer, craft: Craft, wire: &Carrier) -> Outcome<bool> {
    if wire.encodings.len() > 1 {
        return Ok(true);
    }
    let mut link = peer.connected().await?;
    if announced(&link) == Some(wire.encoding) {
        peer.keep(link).await;
        return Ok(true);
    }
    let resource = runnable(peer)?;
    let mut answers = Vec::new();
    let usual = craft.value(
        craft.field("describe", "resource")?,
        &json!(NO_SUCH_RESOURCE),
    )?;
    let field = craft.field("describe", "resource")?;
    let asked = craft.carried(field, wire, wire.encoding, &json!(resource.name))?;
    for named in [usual, asked] {
        let id = link.id();
        let number = craft.number(craft.field("describe", "stream_id")?, id.into());
        let message = craft.frame(craft.code("describe")?, &[number, named].concat());
        link.send_raw(&message, "describe").await;
        let Event::Message(answer) = link.next().await else {
            return Ok(false);
        };
        let said = [answer.field("parameters"), answer.field("payload")];
        answers.push((answer.name() == "ok", said.map(Option::<&Json>::cloned)));
    }
    peer.keep(link).await;
    let (unknown, named) = (answers.first(), answers.last());
    let says_something = unknown.is_some_and(|(_, said)| said.iter().any(Option::is_some));
    // Whoever says of a resource that there is no such has read something else for its name.
    Ok(named.is_some_and(|(is_ok, _)| *is_ok) || (says_something && unknown == named))
}

/// Names a resource that there is, and something more within the same size.
async fn fills_its_size(peer: &Peer) -> Outcome {
    let resource = runnable(peer)?;
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let field = craft.field("run", "resource")?;
    let chosen = announced(&link);
    for wire in craft.carriers().filter(|wire| wire.is_sized) {
        let encoding = chosen.filter(|chosen| wire.encodings.contains(chosen));
        let encoding = encoding.unwrap_or(wire.encoding);
        if encoding == Encoding::Bson {
            continue;
        }
        let id = link.id();
        let mut request = resource.run(Some(id));
        if let Some(parts) = request.as_object_mut() {
            parts.remove("resource");
        }
        let more = craft.value_in(encoding, &json!([]))?;
        let named = craft.overfull(field, &wire, encoding, &json!(resource.name), &more)?;
        let body = [craft.fields(&request)?.concat(), named].concat();
        let what = format!("run of a resource and more in {}", wire.name);
        link.send_raw(&craft.frame(craft.code("run")?, &body), &what)
            .await;
        if let Some(stop) = taken(&mut link, id).await? {
            return Err(stop.because(what));
        }
        // A connection that it cost is over by now.
        if link.fence().await.is_err() {
            link = peer.connected().await?;
        }
    }
    Ok(())
}

async fn credentials_under(peer: &Peer, craft: Craft, wire: &Carrier) -> Outcome {
    let right = peer.credentials()?.clone();
    let wrong = strangers(peer).await?;
    for (who, is_right) in [(right, true), (wrong, false)] {
        let mut link = peer.open().await?;
        let id = link.id();
        let field = craft.field("connect", "payload")?;
        let body = [
            craft.number(craft.field("connect", "stream_id")?, id.into()),
            craft.carried(field, wire, wire.encoding, &who.payload())?,
        ];
        let message = craft.frame(craft.code("connect")?, &body.concat());
        link.send_raw(
            &message,
            &format!("connect with credentials in {}", wire.name),
        )
        .await;
        let want = if is_right {
            Want::Ok(id)
        } else {
            Want::Error(id)
        };
        link.message(&[want]).await?;
    }
    Ok(())
}

async fn resource_under(peer: &Peer, craft: Craft, wire: &Carrier) -> Outcome {
    let resource = runnable(peer)?;
    let mut link = peer.connected().await?;
    // What is under the negotiated wire type the device has chosen itself.
    let encoding = announced(&link)
        .filter(|encoding| wire.encodings.len() > 1 && wire.encodings.contains(encoding))
        .unwrap_or(wire.encoding);
    for (name, is_there) in [(resource.name.as_str(), true), (NO_SUCH_RESOURCE, false)] {
        let id = link.id();
        let body = [
            craft.number(craft.field("describe", "stream_id")?, id.into()),
            craft.carried(
                craft.field("describe", "resource")?,
                wire,
                encoding,
                &json!(name),
            )?,
        ];
        let message = craft.frame(craft.code("describe")?, &body.concat());
        link.send_raw(&message, &format!("describe of {name:?} in {}", wire.name))
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
