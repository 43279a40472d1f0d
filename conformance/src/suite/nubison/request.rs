//! What a device asks of the server.

use super::DEVICE;
use super::expect::{asked, carries_token, logged_in, made_to_send, next_request, payload};
use crate::case::{Case, Pace};
use crate::subject::nubison::{answer, bytes_in};
use crate::subject::{Ask, Event, Link, Peer, Received};
use crate::verdict::{Outcome, Step, Stop};

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "data.layout",
        title: "Data carries the access token of the login, a length of two bytes and the payload",
        clauses: &["NUB-DATA-001"],
        run: |peer| Box::pin(data(peer)),
        ..DEVICE
    },
    Case {
        slug: "heartbeat.layout",
        title: "a Heartbeat carries the access token of the login, and a payload or nothing",
        clauses: &["NUB-HEARTBEAT-001"],
        pace: Pace::Slow,
        run: |peer| Box::pin(heartbeat(peer)),
        ..DEVICE
    },
    Case {
        slug: "data.refused",
        title: "a device whose Data is refused goes on",
        clauses: &["NUB-ERROR-008"],
        run: |peer| Box::pin(refused(peer)),
        ..DEVICE
    },
    Case {
        slug: "logout.layout",
        title: "a Logout carries the access token of the login and nothing else",
        clauses: &["NUB-LOGOUT-001"],
        pace: Pace::Last,
        run: |peer| Box::pin(logout(peer)),
        ..DEVICE
    },
];

/// Sees that the request is whole, and that nothing stands between it and the next packet.
async fn ends_there(link: &mut Link, request: &Received) -> Outcome {
    link.send(answer("accepted", request)).await?;
    link.fence().await.map(drop)
}

async fn data(peer: &Peer) -> Outcome {
    let mut link = logged_in(peer).await?;
    let Ok(operator) = peer.operator() else {
        let request = next_request(peer, &mut link, &["data"]).await?;
        carries_token(&link, &request)?;
        return ends_there(&mut link, &request).await;
    };
    for payload in [payload(peer), Vec::new(), vec![0xff; 300]] {
        let sending = tokio::spawn(operator.ask(Ask::Data(payload.clone())));
        let request = next_request(peer, &mut link, &["data"]).await?;
        carries_token(&link, &request)?;
        let got = bytes_in(&request, "payload").unwrap_or_default();
        if got != payload {
            let wanted = format!("the payload {}", hex::encode(payload));
            return Err(Stop::fail(wanted, hex::encode(got)));
        }
        ends_there(&mut link, &request).await?;
        took(sending).await?;
    }
    Ok(())
}

/// Waits until the device has heard that its request was taken.
async fn took(sending: tokio::task::JoinHandle<Told>) -> Outcome {
    match sending.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(why)) => Err(Stop::fail("a request that was taken", why.to_string())),
        Err(why) => Err(Stop::inconclusive(format!(
            "asking the device broke down: {why}"
        ))),
    }
}

type Told = Result<Option<Vec<u8>>, crate::subject::Unheard>;

async fn heartbeat(peer: &Peer) -> Outcome {
    let mut link = logged_in(peer).await?;
    let Ok(operator) = peer.operator() else {
        let request = next_request(peer, &mut link, &["heartbeat"]).await?;
        carries_token(&link, &request)?;
        return ends_there(&mut link, &request).await;
    };
    for payload in [None, Some(payload(peer)), Some(Vec::new())] {
        let sending = tokio::spawn(operator.ask(Ask::Heartbeat(payload.clone())));
        let request = next_request(peer, &mut link, &["heartbeat"]).await?;
        carries_token(&link, &request)?;
        let got = bytes_in(&request, "payload");
        if got != payload {
            let wanted = format!("the payload {payload:?}");
            return Err(Stop::fail(wanted, format!("{got:?}")));
        }
        ends_there(&mut link, &request).await?;
        took(sending).await?;
    }
    Ok(())
}

async fn refused(peer: &Peer) -> Outcome {
    let mut link = logged_in(peer).await?;
    made_to_send(peer);
    let request = next_request(peer, &mut link, &["data", "heartbeat"]).await?;
    let mut refusal = answer("refused", &request);
    refusal["error_code"] = 0x1234.into();
    link.send(refusal).await?;
    match link.settle().await?.alive {
        true => Ok(()),
        // It may log in again on a new connection.
        false => peer.connected().await.map(drop),
    }
}

async fn logout(peer: &Peer) -> Outcome {
    let operator = peer.operator()?;
    let mut link = logged_in(peer).await?;
    let asked = asked(operator, Ask::Logout);
    let (asked, seen) = tokio::join!(asked, async {
        let request = next_request(peer, &mut link, &["logout"]).await?;
        carries_token(&link, &request)?;
        link.send(answer("accepted", &request)).await?;
        // What stands behind the access token would come first.
        match link.next().await {
            Event::Closed { unfinished: 0, .. } | Event::Silence(_) => Ok(()),
            Event::Message(received) if received.name() == "login" => Ok(()),
            other => Err(Stop::fail(
                "nothing behind the access token",
                other.to_string(),
            )),
        }
    });
    asked.map(drop).unrelated("logging out").and(seen)
}
