//! How a subject writes what it says, which the suite would understand if it were written otherwise too.

use core::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::property::{self, asked};
use crate::case::{CASE, Case, Role};
use crate::observe::{Written, written_wrong};
use crate::subject::vocabulary::connect;
use crate::subject::{Link, Peer, Received};
use crate::verdict::{Outcome, Step, Stop};

/// Resources of a device that are asked for, whatever time that takes.
const ASKED: usize = 16;
/// Resources that are asked for at most, and how long one case goes on with it.
const MOST_ASKED: usize = 256;
const ASKING: Duration = Duration::from_secs(2);
/// A property of the device that a case sets.
const PROPERTY: &str = "conformance_written";

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "written.floats",
        title: "no float in its answers could be an integer, or shorter",
        clauses: &["IOTMP25-PSON1-003", "IOTMP25-PSON2-003"],
        run: |peer| Box::pin(written(peer, Written::Floats)),
        ..CASE
    },
    Case {
        slug: "written.small-numbers",
        title: "every small number in its answers stands in its tag",
        clauses: &["IOTMP25-PSON2-008"],
        run: |peer| Box::pin(written(peer, Written::SmallNumbers)),
        ..CASE
    },
    Case {
        slug: "written.bare-integers",
        title: "every whole number that is a field of its answers is a varint",
        clauses: &["IOTMPS-WIRE-004"],
        run: |peer| Box::pin(written(peer, Written::BareIntegers)),
        ..CASE
    },
    Case {
        slug: "written.sorted-keys",
        title: "the keys of the maps in its answers are sorted",
        clauses: &["IOTMPS-WIRE-006"],
        run: |peer| Box::pin(written(peer, Written::SortedKeys)),
        ..CASE
    },
];

/// Has a server refuse a Connect, which it does by a number, and say a value with everything in it.
async fn of_server(peer: &Peer) -> Outcome<(Link, Vec<Received>)> {
    let mut said = Vec::new();
    let mut refused = peer.open().await?;
    let (id, payload) = (refused.id(), json!(["", "", ""]));
    refused
        .send(connect(peer.spec(), id, &json!(null), &payload)?)
        .await?;
    // How it refuses is the matter of other cases.
    said.extend(refused.answer(id).await.ok());
    let mut link = peer.connected().await?;
    let value = json!({"b": 0.1, "a": [1, 30, -3, 0.5, "x", {}, []], "c": {"e": 1, "d": 2.5}});
    let set = property::set(peer.spec(), PROPERTY, &value);
    // A revision without properties has nothing more to say.
    if let (Ok(set), Ok(read)) = (set, property::read(peer.spec(), PROPERTY)) {
        for request in [set, read] {
            let answer = asked(&mut link, &request).await;
            said.push(answer.unrelated("asking for a property")?);
        }
    }
    Ok((link, said))
}

async fn said_to(link: &mut Link, request: &Json) -> Outcome<Received> {
    asked(link, request).await.unrelated("asking the device")
}

/// Has a device say what it offers, and give it.
async fn of_device(peer: &Peer) -> Outcome<(Link, Vec<Received>)> {
    let mut link = peer.connected().await?;
    let mut said: Vec<Received> = link.hello().cloned().into_iter().collect();
    said.push(said_to(&mut link, &json!({"type": "describe"})).await?);
    let catalogue = peer.catalogue().ok();
    let resources = catalogue.iter().flat_map(|known| &known.resources);
    let plain = resources.filter(|known| known.is_plain());
    let began = Instant::now();
    for (nth, resource) in plain.take(MOST_ASKED).enumerate() {
        if nth >= ASKED && began.elapsed() > ASKING {
            break;
        }
        let describe = json!({"type": "describe", "resource": resource.name});
        said.push(said_to(&mut link, &describe).await?);
        if resource.gives_by_itself() {
            said.push(said_to(&mut link, &resource.run(None)).await?);
        }
    }
    Ok((link, said))
}

async fn written(peer: &Peer, what: Written) -> Outcome {
    let (link, said) = match peer.role() {
        Role::Server => of_server(peer).await?,
        Role::Device => of_device(peer).await?,
    };
    for message in said {
        if let Some((expected, got)) =
            written_wrong(link.codec(), peer.role(), &message.bytes, what)
        {
            return Err(Stop::fail(expected, got));
        }
    }
    peer.keep(link).await;
    Ok(())
}
