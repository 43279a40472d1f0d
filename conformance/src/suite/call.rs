//! What a server asks of its device when a user does, and what the user is told.

pub(super) mod apart;
pub(super) mod described;

use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::case::{Case, Pace, SERVER};
use crate::family;
use crate::subject::{Asked, Event, Link, Peer, Received, Told, Unheard, phrase};
use crate::suite::value::Kind;
use crate::verdict::{Outcome, Step, Stop};

/// Rule that every exchange gets its own answer.
const OWN_ANSWER: &str = "IOTMP25-SID-003";
/// Rule that an identifier is chosen among those that are not in use.
const FREE_ID: &str = "IOTMP23-SID-006";
/// Rule that every Keep Alive gets its answer.
const ANSWERED: &str = "IOTMP25-KEEPALIVE-003";
/// The resource that users ask for.
const RESOURCE: &str = "conformance/echo";
/// Calls that are in flight at once.
const AT_ONCE: usize = 8;
/// Bytes of a text whose message is not beyond what the smallest receivers take.
const MEDIUM: usize = 600;
/// How long a user waits for an answer that does not come, where that can be chosen.
const IN_VAIN: Duration = Duration::from_millis(200);

/// A case in which a server turns to its device. By itself, because a server turns to whichever
/// connection of a device is the newest.
const CALLED: Case = Case {
    pace: Pace::Alone,
    ..SERVER
};

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "call.answered",
        title: "a user's input reaches the device, and what the device gives the user",
        clauses: &[OWN_ANSWER],
        control: Some("framing.coalesced"),
        run: |peer| Box::pin(answered(peer)),
        ..CALLED
    },
    Case {
        slug: "call.without-value",
        title: "an Ok without a payload is no failure",
        clauses: &[OWN_ANSWER],
        run: |peer| Box::pin(without_value(peer)),
        ..CALLED
    },
    Case {
        slug: "call.failed",
        title: "the device's Error is an error to the user who asked",
        clauses: &[OWN_ANSWER],
        control: Some("call.without-value"),
        run: |peer| Box::pin(failed(peer)),
        ..CALLED
    },
    Case {
        slug: "call.in-flight",
        title: "calls in flight have identifiers of their own, and answers in any order reach who asked",
        clauses: &[OWN_ANSWER, FREE_ID, "IOTMP25-SID-002"],
        control: Some("call.answered"),
        run: |peer| Box::pin(in_flight(peer)),
        ..CALLED
    },
    Case {
        slug: "call.one-after-the-other",
        title: "after every answer there is a next call, whatever became of the last",
        clauses: &["IOTMP25-SID-004"],
        control: Some("call.failed"),
        run: |peer| Box::pin(one_after_the_other(peer)),
        ..CALLED
    },
    Case {
        slug: "call.unanswered",
        title: "a call that is not answered fails in the end, and a late answer reaches nobody",
        clauses: &[OWN_ANSWER],
        control: Some("call.answered"),
        run: |peer| Box::pin(unanswered(peer)),
        ..CALLED
    },
];

/// Users who wait to be told, each with a number.
type Waiting<'a> = Vec<(usize, Asked<'a, Told>)>;

/// Why a case cannot go on, where nothing came of what was asked.
pub(super) fn unheard(why: Unheard) -> Stop {
    match why {
        Unheard::Unable => Stop::skip(why.to_string()),
        Unheard::Broken(stop) => stop,
        Unheard::Failed(why) => Stop::inconclusive(why),
    }
}

/// Whoever is told first; nobody where nobody waits.
async fn next_told(waiting: &mut Waiting<'_>) -> (usize, Result<Told, Unheard>) {
    poll_fn(|context| {
        for at in 0..waiting.len() {
            let polled = waiting
                .get_mut(at)
                .map(|(_, told)| told.as_mut().poll(context));
            if let Some(Poll::Ready(told)) = polled {
                let (number, _) = waiting.swap_remove(at);
                return Poll::Ready((number, told));
            }
        }
        Poll::Pending
    })
    .await
}

