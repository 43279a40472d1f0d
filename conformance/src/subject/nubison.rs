//! How the suite speaks Nubison where no case is about it.

mod account;
mod order;

use core::time::Duration;

use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

pub(super) use self::account::Account;
pub(super) use self::order::Order;
use super::event::{Event, Received, Want, phrase};
use super::link::Link;
use super::live::Credentials;
use super::vocabulary;
use crate::case::Role;
use crate::json;
use crate::value::WireValue;
use crate::verdict::{Outcome, Step, Stop};

/// What stands between the two halves of a device key.
const KEY_SEPARATOR: char = '_';
/// A token for whoever was issued none.
const NO_TOKEN: &str = "conformance-unknown-0000";

/// The clause that is broken where an answer names another transaction than its request.
pub const OWN_TRANSACTION: &str = "NUB-SESSION-001";

/// Bytes as JSON.
#[must_use]
pub fn bytes(bytes: &[u8]) -> Json {
    json::value_to(&WireValue::Bytes(bytes.to_vec()))
}

/// Bytes in a field of a message that came.
#[must_use]
pub fn bytes_in(received: &Received, field: &str) -> Option<Vec<u8>> {
    hex::decode(received.field(field)?.get("value")?.as_str()?).ok()
}

/// The two halves of a device key: product code and identifier.
#[must_use]
pub fn halves<'c>(spec: &Spec, credentials: &'c Credentials) -> Option<(&'c str, &'c str)> {
    let product_code = spec.message("login")?.field("product_code")?;
    let size = usize::try_from(spec.width(product_code)?).ok()?;
    let (product_code, rest) = credentials.device.split_at_checked(size)?;
    Some((product_code, rest.strip_prefix(KEY_SEPARATOR)?))
}

/// The Login of a device; its session identifier is missing.
///
/// # Errors
/// Inconclusive where the credentials have no device key.
pub fn login(spec: &Spec, credentials: &Credentials) -> Outcome<Json> {
    let Some((product_code, identifier)) = halves(spec, credentials) else {
        return Err(Stop::inconclusive(format!(
            "{:?} is no device key: write PRODUCTCODE_IDENTIFIER",
            credentials.device
        )));
    };
    Ok(json!({
        "type": "login",
        "client_id": credentials.user,
        "client_secret": credentials.credential,
        "product_code": product_code,
        "identifier": identifier,
    }))
}

/// Whether a Login is that of a device.
#[must_use]
pub fn is_login_of(spec: &Spec, hello: &Received, credentials: &Credentials) -> bool {
    let Ok(login) = login(spec, credentials) else {
        return false;
    };
    let fields = login.as_object().into_iter().flatten();
    fields
        .into_iter()
        .all(|(name, value)| hello.field(name) == Some(value))
}

/// A message of that name in answer to a request.
#[must_use]
pub fn answer(name: &str, request: &Received) -> Json {
    json!({"type": name, "session_id": request.field("session_id")})
}

/// The refusal of a request, for a reason of that name.
///
/// # Errors
/// Skip where the specification has no such reason.
pub fn refused(spec: &Spec, request: &Received, reason: &str) -> Outcome<Json> {
    let mut refused = answer("refused", request);
    refused["error_code"] = vocabulary::number(spec, "error_code", reason)?.into();
    Ok(refused)
}

/// Whether a message is a response, whatever it holds.
#[must_use]
pub fn is_response(received: &Received) -> bool {
    received.bytes.first() == Some(&b'R')
}

/// Gives a request a session identifier of its own, and an access token where it takes one and has none.
pub fn complete(link: &mut Link, mut request: Json) -> Json {
    let spec = link.codec().spec();
    let name = request.get("type").and_then(Json::as_str);
    let message = name.and_then(|name| spec.message(name));
    let takes_token = message.is_some_and(|message| message.field("access_token").is_some());
    let session_id = link.transaction();
    if let Some(object) = request.as_object_mut() {
        object.entry("session_id").or_insert(session_id);
        if takes_token {
            let token = link.token().unwrap_or(NO_TOKEN);
            object.entry("access_token").or_insert(token.into());
        }
    }
    request
}

/// Something that is answered by any peer: a server has to answer a heartbeat, or data where it leaves
/// those unanswered, a device a command.
pub(super) fn fence(link: &mut Link) -> Json {
    let fence = match link.role() {
        Role::Server if link.fences_by_call() => json!({"type": "data", "payload": bytes(b"{}")}),
        Role::Server => json!({"type": "heartbeat"}),
        Role::Device => json!({"type": "command"}),
    };
    complete(link, fence)
}

