//! Which response belongs to which request, where a server is one end.

use std::collections::BTreeSet;

use serde_json::json;

use super::SERVER;
use super::command::{next_command, told};
use super::expect::{accepted, asked, heartbeat};
use crate::case::{Case, Pace};
use crate::subject::nubison::{answer, ask, bytes, bytes_in};
use crate::subject::{Ask, Peer};
use crate::verdict::{Outcome, Stop};

/// Session identifiers that somebody may take for something else.
pub(super) const ODD: [&[u8; 8]; 5] = [
    b"\0\0\0\0\0\0\0\0",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x01RRRR\0\x01\x00",
    b"        ",
    b"\x80\xc3\x28\xa0\xa1\r\n\0",
];

/// Commands that are looked at for their session identifiers.
const COMMANDS: usize = 4;

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "transaction.echo",
        title: "a response has the session identifier of its request, whatever its bytes are",
        clauses: &["NUB-SESSION-001"],
        run: |peer| Box::pin(echo(peer)),
        ..SERVER
    },
    Case {
        slug: "transaction.own-identifier",
        title: "every Command has a session identifier of its own",
        clauses: &["NUB-SESSION-002"],
        pace: Pace::Alone,
        run: |peer| Box::pin(own_identifier(peer)),
        ..SERVER
    },
    Case {
        slug: "transaction.out-of-order",
        title: "two Commands in flight, answered the other way round, get each its own answer",
        clauses: &["NUB-SESSION-004"],
        pace: Pace::Alone,
        run: |peer| Box::pin(out_of_order(peer)),
        ..SERVER
    },
    Case {
        slug: "transaction.crossing",
        title: "a Command in flight does not keep a server from answering",
        clauses: &["NUB-SESSION-004"],
        pace: Pace::Alone,
        run: |peer| Box::pin(crossing(peer)),
        ..SERVER
    },
];

async fn echo(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for odd in ODD {
        let mut request = heartbeat(None);
        request["session_id"] = bytes(odd);
        accepted(&ask(&mut link, request).await?)?;
    }
    // Over, a session identifier may be taken again.
    let mut request = json!({"type": "heartbeat"});
    request["session_id"] = bytes(ODD[0]);
    accepted(&ask(&mut link, request).await?)
}

async fn own_identifier(peer: &Peer) -> Outcome {
    let operator = peer.operator()?;
    let mut link = peer.connected().await?;
    let mut seen = BTreeSet::new();
    for _ in 0..COMMANDS {
        let done = asked(operator, Ask::Command(None));
        let (done, name) = tokio::join!(done, async {
            let command = next_command(&mut link).await?;
            link.send(answer("command_accepted", &command)).await?;
            Outcome::Ok(bytes_in(&command, "session_id").unwrap_or_default())
        });
        let fresh = name.map(|name: Vec<u8>| (seen.insert(name.clone()), name));
        let outcome = match &fresh {
            Ok((true, _)) => Ok(()),
            Ok((false, name)) => Err(Stop::fail(
                "a session identifier of its own",
                format!("{} again", hex::encode(name)),
            )),
            Err(stop) => Err(stop.clone()),
        };
        told(done, outcome)?;
    }
    Ok(())
}

async fn out_of_order(peer: &Peer) -> Outcome {
    let operator = peer.operator()?;
    let mut link = peer.connected().await?;
    let ask = |payload: &[u8]| asked(operator, Ask::Command(Some(payload.to_vec())));
    let (first, second, seen) = tokio::join!(ask(b"first"), ask(b"second"), async {
        let (one, two) = (
            next_command(&mut link).await?,
            next_command(&mut link).await?,
        );
        // Each answer is the payload of its Command.
        for command in [&two, &one] {
            let mut accepted = answer("command_accepted", command);
            accepted["payload"] = bytes(&bytes_in(command, "payload").unwrap_or_default());
            link.send(accepted).await?;
        }
        Ok(())
    });
    let (first, second) = (told(first, seen.clone())?, told(second, seen)?);
    if (first.as_deref(), second.as_deref()) == (Some(b"first"), Some(b"second")) {
        return Ok(());
    }
    let shown =
        |answer: Option<Vec<u8>>| String::from_utf8_lossy(&answer.unwrap_or_default()).into_owned();
    Err(Stop::fail(
        "the answers \"first\" and \"second\" at the application",
        format!("{:?} and {:?}", shown(first), shown(second)),
    ))
}

async fn crossing(peer: &Peer) -> Outcome {
    let operator = peer.operator()?;
    let mut link = peer.connected().await?;
    let done = asked(operator, Ask::Command(None));
    let (done, seen) = tokio::join!(done, async {
        let command = next_command(&mut link).await?;
        accepted(&ask(&mut link, heartbeat(None)).await?)?;
        link.send(answer("command_accepted", &command)).await
    });
    told(done, seen).map(drop)
}
