//! Payloads of Connect that are not three strings.

use serde_json::{Value as Json, json};

use super::{OK, other_last_character};
use crate::case::{Case, SERVER};
use crate::subject::vocabulary::connect;
use crate::subject::{Credentials, Event, Link, Peer, phrase};
use crate::suite::craft::Craft;
use crate::verdict::{Outcome, Step, Stop};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "connect.payload-string",
        title: "a payload that is no array is not accepted",
        clauses: &["IOTMP25-CONNECT-007"],
        control: OK,
        run: |peer| Box::pin(payload_not_accepted(peer, |c| json!(c.credential))),
        ..SERVER
    },
    Case {
        slug: "connect.payload-map",
        title: "a payload that is a map is not accepted",
        clauses: &["IOTMP25-CONNECT-007"],
        control: OK,
        run: |peer| Box::pin(payload_not_accepted(peer, as_map)),
        ..SERVER
    },
    Case {
        slug: "connect.payload-empty-array",
        title: "a payload without a string is not accepted",
        clauses: &["IOTMP25-CONNECT-007"],
        control: OK,
        run: |peer| Box::pin(payload_not_accepted(peer, |_| json!([]))),
        ..SERVER
    },
    Case {
        slug: "connect.payload-two-strings",
        title: "a payload of two strings is not accepted",
        clauses: &["IOTMP25-CONNECT-007"],
        control: OK,
        run: |peer| Box::pin(payload_not_accepted(peer, |c| json!([c.user, c.device]))),
        ..SERVER
    },
    Case {
        slug: "connect.payload-four-strings",
        title: "a payload with a string behind the valid three is not accepted",
        clauses: &["IOTMP25-CONNECT-007"],
        control: OK,
        run: |peer| {
            Box::pin(payload_not_accepted(peer, |c| {
                json!([c.user, c.device, c.credential, ""])
            }))
        },
        ..SERVER
    },
    Case {
        slug: "connect.payload-bytes",
        title: "a credential as bytes instead of a string is not accepted",
        clauses: &["IOTMP25-CONNECT-007"],
        control: OK,
        run: |peer| Box::pin(payload_not_accepted(peer, with_bytes)),
        ..SERVER
    },
    Case {
        slug: "connect.payload-number",
        title: "a number instead of the credential is not accepted",
        clauses: &["IOTMP25-CONNECT-007"],
        control: OK,
        run: |peer| Box::pin(payload_not_accepted(peer, |c| json!([c.user, c.device, 0]))),
        ..SERVER
    },
    Case {
        slug: "connect.payload-null",
        title: "null instead of the credential is not accepted",
        clauses: &["IOTMP25-CONNECT-007"],
        control: OK,
        run: |peer| {
            Box::pin(payload_not_accepted(peer, |c| {
                json!([c.user, c.device, null])
            }))
        },
        ..SERVER
    },
    Case {
        slug: "connect.payload-true",
        title: "true instead of the credential is not accepted",
        clauses: &["IOTMP25-CONNECT-007"],
        control: OK,
        run: |peer| {
            Box::pin(payload_not_accepted(peer, |c| {
                json!([c.user, c.device, true])
            }))
        },
        ..SERVER
    },
    Case {
        slug: "connect.payload-nested",
        title: "the three strings in one more array are not accepted",
        clauses: &["IOTMP25-CONNECT-007"],
        control: OK,
        run: |peer| Box::pin(payload_not_accepted(peer, |c| json!([c.payload()]))),
        ..SERVER
    },
    Case {
        slug: "connect.payload-missing",
        title: "a Connect without a payload is not accepted",
        clauses: &["IOTMP25-CONNECT-007", "IOTMP25-KEY-005"],
        control: OK,
        run: |peer| Box::pin(payload_missing(peer)),
        ..SERVER
    },
];

fn as_map(credentials: &Credentials) -> Json {
    json!({"0": credentials.user, "1": credentials.device, "2": credentials.credential})
}

fn with_bytes(credentials: &Credentials) -> Json {
    let bytes = json!({"type": "bytes", "value": hex::encode(&credentials.credential)});
    json!([credentials.user, credentials.device, bytes])
}

/// Waits for anything but an Ok in answer to a first message that is not acceptable.
///
/// That a server says nothing for a while is no Ok either.
pub(in crate::suite) async fn not_accepted(link: &mut Link) -> Outcome {
    match link.next().await {
        Event::Message(received) if received.name() == "ok" => Err(Stop::fail(
            "an Error or the end of the connection",
            phrase(&received.message),
        )),
        Event::Garbage(why) | Event::Flood(why) => {
            Err(Stop::fail("an Error or the end of the connection", why))
        }
        _ => Ok(()),
    }
}

async fn payload_not_accepted(peer: &Peer, payload: fn(&Credentials) -> Json) -> Outcome {
    let payload = payload(peer.credentials()?);
    let mut link = peer.open().await?;
    say(peer, &mut link, &payload).await?;
    let outcome = not_accepted(&mut link).await;
    if outcome.is_err() {
        // Whoever accepts everybody has no use for a payload.
        let mut link = peer.open().await?;
        let mut wrong = peer.credentials()?.clone();
        other_last_character(&mut wrong);
        say(peer, &mut link, &wrong.payload()).await?;
        not_accepted(&mut link)
            .await
            .unrelated("refusing a wrong credential")?;
    }
    outcome
}

async fn say(peer: &Peer, link: &mut Link, payload: &Json) -> Outcome {
    let id = link.id();
    link.send(connect(peer.spec(), id, &Json::Null, payload)?)
        .await
}

async fn payload_missing(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    let craft = Craft::new(link.codec());
    let id = craft.number(craft.field("connect", "stream_id")?, link.id().into());
    let message = craft.frame(craft.code("connect")?, &id);
    link.send_raw(&message, "connect without payload").await;
    not_accepted(&mut link).await
}
