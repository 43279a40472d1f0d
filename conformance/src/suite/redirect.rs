//! A server that sends its devices elsewhere, and a device that is sent.

use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};

use super::device_connect::hello;
use crate::case::{Case, DEVICE, Pace, SERVER};
use crate::family;
use crate::subject::vocabulary::{connect, number};
use crate::subject::{Peer, Received, Want, phrase};
use crate::verdict::{Outcome, Step, Stop};

/// What the URL of another server begins with.
const SCHEMES: [&str; 2] = ["iotmp://", "iotmps://"];

const SENT: &str = "connect.redirect";
/// The rule of how it is said where that is.
const URL: &str = "IOTMP23-CONNECT-019";

pub(super) const CASES: &[Case] = &[
    Case {
        slug: SENT,
        title: "a server that sends a device elsewhere says where by a URL",
        clauses: &[URL],
        // Such a server accepts no Connect, which is what other cases build on.
        control: Some(SENT),
        run: |peer| Box::pin(redirects(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.follows-redirect",
        title: "a device that is sent to another server introduces itself there",
        clauses: &["IOTMP23-CONNECT-020"],
        pace: Pace::Last,
        run: |peer| Box::pin(follows(peer)),
        ..DEVICE
    },
];

/// Whether a refusal sends a device to another server. Where a rule says how that is done, a URL
/// that is missing or wrong is the matter of a case.
pub(super) fn sends_elsewhere(spec: &Spec, refusal: &Received) -> bool {
    let code = number(spec, "connect_error", "redirect").ok();
    let said = refusal.field("parameters").and_then(Json::as_u64);
    let url = refusal.field("payload").and_then(Json::as_str);
    let names_one = url.is_some_and(|url| SCHEMES.iter().any(|scheme| url.starts_with(scheme)));
    let has_rule = family::clause(spec, URL).is_some();
    code.is_some() && said == code && (has_rule || names_one)
}

async fn redirects(peer: &Peer) -> Outcome {
    let code = number(peer.spec(), "connect_error", "redirect")?;
    let payload = peer.credentials()?.payload();
    let mut link = peer.open().await?;
    let id = link.id();
    link.send(connect(peer.spec(), id, &json!(null), &payload)?)
        .await?;
    let answer = link.message(&[Want::Answer(id)]).await?;
    let parameters = answer.field("parameters").and_then(|code| code.as_u64());
    if answer.name() == "ok" || parameters != Some(code) {
        return Err(Stop::skip("the server does not send its devices elsewhere"));
    }
    let url = answer.field("payload").and_then(|url| url.as_str());
    let host = url.and_then(|url| SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme)));
    match host {
        Some(host) if !host.is_empty() => Ok(()),
        _ => Err(Stop::fail(
            "a payload such as \"iotmp://host\"",
            phrase(&answer.message),
        )),
    }
}

async fn follows(peer: &Peer) -> Outcome {
    let code = number(peer.spec(), "connect_error", "redirect")?;
    let mut link = peer.introduced().await.unrelated("waiting for a Connect")?;
    let id = hello(&link)?.stream_id();
    let payload = hello(&link)?.field("payload").cloned();
    let elsewhere = peer.elsewhere(&link).await?;
    let url = format!("{}{}", SCHEMES[0], elsewhere.address());
    link.send(json!({"type": "error", "stream_id": id, "parameters": code, "payload": url}))
        .await?;
    // It may wait for this end to close before it dials again.
    link.close();
    let mut second = elsewhere
        .accept()
        .await
        .because(format!("the device was sent to {url}"))?;
    let introduced = second
        .message(&[Want::Message("connect")])
        .await
        .because(format!("on the connection to {url}"))?;
    if introduced.field("payload") != payload.as_ref() {
        return Err(Stop::fail(
            "the same credentials as before",
            phrase(&introduced.message),
        ));
    }
    let id = introduced.stream_id();
    second.send(json!({"type": "ok", "stream_id": id})).await?;
    Ok(())
}
