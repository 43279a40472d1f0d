//! In which encoding values are, and who chooses it.

pub(super) mod said;
pub(super) mod sized;

use iotmp_ref::wire::Encoding;
use serde_json::{Value as Json, json};

use super::connect::says_why;
use super::craft::Craft;
use super::run::{granted, runnable};
use crate::case::{CASE, Case, DEVICE, Role, SERVER};
use crate::subject::vocabulary::connect;
use crate::subject::{Link, Peer, Want};
use crate::verdict::{Outcome, Step, Stop};

/// What a server has to support.
const REQUIRED: &str = "IOTMP23-ENCODING-001";
/// The enumeration of the encodings that a Connect can ask for.
const CHOICES: &str = "payload_encoding";

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "encoding.pson",
        title: "a Connect that asks for PSON is accepted, and PSON understood after it",
        clauses: &[REQUIRED],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(supported(peer, "pson")),
        ..SERVER
    },
    Case {
        slug: "encoding.json",
        title: "a Connect that asks for JSON is accepted, and JSON understood after it",
        clauses: &[REQUIRED],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(supported(peer, "json")),
        ..SERVER
    },
    Case {
        slug: "encoding.pson-or-json",
        title: "a device understands PSON, JSON, or both",
        clauses: &["IOTMP23-ENCODING-002"],
        run: |peer| Box::pin(pson_or_json(peer)),
        ..DEVICE
    },
    Case {
        slug: "encoding.chosen",
        title: "values of the negotiated wire type are in the encoding that the Connect asked for",
        clauses: &["IOTMP23-ENCODING-003"],
        control: Some("run.resource-in-field-0"),
        run: |peer| Box::pin(chosen(peer)),
        ..CASE
    },
    Case {
        slug: "encoding.of-its-connection",
        title: "an encoding holds for the connection whose Connect asked for it, and for no other",
        clauses: &["IOTMP23-ENCODING-003"],
        control: Some("encoding.chosen"),
        run: |peer| Box::pin(of_its_connection(peer)),
        ..SERVER
    },
    Case {
        slug: "encoding.unchosen",
        title: "without an encoding in the Connect the negotiated wire type is PSON",
        clauses: &["IOTMP23-ENCODING-004"],
        control: Some("run.resource-in-field-0"),
        run: |peer| Box::pin(unchosen(peer)),
        ..CASE
    },
    Case {
        slug: "encoding.reserved",
        title: "the reserved encoding is refused with the code for that",
        clauses: &["IOTMP23-ENCODING-005"],
        control: Some("encoding.pson"),
        run: |peer| Box::pin(refused(peer, |known| known.first().copied())),
        ..SERVER
    },
    Case {
        slug: "encoding.unknown",
        title: "an encoding that nobody defined is refused with the code for that",
        clauses: &["IOTMP23-ENCODING-005"],
        control: Some("encoding.pson"),
        run: |peer| Box::pin(refused(peer, |known| Some(known.last()? + 1))),
        ..SERVER
    },
];

/// The encodings that a Connect can ask for: number, name and what they are.
fn choices(peer: &Peer) -> Vec<(u64, &'static str, Encoding)> {
    let known = peer.spec().enumeration(CHOICES);
    let values = known.map_or(&[][..], |known| &known.values);
    let named = values.iter().filter_map(|value| {
        let encoding = Encoding::from_name(value.encoding.as_deref()?)?;
        Some((value.value, value.name.as_str(), encoding))
    });
    named.collect()
}

/// The encoding that a device asked for in its Connect.
fn announced(link: &Link) -> Option<Encoding> {
    link.codec().announced(&link.hello()?.message)
}

/// Whether a device asked for the encoding of that name.
pub(super) fn speaks(link: &Link, name: &str) -> bool {
    announced(link).is_some_and(|encoding| encoding.name() == name)
}

/// A request that names a resource under the negotiated wire type, and what has to come of it.
///
/// In an encoding that can say no text by itself the resource travels as ever, beside
/// parameters that stand in a map.
async fn ask_in(peer: &Peer, link: &mut Link, encoding: Encoding) -> Outcome {
    let craft = Craft::new(link.codec());
    let id = link.id();
    let mut request = granted(peer, Some(id))?;
    let is_document = encoding == Encoding::Bson;
    let parameters = json!({"probe": 1});
    let negotiated = if is_document {
        ("parameters", parameters)
    } else {
        let named = request
            .as_object_mut()
            .and_then(|map| map.remove("resource"));
        ("resource", named.unwrap_or_default())
    };
    let mut fields = craft.fields(&request)?;
    let field = craft.field("run", negotiated.0)?;
    fields.push(craft.negotiated(field, encoding, &negotiated.1)?);
    let message = craft.frame(craft.code("run")?, &fields.concat());
    let name = encoding.name();
    link.send_raw(
        &message,
        &format!("run with its {} in {name}", negotiated.0),
    )
    .await;
    match peer.role() {
        Role::Server => link.answer(id).await.map(drop),
        Role::Device => link.message(&[Want::Ok(id)]).await.map(drop),
    }
}

