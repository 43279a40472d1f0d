//! Where packets begin and end on the byte stream.

use serde_json::Value as Json;
use tokio::time::Instant;

use super::expect::{accepted, command, data, logged_in, next_request, payload};
use super::{BOTH, DEVICE, SERVER};
use crate::case::{Case, Role};
use crate::subject::nubison::{
    OWN_TRANSACTION, answer, bytes, complete, is_response, login, response,
};
use crate::subject::{Ask, Event, Link, Peer, phrase};
use crate::verdict::{Outcome, Step, Stop, Verdict};

/// Bytes of the shortest packet that there may be.
const SHORTEST: usize = 9;
/// Packets that arrive together.
const TOGETHER: usize = 16;

/// The request that a server is sent in pieces, in one piece.
const DATA: Option<&str> = Some("data.ok");

const PIECES: Case = Case {
    slug: "packet.pieces",
    title: "a request that arrives byte by byte is answered",
    clauses: &["NUB-FRAME-010"],
    run: |peer| Box::pin(pieces(peer)),
    ..BOTH
};

const EVERY_CUT: Case = Case {
    slug: "packet.every-cut",
    title: "a request is answered wherever it is cut in two",
    clauses: &["NUB-FRAME-010"],
    run: |peer| Box::pin(every_cut(peer)),
    ..BOTH
};

/// A case for the subjects that another one fits.
const fn of(subjects: Case, case: Case) -> Case {
    Case {
        roles: subjects.roles,
        ..case
    }
}

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "packet.eight-bytes",
        title: "eight bytes are no packet, and nothing answers them",
        clauses: &["NUB-FRAME-003"],
        control: Some("packet.pieces"),
        run: |peer| Box::pin(eight_bytes(peer)),
        ..BOTH
    },
    Case {
        control: DATA,
        ..of(SERVER, PIECES)
    },
    of(DEVICE, PIECES),
    Case {
        control: DATA,
        ..of(SERVER, EVERY_CUT)
    },
    of(DEVICE, EVERY_CUT),
    Case {
        slug: "packet.login-in-pieces",
        title: "a Login that arrives byte by byte is answered",
        clauses: &["NUB-FRAME-010"],
        run: |peer| Box::pin(login_in_pieces(peer)),
        ..SERVER
    },
    Case {
        slug: "packet.together",
        title: "sixteen Data that arrive together are each answered, in order",
        clauses: &["NUB-FRAME-011"],
        control: DATA,
        run: |peer| Box::pin(together(peer)),
        ..SERVER
    },
    Case {
        slug: "packet.one-and-a-half",
        title: "Data is answered although the next one has arrived by half",
        clauses: &["NUB-FRAME-010", "NUB-FRAME-011"],
        control: Some("packet.together"),
        run: |peer| Box::pin(one_and_a_half(peer)),
        ..SERVER
    },
    Case {
        slug: "packet.login-response-in-pieces",
        title: "a response to the Login that arrives byte by byte logs a device in",
        clauses: &["NUB-FRAME-010"],
        run: |peer| Box::pin(login_response_in_pieces(peer)),
        ..DEVICE
    },
    Case {
        slug: "packet.response-and-command",
        title: "a Command that arrives together with a response is answered",
        clauses: &["NUB-FRAME-011"],
        control: Some("command.bare"),
        run: |peer| Box::pin(response_and_command(peer)),
        ..DEVICE
    },
];

/// A request of the suite that ends where its last mandatory field does.
fn request(peer: &Peer) -> Json {
    match peer.role() {
        Role::Server => data(&payload(peer)),
        Role::Device => command(None),
    }
}

async fn in_pieces(
    link: &mut Link,
    bytes: &[u8],
    cuts: impl Iterator<Item = usize>,
    what: &str,
) -> Outcome {
    link.sends(bytes);
    let mut from = 0;
    for until in cuts.chain([bytes.len()]) {
        link.send_raw(bytes.get(from..until).unwrap_or_default(), what)
            .await;
        link.pause().await;
        if until < SHORTEST && link.unfinished() > 0 {
            unanswered(link).await?;
        }
        from = until;
    }
    Ok(())
}

/// Sees that what came is no response: nothing was asked yet.
async fn unanswered(link: &mut Link) -> Outcome {
    match link.next_before(Instant::now()).await {
        Event::Message(received) if is_response(&received) => {
            let stop = Stop::fail("no response", phrase(&received.message));
            Err(stop.blaming("NUB-FRAME-003"))
        }
        _ => Ok(()),
    }
}

/// Sends a request that is cut at these places, for its response.
async fn cut(link: &mut Link, request: Json, cuts: impl Iterator<Item = usize>) -> Outcome {
    let request = complete(link, request);
    let bytes = link.encode(&request)?;
    // Answers in passing must not get between the pieces.
    link.hold();
    let sent = in_pieces(link, &bytes, cuts, "a piece of a request").await;
    link.release().await;
    sent?;
    let session_id = request.get("session_id").cloned().unwrap_or_default();
    let response = of_pieces(response(link, &session_id).await)?;
    match link.role() {
        Role::Server => accepted(&response),
        Role::Device => Ok(()),
    }
}

/// A response to something else is one to a piece that was taken for a packet.
fn of_pieces<T>(response: Outcome<T>) -> Outcome<T> {
    response.map_err(|stop| match stop.verdict() {
        Verdict::Fail(failure) if failure.clause.as_deref() == Some(OWN_TRANSACTION) => {
            Stop::fail(failure.expected.as_str(), failure.got.as_str()).blaming("NUB-FRAME-010")
        }
        _ => stop,
    })
}

