//! What has nothing to do with a call, and what a call leaves behind.

use core::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::{
    CALLED, FREE_ID, OWN_ANSWER, call, device, free_id, id_of, next_told, ok, put_through,
    requested, told, unheard,
};
use crate::case::{Case, Role};
use crate::observe::{Written, written_wrong};
use crate::subject::{NO_SUCH_RESOURCE, Peer, Told, phrase, vocabulary};
use crate::suite::property::asked;
use crate::verdict::{Outcome, Step, Stop};

/// Calls beside one that stays open: more than a byte counts.
const MANY: usize = 300;
/// Within this a user hears of a call that the server has given up on already.
const SOON: Duration = Duration::from_millis(100);
/// Steps before the last that are worth showing.
const SHOWN: usize = 8;
/// Bytes of a text that a peer should take.
const LARGE: usize = 20_000;

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "call.nothing-left",
        title: "a call without an input brings none, whatever the call before brought",
        clauses: &[OWN_ANSWER],
        control: Some("call.answered"),
        run: |peer| Box::pin(nothing_left(peer)),
        ..CALLED
    },
    Case {
        slug: "call.other-connection",
        title: "what comes on another connection of the device under the identifier of a call is no answer to it",
        clauses: &[OWN_ANSWER],
        control: Some("call.in-flight"),
        run: |peer| Box::pin(other_connection(peer)),
        ..CALLED
    },
    Case {
        slug: "call.low-byte",
        title: "what comes under an identifier that only the upper byte tells from that of a call is no answer to it",
        clauses: &[OWN_ANSWER],
        control: Some("call.in-flight"),
        run: |peer| Box::pin(low_byte(peer)),
        ..CALLED
    },
    Case {
        slug: "call.beside-many",
        title: "a call that stays open keeps its identifier, and its answer, beside 300 others",
        clauses: &[OWN_ANSWER, FREE_ID],
        control: Some("call.in-flight"),
        run: |peer| Box::pin(beside_many(peer)),
        ..CALLED
    },
    Case {
        slug: "call.disconnect",
        title: "after a Disconnect the connection ends, also where a user waits for the device",
        clauses: &["IOTMP25-DISCONNECT-001"],
        control: Some("call.answered"),
        run: |peer| Box::pin(disconnect(peer)),
        ..CALLED
    },
    Case {
        slug: "call.large",
        title: "a text of 20,000 bytes goes through a call either way",
        // Elsewhere nothing says how much a peer takes.
        specs: &["iotmp-shipping"],
        clauses: &[OWN_ANSWER],
        control: Some("call.answered"),
        run: |peer| Box::pin(large(peer)),
        ..CALLED
    },
    Case {
        slug: "call.sorted-keys",
        title: "the keys of a user's map reach the device sorted",
        clauses: &["IOTMPS-WIRE-006"],
        control: Some("call.answered"),
        run: |peer| Box::pin(sorted_keys(peer)),
        ..CALLED
    },
];

async fn nothing_left(peer: &Peer) -> Outcome {
    let mut link = device(peer, &["run"]).await?;
    let before = json!("brought before");
    for input in [Some(before.clone()), None] {
        let mut waiting = vec![(0, call(peer, input.clone(), peer.timeout())?)];
        let run = requested(&mut link, &mut waiting, "run").await?;
        if input.is_none() && run.field("payload") == Some(&before) {
            let expected = "a Run without a payload";
            return Err(Stop::fail(expected, phrase(&run.message)));
        }
        link.send(ok(id_of(&run)?, &json!("taken"))).await?;
        told(&mut link, &mut waiting).await?;
    }
    Ok(())
}

/// The server turns to the newer of two connections; the older one answers first.
async fn other_connection(peer: &Peer) -> Outcome {
    if peer.subject().takes_over() {
        return Err(Stop::skip("a second connection of a device ends the first"));
    }
    let mut older = device(peer, &["run"]).await?;
    let mut link = device(peer, &["run"]).await?;
    let mut waiting = vec![(0, call(peer, None, peer.timeout())?)];
    let run = requested(&mut link, &mut waiting, "run").await;
    let Ok(run) = run else {
        return Err(Stop::skip(
            "the server does not turn to the newest connection of a device",
        ));
    };
    let id = id_of(&run)?;
    older.send(ok(id, &json!("from the other"))).await?;
    // The server may end a connection over an answer to nothing.
    older
        .settle()
        .await
        .unrelated("asking on the older connection")?;
    link.send(ok(id, &json!("from the one that was asked")))
        .await?;
    let (_, told) = told(&mut link, &mut waiting).await?;
    let wanted = Told::Value(Some(json!("from the one that was asked")));
    if told == wanted {
        return Ok(());
    }
    Err(Stop::fail(wanted.to_string(), told.to_string())
        .because("told the user, after another connection had used the identifier of the call")
        .having_kept(&[FREE_ID]))
}

