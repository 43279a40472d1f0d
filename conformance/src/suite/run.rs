//! Calls: of resources that there are, and of those that there are not.

use serde_json::{Value as Json, json};

use super::craft::Craft;
use super::framing::all_answered;
use crate::case::{CASE, Case, DEVICE, Role};
use crate::subject::{Function, Link, NO_SUCH_RESOURCE, Peer, Received, Resource, Want, phrase};
use crate::verdict::{Outcome, Step, Stop};

/// Calls under way at a time.
const MANY: usize = 32;
/// Ambiguity of a Run that wants no answer.
const WITHOUT_ID: &str = "IOTMPS-AMB-RUN-WITHOUT-ID";

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "run.one-answer",
        title: "a Run with a stream identifier gets one answer that carries it",
        clauses: &["IOTMP25-RUN-001", "IOTMP25-SID-001"],
        run: |peer| Box::pin(one_answer(peer)),
        ..CASE
    },
    Case {
        slug: "run.no-stream-id",
        title: "a Run without a stream identifier gets no answer",
        clauses: &["IOTMP25-RUN-002"],
        ambiguity: Some(WITHOUT_ID),
        run: |peer| Box::pin(no_stream_id(peer)),
        ..CASE
    },
    Case {
        slug: "run.unknown-resource",
        title: "a Run of a resource that does not exist is answered by Error",
        clauses: &["IOTMP25-RUN-003", "IOTMP25-RUN-001"],
        run: |peer| Box::pin(unknown_resource(peer)),
        ..CASE
    },
    Case {
        slug: "run.no-resource",
        title: "a Run without a resource is not answered by Ok",
        clauses: &["IOTMP25-RUN-005", "IOTMP25-KEY-005"],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(no_resource(peer)),
        ..CASE
    },
    Case {
        slug: "run.many-under-way",
        title: "thirty-two calls at a time each get their own answer",
        clauses: &["IOTMP25-SID-003", "IOTMP25-RUN-001"],
        run: |peer| Box::pin(many_under_way(peer)),
        ..CASE
    },
    Case {
        slug: "run.stream-id-again",
        title: "a stream identifier can be used again after its answer",
        clauses: &["IOTMP25-SID-004"],
        run: |peer| Box::pin(stream_id_again(peer)),
        ..CASE
    },
    Case {
        slug: "run.stream-id-range",
        title: "calls under the smallest and the largest stream identifiers are answered",
        clauses: &["IOTMP25-SID-002", "IOTMP25-SID-001"],
        run: |peer| Box::pin(stream_id_range(peer)),
        ..CASE
    },
    Case {
        slug: "run.output",
        title: "what a resource gives is in the Ok",
        clauses: &["IOTMP25-RUN-004"],
        run: |peer| Box::pin(gives(peer, Function::Output)),
        ..DEVICE
    },
    Case {
        slug: "run.input",
        title: "a resource takes the sample of its input",
        clauses: &["IOTMP25-RUN-001"],
        run: |peer| Box::pin(takes(peer)),
        ..DEVICE
    },
    Case {
        slug: "run.input-output",
        title: "what a resource gives in return for an input is in the Ok",
        clauses: &["IOTMP25-RUN-004"],
        run: |peer| Box::pin(gives(peer, Function::InputOutput)),
        ..DEVICE
    },
    Case {
        slug: "run.alias",
        title: "a resource can be named by its numeric alias",
        clauses: &["IOTMP25-RUN-006"],
        run: |peer| Box::pin(alias(peer)),
        ..DEVICE
    },
    Case {
        slug: "run.path-parameter",
        title: "a segment of a path that is a parameter stands for any one segment",
        clauses: &["IOTMPS-RESOURCE-001"],
        run: |peer| Box::pin(path_parameter(peer)),
        ..DEVICE
    },
    Case {
        slug: "run.path-as-array",
        title: "a resource can be named by the segments of its path",
        clauses: &["IOTMPS-RESOURCE-002"],
        run: |peer| Box::pin(path_as_array(peer)),
        ..DEVICE
    },
];

