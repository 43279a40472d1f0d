//! What the cases look for in a response, and how they talk.

use core::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value as Json, json};

use crate::subject::nubison::{answer, ask, bytes, login};
use crate::subject::{
    Ask, Credentials, Event, Link, Operator, Peer, Received, Unheard, phrase, vocabulary,
};
use crate::verdict::{Outcome, Step, Stop, Verdict};

/// Whether a step failed by something that did not come.
pub(super) fn is_absence(stop: &Stop) -> bool {
    matches!(stop.verdict(), Verdict::Fail(failure) if failure.is_absence())
}

/// Sees that a request was carried out, and that nothing stands behind the status.
pub(super) fn accepted(response: &Received) -> Outcome {
    named(response, "accepted", "status 01 and nothing more")
}

/// Sees that a request was refused for the reason of that name.
pub(super) fn refused(link: &Link, response: &Received, reason: &str) -> Outcome {
    let spec = link.codec().spec();
    let code = vocabulary::number(spec, "error_code", reason)?;
    if response.name() == "refused" && code_of(response).is_some_and(|found| says(found, code)) {
        return Ok(());
    }
    let wanted = format!("status 00 and error code {code:04x} ({reason})");
    let stop = Stop::fail(wanted, phrase(&response.message));
    // A code of another size is no other code.
    let layout = link.last_layout().filter(|_| link.unfinished() > 0);
    Err(match layout.or_else(|| rule_of(reason)) {
        Some(rule) => stop.blaming(rule),
        None => stop,
    })
}

/// The rule that names an error code.
fn rule_of(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "packet_type" => "NUB-ERROR-001",
        "packet_structure" => "NUB-ERROR-002",
        "client" => "NUB-ERROR-003",
        "device_not_registered" => "NUB-ERROR-004",
        "access_token" => "NUB-ERROR-005",
        "payload_structure" => "NUB-ERROR-006",
        "server_error" => "NUB-ERROR-007",
        _ => return None,
    })
}

/// Whether a number of two bytes says `code`, in whichever order they stand: that is left open, and
/// has a case of its own.
pub(super) fn says(found: u64, code: u64) -> bool {
    let swapped = u16::try_from(found).map(|found| u64::from(found.swap_bytes()));
    found == code || swapped == Ok(code)
}

/// The error code of a refusal.
pub(super) fn code_of(response: &Received) -> Option<u64> {
    response.field("error_code").and_then(Json::as_u64)
}

/// Sees that a response is of that name.
pub(super) fn named(response: &Received, name: &str, wanted: &str) -> Outcome {
    match response.name() == name {
        true => Ok(()),
        false => Err(Stop::fail(wanted, phrase(&response.message))),
    }
}

/// A Data with that payload.
pub(super) fn data(payload: &[u8]) -> Json {
    json!({"type": "data", "payload": bytes(payload)})
}

/// A Heartbeat, with that payload if there is one.
pub(super) fn heartbeat(payload: Option<&[u8]>) -> Json {
    with_tail("heartbeat", payload)
}

/// A Command, with that payload if there is one.
pub(super) fn command(payload: Option<&[u8]>) -> Json {
    with_tail("command", payload)
}

fn with_tail(name: &str, payload: Option<&[u8]>) -> Json {
    match payload {
        Some(payload) => json!({"type": name, "payload": bytes(payload)}),
        None => json!({"type": name}),
    }
}

/// A request with an access token that nobody was issued.
pub(super) fn with_wrong_token(link: &Link, mut request: Json) -> Json {
    let token = link.token().unwrap_or("conformance-unknown-0000");
    request["access_token"] = altered(token).into();
    request
}

/// The same text but for its last character.
pub(super) fn altered(text: &str) -> String {
    let mut text = text.to_owned();
    let last = text.pop();
    text.push(if last == Some('~') { '!' } else { '~' });
    text
}

/// The same text with its letters in the other case, if it has any.
pub(super) fn in_other_case(text: &str) -> Option<String> {
    let other = |letter: char| match letter.is_ascii_lowercase() {
        true => letter.to_ascii_uppercase(),
        false => letter.to_ascii_lowercase(),
    };
    let changed: String = text.chars().map(other).collect();
    (changed != text).then_some(changed)
}

/// A payload that the subject takes, as far as is known, and if possible one that was not sent yet.
pub(super) fn payload(peer: &Peer) -> Vec<u8> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let known = peer.subject().operator();
    let known = known.and_then(|operator| operator.payloads().right.clone());
    known.unwrap_or_else(|| {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        format!("{{\"reading\":{number}}}").into_bytes()
    })
}

/// All bytes that there are.
pub(super) fn every_byte() -> Vec<u8> {
    (0..=u8::MAX).collect()
}

/// Asks the application behind the subject; what it cannot do, no case can be about.
pub(super) async fn asked(operator: &dyn Operator, what: Ask) -> Outcome<Option<Vec<u8>>> {
    let told = format!("{what:?}");
    operator.ask(what).await.map_err(|why| match why {
        Unheard::Unable => Stop::skip(why.to_string()),
        Unheard::Broken(stop) => stop,
        Unheard::Failed(why) => Stop::fail(format!("the application to be heard: {told}"), why),
    })
}