/// What the server asks of the device next, which has to be of that name.
async fn requested(link: &mut Link, waiting: &mut Waiting<'_>, name: &str) -> Outcome<Received> {
    let event = tokio::select! {
        biased;
        event = link.next() => event,
        (_, told) = next_told(waiting) => {
            let told = told.map_err(unheard)?;
            return Err(Stop::fail(format!("a {name} to the device"), format!("{told} to the user")));
        }
    };
    match event {
        Event::Message(received) if received.name() == name => Ok(received),
        other => Err(Stop::fail(name, other.to_string())),
    }
}

/// What a user is told next, before `deadline`; the device has nothing to do meanwhile.
async fn told_before(
    link: &mut Link,
    waiting: &mut Waiting<'_>,
    deadline: Instant,
) -> Outcome<(usize, Told)> {
    loop {
        let event = tokio::select! {
            biased;
            (number, told) = next_told(waiting) => return Ok((number, told.map_err(unheard)?)),
            event = link.next() => event,
        };
        match event {
            Event::Silence(_) if Instant::now() < deadline => {
                // The server is not to miss a Keep Alive.
                link.fence().await.blaming(ANSWERED)?;
            }
            other => return Err(Stop::fail("the user to be told", other.to_string())),
        }
    }
}

async fn told(link: &mut Link, waiting: &mut Waiting<'_>) -> Outcome<(usize, Told)> {
    let deadline = Instant::now() + link.timeout();
    told_before(link, waiting, deadline).await
}

/// A connected device that answers Run, or whatever else is named, itself.
async fn device(peer: &Peer, serves: &'static [&'static str]) -> Outcome<Link> {
    peer.operator()?;
    let mut link = peer.greeted().await?;
    link.serve(serves, &[RESOURCE]);
    Ok(link)
}

/// A user's call of [`RESOURCE`].
fn call<'a>(peer: &'a Peer, input: Option<Json>, within: Duration) -> Outcome<Asked<'a, Told>> {
    let device = peer.credentials()?;
    Ok(peer.operator()?.run(device, RESOURCE, input, within))
}

/// The rule that two calls in flight have two identifiers, where a revision has one for that alone.
fn free_id(peer: &Peer) -> &'static str {
    match family::clause(peer.spec(), FREE_ID) {
        Some(_) => FREE_ID,
        None => OWN_ANSWER,
    }
}

fn id_of(request: &Received) -> Outcome<u64> {
    let id = request.stream_id();
    id.ok_or_else(|| Stop::fail("a stream identifier", phrase(&request.message)))
}

fn ok(id: u64, payload: &Json) -> Json {
    json!({"type": "ok", "stream_id": id, "payload": payload})
}

/// What is put in and what comes out, by the kind of values that is new in it, which breaks if nothing
/// more can be said: none of what a call is made of.
fn exchanged() -> Vec<(Option<Kind>, Json, Json)> {
    let mixed =
        json!({"half": 0.5, "tenth": 0.1, "below": -40, "far": -70_000, "on": true, "off": false});
    let numbers = json!({"half": -0.5, "tenth": 12.1, "large": 3_000_000_000_u64, "off": false});
    let text =
        json!({"\u{e9}": "\u{20ac} \u{1f600}", "long": "x".repeat(300), "many": vec![7; 40]});
    vec![
        (None, json!("in"), json!("out")),
        (
            None,
            json!({"a": 1, "b": "two"}),
            json!({"c": [3], "d": "four"}),
        ),
        (Some(Kind::Integer), json!([1, 2, 3]), json!(-7)),
        // Within an array, as a varint of a field may be read into fewer bits than a value.
        (Some(Kind::Integer), json!(-8), json!([5_000_000_000_u64])),
        (
            Some(Kind::Constant),
            json!({"on": true}),
            json!([3, true, null]),
        ),
        (Some(Kind::Float), mixed, numbers),
        (Some(Kind::Text), text, json!("y".repeat(MEDIUM))),
        (Some(Kind::Text), json!("z".repeat(MEDIUM)), json!("out")),
        // What is nothing to some languages.
        (None, json!(0), json!(0)),
        (None, json!(false), json!(false)),
        (None, json!(""), json!("")),
    ]
}

