//! Calls one after another and many at a time: what goes wrong only now and then.

use serde_json::{Value as Json, json};

use super::resource::kind;
use super::{ONE_ANSWER, call};
use crate::case::{CASE, Case, DEVICE, Role};
use crate::subject::{Link, NO_SUCH_RESOURCE, Peer, Received, Resource, Want, phrase};
use crate::suite::property::{self, asked, with_id};
use crate::verdict::{Outcome, Step, Stop};

/// Calls one after another: more than a byte counts, and who loses every hundredth loses some of them
/// wherever the count stands.
const IN_A_ROW: usize = 300;
/// Requests under way at a time.
const AT_ONCE: usize = 64;
/// Different requests among them, beside the one that is refused.
const KINDS: usize = 6;
/// Resources that are called at once, and how often each.
const RESOURCES: usize = 16;
const EACH: usize = 2;
/// Steps before the last that are worth showing.
const SHOWN: usize = 8;
/// Each exchange gets its own answer.
const OWN_ANSWER: &str = "IOTMP25-SID-003";

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "run.one-after-another",
        title: "300 calls one after another are all answered",
        clauses: &["IOTMP25-RUN-001"],
        control: Some("framing.coalesced"),
        run: |peer| Box::pin(one_after_another(peer)),
        ..CASE
    },
    Case {
        slug: "run.under-load",
        title: "of 64 different requests in one piece each gets the answer that it gets alone",
        clauses: &["IOTMP25-SID-003"],
        control: Some("framing.more-than-a-buffer"),
        run: |peer| Box::pin(under_load(peer)),
        ..CASE
    },
    Case {
        slug: "run.all-at-once",
        title: "calls of everything that gives a value, in one piece, each get their own answer",
        clauses: &["IOTMP25-SID-003"],
        control: Some("framing.more-than-a-buffer"),
        run: |peer| Box::pin(all_at_once(peer)),
        ..DEVICE
    },
];

async fn one_after_another(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for nth in 1..=IN_A_ROW {
        let id = link.id();
        link.send(call(peer, Some(id))).await?;
        link.answer(id)
            .await
            .because(format!("call {nth} of {IN_A_ROW}"))
            .blaming(ONE_ANSWER)?;
        peer.transcript().keep_last(SHOWN);
    }
    peer.keep(link).await;
    Ok(())
}

/// A request but for its identifier, and what it is answered alone.
#[derive(Debug)]
struct Question {
    request: Json,
    answer: Json,
}

/// What does not change from one answer to the next.
fn essence(role: Role, answer: &Received) -> Json {
    let payload = answer.field("payload");
    let payload = payload.map(|payload| match role {
        // What the suite has set itself stays as it is.
        Role::Server => payload.clone(),
        Role::Device => outline(payload),
    });
    json!([answer.name(), payload])
}

/// The kinds of the values, and the keys of the maps.
fn outline(value: &Json) -> Json {
    match value {
        Json::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), outline(value)))
            .collect(),
        other => json!(kind(other)),
    }
}

/// Sets properties of the device at a server, and asks for them.
async fn of_server(peer: &Peer, link: &mut Link) -> Outcome<Vec<Json>> {
    let mut requests = Vec::new();
    for nth in 0..KINDS {
        let name = format!("conformance_{nth}");
        let set = property::set(peer.spec(), &name, &json!({"load": nth}))?;
        let answer = asked(link, &set).await.unrelated("asking alone")?;
        if answer.name() == "ok" {
            requests.push(property::read(peer.spec(), &name)?);
        }
    }
    Ok(requests)
}

/// Asks a device for what it describes.
fn of_device(peer: &Peer) -> Outcome<Vec<Json>> {
    let resources = peer.catalogue()?.resources.iter();
    let named = resources.take(KINDS).map(|resource| &resource.name);
    let describe = named.map(|name| json!({"type": "describe", "resource": name}));
    Ok(core::iter::once(call(peer, None)).chain(describe).collect())
}