/// Sees that the application behind the subject got something, if it can be asked.
pub(super) async fn arrived(peer: &Peer, what: Ask) -> Outcome {
    let Ok(operator) = peer.operator() else {
        return Ok(());
    };
    match asked(operator, what).await {
        Err(stop) if stop == Stop::skip(Unheard::Unable.to_string()) => Ok(()),
        other => other.map(drop),
    }
}

/// Sees that nothing more is said, and whether the connection goes on, as it need not.
pub(super) async fn nothing_more(link: &mut Link, wanted: &str) -> Outcome<bool> {
    let settled = link.settle().await?;
    match settled.messages.first() {
        None => Ok(settled.alive),
        Some(more) => Err(Stop::fail(wanted, phrase(&more.message))),
    }
}

/// Logs in on a new connection with credentials that `alter` has changed, for the response.
pub(super) async fn log_in_as(
    peer: &Peer,
    alter: impl FnOnce(&mut Credentials),
) -> Outcome<(Link, Received)> {
    let mut credentials = peer.credentials()?.clone();
    alter(&mut credentials);
    let mut link = peer.open().await?;
    let response = ask(&mut link, login(peer.spec(), &credentials)?).await?;
    Ok((link, response))
}

/// A device that has taken in that it is logged in, and so sends what it is asked to send.
pub(super) async fn logged_in(peer: &Peer) -> Outcome<Link> {
    let mut link = peer.connected().await?;
    link.fence().await.unrelated("logging in")?;
    Ok(link)
}

/// Answers the Login of a device by success and that access token.
pub(super) async fn accept(link: &mut Link, token: &str) -> Outcome {
    let hello = link.hello().cloned();
    let hello = hello.ok_or_else(|| Stop::inconclusive("there was no Login"))?;
    let mut accepted = answer("login_accepted", &hello);
    accepted["access_token"] = token.into();
    link.set_token(token);
    link.send(accepted).await?;
    link.pause().await;
    Ok(())
}

/// Makes a device send Data, if it can be made to; nobody waits for what comes of it.
pub(super) fn made_to_send(peer: &Peer) {
    if let Ok(operator) = peer.operator() {
        drop(tokio::spawn(operator.ask(Ask::Data(payload(peer)))));
    }
}

/// Sees that a request carries an access token that was issued on the connection.
pub(super) fn carries_token(link: &Link, request: &Received) -> Outcome {
    let token = request.field("access_token").and_then(Json::as_str);
    if token.is_some() && token == link.token() {
        return Ok(());
    }
    let wanted = format!("access token {:?}", link.token().unwrap_or_default());
    let stop = Stop::fail(wanted, phrase(&request.message));
    Err(match link.last_layout() {
        Some(rule) => stop.blaming(rule),
        None => stop,
    })
}

/// The next request of that name which a device sends by itself.
///
/// Other requests of its own are answered in the meantime.
pub(super) async fn next_request(
    peer: &Peer,
    link: &mut Link,
    names: &[&str],
) -> Outcome<Received> {
    let least = peer.spec().timer("heartbeat").unwrap_or(0);
    let patience = peer
        .patience()
        .min(core::time::Duration::from_secs(least) + peer.timeout());
    let what = names.join(" or ");
    peer.waits(&what, patience);
    link.leave_keep_alive();
    let deadline = tokio::time::Instant::now() + patience;
    let mut has_left = false;
    loop {
        match link.next_before(deadline).await {
            // It has to log in again first.
            Event::Message(received)
                if link.has_left() && matches!(received.name(), "data" | "heartbeat") =>
            {
                let got = phrase(&received.message);
                return Err(Stop::fail(what, got).blaming("NUB-LOGIN-002"));
            }
            Event::Message(received) if names.contains(&received.name()) => return Ok(received),
            Event::Message(received)
                if matches!(received.name(), "data" | "heartbeat" | "logout") =>
            {
                carries_token(link, &received)?;
                has_left |= received.name() == "logout";
                link.send(answer("accepted", &received)).await?;
            }
            // It comes and goes as it likes.
            Event::Message(received) if has_left && received.name() == "login" => {
                let mut accepted = answer("login_accepted", &received);
                accepted["access_token"] = link.token().into();
                link.send(accepted).await?;
            }
            Event::Closed { unfinished: 0, .. } if has_left => {
                return Err(Stop::skip(format!(
                    "the device logged out and ended the connection before a {what}"
                )));
            }
            Event::Silence(_) if link.unfinished() > 0 => {
                let got = format!("{} bytes of a packet that does not end", link.unfinished());
                return Err(Stop::fail(what, got));
            }
            Event::Silence(waited) => {
                let waited = waited.as_secs();
                return Err(Stop::skip(format!(
                    "the device sent no {what} within {waited} s"
                )));
            }
            other => return Err(Stop::fail(what, other.to_string())),
        }
    }
}
