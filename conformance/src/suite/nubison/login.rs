//! How a server takes a Login.

use serde_json::json;

use super::expect::{accepted, altered, heartbeat, in_other_case, log_in_as, refused};
use super::{LOGIN, SERVER};
use crate::case::Case;
use crate::subject::nubison::{ask, halves, is_response, log_in};
use crate::subject::{Credentials, Peer, phrase};
use crate::verdict::{Outcome, Step, Stop};

const OK: Option<&str> = Some(LOGIN);

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
        slug: "login.secret-in-other-case",
        title: "a client secret with its letters in the other case gets error code 0003",
        clauses: &["NUB-ERROR-003", "NUB-LOGIN-006"],
        control: Some("login.wrong-secret"),
        run: |peer| Box::pin(secret_in_other_case(peer)),
        ..SERVER
    },
    Case {
        slug: "login.unregistered",
        title: "an identifier that is not registered gets error code 0004",
        clauses: &["NUB-ERROR-004", "NUB-LOGIN-006", "NUB-LOGIN-007"],
        control: OK,
        run: |peer| {
            Box::pin(unwelcome(peer, "device_not_registered", |who| {
                who.device.push_str("-not-registered");
            }))
        },
        ..SERVER
    },
    Case {
        slug: "login.other-product",
        title: "the identifier alone does not name a device: another product code gets error code 0004",
        clauses: &["NUB-ERROR-004", "NUB-LOGIN-006", "NUB-LOGIN-007"],
        control: OK,
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
    let answer = log_in(&mut link, peer.credentials()?).await;
    answer.map(drop)?;
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

async fn secret_in_other_case(peer: &Peer) -> Outcome {
    let Some(secret) = in_other_case(&peer.credentials()?.credential) else {
        return Err(Stop::skip("the client secret has no letters"));
    };
    unwelcome(peer, "client", |who| who.credential = secret).await
}

async fn other_product(peer: &Peer) -> Outcome {
    let Some((product, _)) = halves(peer.spec(), peer.credentials()?) else {
        return Err(Stop::inconclusive("the credentials have no device key"));
    };
    let size = product.len();
    unwelcome(peer, "device_not_registered", |who| {
        let (product, rest) = who.device.split_at(size);
        who.device = format!("{}{rest}", altered(product));
    })
    .await
}

async fn again(peer: &Peer) -> Outcome {
    let (link, response) = log_in_as(peer, |who| who.credential = altered(&who.credential)).await?;
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
    // Whether the connection stays is open; whether more comes before that is not.
    match link
        .settle()
        .await?
        .messages
        .iter()
        .find(|m| is_response(m))
    {
        None => Ok(()),
        Some(more) => Err(Stop::fail(
            "one response to the Logout",
            phrase(&more.message),
        )),
    }
}

/// Of a token that has been given back; a connection that ended with it says as much.
async fn after_logout(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let response = ask(&mut link, json!({"type": "logout"})).await?;
    accepted(&response).unrelated("logging out")?;
    if !link.settle().await?.alive {
        return Ok(());
    }
    let response = ask(&mut link, heartbeat(None)).await?;
    refused(&link, &response, "access_token")
}