async fn answered(peer: &Peer) -> Outcome {
    let mut link = device(peer, &["run"]).await?;
    for (kind, input, output) in exchanged() {
        put_through(peer, &mut link, kind, &input, output).await?;
    }
    Ok(())
}

/// A failure by the rule of the first value that came as another, where one of that kind was new.
fn changed(peer: &Peer, stop: Stop, new: Option<Kind>, wanted: &Json, got: Option<&Json>) -> Stop {
    let first = || got.and_then(|got| Kind::of_difference(wanted, got));
    let kind = new.map(|new| first().unwrap_or(new));
    let rule = kind.and_then(|kind| kind.clause(peer));
    stop.blaming(rule.as_deref().unwrap_or(OWN_ANSWER))
}

/// One call whose input and output arrive as they are, by the rule of the kind of values that is new.
async fn put_through(
    peer: &Peer,
    link: &mut Link,
    new: Option<Kind>,
    input: &Json,
    output: Json,
) -> Outcome {
    let rule = new.and_then(|kind| kind.clause(peer));
    let rule = rule.as_deref().unwrap_or(OWN_ANSWER);
    let mut waiting = vec![(0, call(peer, Some(input.clone()), peer.timeout())?)];
    let run = requested(link, &mut waiting, "run").await.blaming(rule)?;
    let named = run.field("resource") == Some(&json!(RESOURCE));
    if !named {
        let expected = format!("a Run of {RESOURCE:?}");
        return Err(Stop::fail(expected, phrase(&run.message)).blaming(OWN_ANSWER));
    }
    if run.field("payload") != Some(input) {
        let expected = format!("a Run of {RESOURCE:?} with the input {input}");
        let stop = Stop::fail(expected, phrase(&run.message));
        return Err(changed(peer, stop, new, input, run.field("payload")));
    }
    link.send(ok(id_of(&run)?, &output)).await?;
    let (_, told) = told(link, &mut waiting).await.blaming(rule)?;
    let wanted = Told::Value(Some(output.clone()));
    if told == wanted {
        return Ok(());
    }
    let stop = Stop::fail(wanted.to_string(), told.to_string()).because("told the user");
    let value = match &told {
        Told::Value(value) => value.as_ref(),
        Told::Error(_) => None,
    };
    Err(changed(peer, stop, new, &output, value))
}

async fn without_value(peer: &Peer) -> Outcome {
    let mut link = device(peer, &["run"]).await?;
    let mut waiting = vec![(0, call(peer, None, peer.timeout())?)];
    let run = requested(&mut link, &mut waiting, "run").await?;
    link.send(json!({"type": "ok", "stream_id": id_of(&run)?}))
        .await?;
    match told(&mut link, &mut waiting).await?.1 {
        Told::Value(_) => Ok(()),
        error => Err(Stop::fail("no error", error.to_string()).because("told the user")),
    }
}

async fn failed(peer: &Peer) -> Outcome {
    let mut link = device(peer, &["run"]).await?;
    for payload in [None, Some(json!("out of order"))] {
        let mut waiting = vec![(0, call(peer, None, peer.timeout())?)];
        let run = requested(&mut link, &mut waiting, "run").await?;
        let mut error = json!({"type": "error", "stream_id": id_of(&run)?});
        if let Some(payload) = payload {
            error["payload"] = payload;
        }
        link.send(error).await?;
        if let told @ Told::Value(_) = told(&mut link, &mut waiting).await?.1 {
            return Err(Stop::fail("an error", told.to_string()).because("told the user"));
        }
    }
    Ok(())
}

