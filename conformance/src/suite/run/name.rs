//! Names that are nearly those of resources.

use serde_json::{Value as Json, json};

use crate::case::{Case, DEVICE};
use crate::subject::{Peer, Resource, Want};
use crate::verdict::{Outcome, Step, Stop};

/// Resources whose names are varied.
const VARIED: usize = 8;
/// A number that is no alias of anybody, and no hash of a name either.
const NO_SUCH_NUMBER: u64 = 1_000_003;

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "run.similar-name",
        title: "a Run of a name cut or longer than that of a resource is answered by Error",
        clauses: &["IOTMP25-RUN-003"],
        control: Some("run.unknown-resource"),
        run: |peer| Box::pin(missed(peer, "run")),
        ..DEVICE
    },
    Case {
        slug: "run.unknown-number",
        title: "a Run of a number that names no resource is answered by Error",
        clauses: &["IOTMP25-RUN-003"],
        control: Some("fields.integer-as-varint"),
        run: |peer| Box::pin(unknown_number(peer)),
        ..DEVICE
    },
    Case {
        slug: "describe.similar-name",
        title: "a Describe of a name cut or longer than that of a resource is answered by Error",
        clauses: &["IOTMP25-DESCRIBE-004"],
        // Whoever finds what there is not finds it whatever is asked.
        control: Some("run.similar-name"),
        run: |peer| Box::pin(missed(peer, "describe")),
        ..DEVICE
    },
    Case {
        slug: "stream.similar-name",
        title: "a Start Stream of a name cut or longer than that of a resource is answered by Error",
        clauses: &["IOTMP25-STREAM-002"],
        control: Some("run.similar-name"),
        run: |peer| Box::pin(missed(peer, "start_stream")),
        ..DEVICE
    },
];

/// Names that the device does not describe, each but for a character one that it does.
fn similar(peer: &Peer) -> Outcome<Vec<String>> {
    let resources = &peer.catalogue()?.resources;
    let mut names = Vec::new();
    for resource in resources.iter().take(VARIED) {
        let mut cut = resource.name.clone();
        cut.pop();
        let longer = ["x", " ", "\0x"].map(|more| format!("{}{more}", resource.name));
        names.push(cut);
        names.extend(longer);
    }
    names.retain(|name| {
        let is_name = !name.is_empty() && !name.ends_with('/');
        is_name && !resources.iter().any(|resource| resource.may_mean(name))
    });
    match names.is_empty() {
        true => Err(Stop::skip(
            "the device describes no resource, or such as may have any name",
        )),
        false => Ok(names),
    }
}

async fn missed(peer: &Peer, request: &str) -> Outcome {
    let mut link = peer.connected().await?;
    let mut names = similar(peer)?;
    // No name at all may stand for everything in a Describe.
    let is_nameless = |resource: &Resource| resource.may_mean("");
    if request != "describe" && !peer.catalogue()?.resources.iter().any(is_nameless) {
        names.push(String::new());
    }
    for name in names {
        let id = link.id();
        link.send(json!({"type": request, "stream_id": id, "resource": name}))
            .await?;
        link.message(&[Want::Error(id)])
            .await
            .because(format!("there is no resource {name:?}"))?;
    }
    peer.keep(link).await;
    Ok(())
}

async fn unknown_number(peer: &Peer) -> Outcome {
    let mut resources = peer.catalogue()?.resources.iter();
    if resources.any(|known| known.alias == Some(NO_SUCH_NUMBER)) {
        return Err(Stop::skip("the device has a resource of that number"));
    }
    let mut link = peer.connected().await?;
    let id = link.id();
    let run: Json = json!({"type": "run", "stream_id": id, "resource": NO_SUCH_NUMBER});
    link.send(run).await?;
    link.message(&[Want::Error(id)]).await?;
    peer.keep(link).await;
    Ok(())
}
