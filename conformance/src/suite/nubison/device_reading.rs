//! How a device reads what the sources leave open.

use serde_json::Value as Json;

use super::DEVICE;
use super::expect::{command, logged_in, made_to_send, next_request, with_wrong_token};
use super::refusal::of_type;
use crate::case::{Case, Pace};
use crate::subject::nubison::{answer, ask, bytes, bytes_in, complete, is_response};
use crate::subject::{Event, Link, Peer};
use crate::verdict::{Outcome, Stop};

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "reading.command-token",
        title: "what a device does with a Command whose access token is not its own",
        ambiguity: Some("NUB-AMB-COMMAND-TOKEN"),
        run: |peer| Box::pin(command_token(peer)),
        ..DEVICE
    },
    Case {
        slug: "reading.unknown-session",
        title: "what a response to nothing does",
        ambiguity: Some("NUB-AMB-UNKNOWN-SESSION"),
        control: Some("packet.pieces"),
        run: |peer| Box::pin(unknown_session(peer)),
        ..DEVICE
    },
    Case {
        slug: "reading.empty-tail",
        title: "whether an empty payload of a Command is the same as none",
        ambiguity: Some("NUB-AMB-EMPTY-TAIL"),
        run: |peer| Box::pin(empty_tail(peer)),
        ..DEVICE
    },
    Case {
        slug: "reading.boundary",
        title: "where a device takes a packet to end",
        ambiguity: Some("NUB-AMB-BOUNDARY"),
        run: |peer| Box::pin(boundary(peer)),
        ..DEVICE
    },
    Case {
        slug: "reading.padding",
        title: "what fills a text that is shorter than its field",
        ambiguity: Some("NUB-AMB-PADDING"),
        run: |peer| Box::pin(padding(peer)),
        ..DEVICE
    },
    Case {
        slug: "reading.encryption",
        title: "whether payloads stay as they are where there is an encryption key",
        ambiguity: Some("NUB-AMB-ENCRYPTION"),
        run: |peer| Box::pin(encryption(peer)),
        ..DEVICE
    },
    Case {
        slug: "reading.byte-order",
        title: "in which order the bytes of the length of Data stand",
        ambiguity: Some("NUB-AMB-BYTE-ORDER"),
        pace: Pace::Slow,
        run: |peer| Box::pin(byte_order(peer)),
        ..DEVICE
    },
];

fn seen(ambiguity: &str, reading: impl Into<String>) -> Outcome {
    Err(Stop::info(ambiguity, reading))
}

async fn command_token(peer: &Peer) -> Outcome {
    let id = "NUB-AMB-COMMAND-TOKEN";
    let mut link = peer.connected().await?;
    let request = with_wrong_token(&link, command(None));
    let request = complete(&mut link, request);
    link.send(request).await?;
    let settled = link.settle().await?;
    let answer = settled.messages.iter().find(|message| is_response(message));
    match answer.map(|answer| answer.name()) {
        Some("command_refused") => seen(id, "refuse"),
        Some(_) => seen(id, "accept"),
        None => seen(id, "silent"),
    }
}

async fn unknown_session(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let (packet, _) = of_type(&mut link, b'R', &[0, 0, 5]);
    link.send_raw(&packet, "a response to nothing").await;
    let is_open = link.settle().await?.alive;
    seen(
        "NUB-AMB-UNKNOWN-SESSION",
        if is_open { "ignore" } else { "close" },
    )
}

/// What a device that gives back the payload of a Command makes of it.
async fn given_back(link: &mut Link, payload: &[u8]) -> Outcome<Option<Vec<u8>>> {
    let echoed = ask(link, command(Some(b"ping"))).await?;
    if bytes_in(&echoed, "payload").as_deref() != Some(b"ping") {
        return Err(Stop::skip(
            "the device does not give back the payload of a Command",
        ));
    }
    let response = ask(link, command(Some(payload))).await?;
    Ok(bytes_in(&response, "payload"))
}

async fn empty_tail(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    match given_back(&mut link, b"").await? {
        Some(_) => seen("NUB-AMB-EMPTY-TAIL", "distinct"),
        None => seen("NUB-AMB-EMPTY-TAIL", "same"),
    }
}

async fn boundary(peer: &Peer) -> Outcome {
    let id = "NUB-AMB-BOUNDARY";
    let mut link = peer.connected().await?;
    let (one, two) = (
        complete(&mut link, command(None)),
        complete(&mut link, command(None)),
    );
    let both = [link.encode(&one)?, link.encode(&two)?].concat();
    link.sends(&link.encode(&one)?);
    link.sends(&link.encode(&two)?);
    link.send_raw(&both, "two Commands in one piece").await;
    let mut answered = 0;
    for _ in 0..2 {
        match link.next().await {
            Event::Message(received) if is_response(&received) => answered += 1,
            _ => break,
        }
    }
    if answered < 2 {
        return seen(id, "write");
    }
    ask(&mut link, command(Some(b"on"))).await?;
    match link.settle().await?.messages.iter().any(is_response) {
        false => seen(id, "arrival"),
        true => seen(id, "never"),
    }
}

async fn padding(peer: &Peer) -> Outcome {
    let link = peer.introduced().await?;
    let texts = ["client_id", "client_secret", "product_code"];
    let text = |name| link.hello()?.field(name).and_then(Json::as_str);
    let ends = |fill: char| {
        texts
            .iter()
            .filter_map(|name| text(name))
            .any(|text| text.ends_with(fill))
    };
    let reading = match (ends('\0'), ends(' ')) {
        (true, _) => "zeros",
        (_, true) => "spaces",
        _ => "exact",
    };
    peer.accept(link).await?;
    seen("NUB-AMB-PADDING", reading)
}

async fn encryption(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await?;
    let token = "conformance-token-of-24b";
    let mut accepted = link
        .hello()
        .map(|hello| answer("login_accepted", hello))
        .unwrap_or_default();
    accepted["access_token"] = token.into();
    accepted["encryption_key"] = bytes(b"0123456789abcdef");
    link.set_token(token);
    link.send(accepted).await?;
    link.fence().await?;
    let payload = b"plain text";
    match given_back(&mut link, payload).await? {
        Some(given) if given == payload => seen("NUB-AMB-ENCRYPTION", "opaque"),
        _ => seen("NUB-AMB-ENCRYPTION", "payload"),
    }
}

async fn byte_order(peer: &Peer) -> Outcome {
    let mut link = logged_in(peer).await?;
    made_to_send(peer);
    // Read the other way round, its length would be one that nothing follows.
    let request = next_request(peer, &mut link, &["data"]).await?;
    link.send(answer("accepted", &request)).await?;
    link.fence().await?;
    let reading = match link.is_little() {
        true => "little-endian",
        false => "big-endian",
    };
    seen("NUB-AMB-BYTE-ORDER", reading)
}