/// Requests, no two neighbours of which are answered alike.
async fn questions(peer: &Peer, link: &mut Link) -> Outcome<Vec<Question>> {
    let mut requests = match peer.role() {
        Role::Server => of_server(peer, link).await?,
        Role::Device => of_device(peer)?,
    };
    requests.push(json!({"type": "run", "resource": NO_SUCH_RESOURCE}));
    let mut questions: Vec<Question> = Vec::new();
    for request in requests {
        let answer = {
            let answer = asked(link, &request).await.unrelated("asking alone")?;
            essence(peer.role(), &answer)
        };
        if questions.iter().all(|known| known.answer != answer) {
            questions.push(Question { request, answer });
        }
    }
    if questions.len() < 2 {
        return Err(Stop::skip(
            "the subject answers all that the suite can ask alike, so that nothing can be mixed up",
        ));
    }
    Ok(questions)
}

async fn under_load(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let questions = questions(peer, &mut link).await?;
    let mut open = Vec::new();
    let mut bytes = Vec::new();
    for question in questions.iter().cycle().take(AT_ONCE) {
        let id = link.id();
        bytes.extend(link.encode(&with_id(&question.request, id))?);
        open.push((id, question));
    }
    link.send_raw(&bytes, &format!("{AT_ONCE} requests in one piece"))
        .await;
    while !open.is_empty() {
        let wants: Vec<_> = open.iter().map(|(id, _)| Want::Answer(*id)).collect();
        let answer = link.message(&wants).await.blaming(OWN_ANSWER)?;
        let of = open
            .iter()
            .position(|(id, _)| answer.stream_id() == Some(u64::from(*id)));
        let Some(at) = of else { continue };
        let (_, question) = open.swap_remove(at);
        if essence(peer.role(), &answer) != question.answer {
            let request = phrase(&question.request);
            return Err(
                Stop::fail("the answer that it got alone", phrase(&answer.message))
                    .blaming(OWN_ANSWER)
                    .because(format!("{request} was asked for among {AT_ONCE} requests")),
            );
        }
    }
    peer.keep(link).await;
    Ok(())
}

/// The kind of what a resource gives, where it gives something now.
fn given(answer: &Received) -> Option<&'static str> {
    let value = answer.field("payload").filter(|value| !value.is_null());
    value.map(kind)
}

/// What takes its time is still under way when the last call comes. A resource may have no value
/// for the moment; of another kind than alone it is that of another one.
async fn all_at_once(peer: &Peer) -> Outcome {
    let resources = peer.catalogue()?.resources.iter();
    let giving = resources.filter(|resource| resource.gives_by_itself());
    let giving: Vec<&Resource> = giving.take(RESOURCES).collect();
    if giving.len() < 2 {
        return Err(Stop::skip(
            "the device describes no two resources that give a value by themselves",
        ));
    }
    let mut link = peer.connected().await?;
    let mut alone = Vec::new();
    for resource in &giving {
        let answer = asked(&mut link, &resource.run(None)).await;
        alone.push(given(&answer.unrelated("asking alone")?));
    }
    let (mut open, mut bytes) = (Vec::new(), Vec::new());
    // Answers in the order of their identifiers would be right by accident.
    let mut ids: Vec<u16> = (0..giving.len() * EACH).map(|_| link.id()).collect();
    ids.reverse();
    let calls = giving.iter().zip(&alone).cycle();
    for (id, (resource, alone)) in ids.into_iter().zip(calls) {
        bytes.extend(link.encode(&resource.run(Some(id)))?);
        open.push((id, *resource, *alone));
    }
    let what = format!("{} calls in one piece", open.len());
    link.send_raw(&bytes, &what).await;
    while !open.is_empty() {
        let wants: Vec<_> = open.iter().map(|(id, ..)| Want::Answer(*id)).collect();
        let answer = link.message(&wants).await.blaming(OWN_ANSWER)?;
        let of = |(id, ..): &(u16, _, _)| answer.stream_id() == Some(u64::from(*id));
        let Some(at) = open.iter().position(of) else {
            continue;
        };
        let (_, resource, alone) = open.swap_remove(at);
        if let (Some(alone), Some(now)) = (alone, given(&answer))
            && alone != now
        {
            let expected = format!("a {alone} of {:?}, as alone", resource.name);
            return Err(Stop::fail(expected, phrase(&answer.message)).blaming(OWN_ANSWER));
        }
    }
    link.quiet("one answer to each call")
        .await
        .blaming(ONE_ANSWER)?;
    peer.keep(link).await;
    Ok(())
}
