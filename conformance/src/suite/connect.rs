//! How a server takes a Connect.

pub(super) mod cut;
pub(super) mod malformed;
pub(super) mod nearly;
pub(super) mod parameters;
pub(super) mod payload;

use serde_json::{Value as Json, json};

use super::redirect;
use crate::case::{Case, SERVER};
use crate::subject::vocabulary::{self, connect};
use crate::subject::{Credentials, Event, Link, Peer, Received, Want};
use crate::verdict::{Outcome, Step, Stop};

const OK: Option<&str> = Some("connect.ok");

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "connect.ok",
        title: "valid credentials are answered by Ok",
        clauses: &["IOTMP25-CONNECT-005", "IOTMP25-SID-001", "IOTMPS-WIRE-001"],
        run: |peer| Box::pin(ok(peer)),
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
];

/// The same credentials but for the last character, so that the length gives nothing away.
pub(super) fn other_last_character(credentials: &mut Credentials) {
    let last = credentials.credential.pop();
    credentials
        .credential
        .push(if last == Some('0') { '1' } else { '0' });
}

/// A credential of the same length without a character of the right one.
pub(super) fn nothing_in_common(credentials: &mut Credentials) {
    let right = core::mem::take(&mut credentials.credential);
    let plain = ('0'..='z').filter(char::is_ascii_alphanumeric);
    let is_foreign = |c: &char| !right.contains(*c);
    let foreign = plain.chain(['~']).find(is_foreign).unwrap_or('~');
    let length = right.chars().count().max(1);
    credentials.credential = core::iter::repeat_n(foreign, length).collect();
}

fn cut_last_character(credentials: &mut Credentials) {
    credentials.credential.pop();
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
    link.send(connect(peer.spec(), id, parameters, &payload)?)
        .await?;
    let ok = link.message(&[Want::Ok(id)]).await?;
    Ok((link, ok))
}

async fn ok(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    let id = link.id();
    let payload = peer.credentials()?.payload();
    link.send(connect(peer.spec(), id, &Json::Null, &payload)?)
        .await?;
    match link.next().await {
        event if Want::Ok(id).allows(&event) => Ok(()),
        Event::Message(refusal)
            if refusal.is("error", id) && redirect::sends_elsewhere(peer.spec(), &refusal) =>
        {
            let why = "the server sends its devices elsewhere, where it may be tested";
            Err(Stop::skip(why))
        }
        other => {
            Err(Stop::fail(Want::Ok(id).to_string(), other.to_string())
                .blaming("IOTMP25-CONNECT-005"))
        }
    }
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
    link.send(connect(peer.spec(), id, parameters, payload)?)
        .await?;
    link.message(&[Want::Error(id)]).await
}

/// Whoever refuses nobody, or does so in another way, is not asked for more reasons.
async fn refuses(peer: &Peer) -> Outcome {
    refused(peer, other_last_character)
        .await
        .unrelated("refusing a wrong credential")
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
    refused_with(peer, &credentials).await
}

pub(super) async fn refused_with(peer: &Peer, credentials: &Credentials) -> Outcome {
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
    says_why(peer, &refusal, "bad_credentials")
}

/// The code of a refusal.
pub(super) fn says_why(peer: &Peer, refusal: &Received, why: &str) -> Outcome {
    let code = vocabulary::number(peer.spec(), "connect_error", why)?;
    let got = match refusal.field("parameters") {
        Some(said) if said.as_u64() == Some(code) => return Ok(()),
        Some(other) => format!("parameters {other}"),
        None => "no parameters".to_owned(),
    };
    Err(Stop::fail(format!("parameters {code} ({why})"), got))
}
