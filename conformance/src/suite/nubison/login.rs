//! How a server takes a Login.

use core::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::expect::{accepted, altered, heartbeat, in_other_case, is_absence, log_in_as, refused};
use super::{LOGIN, SERVER};
use crate::case::Case;
use crate::subject::nubison::{ask, halves, log_in};
use crate::subject::{Credentials, Event, Link, Peer, phrase};
use crate::verdict::{Outcome, Step, Stop};

const OK: Option<&str> = Some(LOGIN);
/// The error code of a device that is not registered.
const UNREGISTERED: &str = "device_not_registered";
/// How long a server is given to say more than it should.
const AFTERWARDS: Duration = Duration::from_millis(300);
/// Bytes of an identifier that is long.
const LONG: usize = 200;

pub(super) const CASES: &[Case] = &[
    Case {
        slug: LOGIN,
        title: "valid credentials get an access token of 24 bytes",
        clauses: &["NUB-LOGIN-003", "NUB-RESPONSE-001", "NUB-SESSION-001"],
        run: |peer| Box::pin(ok(peer)),
        ..SERVER
    },
    Case {
        slug: "login.encryption-key",
        title: "an encryption key may stand behind the access token",
        clauses: &["NUB-LOGIN-004"],
        run: |peer| Box::pin(encryption_key(peer)),
        ..SERVER
    },
    Case {
        slug: "login.wrong-client",
        title: "another client identifier gets error code 0003",
        clauses: &["NUB-ERROR-003", "NUB-LOGIN-006"],
        control: OK,
        run: |peer| {
            Box::pin(unwelcome(peer, "client", |who| {
                who.user = altered(&who.user)
            }))
        },
        ..SERVER
    },
    Case {
        slug: "login.wrong-secret",
        title: "another client secret gets error code 0003",
        clauses: &["NUB-ERROR-003", "NUB-LOGIN-006"],
        control: OK,
        run: |peer| {
            Box::pin(unwelcome(peer, "client", |who| {
                who.credential = altered(&who.credential);
            }))
        },
        ..SERVER
    },
    Case {
        slug: "login.client-in-other-case",
        title: "a client identifier with its letters in the other case gets error code 0003",
        clauses: &["NUB-ERROR-003", "NUB-LOGIN-006"],
        control: Some("login.wrong-client"),
        run: |peer| Box::pin(in_capitals(peer, "client", |who| &mut who.user)),
        ..SERVER
    },
    Case {
        slug: "login.secret-in-other-case",
        title: "a client secret with its letters in the other case gets error code 0003",
        clauses: &["NUB-ERROR-003", "NUB-LOGIN-006"],
        control: Some("login.wrong-secret"),
        run: |peer| Box::pin(in_capitals(peer, "client", |who| &mut who.credential)),
        ..SERVER
    },
    Case {
        slug: "login.unregistered",
        title: "an identifier that is not registered gets error code 0004",
        clauses: &["NUB-ERROR-004", "NUB-LOGIN-006"],
        control: OK,
        run: |peer| {
            Box::pin(unwelcome(peer, UNREGISTERED, |who| {
                who.device.push_str("-not-registered");
            }))
        },
        ..SERVER
    },
    Case {
        slug: "login.long-identifier",
        title: "an identifier of 200 bytes is one as well: not registered, it gets error code 0004",
        clauses: &["NUB-ERROR-004", "NUB-LOGIN-006"],
        control: Some("login.unregistered"),
        run: |peer| Box::pin(long_identifier(peer)),
        ..SERVER
    },
    Case {
        slug: "login.part-of-identifier",
        title: "the beginning of an identifier that is registered gets error code 0004",
        clauses: &["NUB-LOGIN-007", "NUB-ERROR-004"],
        control: Some("login.unregistered"),
        run: |peer| Box::pin(part_of_identifier(peer)),
        ..SERVER
    },
    Case {
        slug: "login.key-in-other-case",
        title: "a device key with its letters in the other case gets error code 0004",
        clauses: &["NUB-LOGIN-007", "NUB-ERROR-004"],
        control: Some("login.unregistered"),
        run: |peer| Box::pin(key_in_capitals(peer)),
        ..SERVER
    },
    Case {
        slug: "login.other-product",
        title: "the identifier alone does not name a device: another product code gets error code 0004",
        clauses: &["NUB-LOGIN-007", "NUB-ERROR-004"],
        control: Some("login.unregistered"),
        run: |peer| Box::pin(other_product(peer)),
        ..SERVER
    },
    Case {
        slug: "login.again",
        title: "a device that was refused logs in on a new connection",
        clauses: &["NUB-LOGIN-003", "NUB-ROBUST-001"],
        run: |peer| Box::pin(again(peer)),
        ..SERVER
    },
    Case {
        slug: "logout.ok",
        title: "a Logout is answered by status 01 and nothing more",
        clauses: &["NUB-LOGOUT-002", "NUB-RESPONSE-001", "NUB-SESSION-001"],
        run: |peer| Box::pin(logout(peer)),
        ..SERVER
    },
    Case {
        slug: "logout.token",
        title: "the access token is not valid any more after a Logout",
        clauses: &["NUB-ERROR-005"],
        control: Some("logout.ok"),
        run: |peer| Box::pin(after_logout(peer)),
        ..SERVER
    },
];