/// The resource of a device that is run most gladly.
fn runnable(peer: &Peer) -> Outcome<&Resource> {
    peer.catalogue()?.runnable().ok_or_else(|| {
        Stop::skip("the device describes no resource that can be run without knowing more of it")
    })
}

/// A call that has to be answered: of what a device offers, or of nothing that a server has.
fn call(peer: &Peer, id: Option<u16>) -> Json {
    if let (Role::Device, Ok(resource)) = (peer.role(), runnable(peer)) {
        return resource.run(id);
    }
    let mut message = json!({"type": "run", "resource": NO_SUCH_RESOURCE});
    if let (Some(object), Some(id)) = (message.as_object_mut(), id) {
        object.insert("stream_id".to_owned(), id.into());
    }
    message
}

async fn one_answer(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(call(peer, Some(id))).await?;
    link.message(&[Want::Answer(id)]).await?;
    link.quiet("one answer")
        .await
        .because("after the first answer")?;
    peer.keep(link).await;
    Ok(())
}

async fn no_stream_id(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(call(peer, None)).await?;
    // The same call with an identifier takes the same way through the subject, and comes later.
    link.send(call(peer, Some(id))).await?;
    let answer = link.message(&[Want::Answer(id), Want::Answer(0)]).await?;
    let mut others = if answer.stream_id() == Some(0) {
        link.message(&[Want::Answer(id)]).await?;
        vec![answer]
    } else {
        Vec::new()
    };
    others.extend(link.fence().await?);
    let open = peer
        .spec()
        .ambiguities
        .iter()
        .any(|known| known.id == WITHOUT_ID);
    let at_zero = |message: &Received| Want::Answer(0).allows_message(message);
    match others.first() {
        Some(message) if open && others.len() == 1 && at_zero(message) => {
            Err(Stop::info(WITHOUT_ID, "zero"))
        }
        Some(message) => Err(Stop::fail("no answer", phrase(&message.message))),
        None if open => Err(Stop::info(WITHOUT_ID, "silent")),
        None => Ok(()),
    }
}

async fn unknown_resource(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(json!({"type": "run", "stream_id": id, "resource": NO_SUCH_RESOURCE}))
        .await?;
    let answer = link
        .message(&[Want::Answer(id)])
        .await
        .blaming("IOTMP25-RUN-001")?;
    link.quiet("one answer").await.blaming("IOTMP25-RUN-001")?;
    if answer.name() == "ok" {
        return Err(
            Stop::fail(Want::Error(id).to_string(), phrase(&answer.message))
                .blaming("IOTMP25-RUN-003"),
        );
    }
    peer.keep(link).await;
    Ok(())
}

async fn no_resource(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let id = link.id();
    let body = craft.number(craft.field("run", "stream_id")?, id.into());
    link.send_raw(
        &craft.frame(craft.code("run")?, &body),
        "run without a resource",
    )
    .await;
    let settled = link.settle().await?;
    match settled.messages.iter().find(|message| message.is("ok", id)) {
        None => Ok(()),
        Some(ok) => Err(Stop::fail(
            "an Error, no answer, or the end of the connection",
            phrase(&ok.message),
        )),
    }
}

async fn many_under_way(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let ids: Vec<u16> = (0..MANY).map(|_| link.id()).collect();
    for id in &ids {
        link.send(call(peer, Some(*id))).await?;
    }
    all_answered(&mut link, &ids).await?;
    link.quiet("one answer to each call").await?;
    peer.keep(link).await;
    Ok(())
}

async fn stream_id_again(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    for nth in ["first", "second", "third"] {
        link.send(call(peer, Some(id))).await?;
        link.message(&[Want::Answer(id)])
            .await
            .because(format!("the {nth} call under stream identifier {id}"))?;
    }
    link.quiet("one answer to each call").await?;
    peer.keep(link).await;
    Ok(())
}