async fn in_flight(peer: &Peer) -> Outcome {
    let mut link = device(peer, &["run"]).await?;
    let mut waiting = Vec::new();
    for number in 0..AT_ONCE {
        waiting.push((number, call(peer, Some(json!(number)), peer.timeout())?));
    }
    let mut runs = Vec::new();
    while runs.len() < AT_ONCE {
        let run = match requested(&mut link, &mut waiting, "run").await {
            // It may well ask for one thing at a time.
            Err(_) if runs.len() == 1 => {
                let why = "the server leaves no two calls to a device in flight";
                return Err(Stop::skip(why));
            }
            run => run.blaming(OWN_ANSWER)?,
        };
        runs.push((
            id_of(&run)?,
            run.field("payload").cloned().unwrap_or_default(),
        ));
    }
    let ids: BTreeSet<u64> = runs.iter().map(|(id, _)| *id).collect();
    if ids.len() < AT_ONCE {
        let free_id = free_id(peer);
        let ids: Vec<u64> = runs.iter().map(|(id, _)| *id).collect();
        let wanted = format!("{AT_ONCE} calls in flight under as many identifiers");
        return Err(Stop::fail(wanted, format!("{ids:?}")).blaming(free_id));
    }
    for (id, input) in runs.iter().rev() {
        link.send(ok(*id, &json!({"answers": input}))).await?;
    }
    while !waiting.is_empty() {
        let (number, told) = told(&mut link, &mut waiting).await.blaming(OWN_ANSWER)?;
        let wanted = Told::Value(Some(json!({"answers": number})));
        if told != wanted {
            return Err(Stop::fail(wanted.to_string(), told.to_string())
                .because(format!("told the user whose input was {number}"))
                .blaming(OWN_ANSWER)
                .having_kept(&[FREE_ID, "IOTMP25-SID-002"]));
        }
    }
    Ok(())
}

async fn one_after_the_other(peer: &Peer) -> Outcome {
    let mut link = device(peer, &["run"]).await?;
    for number in 0..AT_ONCE {
        // What is nothing to some languages is the matter of another case.
        let number = number + 1;
        let mut waiting = vec![(0, call(peer, Some(json!(number)), peer.timeout())?)];
        let run = requested(&mut link, &mut waiting, "run").await?;
        let id = id_of(&run)?;
        let answer = match number % 2 {
            0 => ok(id, &json!(number)),
            _ => json!({"type": "error", "stream_id": id}),
        };
        link.send(answer).await?;
        let (_, told) = told(&mut link, &mut waiting).await?;
        let is_right = match number % 2 {
            0 => told == Told::Value(Some(json!(number))),
            _ => matches!(told, Told::Error(_)),
        };
        if !is_right {
            let wanted = format!("what the device answered to call {number}");
            return Err(Stop::fail(wanted, told.to_string()).because("told the user"));
        }
    }
    Ok(())
}

async fn unanswered(peer: &Peer) -> Outcome {
    let mut link = device(peer, &["run"]).await?;
    let mut within = IN_VAIN;
    let (first, mut waiting) = loop {
        let mut waiting = vec![(0, call(peer, Some(json!("first")), within)?)];
        match requested(&mut link, &mut waiting, "run").await {
            // On a busy machine the user may have given up before the device was asked.
            Err(_) if within < peer.timeout() => within *= 8,
            request => break (id_of(&request?)?, waiting),
        }
    };
    peer.waits("the server to give up on a call", peer.patience());
    let deadline = Instant::now() + peer.patience();
    match told_before(&mut link, &mut waiting, deadline).await? {
        (_, Told::Error(_)) => {}
        (_, told) => {
            let because = "the device has not answered";
            return Err(Stop::fail("an error", told.to_string()).because(because));
        }
    }
    let mut waiting = vec![(1, call(peer, Some(json!("second")), peer.timeout())?)];
    let second = id_of(&requested(&mut link, &mut waiting, "run").await?)?;
    link.send(ok(first, &json!("late"))).await?;
    link.send(ok(second, &json!("in time"))).await?;
    let (_, told) = told(&mut link, &mut waiting).await?;
    let wanted = Told::Value(Some(json!("in time")));
    if told != wanted {
        let because = match second == first {
            true => format!("told the second user: {first} was used again before its answer"),
            false => "told the second user, after a late answer to the first".to_owned(),
        };
        return Err(Stop::fail(wanted.to_string(), told.to_string()).because(because));
    }
    link.quiet("nothing in return for a late answer").await
}
