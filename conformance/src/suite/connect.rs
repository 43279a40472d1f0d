//! How a server takes a Connect.

use serde_json::{Value as Json, json};

use super::craft::Craft;
use crate::case::{Case, SERVER};
use crate::subject::{Credentials, Event, Link, Peer, Received, Want, connect};
use crate::verdict::{Outcome, Step, Stop};

const OK: Option<&str> = Some("connect.ok");

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "connect.ok",
        title: "valid credentials are answered by Ok",
        clauses: &["IOTMP25-CONNECT-005", "IOTMP25-SID-001", "IOTMPS-WIRE-001"],
        run: |peer| Box::pin(async { accepted(peer, &Json::Null, None).await.map(drop) }),
        ..SERVER
    },
    Case {
        slug: "connect.ok-is-bare",
        title: "the Ok of a Connect has neither parameters nor payload",
        clauses: &["IOTMP25-CONNECT-015"],
        run: |peer| Box::pin(ok_is_bare(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.wrong-user",
        title: "another user name is refused",
        clauses: &["IOTMP25-CONNECT-006"],
        control: OK,
        run: |peer| Box::pin(refused(peer, |c| c.user.push('x'))),
        ..SERVER
    },
    Case {
        slug: "connect.wrong-device",
        title: "another device name is refused",
        clauses: &["IOTMP25-CONNECT-006"],
        control: OK,
        run: |peer| Box::pin(refused(peer, |c| c.device.push('x'))),
        ..SERVER
    },
    Case {
        slug: "connect.wrong-credential",
        title: "another credential of the same length is refused",
        clauses: &["IOTMP25-CONNECT-006"],
        control: OK,
        run: |peer| Box::pin(refused(peer, other_last_character)),
        ..SERVER
    },
    Case {
        slug: "connect.credential-prefix",
        title: "the credential without its last character is refused",
        clauses: &["IOTMP25-CONNECT-006"],
        control: OK,
        run: |peer| Box::pin(refused(peer, cut_last_character)),
        ..SERVER
    },
    Case {
        slug: "connect.credential-with-more",
        title: "the credential with a character after it is refused",
        clauses: &["IOTMP25-CONNECT-006"],
        control: OK,
        run: |peer| Box::pin(refused(peer, |c| c.credential.push('x'))),
        ..SERVER
    },
    Case {
        slug: "connect.credential-with-nul",
        title: "the credential with a NUL after it is refused",
        clauses: &["IOTMP25-CONNECT-006"],
        control: OK,
        run: |peer| Box::pin(refused(peer, |c| c.credential.push('\0'))),
        ..SERVER
    },
    Case {
        slug: "connect.credential-empty",
        title: "an empty credential is refused",
        clauses: &["IOTMP25-CONNECT-006"],
        control: OK,
        run: |peer| Box::pin(refused(peer, |c| c.credential.clear())),
        ..SERVER
    },
    Case {
        slug: "connect.all-empty",
        title: "three empty strings are refused",
        clauses: &["IOTMP25-CONNECT-006"],
        control: OK,
        run: |peer| Box::pin(payload_refused(peer, |_| json!(["", "", ""]))),
        ..SERVER
    },
    Case {
        slug: "connect.refusal-code",
        title: "the refusal of a wrong credential says so by its code",
        clauses: &["IOTMP25-CONNECT-008"],
        control: OK,
        run: |peer| Box::pin(refusal_code(peer)),
        ..SERVER
    },
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
        slug: "connect.payload-missing",
        title: "a Connect without a payload is not accepted",
        clauses: &["IOTMP25-CONNECT-007", "IOTMP25-KEY-005"],
        control: OK,
        run: |peer| Box::pin(payload_missing(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.keep-alive-longest",
        title: "the longest keep alive interval is accepted",
        clauses: &["IOTMP25-CONNECT-005"],
        run: |peer| Box::pin(keep_alive_longest(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.keep-alive-too-long",
        title: "a keep alive interval one second above the longest is refused",
        clauses: &["IOTMP25-CONNECT-009"],
        control: Some("connect.keep-alive-longest"),
        run: |peer| Box::pin(keep_alive_too_long(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.auth-type-credentials",
        title: "the authentication type of credentials may be named",
        clauses: &["IOTMP25-CONNECT-005"],
        run: |peer| Box::pin(async { accepted(peer, &json!({"at": 0}), None).await.map(drop) }),
        ..SERVER
    },
    Case {
        slug: "connect.auth-type-reserved",
        title: "the reserved authentication types are refused",
        clauses: &["IOTMP25-CONNECT-011"],
        control: Some("connect.auth-type-credentials"),
        run: |peer| Box::pin(auth_type_reserved(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.client-type-and-firmware",
        title: "client type and firmware change nothing",
        clauses: &["IOTMP25-CONNECT-012"],
        run: |peer| Box::pin(client_type_and_firmware(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.version-0",
        title: "protocol version 0 means PSON generation 1",
        clauses: &["IOTMP25-CONNECT-010"],
        run: |peer| Box::pin(version(peer, 0)),
        ..SERVER
    },
    Case {
        slug: "connect.version-1",
        title: "protocol version 1 means PSON generation 2, for the rest of the connection too",
        clauses: &["IOTMP25-CONNECT-010"],
        run: |peer| Box::pin(version(peer, 1)),
        ..SERVER
    },
];

/// The same credentials but for the last character, so that the length gives nothing away.
fn other_last_character(credentials: &mut Credentials) {
    let last = credentials.credential.pop();
    credentials
        .credential
        .push(if last == Some('0') { '1' } else { '0' });
}

fn cut_last_character(credentials: &mut Credentials) {
    credentials.credential.pop();
}

fn as_map(credentials: &Credentials) -> Json {
    json!({"0": credentials.user, "1": credentials.device, "2": credentials.credential})
}

fn with_bytes(credentials: &Credentials) -> Json {
    let bytes = json!({"type": "bytes", "value": hex::encode(&credentials.credential)});
    json!([credentials.user, credentials.device, bytes])
}

/// Connects with parameters, and with a stream identifier that matters if one is given.
pub(super) async fn accepted(
    peer: &Peer,
    parameters: &Json,
    id: Option<u16>,
) -> Outcome<(Link, Received)> {
    let payload = peer.credentials()?.payload();
    let mut link = peer.open().await?;
    let id = id.unwrap_or_else(|| link.id());
    link.send(connect(id, parameters, &payload)).await?;
    let ok = link.message(&[Want::Ok(id)]).await?;
    Ok((link, ok))
}

async fn ok_is_bare(peer: &Peer) -> Outcome {
    let (_, ok) = accepted(peer, &Json::Null, None)
        .await
        .unrelated("connecting")?;
    match ok.field("parameters").or(ok.field("payload")) {
        None => Ok(()),
        Some(value) => Err(Stop::fail(
            "an Ok with its stream identifier alone",
            format!("{value} in it"),
        )),
    }
}

/// Sends a Connect and waits for its refusal by Error.
async fn error_for(peer: &Peer, parameters: &Json, payload: &Json) -> Outcome<Received> {
    let mut link = peer.open().await?;
    let id = link.id();
    link.send(connect(id, parameters, payload)).await?;
    link.message(&[Want::Error(id)]).await
}

async fn payload_refused(peer: &Peer, payload: fn(&Credentials) -> Json) -> Outcome {
    let payload = payload(peer.credentials()?);
    error_for(peer, &Json::Null, &payload).await.map(drop)
}

async fn refused(peer: &Peer, spoil: fn(&mut Credentials)) -> Outcome {
    let mut credentials = peer.credentials()?.clone();
    spoil(&mut credentials);
    if credentials == *peer.credentials()? {
        return Err(Stop::skip("these credentials have no such twin"));
    }
    error_for(peer, &Json::Null, &credentials.payload())
        .await
        .map(drop)
}

async fn refusal_code(peer: &Peer) -> Outcome {
    let mut credentials = peer.credentials()?.clone();
    other_last_character(&mut credentials);
    let refusal = error_for(peer, &Json::Null, &credentials.payload())
        .await
        .unrelated("being refused")?;
    let codes = peer.spec().enumeration("connect_error");
    let bad = codes.and_then(|codes| {
        codes
            .values
            .iter()
            .find(|value| value.name == "bad_credentials")
    });
    let Some(bad) = bad else {
        return Err(Stop::skip("the spec has no code for bad credentials"));
    };
    match refusal.field("parameters") {
        Some(code) if code.as_u64() == Some(bad.value) => Ok(()),
        Some(other) => Err(Stop::fail(
            format!("parameters {}", bad.value),
            format!("parameters {other}"),
        )),
        None => Err(Stop::fail(
            format!("parameters {}", bad.value),
            "no parameters",
        )),
    }
}

/// Waits for anything but an Ok in answer to a first message that is not acceptable.
///
/// That a server says nothing for a while is no Ok either.
pub(super) async fn not_accepted(link: &mut Link) -> Outcome {
    match link.next().await {
        Event::Message(received) if received.name() == "ok" => Err(Stop::fail(
            "an Error or the end of the connection",
            crate::subject::phrase(&received.message),
        )),
        Event::Garbage(why) => Err(Stop::fail("an Error or the end of the connection", why)),
        _ => Ok(()),
    }
}

async fn payload_not_accepted(peer: &Peer, payload: fn(&Credentials) -> Json) -> Outcome {
    let payload = payload(peer.credentials()?);
    let mut link = peer.open().await?;
    let id = link.id();
    link.send(connect(id, &Json::Null, &payload)).await?;
    not_accepted(&mut link).await
}

async fn payload_missing(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    let craft = Craft::new(link.codec());
    let id = craft.number(craft.field("connect", "stream_id")?, link.id().into());
    let message = craft.frame(craft.code("connect")?, &id);
    link.send_raw(&message, "connect without payload").await;
    not_accepted(&mut link).await
}

fn longest_keep_alive(peer: &Peer) -> Outcome<u64> {
    let timer = peer.spec().timer("keep_alive_max");
    timer.ok_or_else(|| Stop::skip("the spec sets no longest interval"))
}

async fn keep_alive_longest(peer: &Peer) -> Outcome {
    let longest = longest_keep_alive(peer)?;
    accepted(peer, &json!({"ka": longest}), None)
        .await
        .map(drop)
}

async fn keep_alive_too_long(peer: &Peer) -> Outcome {
    let payload = peer.credentials()?.payload();
    let above = longest_keep_alive(peer)? + 1;
    error_for(peer, &json!({"ka": above}), &payload)
        .await
        .map(drop)
}

async fn auth_type_reserved(peer: &Peer) -> Outcome {
    let payload = peer.credentials()?.payload();
    let types = peer.spec().enumeration("auth_type");
    let reserved = types.map_or(&[][..], |types| &types.values);
    for kind in reserved.iter().filter(|kind| kind.name != "credentials") {
        error_for(peer, &json!({"at": kind.value}), &payload)
            .await
            .because(format!(
                "authentication type {} ({})",
                kind.value, kind.name
            ))?;
    }
    Ok(())
}

async fn client_type_and_firmware(peer: &Peer) -> Outcome {
    let parameters = json!({"ct": "conformance", "fw": "1.0.0"});
    let (mut link, _) = accepted(peer, &parameters, None).await?;
    link.ask().await?;
    link.quiet("nothing more").await
}

async fn version(peer: &Peer, version: u64) -> Outcome {
    let (mut link, _) = accepted(peer, &json!({"pv": version}), None).await?;
    let encodings = link.codec().encodings();
    let named = usize::try_from(version)
        .ok()
        .and_then(|index| encodings.get(index));
    if let Some(encoding) = named {
        link.set_encoding(*encoding);
    }
    // A resource that does not exist travels in that generation, and so may the Error.
    link.ask().await.map(drop)
}