async fn ok(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    match log_in(&mut link, peer.credentials()?).await {
        Err(stop) if is_absence(&stop) => return Err(stop.blaming("NUB-LOGIN-003")),
        answer => answer.map(drop)?,
    }
    link.quiet("one response to the Login").await
}

async fn encryption_key(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    let answer = log_in(&mut link, peer.credentials()?).await;
    let answer = answer.unrelated("logging in")?;
    if answer.field("encryption_key").is_none() {
        return Err(Stop::skip("the server gives no encryption key"));
    }
    link.quiet("nothing behind the encryption key").await
}

async fn unwelcome(peer: &Peer, reason: &str, alter: impl FnOnce(&mut Credentials)) -> Outcome {
    let (link, response) = log_in_as(peer, alter).await?;
    refused(&link, &response, reason)
}

async fn in_capitals(
    peer: &Peer,
    reason: &str,
    text: fn(&mut Credentials) -> &mut String,
) -> Outcome {
    let other = in_other_case(text(&mut peer.credentials()?.clone()));
    let other = other.ok_or_else(|| Stop::skip("it has no letters"))?;
    unwelcome(peer, reason, |who| *text(who) = other).await
}

/// The product code and the identifier of the device.
fn key(peer: &Peer) -> Outcome<(&str, &str)> {
    let halves = halves(peer.spec(), peer.credentials()?);
    halves.ok_or_else(|| Stop::inconclusive("the credentials have no device key"))
}

/// Sees that a device of another key is none, where that of any other identifier is none.
async fn no_device(peer: &Peer, product: &str, identifier: &str) -> Outcome {
    let key = format!("{product}_{identifier}");
    let (link, response) = log_in_as(peer, |who| who.device = key).await?;
    // It was taken for the device that it is not.
    if response.name() == "login_accepted" {
        let got = phrase(&response.message);
        return Err(Stop::fail("no such device", got).blaming("NUB-LOGIN-007"));
    }
    refused(&link, &response, UNREGISTERED)
}

async fn other_product(peer: &Peer) -> Outcome {
    let (product, identifier) = key(peer)?;
    no_device(peer, &altered(product), identifier).await
}

async fn part_of_identifier(peer: &Peer) -> Outcome {
    let (product, identifier) = key(peer)?;
    // That of another device may well differ in its number alone.
    let part = identifier.trim_end_matches(|last: char| last.is_ascii_digit());
    let mut part = part.to_owned();
    if part.len() == identifier.len() {
        part.pop();
    }
    if part.is_empty() {
        return Err(Stop::skip("a part of the identifier may be another one"));
    }
    no_device(peer, product, &part).await
}

async fn key_in_capitals(peer: &Peer) -> Outcome {
    let (product, identifier) = key(peer)?;
    let others = [
        in_other_case(product).map(|product| (product, identifier.to_owned())),
        in_other_case(identifier).map(|identifier| (product.to_owned(), identifier)),
    ];
    if others.iter().all(Option::is_none) {
        return Err(Stop::skip("the device key has no letters"));
    }
    for (product, identifier) in others.into_iter().flatten() {
        no_device(peer, &product, &identifier).await?;
    }
    Ok(())
}

/// More bytes than a length has that is read as a signed number.
async fn long_identifier(peer: &Peer) -> Outcome {
    let (product, identifier) = key(peer)?;
    let identifier = format!("{identifier:-<LONG$}");
    no_device(peer, product, &identifier)
        .await
        .blaming("NUB-ERROR-004")
}

async fn again(peer: &Peer) -> Outcome {
    let refused = log_in_as(peer, |who| who.credential = altered(&who.credential)).await;
    let (link, response) = refused.unrelated("being refused")?;
    if response.name() != "refused" {
        let got = phrase(&response.message);
        return Err(Stop::inconclusive(format!(
            "a wrong secret was not refused: {got}"
        )));
    }
    link.close();
    let mut link = peer.connected().await?;
    link.fence().await.map(drop)
}

async fn logout(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let response = ask(&mut link, json!({"type": "logout"})).await?;
    accepted(&response)?;
    let more = alone(&mut link).await;
    more.map(drop).blaming("NUB-LOGOUT-002")
}

/// Sees that nothing follows the response to a Logout, and whether the connection stays: that is open.
async fn alone(link: &mut Link) -> Outcome<bool> {
    let deadline = Instant::now() + link.timeout().min(AFTERWARDS);
    match link.next_before(deadline).await {
        Event::Silence(_) if link.unfinished() == 0 => Ok(true),
        Event::Closed { unfinished: 0, .. } => Ok(false),
        other => Err(Stop::fail("one response to the Logout", other.to_string())),
    }
}

/// Of a token that has been given back; a connection that ended with it says as much.
async fn after_logout(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let response = ask(&mut link, json!({"type": "logout"})).await?;
    accepted(&response).unrelated("logging out")?;
    if !alone(&mut link).await.unrelated("logging out")? {
        return Ok(());
    }
    let response = ask(&mut link, heartbeat(None)).await;
    refused(
        &link,
        &response.blaming("NUB-HEARTBEAT-004")?,
        "access_token",
    )
}