/// Whether a server takes the access token of a connection no more that it has issued there.
pub(crate) async fn is_logged_out(link: &mut Link) -> bool {
    let response = ask(link, json!({"type": "heartbeat"})).await;
    response.is_ok_and(|response| response.name() == "refused")
}

/// Whether a server puts the less significant byte of an error code first.
pub(crate) async fn refuses_backwards(link: &mut Link) -> bool {
    let request = json!({"type": "heartbeat", "access_token": NO_TOKEN});
    error_code(ask(link, request).await) == Some(0x0500)
}

/// Whether a server finds the structure in Data.
pub(crate) async fn reads_data(link: &mut Link) -> bool {
    let response = ask(link, json!({"type": "data", "payload": bytes(b"{}")})).await;
    response.is_ok() && !matches!(error_code(response), Some(0x0002 | 0x0200))
}

fn error_code(response: Outcome<Received>) -> Option<u64> {
    response.ok()?.field("error_code")?.as_u64()
}

/// Sends a request and waits for its response, which has to come next.
///
/// # Errors
/// A failure on anything else; a response to another transaction breaks the
/// rule of session identifiers, whatever the case is about.
pub async fn ask(link: &mut Link, request: Json) -> Outcome<Received> {
    let request = complete(link, request);
    let wanted = request.get("session_id").cloned().unwrap_or_default();
    link.send(request).await?;
    response(link, &wanted).await
}

/// Waits for the response of that session identifier, which has to come next.
///
/// # Errors
/// As those of [`ask`].
pub async fn response(link: &mut Link, session_id: &Json) -> Outcome<Received> {
    let within = link.timeout();
    response_within(link, session_id, within).await
}

/// The same, with a time to wait.
///
/// # Errors
/// As those of [`ask`].
pub async fn response_within(
    link: &mut Link,
    session_id: &Json,
    within: Duration,
) -> Outcome<Received> {
    let expected = format!("a response of session_id={session_id}");
    let deadline = Instant::now() + within;
    loop {
        match link.next_before(deadline).await {
            Event::Message(received) if is_response(&received) => {
                if received.field("session_id") == Some(session_id) {
                    return Ok(received);
                }
                let got = phrase(&received.message);
                return Err(Stop::fail(expected, got).blaming(OWN_TRANSACTION));
            }
            // Where the case has taken them over, requests of the subject may come all the same.
            Event::Message(received) => match reply(link.role(), &received, link.token()) {
                Some(Some(answer)) => link.send(answer).await?,
                _ => return Err(Stop::fail(expected, phrase(&received.message))),
            },
            other => return Err(Stop::fail(expected, other.to_string())),
        }
    }
}

/// Logs in, and keeps the access token.
///
/// # Errors
/// A failure where the server does not let the device in.
pub async fn log_in(link: &mut Link, credentials: &Credentials) -> Outcome<Received> {
    let request = login(link.codec().spec(), credentials)?;
    let answer = ask(link, request).await?;
    let token = answer.field("access_token").and_then(Json::as_str);
    match token {
        Some(token) if answer.name() == "login_accepted" => link.set_token(token),
        _ => {
            let wanted = Want::Message("login_accepted").to_string();
            return Err(Stop::fail(wanted, phrase(&answer.message)));
        }
    }
    Ok(answer)
}

/// Lets a device in whose Login has come, with a token that no other connection has.
pub(super) async fn let_in(link: &mut Link) -> Outcome {
    let token = link.new_token();
    let Some(hello) = link.hello() else {
        return Err(Stop::inconclusive("logging in: there was no Login"));
    };
    let mut accepted = answer("login_accepted", hello);
    accepted["access_token"] = token.as_str().into();
    link.set_token(token);
    link.send(accepted).await.unrelated("logging in")?;
    // How a device takes that and a request in one piece is the matter of other cases.
    link.pause().await;
    Ok(())
}

/// How a request of the subject is answered in passing: see [`background`](super::background).
pub(super) fn reply(role: Role, received: &Received, token: Option<&str>) -> Option<Option<Json>> {
    let own = || token.is_some() && received.field("access_token").and_then(Json::as_str) == token;
    match (role, received.name()) {
        (Role::Device, "data" | "heartbeat" | "logout") if own() => {
            Some(Some(answer("accepted", received)))
        }
        // It has logged out, or wants another token.
        (Role::Device, "login") if token.is_some() => {
            let mut accepted = answer("login_accepted", received);
            accepted["access_token"] = token.into();
            Some(Some(accepted))
        }
        (Role::Server, "command") if own() => Some(Some(answer("command_refused", received))),
        _ => None,
    }
}
