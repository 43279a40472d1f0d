//! Calls of a resource by its other names: its alias, and what its path stands for.

use serde_json::{Value as Json, json};

use super::ONE_ANSWER;
use super::action::alike;
use crate::case::{Case, DEVICE};
use crate::subject::{Link, Peer, Received, Resource, Want, phrase};
use crate::suite::stream::stopped;
use crate::verdict::{Outcome, Step, Stop};

/// The rule of aliases.
const BY_ALIAS: &str = "IOTMP25-RUN-006";
/// The rule of what a resource gives.
const GIVES: &str = "IOTMP25-RUN-004";

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "run.alias",
        title: "a resource can be named by its numeric alias, and gives the same then",
        clauses: &[BY_ALIAS, GIVES],
        control: Some("fields.integer-as-varint"),
        run: |peer| Box::pin(run(peer)),
        ..DEVICE
    },
    Case {
        slug: "describe.alias",
        title: "a Describe can name a resource by its numeric alias",
        clauses: &[BY_ALIAS],
        control: Some("run.alias"),
        run: |peer| Box::pin(describe(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.alias",
        title: "a Start Stream can name a resource by its numeric alias",
        clauses: &[BY_ALIAS],
        control: Some("run.alias"),
        run: |peer| Box::pin(stream(peer)),
        ..DEVICE
    },
    Case {
        slug: "run.path-parameter",
        title: "a segment of a path that is a parameter stands for any one segment",
        clauses: &["IOTMPS-RESOURCE-001"],
        control: Some("run.unknown-resource"),
        run: |peer| Box::pin(path_parameter(peer)),
        ..DEVICE
    },
];

/// A resource and its alias, of those that can be run, or that can be streamed.
fn with_alias<'a>(found: Option<&'a Resource>, what: &str) -> Outcome<(&'a Resource, u64)> {
    let found = found.and_then(|resource| Some((resource, resource.alias?)));
    found.ok_or_else(|| {
        Stop::skip(format!(
            "the device describes no resource with an alias that can be {what}"
        ))
    })
}

/// A Run under another name.
fn renamed(resource: &Resource, id: u16, name: Json) -> Json {
    let mut message = resource.run(Some(id));
    if let Some(object) = message.as_object_mut() {
        object.insert("resource".to_owned(), name);
    }
    message
}

fn same_value(by_name: &Received, by_alias: &Received) -> Outcome {
    if by_name.field("payload").is_some() && by_alias.field("payload").is_none() {
        let got = phrase(&by_alias.message);
        return Err(Stop::fail("an Ok with a payload", got));
    }
    alike(by_name, by_alias)
}

async fn run(peer: &Peer) -> Outcome {
    let (resource, alias) = with_alias(peer.catalogue()?.with_alias(), "run")?;
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(resource.run(Some(id))).await?;
    let by_name = link.answer(id).await.unrelated("running it by its name")?;
    let id = link.id();
    link.send(renamed(resource, id, alias.into())).await?;
    let by_alias = link
        .message(&[Want::Ok(id)])
        .await
        .because(format!("{alias} is the alias of {:?}", resource.name))
        .blaming(BY_ALIAS)?;
    if by_name.name() == "ok" {
        same_value(&by_name, &by_alias)
            .because(format!("{alias} was run, and {:?} before", resource.name))
            .blaming(GIVES)?;
    }
    link.quiet("one answer to each call")
        .await
        .blaming(ONE_ANSWER)?;
    peer.keep(link).await;
    Ok(())
}

async fn describe(peer: &Peer) -> Outcome {
    let (resource, alias) = with_alias(peer.catalogue()?.with_alias(), "run")?;
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(json!({"type": "describe", "stream_id": id, "resource": resource.name}))
        .await?;
    let by_name = link.message(&[Want::Ok(id)]).await;
    by_name.unrelated("describing it by its name")?;
    let id = link.id();
    link.send(json!({"type": "describe", "stream_id": id, "resource": alias}))
        .await?;
    link.message(&[Want::Ok(id)])
        .await
        .because(format!("{alias} is the alias of {:?}", resource.name))?;
    peer.keep(link).await;
    Ok(())
}

async fn stream(peer: &Peer) -> Outcome {
    let streamable = peer.catalogue()?.streamable();
    let found = streamable.iter().find(|known| known.alias.is_some());
    let (resource, alias) = with_alias(found.copied(), "streamed")?;
    let mut link = peer.connected().await?;
    for _ in 0..2 {
        streamed(&mut link, &resource.name)
            .await
            .unrelated("streaming it by its name")?;
    }
    let id = link.id();
    link.send(json!({"type": "start_stream", "stream_id": id, "resource": alias}))
        .await?;
    link.message(&[Want::Ok(id)])
        .await
        .because(format!("{alias} is the alias of {:?}", resource.name))?;
    let stopped = stopped(&mut link, id, &[Want::Answer(id)]).await;
    stopped.unrelated("stopping it")?;
    peer.keep(link).await;
    Ok(())
}

/// Starts a stream, which has one answer, and stops it.
async fn streamed(link: &mut Link, name: &str) -> Outcome {
    let id = link.start_stream(name, &Json::Null).await?;
    let data = Want::Data(id);
    if let Some(other) = link.fence().await?.iter().find(|m| !data.allows_message(m)) {
        return Err(Stop::fail(data.to_string(), phrase(&other.message)));
    }
    stopped(link, id, &[Want::Ok(id)]).await
}

async fn path_parameter(peer: &Peer) -> Outcome {
    let is_parameter = |segment: &str| segment.starts_with(':');
    let resources = &peer.catalogue()?.resources;
    let parametric = resources.iter().find(|resource| {
        resource.name.split('/').any(is_parameter)
            && !resource.name.split('/').any(|s| s.starts_with('*'))
    });
    let Some(resource) = parametric else {
        return Err(Stop::skip("the device describes no path with a parameter"));
    };
    let filled = |with| {
        let fill = move |segment| if is_parameter(segment) { with } else { segment };
        resource
            .name
            .split('/')
            .map(fill)
            .collect::<Vec<_>>()
            .join("/")
    };
    let named = filled("1");
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(renamed(resource, id, json!(named))).await?;
    let is_run = link.answer(id).await?.name() == "ok";
    let longer = filled("1/2");
    if is_run && !resources.iter().any(|known| known.may_mean(&longer)) {
        let id = link.id();
        link.send(renamed(resource, id, json!(longer))).await?;
        let one = format!("{longer:?} has a segment more than {:?}", resource.name);
        link.message(&[Want::Error(id)]).await.because(one)?;
    }
    if is_run {
        peer.keep(link).await;
        return Ok(());
    }
    // The resource may refuse this very segment; that it is there at all shows in its description.
    let id = link.id();
    link.send(json!({"type": "describe", "stream_id": id, "resource": named}))
        .await?;
    link.message(&[Want::Ok(id)])
        .await
        .because(format!("{named:?} was asked for, of {:?}", resource.name))
        .map(drop)
}