async fn low_byte(peer: &Peer) -> Outcome {
    let mut link = device(peer, &["run"]).await?;
    let mut waiting = vec![(0, call(peer, None, peer.timeout())?)];
    let run = requested(&mut link, &mut waiting, "run").await;
    let id = id_of(&run.unrelated("being asked")?)?;
    let twin = id ^ 0x100;
    link.send(ok(twin, &json!("to no call"))).await?;
    // The server may end a connection over an answer to nothing.
    let settled = link.settle().await;
    if !settled.unrelated("asking meanwhile")?.alive {
        return Err(Stop::skip(
            "the server ends a connection over an answer to nothing",
        ));
    }
    link.send(ok(id, &json!("to this one"))).await?;
    let (_, told) = told(&mut link, &mut waiting).await?;
    let wanted = Told::Value(Some(json!("to this one")));
    if told == wanted {
        return Ok(());
    }
    Err(
        Stop::fail(wanted.to_string(), told.to_string()).because(format!(
            "told the user: the call was {id}, and something came under {twin}"
        )),
    )
}

/// One more call than a byte counts, and some.
async fn beside_many(peer: &Peer) -> Outcome {
    let mut link = device(peer, &["run"]).await?;
    let input = json!("stays open");
    let mut open = vec![(0, call(peer, Some(input.clone()), peer.patience())?)];
    let run = requested(&mut link, &mut open, "run").await;
    let held = id_of(&run.unrelated("being asked")?)?;
    for number in 1..=MANY {
        let mut waiting = vec![(number, call(peer, Some(json!(number)), peer.timeout())?)];
        let run = requested(&mut link, &mut waiting, "run").await;
        let run = run.because(format!("call {number} of {MANY}, beside one under {held}"));
        let id = id_of(&run.blaming(OWN_ANSWER)?)?;
        if id == held {
            // Once the server has given up on the call, its identifier is free.
            if let Ok((_, told)) = timeout(SOON, next_told(&mut open)).await {
                still_open(&told.map_err(unheard)?)?;
            }
            let expected = format!("another identifier than {held}, under which a call is open");
            let stop = Stop::fail(expected, format!("call {number} under {id}"));
            return Err(stop.blaming(free_id(peer)));
        }
        link.send(ok(id, &json!(number))).await?;
        let (_, told) = told(&mut link, &mut waiting).await?;
        let wanted = Told::Value(Some(json!(number)));
        if told != wanted {
            let stop = Stop::fail(wanted.to_string(), told.to_string());
            return Err(stop.because(format!("told the user of call {number} of {MANY}")));
        }
        peer.transcript().keep_last(SHOWN);
    }
    link.send(ok(held, &input)).await?;
    let (_, told) = told(&mut link, &mut open).await?;
    still_open(&told)?;
    let wanted = Told::Value(Some(input));
    if told == wanted {
        return Ok(());
    }
    let stop = Stop::fail(wanted.to_string(), told.to_string());
    Err(stop.because(format!("told the user who had waited beside {MANY} others")))
}

/// Sees that a server has not given up on a call: how long it waits is its own affair.
fn still_open(told: &Told) -> Outcome {
    match told {
        Told::Value(_) => Ok(()),
        Told::Error(_) => Err(Stop::skip(format!(
            "the server gave up on the call that stayed open before {MANY} others were through: {told}"
        ))),
    }
}

/// The user is told before the connection ends, after it, or by a time that is their own.
async fn disconnect(peer: &Peer) -> Outcome {
    let mut link = device(peer, &["run"]).await?;
    let mut waiting = vec![(0, call(peer, None, peer.timeout())?)];
    let run = requested(&mut link, &mut waiting, "run").await;
    run.unrelated("being asked")?;
    let id = link.id();
    link.send(vocabulary::disconnect(peer.spec(), id)).await?;
    let ended = link.closed_in_the_end().await;
    ended.because("a user waited for the answer to a Run")
}

async fn large(peer: &Peer) -> Outcome {
    let mut link = device(peer, &["run"]).await?;
    let text = |letter: &str| json!(letter.repeat(LARGE));
    let run = json!({"type": "run", "resource": NO_SUCH_RESOURCE, "payload": text("r")});
    asked(&mut link, &run)
        .await
        .unrelated("taking a message of that size")?;
    put_through(peer, &mut link, None, &text("i"), text("o")).await
}

async fn sorted_keys(peer: &Peer) -> Outcome {
    let mut link = device(peer, &["run"]).await?;
    let input = json!({"b": 1, "a": {"d": 2, "c": 3}, "B": 4});
    let mut waiting = vec![(0, call(peer, Some(input), peer.timeout())?)];
    let run = requested(&mut link, &mut waiting, "run").await?;
    link.send(ok(id_of(&run)?, &json!("taken"))).await?;
    told(&mut link, &mut waiting).await?;
    match written_wrong(link.codec(), Role::Server, &run.bytes, Written::SortedKeys) {
        Some((expected, got)) => Err(Stop::fail(expected, got)),
        None => Ok(()),
    }
}
