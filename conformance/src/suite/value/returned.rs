//! Values that a resource of a device gives back as it was given them.

use iotmp_ref::wire::Encoding;
use serde_json::{Value as Json, json};

use super::{RULES, all, charged, same, shortened};
use crate::case::{Case, DEVICE};
use crate::subject::{Function, Link, Peer, Received, Resource, phrase};
use crate::suite::property::asked;
use crate::verdict::{Outcome, Step, Stop};

/// Resources of which one may give back what it is given.
const MANY: usize = 16;
/// Steps before the last that are worth showing.
const SHOWN: usize = 8;

pub(in crate::suite) const CASES: &[Case] = &[Case {
    slug: "value.returned",
    title: "a resource that gives back its input gives back any value as it was",
    clauses: RULES,
    control: Some("value.any-payload"),
    run: |peer| Box::pin(returned(peer)),
    ..DEVICE
}];

/// A Run of a resource with an input of the suite's choice.
fn run(resource: &Resource, payload: &Json) -> Json {
    json!({"type": "run", "resource": resource.name, "payload": payload})
}

/// Whether an answer gives back what the Run brought.
fn gives_back(answer: &Received, payload: &Json) -> bool {
    let said = answer.field("payload");
    answer.name() == "ok" && said.is_some_and(|said| same(said, payload))
}

/// Whether a resource gives back its own sample, and only then whether it gives back texts as well.
async fn is_echo(link: &mut Link, resource: &Resource) -> Outcome<bool> {
    let Some(sample) = &resource.input else {
        return Ok(false);
    };
    let answer = asked(link, &run(resource, sample)).await?;
    if !answer
        .field("payload")
        .is_some_and(|said| alike(said, sample))
    {
        return Ok(false);
    }
    for payload in [json!({"value": "a text"}), json!(["a text", "another"])] {
        if !gives_back(&asked(link, &run(resource, &payload)).await?, &payload) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether two values are the same but for what is in them last, which may be what goes wrong.
fn alike(one: &Json, other: &Json) -> bool {
    let is_last = |value: &Json| !value.is_array() && !value.is_object();
    let inside = |one: &Json, other: &Json| alike(one, other) || (is_last(one) && is_last(other));
    match (one, other) {
        (Json::Array(one), Json::Array(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| inside(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            let same_key = |(key, one): (&String, &Json)| {
                other.get(key).is_some_and(|other| inside(one, other))
            };
            one.len() == other.len() && one.iter().all(same_key)
        }
        _ => same(one, other),
    }
}

/// What gives back any input, if the device has such a resource.
async fn echoing<'p>(peer: &'p Peer, link: &mut Link) -> Outcome<&'p Resource> {
    let candidates = peer.catalogue()?.all_with(Function::InputOutput);
    for resource in candidates.take(MANY) {
        if is_echo(link, resource)
            .await
            .unrelated("looking for a resource that gives back its input")?
        {
            return Ok(resource);
        }
    }
    Err(Stop::skip(
        "the device describes no resource that gives back whatever it is given",
    ))
}

/// What a device does not take it need not give back.
async fn returned(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    if !matches!(
        link.codec().encoding_in_force(),
        Encoding::Pson1 | Encoding::Pson2
    ) {
        return Err(Stop::skip(
            "the device chose an encoding of its own for values",
        ));
    }
    let resource = echoing(peer, &mut link).await?;
    for (kind, value) in all() {
        let payload = json!({"value": value});
        let answer = asked(&mut link, &run(resource, &payload)).await;
        let answer = charged(answer, peer, kind, &value)?;
        if answer.name() == "ok" && !gives_back(&answer, &payload) {
            let expected = format!("a payload whose value is {}", shortened(&value));
            let stop = Stop::fail(expected, phrase(&answer.message));
            return charged(Err(stop), peer, kind, &value);
        }
        peer.transcript().keep_last(SHOWN);
    }
    // As it was before, as far as anybody knows.
    if let Some(sample) = &resource.input {
        asked(&mut link, &run(resource, sample))
            .await
            .unrelated("giving the resource its sample again")?;
    }
    peer.keep(link).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_known_by_its_shape() {
        let sample = json!({"a": [1, -2, null], "b": "text"});
        assert!(alike(&sample, &sample));
        assert!(alike(&json!({"a": [1, 2, false], "b": "test"}), &sample));
        assert!(!alike(&json!({"a": [1, -2], "b": "text"}), &sample));
        assert!(!alike(&json!({"sum": 3}), &json!({"a": 1, "b": 2})));
        assert!(!alike(&json!(9), &json!(10)));
    }
}
