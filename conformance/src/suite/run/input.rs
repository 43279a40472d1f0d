//! Calls with an input that a resource does not expect, or that is none.

use iotmp_ref::wire::Encoding;
use serde_json::{Value as Json, json};

use super::ONE_ANSWER;
use super::resource::{kind, run_ok};
use crate::case::{Case, DEVICE};
use crate::subject::{Link, Peer, Resource};
use crate::suite::craft::Craft;
use crate::suite::fields::UNKNOWN;
use crate::suite::hostile::taken;
use crate::suite::property::with_id;
use crate::verdict::{Outcome, Step, Stop};

/// Resources that are given something.
const MANY: usize = 8;
/// Resources that are given what is no value, which may cost a connection each time.
const FEW: usize = 2;
/// Malformed values of which nobody can say where they end.
const UNSIZED: usize = 2;
/// A message that is refused costs at most its connection.
const LIVES_ON: &str = "IOTMP25-ROBUST-001";
/// A map whose keys are no strings.
const KEY: &str = "IOTMP25-PSON2-006";
/// A value that is none.
const NO_VALUE: &str = "IOTMP25-PSON2-007";
const NO_VALUE_1: &str = "IOTMP25-PSON1-007";

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "run.other-input",
        title: "a Run with an input of another kind than its sample, or none, is answered too",
        clauses: &[ONE_ANSWER],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(other_input(peer)),
        ..DEVICE
    },
    Case {
        slug: "run.integer-input",
        title: "an input that is an integer is accepted as a varint field and as a value",
        clauses: &["IOTMPS-WIRE-003"],
        control: Some("fields.integer-as-varint"),
        run: |peer| Box::pin(integer_input(peer)),
        ..DEVICE
    },
    Case {
        slug: "run.malformed-input",
        title: "what is no value spoils its message, in a field that is skipped and as an input",
        // Elsewhere a device chooses among encodings that have nothing in common.
        specs: &["iotmp-2025", "iotmp-shipping"],
        clauses: &[NO_VALUE, KEY, NO_VALUE_1],
        control: Some("fields.each-any-order"),
        run: |peer| Box::pin(malformed_input(peer)),
        ..DEVICE
    },
];

/// What is no value of generation 2, the unsized first, which clause it breaks, and in words.
const MALFORMED: &[(&str, &str, &[u8])] = &[
    (NO_VALUE, "nothing", &[]),
    (NO_VALUE, "two bytes of a string of five", b"\x85ab"),
    (NO_VALUE, "three bytes of a float", &[0x40, 0, 0, 0]),
    (NO_VALUE, "one element of an array of two", &[0xe2, 1]),
    (NO_VALUE, "a map of a key alone", b"\xc1\x81a"),
    (
        NO_VALUE,
        "a float of no size",
        &[0x42, 0, 0, 0, 0, 0, 0, 0, 0],
    ),
    (NO_VALUE, "the discrete value 3", &[0x63]),
    (KEY, "a map whose key is a number", &[0xc1, 1, 1]),
];

/// The same of generation 1, which has one clause for it.
const MALFORMED_1: &[(&str, &str, &[u8])] = &[
    (NO_VALUE_1, "nothing", &[]),
    (NO_VALUE_1, "two bytes of a string of five", b"\x4a\x05ab"),
    (NO_VALUE_1, "three bytes of a float", &[0x1d, 0, 0, 0]),
    (
        NO_VALUE_1,
        "one byte of an array of three",
        &[0x72, 3, 0x38],
    ),
    (
        NO_VALUE_1,
        "an array of three bytes whose string is longer than it",
        b"\x72\x03\x4a\x03abc",
    ),
];

/// Resources that take an input, as many as are there.
fn takers(peer: &Peer, most: usize) -> Outcome<Vec<&Resource>> {
    let takers: Vec<&Resource> = peer.catalogue()?.takers().take(most).collect();
    match takers.is_empty() {
        true => Err(Stop::skip(
            "the device describes no resource that takes a value, with a sample of it",
        )),
        false => Ok(takers),
    }
}

/// A Run of it with another input, or none.
fn with_input(resource: &Resource, input: Option<Json>) -> Json {
    let mut message = resource.run(None);
    if let Some(object) = message.as_object_mut() {
        object.remove("payload");
        object.extend(input.map(|input| ("payload".to_owned(), input)));
    }
    message
}

