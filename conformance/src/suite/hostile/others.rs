//! What one connection does, and all others do not notice.

use core::time::Duration;
use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::HOSTILE;
use crate::case::{Case, SERVER};
use crate::subject::{Event, Link, Peer, Want, phrase};
use crate::suite::connect::{other_last_character, refused_with};
use crate::suite::property::{self, asked, with_id};
use crate::verdict::{Outcome, Step, Stop};

/// Requests whose answers nobody takes.
const UNREAD: usize = 16;
/// A property of the device that a case sets, and how large it is.
const PROPERTY: &str = "conformance_unread";
const SIZE: usize = 24 * 1024;
/// Times that it is asked for: more than what lies between two ends takes.
const MANY: u32 = 512;
/// Times that an answer may take which all of them are waited for.
const PATIENCE: u32 = 4;
/// How often so many answers are asked for together, to tell how long one takes.
const TRIED: usize = 4;
const TOGETHER: u32 = 8;
/// The rule of what a message is made of.
const WHOLE: &str = "IOTMP25-FRAME-001";
/// Steps before the last that are worth showing.
const SHOWN: usize = 8;

/// A case about a server, which has other connections.
const BESIDE: Case = Case {
    roles: SERVER.roles,
    ..HOSTILE
};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "hostile.reset",
        title: "connections that are reset just end",
        run: |peer| Box::pin(reset(peer)),
        ..BESIDE
    },
    Case {
        slug: "hostile.refused",
        title: "who is refused ends no connection of the device whose name it gave",
        control: Some("connect.wrong-credential"),
        run: |peer| Box::pin(refused(peer)),
        ..BESIDE
    },
    Case {
        slug: "hostile.unread",
        title: "a device that takes none of its answers holds up no other",
        // What a server says at length is known of those alone.
        specs: &["iotmp-shipping"],
        control: Some("framing.more-than-a-buffer"),
        run: |peer| Box::pin(unread(peer)),
        ..BESIDE
    },
];

/// Sends so many Keep Alives and takes no answer.
async fn beat(link: &mut Link) -> Outcome {
    let bytes = link.encode(&json!({"type": "keep_alive"}))?;
    let bytes = bytes.repeat(UNREAD);
    link.send_raw(&bytes, "keep_alive, again and again").await;
    Ok(())
}

/// Whoever closes a connection on which something waits to be read resets it.
async fn reset(peer: &Peer) -> Outcome {
    for _ in 0..2 {
        let witness = peer.witness().await?;
        let mut link = peer.connected().await?;
        beat(&mut link).await?;
        // By the time that this is answered, so is that.
        peer.connected()
            .await?
            .fence()
            .await
            .unrelated("asking on another connection")?;
        link.close();
        // The server hears of it at the latest with what comes after; how that fares the witness tells.
        for _ in 0..2 {
            if let Ok(mut later) = peer.connected().await {
                let _ = later.fence().await;
            }
        }
        witness.undisturbed().await?;
    }
    Ok(())
}

async fn refused(peer: &Peer) -> Outcome {
    let witness = peer.witness().await?;
    let mut wrong = peer.credentials()?.clone();
    other_last_character(&mut wrong);
    refused_with(peer, &wrong)
        .await
        .unrelated("refusing a wrong credential")?;
    witness.undisturbed().await
}

/// The shortest time that one answer takes, of those that are asked for together: one alone takes
/// as long as the machine is busy with others.
async fn quickest(link: &mut Link, request: &Json) -> Outcome<Duration> {
    let mut quickest = Duration::MAX;
    for _ in 0..TRIED {
        let (mut open, bytes) = repeated(link, request, TOGETHER)?;
        let began = Instant::now();
        link.send_raw(&bytes, &format!("{TOGETHER} requests for it"))
            .await;
        while !open.is_empty() {
            let wants: Vec<Want> = open.iter().copied().map(Want::Answer).collect();
            let answer = link.message(&wants).await;
            let answer = answer.unrelated("asking for a property")?.stream_id();
            open.retain(|id| answer != Some((*id).into()));
        }
        quickest = quickest.min(began.elapsed() / TOGETHER);
    }
    Ok(quickest)
}

/// The same request under so many identifiers, and those.
fn repeated(link: &mut Link, request: &Json, times: u32) -> Outcome<(BTreeSet<u16>, Vec<u8>)> {
    let (mut ids, mut bytes) = (BTreeSet::new(), Vec::new());
    for _ in 0..times {
        let id = link.id();
        ids.insert(id);
        bytes.extend(link.encode(&with_id(request, id))?);
    }
    Ok((ids, bytes))
}

async fn unread(peer: &Peer) -> Outcome {
    let value = json!({"unread": "x".repeat(SIZE)});
    let set = property::set(peer.spec(), PROPERTY, &value)?;
    let read = property::read(peer.spec(), PROPERTY)?;
    let witness = peer.witness().await?;
    let mut link = peer.connected().await?;
    for request in [&set, &read] {
        let answer = asked(&mut link, request).await;
        if answer.unrelated("asking for a property")?.name() != "ok" {
            return Err(Stop::skip("the server keeps no property of that size"));
        }
    }
    let took = quickest(&mut link, &read).await?;
    let work = took * MANY;
    if work > peer.timeout() * PATIENCE {
        return Err(Stop::skip(format!(
            "the server takes {} ms for one answer, and {MANY} would hold up others by that alone",
            took.as_millis()
        )));
    }
    let (ids, bytes) = repeated(&mut link, &read, MANY)?;
    link.send_raw(&bytes, &format!("{MANY} requests for a large value"))
        .await;
    // Whoever does one thing after another may come to the witness when all are answered, as far as
    // there is room for answers.
    let is_slow = work > peer.timeout();
    if is_slow {
        tokio::time::sleep(work).await;
    }
    witness.undisturbed().await?;
    if !is_slow {
        tokio::time::sleep(work).await;
    }
    read_late(peer, &mut link, ids).await
}

/// Takes the answers in the end: whole ones, and as many of them as the server kept.
async fn read_late(peer: &Peer, link: &mut Link, mut open: BTreeSet<u16>) -> Outcome {
    let late = |got: String| {
        let stop = Stop::fail("whole answers, or the end of the connection", got);
        stop.because("they had not been taken for a while")
            .blaming(WHOLE)
    };
    // Where a rest is lost what follows it is read as something else, which breaks any other rule.
    peer.transcript().accuse(WHOLE);
    while !open.is_empty() {
        peer.transcript().keep_last(SHOWN);
        match link.next().await {
            Event::Message(received) if matches!(received.name(), "ok" | "error") => {
                let id = received.stream_id().and_then(|id| u16::try_from(id).ok());
                if !id.is_some_and(|id| open.remove(&id)) {
                    return Err(late(phrase(&received.message)));
                }
            }
            // Who gives up a connection on which nobody reads does so wherever it stands.
            Event::Closed { .. } => return Ok(()),
            Event::Silence(_) if link.unfinished() == 0 => return Ok(()),
            Event::Message(_) => {}
            other => return Err(late(other.to_string())),
        }
    }
    Ok(())
}
