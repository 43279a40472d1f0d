//! Streams beside each other and beside calls, which are kept apart by their identifiers.

use core::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::timeout;

use super::{INTERVALS, LISTENED, LISTENED_TO, RESOURCE, SECOND, grant, listened, the_start};
use crate::case::Case;
use crate::family;
use crate::subject::{Event, Link, Listener, Peer, Received, phrase, vocabulary};
use crate::verdict::{Outcome, Stop};

/// Rules of exchanges beside each other, and of who chooses identifiers.
const OWN: &str = "IOTMP25-SID-003";
const FREE_ID: &str = "IOTMP23-SID-006";

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "stream.listened-two",
        title: "the values of two streams reach those who listen to each",
        clauses: &[OWN],
        control: Some("stream.listened-values"),
        run: |peer| Box::pin(two(peer)),
        ..LISTENED
    },
    Case {
        slug: "stream.listened-id-kept",
        title: "the identifier of an open stream is not that of a call",
        clauses: &[OWN, FREE_ID],
        control: Some("stream.listened-interval"),
        run: |peer| Box::pin(id_kept(peer)),
        ..LISTENED
    },
];

pub(super) fn id_of(start: &Received) -> Outcome<u16> {
    let id = start.stream_id().and_then(|id| u16::try_from(id).ok());
    id.ok_or_else(|| Stop::fail("a stream identifier", phrase(&start.message)))
}

async fn give(peer: &Peer, link: &mut Link, id: u16, value: &Json) -> Outcome {
    let name = vocabulary::values(peer.spec()).next().unwrap_or_default();
    link.send(vocabulary::value(peer.spec(), name, id, value))
        .await
}

pub(super) async fn heard(
    link: &Link,
    listener: &mut dyn Listener,
    wanted: &Json,
    of: &str,
) -> Outcome {
    let got = match timeout(link.timeout(), listener.next()).await {
        Ok(Ok(heard)) if heard == *wanted => return Ok(()),
        Ok(Ok(heard)) => heard.to_string(),
        Ok(Err(why)) => why.to_string(),
        Err(_) => "nothing".to_owned(),
    };
    let expected = format!("{wanted} at who listens to {of:?}");
    Err(Stop::fail(expected, got))
}

async fn two(peer: &Peer) -> Outcome {
    let [seconds, ..] = INTERVALS;
    let (mut link, mut first, start) = listened(peer, seconds).await?;
    let every = Duration::from_secs(seconds);
    let wish = peer.operator()?.listen(peer.credentials()?, SECOND, every);
    let granted = grant(&mut link, wish).await?;
    let Ok(mut second) = granted.told else {
        return Err(Stop::skip("the server has one listener at a time"));
    };
    let ids = [
        id_of(&start)?,
        id_of(the_start(&granted.asked, "a second listener")?)?,
    ];
    if ids[0] == ids[1] {
        let got = format!("{} for both", ids[0]);
        return Err(Stop::fail("two streams under two identifiers", got));
    }
    // One value each, as the next may come too early for whoever wants one now and then only.
    let listeners = [(first.as_mut(), RESOURCE), (second.as_mut(), SECOND)];
    for (id, (listener, of)) in ids.into_iter().zip(listeners) {
        let value = json!({"of": of});
        give(peer, &mut link, id, &value).await?;
        heard(&link, listener, &value, of).await?;
    }
    Ok(())
}

async fn id_kept(peer: &Peer) -> Outcome {
    let [seconds, ..] = INTERVALS;
    let (mut link, _listener, start) = listened(peer, seconds).await?;
    link.serve(&["start_stream", "stop_stream", "run"], &LISTENED_TO);
    let operator = peer.operator()?;
    for _ in 0..2 {
        let device = peer.credentials()?;
        let mut call = operator.run(device, RESOURCE, None, peer.timeout());
        let event = tokio::select! {
            biased;
            event = link.next() => event,
            _ = &mut call => return Err(Stop::skip("the server calls no device while it streams")),
        };
        let run = match event {
            Event::Message(run) if run.name() == "run" => run,
            other => {
                return Err(Stop::inconclusive(format!(
                    "a Run was expected, got {other}"
                )));
            }
        };
        if run.stream_id() == start.stream_id() {
            let says_so = family::clause(peer.spec(), FREE_ID).is_some();
            let rule = if says_so { FREE_ID } else { OWN };
            let expected = "a Run under another identifier than that of the open stream";
            return Err(Stop::fail(expected, phrase(&run.message)).blaming(rule));
        }
        let answer = json!({"type": "ok", "stream_id": run.stream_id(), "payload": 1});
        link.send(answer).await?;
        // What the user is told is the matter of other cases.
        let _ = timeout(link.timeout(), call).await;
    }
    Ok(())
}
