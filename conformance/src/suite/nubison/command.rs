//! Commands: how a device takes them, and how a server sends them.

use super::expect::{arrived, asked, command, every_byte, is_absence, payload, with_wrong_token};
use super::{DEVICE, SERVER};
use crate::case::{Case, Pace};
use crate::subject::nubison::{answer, ask, bytes, bytes_in};
use crate::subject::{Ask, Event, Link, Peer, Received, phrase};
use crate::verdict::{Kind, Outcome, Step, Stop};

/// Commands one after another: who loses every hundredth loses one of them wherever the count stands.
const IN_A_ROW: usize = 150;
/// Steps before the last that are worth showing.
const SHOWN: usize = 8;
/// Largest payload of a Command, as its length of one byte has it.
const LARGEST: usize = u8::MAX as usize;

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "command.bare",
        title: "a Command without payload is answered",
        clauses: &["NUB-COMMAND-002", "NUB-RESPONSE-001", "NUB-SESSION-001"],
        run: |peer| Box::pin(answered(peer, |_| None)),
        ..DEVICE
    },
    Case {
        slug: "command.one-after-another",
        title: "150 Commands one after another are all answered",
        clauses: &["NUB-COMMAND-002"],
        control: Some("command.bare"),
        run: |peer| Box::pin(one_after_another(peer)),
        ..DEVICE
    },
    Case {
        slug: "command.payload",
        title: "a Command with a payload is answered, and its payload arrives",
        clauses: &["NUB-COMMAND-002", "NUB-DATA-004"],
        run: |peer| Box::pin(answered(peer, |peer| Some(payload(peer)))),
        ..DEVICE
    },
    Case {
        slug: "command.empty",
        title: "a Command with a payload of no bytes is answered",
        clauses: &["NUB-COMMAND-002"],
        run: |peer| Box::pin(answered(peer, |_| Some(Vec::new()))),
        ..DEVICE
    },
    Case {
        slug: "command.largest",
        title: "a Command with 255 bytes of all kinds is answered, and they arrive",
        clauses: &["NUB-COMMAND-002", "NUB-DATA-004"],
        run: |peer| {
            Box::pin(answered(peer, |_| {
                Some(every_byte().into_iter().rev().take(LARGEST).collect())
            }))
        },
        ..DEVICE
    },
    Case {
        slug: "command.carried-out",
        title: "a Command that was carried out is answered by status 01, with a payload or nothing",
        clauses: &["NUB-COMMAND-003"],
        run: |peer| Box::pin(carried_out(peer)),
        ..DEVICE
    },
    Case {
        slug: "command.failed",
        title: "a Command that failed is answered by status 00 and nothing more",
        clauses: &["NUB-COMMAND-004"],
        control: Some("command.bare"),
        run: |peer| Box::pin(failed(peer)),
        ..DEVICE
    },
    Case {
        slug: "command.token",
        title: "a Command carries the access token of the device, and a payload or nothing",
        clauses: &["NUB-COMMAND-001", "NUB-DATA-004"],
        pace: Pace::Alone,
        run: |peer| Box::pin(sent(peer)),
        ..SERVER
    },
    Case {
        slug: "command.refused",
        title: "a Command that the device refuses is over, and the server goes on",
        clauses: &["NUB-COMMAND-001"],
        pace: Pace::Alone,
        run: |peer| Box::pin(refused(peer)),
        ..SERVER
    },
];

async fn answered(peer: &Peer, payload: fn(&Peer) -> Option<Vec<u8>>) -> Outcome {
    let mut link = peer.connected().await?;
    let payload = payload(peer);
    let response = match ask(&mut link, command(payload.as_deref())).await {
        Err(stop) if is_absence(&stop) => return Err(stop.blaming("NUB-COMMAND-002")),
        response => response?,
    };
    is_answer(&response)?;
    // What is empty may be told as nothing.
    if payload.as_ref().is_some_and(Vec::is_empty) {
        return link.quiet("one response to the Command").await;
    }
    arrived(peer, Ask::Heard(payload))
        .await
        .blaming("NUB-DATA-004")?;
    link.quiet("one response to the Command").await?;
    peer.keep(link).await;
    Ok(())
}

async fn one_after_another(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for nth in 1..=IN_A_ROW {
        let response = ask(&mut link, command(None)).await;
        is_answer(&response.because(format!("Command {nth} of {IN_A_ROW}"))?)?;
        peer.transcript().keep_last(SHOWN);
    }
    peer.keep(link).await;
    Ok(())
}