async fn stream_id_range(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for id in [0, 1, 127, 128, 16_383, 16_384, u16::MAX] {
        link.send(call(peer, Some(id))).await?;
        link.message(&[Want::Answer(id)]).await?;
    }
    peer.keep(link).await;
    Ok(())
}

/// What kind of JSON a value is.
const fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "map",
    }
}

async fn run_ok(link: &mut Link, resource: &Resource) -> Outcome<Received> {
    let id = link.id();
    link.send(resource.run(Some(id))).await?;
    link.message(&[Want::Ok(id)]).await.because(format!(
        "{:?} was run as it describes itself",
        resource.name
    ))
}

async fn gives(peer: &Peer, function: Function) -> Outcome {
    let Some(resource) = peer.catalogue()?.with(&[function]) else {
        return Err(Stop::skip(match function {
            Function::InputOutput => {
                "the device describes no resource that takes and gives a value, with a sample of its input"
            }
            _ => "the device describes no resource that gives a value",
        }));
    };
    let mut link = peer.connected().await?;
    let answer = run_ok(&mut link, resource).await?;
    let Some(value) = answer.field("payload") else {
        return Err(Stop::fail("an Ok with a payload", phrase(&answer.message)));
    };
    // A float that happens to be whole is a number all the same; null says that there is none now.
    let sample = resource.output.as_ref().filter(|sample| !sample.is_null());
    if let Some(sample) = sample
        && !value.is_null()
        && kind(sample) != kind(value)
    {
        return Err(Stop::fail(
            format!("a {} as in its sample {sample}", kind(sample)),
            format!("a {}: {value}", kind(value)),
        ));
    }
    peer.keep(link).await;
    Ok(())
}

async fn takes(peer: &Peer) -> Outcome {
    let Some(resource) = peer.catalogue()?.with(&[Function::Input]) else {
        return Err(Stop::skip(
            "the device describes no resource that takes a value, with a sample of it",
        ));
    };
    let mut link = peer.connected().await?;
    run_ok(&mut link, resource).await?;
    peer.keep(link).await;
    Ok(())
}

async fn alias(peer: &Peer) -> Outcome {
    let with_alias = peer.catalogue()?.with_alias();
    let Some((resource, alias)) = with_alias.and_then(|resource| Some((resource, resource.alias?)))
    else {
        return Err(Stop::skip(
            "the device describes no resource with an alias that can be run",
        ));
    };
    let mut link = peer.connected().await?;
    let id = link.id();
    let mut message = resource.run(Some(id));
    if let Some(object) = message.as_object_mut() {
        object.insert("resource".to_owned(), alias.into());
    }
    link.send(message).await?;
    link.message(&[Want::Ok(id)])
        .await
        .because(format!("{alias} is the alias of {:?}", resource.name))?;
    peer.keep(link).await;
    Ok(())
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
    let segments = resource
        .name
        .split('/')
        .map(|s| if is_parameter(s) { "1" } else { s });
    let named = segments.collect::<Vec<_>>().join("/");
    let mut link = peer.connected().await?;
    let id = link.id();
    let mut message = resource.run(Some(id));
    if let Some(object) = message.as_object_mut() {
        object.insert("resource".to_owned(), json!(named));
    }
    link.send(message).await?;
    if link.message(&[Want::Answer(id)]).await?.name() == "ok" {
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

async fn path_as_array(peer: &Peer) -> Outcome {
    let resource = runnable(peer)?;
    let mut link = peer.connected().await?;
    let id = link.id();
    let mut message = resource.run(Some(id));
    if let Some(object) = message.as_object_mut() {
        let segments: Vec<&str> = resource.name.split('/').collect();
        object.insert("resource".to_owned(), json!(segments));
    }
    link.send(message).await?;
    let answer = link.message(&[Want::Answer(id)]).await?;
    peer.keep(link).await;
    match answer.name() {
        "ok" => Ok(()),
        _ => Err(Stop::skip(
            "the device does not take an array for a name, and need not",
        )),
    }
}
