//! What is left of a stream that is over, or that never was.

use serde_json::{Value as Json, json};

use super::timed::{LONG, TIMED, every_tick, nothing_for, past, tick};
use super::{STOP_STREAM, begun, best, closed_again, opened, past_data, sensitive, stopped};
use crate::case::{Case, DEVICE};
use crate::family;
use crate::subject::{Event, Link, NO_SUCH_RESOURCE, Peer, Want, phrase};
use crate::verdict::{Outcome, Step, Stop};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "stream.refused-is-silent",
        title: "a stream that was refused brings no values",
        clauses: &["IOTMP25-STREAM-004"],
        control: Some("stream.unknown-resource"),
        run: |peer| Box::pin(refused_is_silent(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.id-free-after-refusal",
        title: "an identifier whose request was answered by Error can be used again",
        clauses: &["IOTMP25-SID-004"],
        control: Some("stream.start"),
        run: |peer| Box::pin(id_free_after_refusal(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.stop-events",
        title: "a stream without an interval is stopped like any other",
        clauses: &["IOTMP25-STREAM-005"],
        control: Some("stream.start"),
        run: |peer| Box::pin(stop_events(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.stop-before-value",
        title: "a stream with an interval is stopped although no value has come of it yet",
        clauses: &["IOTMP25-STREAM-005"],
        control: Some("stream.start"),
        run: |peer| Box::pin(stop_before_value(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.no-echo-after-stop",
        title: "after the Ok of a Stop Stream an input is followed by no value",
        clauses: &["IOTMP25-STREAM-005"],
        control: Some("stream.stop-events"),
        run: |peer| Box::pin(no_echo_after_stop(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.replaced-id",
        title: "the identifier that a stream had before is no stream, and the one that it has is",
        clauses: &["IOTMP25-STREAM-006", "IOTMP25-STREAM-008"],
        ambiguity: Some(STOP_STREAM),
        control: Some("stream.replace-id"),
        run: |peer| Box::pin(replaced_id(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.id-after-reconnect",
        title: "the identifier of a stream is that of none on the next connection, and free",
        clauses: &["IOTMP25-STREAM-009"],
        control: Some("stream.stop-unknown"),
        ambiguity: Some(STOP_STREAM),
        run: |peer| Box::pin(id_after_reconnect(peer)),
        ..DEVICE
    },
];

async fn refused_is_silent(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send_start_stream(id, NO_SUCH_RESOURCE, &every_tick(peer))
        .await?;
    link.message(&[Want::Error(id)])
        .await
        .unrelated("asking for what there is not")?;
    let expected = "no value of a stream that was refused";
    nothing_for(&mut link, past(tick(peer).1), expected).await?;
    peer.keep(link).await;
    Ok(())
}

async fn id_free_after_refusal(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send_start_stream(id, NO_SUCH_RESOURCE, &Json::Null)
        .await?;
    refused(&mut link, id, "asking for a stream of what there is not").await?;
    link.send_start_stream(id, &resource.name, &Json::Null)
        .await?;
    link.message(&[Want::Ok(id)])
        .await
        .because("a Start Stream under it was refused before")?;
    stopped(&mut link, id, &[Want::Answer(id)])
        .await
        .unrelated("stopping the stream")?;
    let id = link.id();
    link.send(json!({"type": "run", "stream_id": id, "resource": NO_SUCH_RESOURCE}))
        .await?;
    refused(&mut link, id, "running what there is not").await?;
    link.send(link.request(id)).await?;
    link.message(&[Want::Ok(id)])
        .await
        .because("a Run under it was answered by Error before")?;
    peer.keep(link).await;
    Ok(())
}

/// Waits for an Error, and for no second one.
async fn refused(link: &mut Link, id: u16, step: &str) -> Outcome {
    link.message(&[Want::Error(id)]).await.unrelated(step)?;
    link.quiet("one answer").await.unrelated(step)
}

async fn stop_events(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let (mut link, id) = opened(peer, resource, &Json::Null).await?;
    begun(&mut link, id).await.unrelated("starting a stream")?;
    stopped(&mut link, id, &[Want::Ok(id)]).await?;
    link.quiet("no value after the Ok of the Stop Stream")
        .await?;
    peer.keep(link).await;
    Ok(())
}

async fn stop_before_value(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let (mut link, id) = opened(peer, resource, &json!({"interval": LONG})).await?;
    begun(&mut link, id).await.unrelated("starting a stream")?;
    stopped(&mut link, id, &[Want::Ok(id)])
        .await
        .because(format!("its interval is {LONG}"))?;
    link.quiet("no value after the Ok of the Stop Stream")
        .await?;
    peer.keep(link).await;
    Ok(())
}

async fn no_echo_after_stop(peer: &Peer) -> Outcome {
    let resource = sensitive(peer)?;
    let (mut link, id) = opened(peer, resource, &Json::Null).await?;
    stopped(&mut link, id, &[Want::Ok(id)])
        .await
        .unrelated("stopping it")?;
    let call = link.id();
    link.send(resource.run(Some(call))).await?;
    past_data(&mut link, &[Want::Answer(call)], &[])
        .await
        .because("the stream of the resource had been stopped")?;
    link.quiet("no value after the Ok of the Stop Stream")
        .await?;
    peer.keep(link).await;
    Ok(())
}

async fn replaced_id(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let mut link = peer.connected().await?;
    let rarely = json!({"interval": LONG});
    let plain = link
        .start_stream(&resource.name, &rarely)
        .await
        .unrelated("starting a stream")?;
    stopped(&mut link, plain, &[Want::Ok(plain)])
        .await
        .unrelated("stopping a stream")?;
    let old = link
        .start_stream(&resource.name, &rarely)
        .await
        .unrelated("starting a stream")?;
    let new = link.id();
    link.send_start_stream(new, &resource.name, &rarely).await?;
    past_data(&mut link, &[Want::Ok(new)], &[old])
        .await
        .unrelated("giving it another identifier")?;
    link.send(json!({"type": "stop_stream", "stream_id": old}))
        .await?;
    let answer = past_data(&mut link, &[Want::Answer(old)], &[old, new])
        .await
        .blaming("IOTMP25-STREAM-006")?;
    let is_open_question = family::ambiguity(peer.spec(), STOP_STREAM).is_some();
    let seen = match &answer {
        Event::Message(ok) if is_open_question => Err(Stop::info(STOP_STREAM, ok.name())),
        Event::Message(ok) if ok.name() == "ok" => {
            let expected = Want::Error(old).to_string();
            return Err(Stop::fail(expected, phrase(&ok.message))
                .blaming("IOTMP25-STREAM-006")
                .because(format!("the stream had been {old} and is {new} now")));
        }
        _ => Ok(()),
    };
    let closed = stopped(&mut link, new, &[Want::Ok(new)]).await;
    // Whoever was granted the one may have stopped whatever there was, which is the matter of others.
    let closed = if Want::Ok(old).allows(&answer) {
        closed.unrelated("stopping it once more, under its own identifier")
    } else {
        closed
    };
    closed
        .blaming("IOTMP25-STREAM-008")
        .because(format!("the stream had been {old} and is {new} now"))?;
    peer.keep(link).await;
    seen
}

async fn id_after_reconnect(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let before = "it was that of a stream of the connection before";
    let (mut link, free) = after_a_stream(peer, &resource.name).await?;
    link.send_start_stream(free, &resource.name, &Json::Null)
        .await?;
    link.message(&[Want::Ok(free)]).await.because(before)?;
    link.close();
    let (mut link, gone) = after_a_stream(peer, &resource.name).await?;
    let seen = closed_again(&mut link, gone, &[]).await.because(before)?;
    peer.keep(link).await;
    seen
}

/// A connection whose predecessor ended with an open stream, and that stream's identifier.
async fn after_a_stream(peer: &Peer, resource: &str) -> Outcome<(Link, u16)> {
    let mut link = peer.connected().await?;
    let id = link
        .start_stream(resource, &Json::Null)
        .await
        .unrelated("starting a stream")?;
    link.close();
    Ok((peer.connected().await?, id))
}