/// Connects with an encoding, and values of the Connect in what everybody reads.
async fn connect_with(peer: &Peer, encoding: Option<u64>, payload: &Json) -> Outcome<(Link, u16)> {
    let mut link = peer.open().await?;
    let craft = Craft::new(link.codec());
    let id = link.id();
    let parts = encoding.map_or(Json::Null, |number| json!({"encoding": number}));
    let message = connect(peer.spec(), id, &parts, payload)?;
    let body = craft.fields(&message)?.concat();
    let message = craft.frame(craft.code("connect")?, &body);
    let what = encoding.map_or_else(
        || "connect".to_owned(),
        |number| format!("connect with encoding {number}"),
    );
    link.send_raw(&message, &what).await;
    let asked = choices(peer).into_iter();
    let mut asked = asked.filter(|(number, ..)| Some(*number) == encoding);
    if let Some((_, _, encoding)) = asked.next() {
        link.negotiate(encoding);
    }
    Ok((link, id))
}

/// Whether a server takes an encoding; if so, values of it have to be understood.
async fn taken(peer: &Peer, number: u64, encoding: Encoding) -> Outcome<bool> {
    let payload = peer.credentials()?.payload();
    let (mut link, id) = connect_with(peer, Some(number), &payload).await?;
    if link.answer(id).await?.name() == "error" {
        return Ok(false);
    }
    ask_in(peer, &mut link, encoding).await?;
    link.quiet("nothing more").await?;
    Ok(true)
}

async fn supported(peer: &Peer, name: &str) -> Outcome {
    let mut choices = choices(peer).into_iter();
    let Some((number, _, encoding)) = choices.find(|(_, known, _)| *known == name) else {
        return Err(Stop::skip(format!("the spec has no encoding {name}")));
    };
    match taken(peer, number, encoding).await? {
        true => Ok(()),
        false => Err(Stop::fail(
            format!("a Connect with encoding {number} ({name}) to be accepted"),
            "an Error",
        )),
    }
}

async fn pson_or_json(peer: &Peer) -> Outcome {
    let resource = runnable(peer)?;
    let mut answers = Vec::new();
    let own = Craft::new(peer.codec());
    for wire in own.carriers().filter(|wire| wire.encodings.len() == 1) {
        let mut link = peer.connected().await?;
        let id = link.id();
        let name = json!(resource.name);
        let body = [
            own.number(own.field("describe", "stream_id")?, id.into()),
            own.carried(
                own.field("describe", "resource")?,
                &wire,
                wire.encoding,
                &name,
            )?,
        ];
        let message = own.frame(own.code("describe")?, &body.concat());
        link.send_raw(&message, &format!("describe in {}", wire.name))
            .await;
        let event = link.next().await;
        if Want::Ok(id).allows(&event) {
            peer.keep(link).await;
            return Ok(());
        }
        answers.push(format!("{} by {event}", wire.name));
    }
    Err(Stop::fail(
        "Ok where the resource is named in PSON, or where it is in JSON",
        answers.join(", "),
    ))
}

async fn chosen(peer: &Peer) -> Outcome {
    if peer.role() == Role::Device {
        let mut link = peer.connected().await?;
        let Some(encoding) = announced(&link) else {
            return Err(Stop::skip("the device leaves the encoding as it is"));
        };
        ask_in(peer, &mut link, encoding).await?;
        peer.keep(link).await;
        return Ok(());
    }
    let mut some = false;
    for (number, name, encoding) in choices(peer) {
        let taken = taken(peer, number, encoding).await;
        some |= taken.because(format!("the Connect asked for encoding {number} ({name})"))?;
    }
    if some {
        Ok(())
    } else {
        Err(Stop::skip("the server takes no encoding at all"))
    }
}

async fn of_its_connection(peer: &Peer) -> Outcome {
    if peer.subject().takes_over() {
        return Err(Stop::skip("the server has one connection of a device"));
    }
    let payload = peer.credentials()?.payload();
    let mut beside = Vec::new();
    for (number, _, encoding) in choices(peer) {
        let (mut link, id) = connect_with(peer, Some(number), &payload).await?;
        if link.answer(id).await?.name() == "ok" {
            beside.push((link, encoding));
        }
    }
    for (link, encoding) in &mut beside {
        let name = encoding.name();
        ask_in(peer, link, *encoding).await.because(format!(
            "the Connect asked for {name}, and those of connections after it for others"
        ))?;
    }
    Ok(())
}

async fn unchosen(peer: &Peer) -> Outcome {
    let default = Craft::new(peer.codec()).encoding();
    let mut link = match peer.role() {
        Role::Server => {
            let payload = peer.credentials()?.payload();
            let (mut link, id) = connect_with(peer, None, &payload).await?;
            link.message(&[Want::Ok(id)])
                .await
                .unrelated("connecting")?;
            link
        }
        Role::Device => peer.connected().await?,
    };
    if announced(&link).is_some() {
        return Err(Stop::skip("the device asks for an encoding"));
    }
    ask_in(peer, &mut link, default).await?;
    peer.keep(link).await;
    Ok(())
}

async fn refused(peer: &Peer, choose: fn(&[u64]) -> Option<u64>) -> Outcome {
    let known = peer.spec().enumeration(CHOICES);
    let mut known: Vec<u64> = known
        .map_or(&[][..], |known| &known.values)
        .iter()
        .map(|value| value.value)
        .collect();
    known.sort_unstable();
    let number =
        choose(&known).ok_or_else(|| Stop::skip("the spec has no encodings to choose from"))?;
    let payload = peer.credentials()?.payload();
    let (mut link, id) = connect_with(peer, Some(number), &payload).await?;
    let refusal = link.message(&[Want::Error(id)]).await?;
    says_why(peer, &refusal, "bad_encoding")
}