fn length(link: &mut Link, request: &Json) -> Outcome<usize> {
    let request = complete(link, request.clone());
    Ok(link.encode(&request)?.len())
}

async fn eight_bytes(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let whole = request(peer);
    let whole = complete(&mut link, whole);
    let packet = link.encode(&whole)?;
    link.sends(&packet);
    link.send_raw(packet.get(..8).unwrap_or_default(), "eight bytes")
        .await;
    // Nothing can follow that would make a packet of them.
    link.finish().await;
    let deadline = Instant::now() + link.timeout();
    loop {
        match link.next_before(deadline).await {
            Event::Message(received) if is_response(&received) => {
                return Err(Stop::fail("no response", phrase(&received.message)));
            }
            Event::Message(_) => {}
            Event::Garbage(why) | Event::Flood(why) => return Err(Stop::fail("no response", why)),
            Event::Closed { .. } | Event::Silence(_) => return Ok(()),
        }
    }
}

async fn pieces(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let request = request(peer);
    let len = length(&mut link, &request)?;
    cut(&mut link, request, 1..len).await?;
    peer.keep(link).await;
    Ok(())
}

async fn every_cut(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let request = request(peer);
    let len = length(&mut link, &request)?;
    for at in 1..len {
        let what = format!("the request was cut after {at} of {len} bytes");
        cut(&mut link, request.clone(), [at].into_iter())
            .await
            .because(what)?;
    }
    peer.keep(link).await;
    Ok(())
}

async fn login_in_pieces(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    let request = login(peer.spec(), peer.credentials()?)?;
    let request = complete(&mut link, request);
    let packet = link.encode(&request)?;
    in_pieces(&mut link, &packet, 1..packet.len(), "a byte of a Login").await?;
    let session_id = request.get("session_id").cloned().unwrap_or_default();
    let answer = response(&mut link, &session_id).await?;
    super::expect::named(&answer, "login_accepted", "login_accepted")
}

/// Data in one piece, and the session identifiers in it.
fn joined(peer: &Peer, link: &mut Link, count: usize) -> Outcome<(Vec<u8>, Vec<Json>)> {
    let mut packets = Vec::new();
    let mut names = Vec::new();
    for _ in 0..count {
        let request = complete(link, data(&payload(peer)));
        names.push(request.get("session_id").cloned().unwrap_or_default());
        packets.extend(link.encode(&request)?);
    }
    Ok((packets, names))
}

async fn together(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let (packets, names) = joined(peer, &mut link, TOGETHER)?;
    link.send_raw(&packets, "sixteen Data in one piece").await;
    let mut open = names;
    while !open.is_empty() {
        match link.next().await {
            Event::Message(received) if is_response(&received) => {
                let name = received.field("session_id").cloned().unwrap_or_default();
                if !open.contains(&name) {
                    return Err(Stop::fail(
                        "one response to each",
                        phrase(&received.message),
                    ));
                }
                accepted(&received)?;
                open.retain(|other| *other != name);
            }
            Event::Message(_) => {}
            other => {
                let left = open.len();
                return Err(Stop::fail("a response to each", other.to_string())
                    .because(format!("{left} of {TOGETHER} had no response yet")));
            }
        }
    }
    // Responses may come in any order; who takes packets in order need not answer so.
    link.quiet("one response to each").await
}

async fn one_and_a_half(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let (packets, names) = joined(peer, &mut link, 2)?;
    let half = packets.len() * 3 / 4;
    let (head, tail) = packets.split_at(half);
    link.sends(&packets);
    link.hold();
    link.send_raw(head, "Data and half of the next").await;
    let [first, second] = names.as_slice() else {
        return Err(Stop::inconclusive("there are not two Data"));
    };
    let one = response(&mut link, first).await;
    accepted(&of_pieces(
        one.because("the rest of the second had not been sent"),
    )?)?;
    link.send_raw(tail, "the other half").await;
    link.release().await;
    accepted(&of_pieces(response(&mut link, second).await)?)
}

async fn login_response_in_pieces(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await?;
    let token = "conformance-token-of-24b";
    let mut accepted = link
        .hello()
        .map(|hello| answer("login_accepted", hello))
        .unwrap_or_default();
    accepted["access_token"] = token.into();
    let packet = link.encode(&accepted)?;
    link.set_token(token);
    in_pieces(&mut link, &packet, 1..packet.len(), "a byte of a response").await?;
    link.fence().await.map(drop)
}

async fn response_and_command(peer: &Peer) -> Outcome {
    let mut link = logged_in(peer).await?;
    let sending = peer.operator().ok();
    let sending = sending
        .map(|app| [b"one", b"two"].map(|one| tokio::spawn(app.ask(Ask::Data(one.to_vec())))));
    let mut packets = Vec::new();
    for _ in 0..sending.as_ref().map_or(1, |all| all.len()) {
        let received = next_request(peer, &mut link, &["data", "heartbeat"]).await?;
        packets.extend(link.encode(&answer("accepted", &received))?);
    }
    let request = complete(&mut link, command(None));
    packets.extend(link.encode(&request)?);
    link.sends(&link.encode(&request)?);
    link.send_raw(&packets, "responses and a Command in one piece")
        .await;
    let session_id = request.get("session_id").cloned().unwrap_or(bytes(&[]));
    response(&mut link, &session_id).await?;
    for one in sending.into_iter().flatten() {
        if let Ok(Err(why)) = one.await {
            return Err(Stop::fail("Data that was taken", why.to_string()));
        }
    }
    Ok(())
}
