//! Which response belongs to which request, where a server is one end.

use serde_json::json;

use super::command::{next_command, told};
use super::expect::{accepted, asked, heartbeat};
use super::{SERVER, random};
use crate::case::{Case, Pace};
use crate::subject::nubison::{answer, ask, bytes, bytes_in};
use crate::subject::{Ask, Peer};
use crate::verdict::{Outcome, Stop};

/// Session identifiers that somebody may take for something else.
pub(super) const ODD: [&[u8; 8]; 8] = [
    b"\0\0\0\0\0\0\0\0",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x01RRRR\0\x01\x00",
    b"        ",
    b"\x80\xc3\x28\xa0\xa1\r\n\0",
    b"\0\0lead 7",
    b"00000012",
    b" MiXed 1",
];

/// Commands that are looked at for their session identifiers.
const COMMANDS: usize = 4;

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "transaction.echo",
        title: "a response has the session identifier of its request, whatever its bytes are",
        clauses: &["NUB-SESSION-001"],
        control: Some("heartbeat.bare"),
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
        slug: "transaction.at-random",
        title: "the session identifiers of Commands do not count",
        clauses: &["NUB-SESSION-003"],
        control: Some("transaction.own-identifier"),
        pace: Pace::Alone,
        run: |peer| Box::pin(at_random(peer)),
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

/// The session identifiers of some Commands, and what the application says of the last one.
async fn commands(peer: &Peer, count: usize) -> Outcome<Vec<Vec<u8>>> {
    let operator = peer.operator()?;
    let mut link = peer.connected().await?;
    let mut names = Vec::new();
    for _ in 0..count {
        let done = asked(operator, Ask::Command(None));
        let (done, name) = tokio::join!(done, async {
            let command = next_command(&mut link).await?;
            link.send(answer("command_accepted", &command)).await?;
            Outcome::Ok(bytes_in(&command, "session_id").unwrap_or_default())
        });
        let name = name.map(|name| names.push(name.clone()));
        told(done, name)?;
        is_fresh(&names)?;
    }
    Ok(names)
}

/// Sees that the last of some session identifiers is none of those before it.
fn is_fresh(names: &[Vec<u8>]) -> Outcome {
    match names.split_last() {
        Some((last, before)) if before.contains(last) => Err(Stop::fail(
            "a session identifier of its own",
            format!("{} again", hex::encode(last)),
        )
        .blaming("NUB-SESSION-002")),
        _ => Ok(()),
    }
}

async fn own_identifier(peer: &Peer) -> Outcome {
    commands(peer, COMMANDS).await.map(drop)
}

async fn at_random(peer: &Peer) -> Outcome {
    random::seen(&commands(peer, random::ENOUGH).await?)
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
