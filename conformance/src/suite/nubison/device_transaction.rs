//! Which response belongs to which request, where a device is one end.

use std::collections::BTreeSet;

use super::expect::{accept, command, logged_in, made_to_send, next_request};
use super::transaction::ODD;
use super::{DEVICE, random};
use crate::case::{Case, Pace};
use crate::subject::nubison::{answer, ask, bytes, bytes_in};
use crate::subject::{Ask, Link, Peer, Received, Unheard};
use crate::verdict::{Outcome, Stop};

/// Requests of a device that are looked at for their session identifiers, Logins apart.
const REQUESTS: usize = 3;

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "transaction.echo",
        title: "a response has the session identifier of its Command, whatever its bytes are",
        clauses: &["NUB-SESSION-001"],
        run: |peer| Box::pin(echo(peer)),
        ..DEVICE
    },
    Case {
        slug: "transaction.own-identifier",
        title: "every request of a device has a session identifier of its own",
        clauses: &["NUB-SESSION-002"],
        run: |peer| Box::pin(own_identifier(peer)),
        ..DEVICE
    },
    Case {
        slug: "transaction.at-random",
        title: "the session identifiers of Logins do not count",
        clauses: &["NUB-SESSION-003"],
        control: Some("transaction.own-identifier"),
        pace: Pace::Slow,
        run: |peer| Box::pin(at_random(peer)),
        ..DEVICE
    },
    Case {
        slug: "transaction.out-of-order",
        title: "two requests in flight, answered the other way round, get each its own response",
        clauses: &["NUB-SESSION-004"],
        run: |peer| Box::pin(out_of_order(peer)),
        ..DEVICE
    },
    Case {
        slug: "transaction.crossing",
        title: "a request in flight does not keep a device from answering",
        clauses: &["NUB-SESSION-004"],
        run: |peer| Box::pin(crossing(peer)),
        ..DEVICE
    },
];

async fn echo(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for odd in ODD {
        let mut request = command(None);
        request["session_id"] = bytes(odd);
        ask(&mut link, request).await?;
    }
    peer.keep(link).await;
    Ok(())
}

async fn own_identifier(peer: &Peer) -> Outcome {
    let mut seen = BTreeSet::new();
    let mut is_fresh = |received: Option<&Received>| -> Outcome {
        let name = received
            .and_then(|received| bytes_in(received, "session_id"))
            .unwrap_or_default();
        let shown = hex::encode(&name);
        match seen.insert(name) {
            true => Ok(()),
            false => Err(Stop::fail(
                "a session identifier of its own",
                format!("{shown} again"),
            )),
        }
    };
    let early = peer.introduced().await?;
    is_fresh(early.hello())?;
    early.close();
    let mut link = peer.introduced().await?;
    is_fresh(link.hello())?;
    accept(&mut link, "conformance-token-of-24b").await?;
    link.fence().await?;
    for _ in 0..REQUESTS {
        made_to_send(peer);
        let request = match next_request(peer, &mut link, &["data", "heartbeat"]).await {
            // The Logins have been seen all the same.
            Err(stop) if stop.verdict().kind() == crate::verdict::Kind::Skip => break,
            request => request?,
        };
        is_fresh(Some(&request))?;
        link.send(answer("accepted", &request)).await?;
    }
    Ok(())
}

async fn at_random(peer: &Peer) -> Outcome {
    let names = logins(peer);
    // Most have come for other cases.
    for _ in names.len()..random::ENOUGH {
        peer.introduced().await?.close();
    }
    let names = logins(peer);
    if names.len() < random::ENOUGH {
        let wanted = "a session identifier of its own for each Login";
        return Err(Stop::fail(wanted, "one of them again").blaming("NUB-SESSION-002"));
    }
    random::seen(&names)
}

/// The session identifiers of all Logins so far.
fn logins(peer: &Peer) -> Vec<Vec<u8>> {
    let logins = peer.subject().introductions();
    let names = logins.iter().map(|login| bytes_in(login, "session_id"));
    names.flatten().collect()
}

async fn out_of_order(peer: &Peer) -> Outcome {
    let operator = peer.operator()?;
    let mut link = logged_in(peer).await?;
    let send = |payload: &[u8]| tokio::spawn(operator.ask(Ask::Data(payload.to_vec())));
    let (taken, refused) = (send(b"taken"), send(b"refused"));
    let one = next_request(peer, &mut link, &["data"]).await?;
    let two = next_request(peer, &mut link, &["data"]).await?;
    for request in [&two, &one] {
        respond(&mut link, request).await?;
    }
    let wanted = "the request that was refused, and that alone, to fail at the application";
    let told = |told: Result<Result<_, Unheard>, _>| match told {
        Ok(Err(Unheard::Unable)) => Err(Stop::skip(Unheard::Unable.to_string())),
        Ok(told) => Ok(told.is_ok()),
        Err(why) => Err(Stop::inconclusive(format!(
            "asking the device broke down: {why}"
        ))),
    };
    match (told(taken.await)?, told(refused.await)?) {
        (true, false) => Ok(()),
        other => Err(Stop::fail(wanted, format!("{other:?}"))),
    }
}

async fn respond(link: &mut Link, request: &Received) -> Outcome {
    let is_taken = bytes_in(request, "payload").is_some_and(|payload| payload == b"taken");
    let mut response = answer(if is_taken { "accepted" } else { "refused" }, request);
    if !is_taken {
        response["error_code"] = 6.into();
    }
    link.send(response).await
}

async fn crossing(peer: &Peer) -> Outcome {
    let mut link = logged_in(peer).await?;
    made_to_send(peer);
    let request = next_request(peer, &mut link, &["data", "heartbeat"]).await?;
    ask(&mut link, command(None)).await?;
    link.send(answer("accepted", &request)).await?;
    link.fence().await.map(drop)
}
