//! Calls of what a device describes.

use serde_json::{Value as Json, json};

use super::{granted, runnable};
use crate::case::{CASE, Case, DEVICE, Role, SERVER};
use crate::subject::{Function, Link, NO_SUCH_RESOURCE, Peer, Received, Resource, Want, phrase};
use crate::suite::craft::Craft;
use crate::suite::sid::{START_IGNORED, ignored};
use crate::verdict::{Outcome, Step, Stop};

/// What shows where a resource is read from, or the samples of one where a revision does not say.
pub(super) const NAMED: Option<&str> = Some("run.resource-in-field-0");
/// The field in which later revisions have what is in field 0.
const LATER: u32 = 4;

/// Resources of one function that are run.
const MANY: usize = 16;

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "run.output",
        title: "what a resource gives is in the Ok",
        clauses: &["IOTMP25-RUN-004"],
        control: NAMED,
        run: |peer| Box::pin(gives(peer, Function::Output)),
        ..DEVICE
    },
    Case {
        slug: "run.input",
        title: "a resource takes the sample of its input",
        clauses: &["IOTMP25-RUN-001"],
        control: NAMED,
        run: |peer| Box::pin(takes(peer)),
        ..DEVICE
    },
    Case {
        slug: "run.input-output",
        title: "what a resource gives in return for an input is in the Ok",
        clauses: &["IOTMP25-RUN-004"],
        control: NAMED,
        run: |peer| Box::pin(gives(peer, Function::InputOutput)),
        ..DEVICE
    },
    Case {
        slug: "run.path-as-array",
        title: "a resource can be named by the segments of its path",
        clauses: &["IOTMPS-RESOURCE-002"],
        run: |peer| Box::pin(path_as_array(peer)),
        ..DEVICE
    },
    Case {
        slug: "run.parts-of-a-name",
        title: "a resource can be named by a string, and by an array of the parts of its name",
        // The same number is another rule elsewhere.
        specs: &["iotmp-2020"],
        clauses: &["IOTMP20-RUN-007"],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(parts_of_a_name(peer)),
        ..CASE
    },
    Case {
        control: Some("describe.one"),
        ..in_field_0(DEVICE)
    },
    Case {
        control: Some("run.one-answer"),
        ..in_field_0(SERVER)
    },
];

const fn in_field_0(of: Case) -> Case {
    Case {
        slug: "run.resource-in-field-0",
        title: "the resource of Run and Start Stream stands under a key that is its wire type",
        specs: &["iotmp-2023"],
        clauses: &["IOTMP23-RUN-007"],
        run: |peer| Box::pin(resource_in_field_0(peer)),
        ..of
    }
}

/// What kind of JSON a value is.
pub(in crate::suite) const fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "map",
    }
}

pub(super) async fn run_ok(link: &mut Link, resource: &Resource) -> Outcome<Received> {
    let id = link.id();
    link.send(resource.run(Some(id))).await?;
    link.message(&[Want::Ok(id)]).await.because(format!(
        "{:?} was run as it describes itself",
        resource.name
    ))
}

async fn gives(peer: &Peer, function: Function) -> Outcome {
    let catalogue = peer.catalogue()?;
    if catalogue.with(&[function]).is_none() {
        return Err(Stop::skip(match function {
            Function::InputOutput => {
                "the device describes no resource that takes and gives a value, with a sample of its input"
            }
            _ => "the device describes no resource that gives a value",
        }));
    }
    let mut link = peer.connected().await?;
    let mut gives = false;
    for resource in catalogue.all_with(function).take(MANY) {
        gives |= gives_its_value(&mut link, resource).await?;
    }
    peer.keep(link).await;
    match gives {
        true => Ok(()),
        false => Err(Stop::inconclusive(
            "every resource that gives a value answers by Error",
        )),
    }
}

/// Whether a resource gives a value now: one that has none to give may say so by Error.
async fn gives_its_value(link: &mut Link, resource: &Resource) -> Outcome<bool> {
    let id = link.id();
    link.send(resource.run(Some(id))).await?;
    let answer = link.message(&[Want::Answer(id)]).await?;
    if answer.name() == "error" {
        return Ok(false);
    }
    let Some(value) = answer.field("payload") else {
        return Err(Stop::fail("an Ok with a payload", phrase(&answer.message)));
    };
    if value.get("type").is_some_and(|tag| tag == "varint") {
        let got = phrase(&answer.message);
        return Err(Stop::fail(
            "a value, as every payload is",
            format!("an integer as a bare varint: {got}"),
        ));
    }
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
    Ok(true)
}

