//! What a server has for its devices, by number.

use serde_json::{Value as Json, json};

use super::ONE_ANSWER;
use crate::case::{Case, SERVER};
use crate::subject::{Peer, Received, vocabulary};
use crate::suite::craft::Craft;
use crate::suite::property::{self, asked};
use crate::verdict::{Outcome, Step, Stop};

/// Numbers that are tried, those among them that mean nothing yet.
const NUMBERS: core::ops::RangeInclusive<u64> = 1..=20;
/// What would turn to another device or wants a Start Stream.
const OTHERS: [&str; 2] = ["call_device", "subscribe_event"];
/// A property of the device that a case sets.
const PROPERTY: &str = "conformance_forms";

/// A case about what only a device that was let in can ask for, which is known of these servers alone.
const NUMBERED: Case = Case {
    specs: &["iotmp-shipping"],
    ..SERVER
};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "run.server-resources",
        title: "a Run of a number is answered, whether or not the server has something under it",
        clauses: &[ONE_ANSWER],
        control: Some("fields.integer-as-varint"),
        run: |peer| Box::pin(numbers(peer)),
        ..NUMBERED
    },
    Case {
        slug: "run.server-resource-forms",
        title: "the number of a server's resource means the same as a varint and as a value",
        // A server without such a resource keeps the rule of the forms as far as other cases see it.
        clauses: &[ONE_ANSWER],
        control: Some("fields.integer-as-varint"),
        run: |peer| Box::pin(forms(peer)),
        ..NUMBERED
    },
];

async fn numbers(peer: &Peer) -> Outcome {
    let spec = peer.spec();
    let others = OTHERS.map(|name| vocabulary::number(spec, "server_resource", name).ok());
    // Of its own, so that no lock is in the way of another case.
    let target = "conformance-numbers";
    let mut link = peer.connected().await?;
    for number in NUMBERS.filter(|number| !others.contains(&Some(*number))) {
        let run = json!({"type": "run", "resource": number, "parameters": target, "payload": 1});
        asked(&mut link, &run)
            .await
            .because(format!("the Run was of resource {number}"))?;
    }
    Ok(())
}

/// The answer to a Run whose resource is `resource`, as bytes, and whose other fields are as ever.
async fn answer_to(peer: &Peer, run: &Json, as_value: bool) -> Outcome<Received> {
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let id = link.id();
    let number = run.get("resource").and_then(Json::as_u64).unwrap_or(0);
    let mut others = run.clone();
    if let Some(fields) = others.as_object_mut() {
        fields.remove("resource");
    }
    let field = craft.field("run", "resource")?;
    let resource = match as_value {
        true => craft.value(field, &json!(number))?,
        false => craft.number(field, number),
    };
    let own = craft.number(craft.field("run", "stream_id")?, id.into());
    let body = [own, craft.fields(&others)?.concat(), resource].concat();
    let what = match as_value {
        true => "run of a number that is a value",
        false => "run of a number that is a varint",
    };
    link.send_raw(&craft.frame(craft.code("run")?, &body), what)
        .await;
    link.answer(id).await.because(what)
}

async fn forms(peer: &Peer) -> Outcome {
    let set = property::set(peer.spec(), PROPERTY, &json!({"forms": 2}))?;
    let read = property::read(peer.spec(), PROPERTY)?;
    let mut some = false;
    for request in [set, read] {
        let varint = answer_to(peer, &request, false).await?;
        let value = answer_to(peer, &request, true).await?;
        let (as_varint, as_value) = (varint.name(), value.name());
        if as_varint != as_value {
            let got = format!("{as_varint} to the varint, {as_value} to the value");
            let stop = Stop::fail("the same answer to both forms", got);
            return Err(stop.blaming("IOTMPS-WIRE-003"));
        }
        some |= as_varint == "ok";
    }
    match some {
        true => Ok(()),
        false => Err(Stop::skip("the server keeps no properties")),
    }
}