async fn other_input(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for resource in takers(peer, MANY)? {
        let sample = resource.input.clone().unwrap_or_default();
        let other = match kind(&sample) {
            "string" => json!({"x": [1]}),
            _ => json!("x"),
        };
        for input in [Some(other), None] {
            let id = link.id();
            let what = input.as_ref().map_or("nothing".to_owned(), Json::to_string);
            link.send(with_id(&with_input(resource, input), id)).await?;
            link.answer(id)
                .await
                .because(format!(
                    "{:?} was given {what}, not {sample}",
                    resource.name
                ))
                .blaming(ONE_ANSWER)?;
        }
    }
    peer.keep(link).await;
    Ok(())
}

/// The one that takes a number best, in both forms; whatever it makes of it.
async fn integer_input(peer: &Peer) -> Outcome {
    let takers = takers(peer, usize::MAX)?;
    let number = |resource: &Resource| resource.input.as_ref().and_then(Json::as_u64);
    let best = takers.iter().find(|resource| number(resource).is_some());
    let Some(resource) = best.or(takers.first()).copied() else {
        return Ok(());
    };
    let number = number(resource).unwrap_or(1);
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let field = craft.field("run", "payload")?;
    let forms = [
        ("varint", craft.number(field, number)),
        ("value", craft.value(field, &json!(number))?),
    ];
    let mut kinds = Vec::new();
    for (form, payload) in forms {
        let id = link.id();
        let run = craft.fields(&with_id(&with_input(resource, None), id))?;
        let body = [run.concat(), payload].concat();
        let what = format!("run of {:?} with {number} as a {form}", resource.name);
        link.send_raw(&craft.frame(craft.code("run")?, &body), &what)
            .await;
        kinds.push(link.answer(id).await.because(what)?.name().to_owned());
    }
    match kinds.as_slice() {
        [first, second] if first != second => Err(Stop::fail(
            "the same answer to both forms",
            format!("{first} to the varint, {second} to the value"),
        )),
        _ => {
            peer.keep(link).await;
            Ok(())
        }
    }
}

/// A message and one more field, which is no value.
async fn send_malformed(link: &mut Link, message: &Json, field: u32, bytes: &[u8]) -> Outcome {
    let craft = Craft::new(link.codec());
    let name = message.get("type").and_then(Json::as_str);
    let name = name.unwrap_or_default();
    let mut body = craft.fields(message)?.concat();
    body.extend(craft.key(field, craft.value_wire()));
    body.extend(bytes);
    let what = format!("{name} with a malformed value in field {field}");
    link.send_raw(&craft.frame(craft.code(name)?, &body), &what)
        .await;
    Ok(())
}

/// Who does not take an input has to size a value nevertheless, to skip it.
async fn malformed_input(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let malformed = match craft.encoding() {
        Encoding::Pson1 => MALFORMED_1,
        _ => MALFORMED,
    };
    let mut tries = Vec::new();
    for (clause, what, bytes) in malformed.iter().take(UNSIZED) {
        let message = json!({"type": "describe"});
        tries.push((message, UNKNOWN, "a skipped field", *clause, *what, *bytes));
    }
    let payload = craft.field("run", "payload")?;
    for resource in peer.catalogue()?.takers().take(FEW) {
        let run = run_ok(&mut link, resource).await;
        run.unrelated("running it with its sample")?;
        let run = with_input(resource, None);
        for (clause, what, bytes) in malformed {
            tries.push((
                run.clone(),
                payload,
                resource.name.as_str(),
                *clause,
                *what,
                *bytes,
            ));
        }
    }
    for (message, field, whose, clause, what, bytes) in tries {
        let id = link.id();
        send_malformed(&mut link, &with_id(&message, id), field, bytes).await?;
        let taken = taken(&mut link, id).await.blaming(LIVES_ON)?;
        if let Some(stop) = taken {
            let why = format!("{whose:?} was given {what}");
            return Err(stop.because(why).blaming(clause));
        }
        // A connection that it cost is over by now.
        if link.fence().await.is_err() {
            link = peer.connected().await?;
        }
    }
    Ok(())
}