fn is_answer(response: &Received) -> Outcome {
    match response.name() {
        "command_accepted" | "command_refused" => Ok(()),
        _ => Err(Stop::fail("status 01 or 00", phrase(&response.message))),
    }
}

async fn carried_out(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let mut was_done = false;
    let right = payload(peer);
    for payload in [None, Some(right.as_slice())] {
        let response = ask(&mut link, command(payload)).await?;
        is_answer(&response)?;
        was_done |= response.name() == "command_accepted";
        // Whatever stands behind status and payload comes before the next answer.
        link.quiet("status 01, and a payload or nothing").await?;
    }
    if !was_done {
        return Err(Stop::skip(
            "the device carries out no Command that the suite knows of",
        ));
    }
    peer.keep(link).await;
    Ok(())
}

async fn failed(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let mut tries = vec![with_wrong_token(&link, command(None))];
    let failing = peer
        .operator()
        .ok()
        .and_then(|app| app.payloads().failing.clone());
    tries.extend(failing.map(|payload| command(Some(&payload))));
    let mut was_refused = false;
    for (nth, request) in tries.into_iter().enumerate() {
        let response = match ask(&mut link, request).await {
            // What becomes of another's token is left open, silence included.
            Err(stop) if nth == 0 && is_absence(&stop) => continue,
            response => response?,
        };
        is_answer(&response)?;
        was_refused |= response.name() == "command_refused";
        link.quiet("status 00 and nothing more").await?;
    }
    if !was_refused {
        return Err(Stop::skip(
            "the device refuses no Command that the suite knows of",
        ));
    }
    peer.keep(link).await;
    Ok(())
}

/// The Command that a server sends next.
pub(super) async fn next_command(link: &mut Link) -> Outcome<Received> {
    link.leave_keep_alive();
    match link.next().await {
        Event::Message(received) if received.name() == "command" => {
            let token = received
                .field("access_token")
                .and_then(|token| token.as_str());
            if token != link.token() {
                let wanted = format!("access token {}", link.token().unwrap_or_default());
                return Err(
                    Stop::fail(wanted, phrase(&received.message)).blaming("NUB-COMMAND-001")
                );
            }
            Ok(received)
        }
        other => Err(Stop::fail("command", other.to_string())),
    }
}

/// What the application says, where the wire showed nothing worse.
pub(super) fn told<T>(done: Outcome<T>, seen: Outcome) -> Outcome<T> {
    match done {
        Err(stop) if stop.verdict().kind() == Kind::Skip => Err(stop),
        done => seen.and(done),
    }
}

async fn sent(peer: &Peer) -> Outcome {
    let operator = peer.operator()?;
    let mut link = peer.connected().await?;
    for payload in [
        None,
        Some(b"on".to_vec()),
        Some(every_byte().into_iter().take(LARGEST).collect()),
    ] {
        let done = asked(operator, Ask::Command(payload.clone()));
        let (done, seen) = tokio::join!(done, async {
            let received = next_command(&mut link).await?;
            let got = bytes_in(&received, "payload");
            if got != payload {
                return Err(Stop::fail(
                    format!("the payload {payload:?}"),
                    format!("{got:?}"),
                ));
            }
            let mut accepted = answer("command_accepted", &received);
            if let Some(payload) = &payload {
                accepted["payload"] = bytes(payload);
            }
            link.send(accepted).await
        });
        let done = told(done, seen)?;
        if done != payload {
            let wanted = format!("the answer {payload:?} at the application");
            return Err(Stop::fail(wanted, format!("{done:?}")).blaming("NUB-DATA-004"));
        }
    }
    link.fence().await.map(drop)
}

async fn refused(peer: &Peer) -> Outcome {
    let operator = peer.operator()?;
    let mut link = peer.connected().await?;
    let done = asked(operator, Ask::Command(None));
    let (done, seen) = tokio::join!(done, async {
        let received = next_command(&mut link).await?;
        link.send(answer("command_refused", &received)).await
    });
    match done {
        Err(stop) if stop.verdict().kind() == Kind::Skip => return Err(stop),
        _ if seen.is_err() => return seen,
        Ok(answer) => return Err(Stop::fail("a Command that failed", format!("{answer:?}"))),
        Err(_) => {}
    }
    link.fence().await.map(drop)
}
