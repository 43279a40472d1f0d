//! Calls that are not answered, and whether they are run: a stream of their resource tells.

use serde_json::{Value as Json, json};

use crate::case::{Case, DEVICE};
use crate::subject::{Link, Peer, Resource, Want};
use crate::suite::craft::Craft;
use crate::suite::stream::stopped;
use crate::verdict::{Outcome, Step, Stop};

/// How often something has to be seen before it is no accident.
const TIMES: usize = 3;

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "run.without-id-executed",
        title: "an input of a Run without a stream identifier is followed by its value",
        clauses: &["IOTMPS-STREAM-003"],
        // Whoever loses calls beside streams loses this one.
        control: Some("run.beside-streams"),
        run: |peer| Box::pin(without_id(peer)),
        ..DEVICE
    },
    Case {
        slug: "run.id-as-value-not-executed",
        title: "a Run whose stream identifier is a value is not run either",
        // Elsewhere nothing tells of an input.
        specs: &["iotmp-shipping"],
        clauses: &["IOTMP25-KEY-006"],
        control: Some("fields.each-stream-id-as-value"),
        run: |peer| Box::pin(id_as_value(peer)),
        ..DEVICE
    },
];

/// A stream that tells of every input of its resource, and of nothing else.
struct Told<'a> {
    link: Link,
    resource: &'a Resource,
    stream: u16,
}

impl<'a> Told<'a> {
    /// Opens one, and sees that it tells.
    async fn open(peer: &'a Peer) -> Outcome<Self> {
        let mut takers = peer.catalogue()?.takers();
        let Some(resource) = takers.find(|resource| resource.can_stream) else {
            return Err(Stop::skip(
                "the device describes no resource that takes an input and can be streamed",
            ));
        };
        let mut link = peer.connected().await?;
        let started = link.start_stream(&resource.name, &Json::Null).await;
        let stream = started.unrelated("starting a stream")?;
        let mut told = Self {
            link,
            resource,
            stream,
        };
        for _ in 0..TIMES {
            // The value of the start comes before the first answer.
            told.of_anything().await?;
            if told.of_anything().await? {
                return Err(Stop::skip("its values come without an input as well"));
            }
            let id = told.link.id();
            told.link.send(resource.run(Some(id))).await?;
            if !told.of_anything().await? {
                return Err(Stop::skip("the device sends no value after an input"));
            }
        }
        Ok(told)
    }

    async fn close(mut self, peer: &Peer) -> Outcome {
        let wants = [Want::Answer(self.stream)];
        let stopped = stopped(&mut self.link, self.stream, &wants).await;
        stopped.unrelated("stopping the stream")?;
        peer.keep(self.link).await;
        Ok(())
    }

    /// Whether a value has come by now.
    async fn of_anything(&mut self) -> Outcome<bool> {
        let before = self
            .link
            .fence()
            .await
            .unrelated("asking beside a stream")?;
        let mut before = before.iter();
        Ok(before.any(|message| Want::Data(self.stream).allows_message(message)))
    }
}

async fn without_id(peer: &Peer) -> Outcome {
    let mut told = Told::open(peer).await?;
    told.link.send(told.resource.run(None)).await?;
    if told.of_anything().await? {
        return told.close(peer).await;
    }
    Err(Stop::fail(
        format!("a value of the stream of {:?}", told.resource.name),
        "none before the answer to a later request",
    ))
}

async fn id_as_value(peer: &Peer) -> Outcome {
    let mut told = Told::open(peer).await?;
    let craft = Craft::new(told.link.codec());
    let field = craft.field("run", "stream_id")?;
    for _ in 0..TIMES {
        let id = told.link.id();
        let run = craft.fields(&told.resource.run(None))?.concat();
        let body = [craft.value(field, &json!(id))?, run].concat();
        let bytes = craft.frame(craft.code("run")?, &body);
        let what = "run with its stream identifier as a value";
        told.link.send_raw(&bytes, what).await;
        let settled = told.link.settle().await?;
        let mut messages = settled.messages.iter();
        let is_run = messages.any(|message| Want::Data(told.stream).allows_message(message));
        match (settled.alive, is_run) {
            (false, _) => return Ok(()),
            (true, false) => return told.close(peer).await,
            (true, true) => {}
        }
    }
    Err(Stop::fail(
        format!("no value of the stream of {:?}", told.resource.name),
        "one after every Run that had to be refused",
    ))
}