async fn takes(peer: &Peer) -> Outcome {
    let catalogue = peer.catalogue()?;
    if catalogue.with(&[Function::Input]).is_none() {
        return Err(Stop::skip(
            "the device describes no resource that takes a value, with a sample of it",
        ));
    }
    let mut link = peer.connected().await?;
    for resource in catalogue.all_with(Function::Input).take(MANY) {
        run_ok(&mut link, resource).await?;
    }
    peer.keep(link).await;
    Ok(())
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
    let answer = link.answer(id).await?;
    peer.keep(link).await;
    match answer.name() {
        "ok" => Ok(()),
        _ => Err(Stop::skip(
            "the device does not take an array for a name, and need not",
        )),
    }
}

/// A resource that can be run and whose name has more than one part.
fn of_several_parts(peer: &Peer) -> Option<&Resource> {
    let catalogue = peer.catalogue().ok()?;
    [Function::Output, Function::InputOutput, Function::Input]
        .into_iter()
        .flat_map(|function| catalogue.all_with(function))
        .find(|resource| resource.name.contains('/'))
}

async fn parts_of_a_name(peer: &Peer) -> Outcome {
    let several = match peer.role() {
        Role::Server => None,
        Role::Device => of_several_parts(peer),
    };
    let mut link = peer.connected().await?;
    for parts in [false, true] {
        let id = link.id();
        let mut message = match several {
            Some(resource) => resource.run(Some(id)),
            None => granted(peer, Some(id))?,
        };
        if let Some(name) = message.get_mut("resource")
            && let (true, Some(whole)) = (parts, name.as_str())
        {
            let segments: Vec<&str> = whole.split('/').collect();
            *name = json!(segments);
        }
        link.send(message).await?;
        // A server need not have what is asked for, but has to understand the question.
        let want = match peer.role() {
            Role::Server => Want::Answer(id),
            Role::Device => Want::Ok(id),
        };
        link.message(&[want]).await?;
    }
    peer.keep(link).await;
    Ok(())
}

/// The requests that name a resource, put together byte by byte.
async fn resource_in_field_0(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let run = craft.fields(&granted(peer, None)?)?.concat();
    let streamed = match peer.role() {
        Role::Server => Some(NO_SUCH_RESOURCE),
        Role::Device => {
            let streamable = peer.catalogue()?.streamable();
            streamable.first().map(|resource| resource.name.as_str())
        }
    };
    let stream = streamed.map(|name| craft.value(0, &json!(name)));
    let stream = stream.transpose()?;
    let named = [("run", Some(run)), ("start_stream", stream)];
    for (name, resource) in named {
        // What a device does not stream it need not start.
        let Some(resource) = resource else { continue };
        let id = link.id();
        let key = resource.first().copied();
        if key != Some(craft.value_wire()) {
            return Err(Stop::inconclusive(format!("the key of {name} is {key:?}")));
        }
        let id_field = craft.field(name, "stream_id")?;
        let body = [resource, craft.number(id_field, id.into())].concat();
        let message = craft.frame(craft.code(name)?, &body);
        link.send_raw(&message, &format!("{name} of a resource in field 0"))
            .await;
        let want = match peer.role() {
            Role::Server => Want::Answer(id),
            Role::Device => Want::Ok(id),
        };
        let answer = link.message(&[want]).await;
        // Whether a Start Stream is answered at all is the matter of another case.
        let answer = match name {
            "start_stream" => ignored(peer.role(), answer, START_IGNORED),
            _ => answer,
        };
        if peer.role() == Role::Server {
            answer?;
        } else if answer.is_err() {
            // Why it was refused is the matter of others, unless it would not be from another field.
            let request = match (name, streamed) {
                ("start_stream", Some(streamed)) => json!({"type": name, "resource": streamed}),
                _ => granted(peer, None)?,
            };
            link.close();
            if takes_later_field(peer, request).await? {
                answer.because(format!("it is granted with the resource in field {LATER}"))?;
            }
            return Ok(());
        }
    }
    Ok(())
}

/// Whether a device grants a request whose resource stands where later revisions have it, and not
/// where its own does.
pub(in crate::suite) async fn takes_later_field(peer: &Peer, mut request: Json) -> Outcome<bool> {
    let craft = Craft::new(peer.codec());
    let name = request.get("type").and_then(Json::as_str);
    let name = name.unwrap_or_default().to_owned();
    let parts = request.as_object_mut();
    let resource = parts.and_then(|parts| parts.remove("resource"));
    if craft.field(&name, "resource")? != 0 {
        return Ok(false);
    }
    let mut link = peer.connected().await?;
    let id = link.id();
    request["stream_id"] = json!(id);
    let mut fields = craft.fields(&request)?;
    fields.push(craft.value(LATER, &resource.unwrap_or_default())?);
    let message = craft.frame(craft.code(&name)?, &fields.concat());
    link.send_raw(&message, &format!("{name} of a resource in field {LATER}"))
        .await;
    Ok(Want::Ok(id).allows(&link.next().await))
}
