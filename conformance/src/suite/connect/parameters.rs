//! What a Connect may ask for.

use serde_json::json;

use super::{accepted, error_for, refuses, says_why};
use crate::case::{Case, SERVER};
use crate::family;
use crate::subject::vocabulary::connect;
use crate::subject::{Peer, Want, vocabulary};
use crate::verdict::{Outcome, Step, Stop};

/// Ambiguity of the versions that a Connect can name.
const VERSION: &str = "IOTMP23-AMB-VERSION";
/// Versions that are tried: the first that a revision could have, and one that none has.
const VERSIONS: [u64; 3] = [0, 1, 77];
/// Letters of a long firmware, whose size still fits into the tag of a text.
const LONG: usize = 28;
/// Ambiguity of the intervals that a server accepts.
const KEEP_ALIVE_LIMIT: &str = "IOTMP23-AMB-KEEP-ALIVE-LIMIT";

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "connect.keep-alive-longest",
        title: "the longest keep alive interval is accepted",
        clauses: &["IOTMP25-CONNECT-005"],
        ambiguity: Some(KEEP_ALIVE_LIMIT),
        run: |peer| Box::pin(keep_alive_longest(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.keep-alive-too-long",
        title: "a keep alive interval one second above the longest is refused",
        clauses: &["IOTMP25-CONNECT-009"],
        ambiguity: Some(KEEP_ALIVE_LIMIT),
        control: Some("connect.keep-alive-longest"),
        run: |peer| Box::pin(keep_alive_too_long(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.keep-alive-code",
        title: "the refusal of a keep alive interval says so by its code",
        clauses: &["IOTMP23-CONNECT-018"],
        run: |peer| Box::pin(keep_alive_code(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.any-version",
        title: "the version in a Connect changes nothing",
        clauses: &["IOTMP23-CONNECT-022"],
        ambiguity: Some(VERSION),
        control: Some("run.one-answer"),
        run: |peer| Box::pin(any_version(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.auth-type-credentials",
        title: "the authentication type of credentials may be named",
        clauses: &["IOTMP25-CONNECT-005"],
        run: |peer| Box::pin(auth_type_credentials(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.auth-type-reserved",
        title: "the reserved authentication types are refused",
        // Elsewhere none is reserved: those that have a name are in use.
        specs: &["iotmp-2025", "iotmp-shipping"],
        clauses: &["IOTMP25-CONNECT-011"],
        control: Some("connect.auth-type-credentials"),
        run: |peer| Box::pin(auth_type_reserved(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.wrong-token",
        title: "a token or certificate that belongs to nobody is refused",
        // The others reserve their types.
        specs: &["iotmp-2020", "iotmp-2023"],
        clauses: &["IOTMP25-CONNECT-006"],
        control: Some("connect.auth-type-credentials"),
        run: |peer| Box::pin(wrong_token(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.auth-type-unknown",
        title: "an authentication type that nobody defined is refused",
        // Elsewhere others are reserved, which is what the rule there is about.
        specs: &["iotmp-2020", "iotmp-2023"],
        clauses: &["IOTMP25-CONNECT-011"],
        control: Some("connect.auth-type-credentials"),
        run: |peer| Box::pin(auth_type_unknown(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.client-type-and-firmware",
        title: "client type and firmware change nothing",
        clauses: &["IOTMP25-CONNECT-012"],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(client_type_and_firmware(peer)),
        ..SERVER
    },
    Case {
        slug: "connect.version-0",
        title: "protocol version 0 means PSON generation 1",
        clauses: &["IOTMP25-CONNECT-010"],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(version(peer, 0)),
        ..SERVER
    },
    Case {
        slug: "connect.version-1",
        title: "protocol version 1 means PSON generation 2, for the rest of the connection too",
        clauses: &["IOTMP25-CONNECT-010"],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(version(peer, 1)),
        ..SERVER
    },
];

fn longest_keep_alive(peer: &Peer) -> Outcome<u64> {
    let timer = peer.spec().timer("keep_alive_max");
    timer.ok_or_else(|| Stop::skip("the spec sets no longest interval"))
}

/// Whether a server accepts a keep alive interval. Where it does not, it has to say so by Error.
async fn takes_keep_alive(peer: &Peer, seconds: u64) -> Outcome<bool> {
    let payload = peer.credentials()?.payload();
    let mut link = peer.open().await?;
    let id = link.id();
    let parts = json!({"keep_alive": seconds});
    link.send(connect(peer.spec(), id, &parts, &payload)?)
        .await?;
    let answer = link.message(&[Want::Answer(id)]).await;
    let answer = answer.because(format!("the Connect asked for {seconds} s"))?;
    Ok(answer.name() == "ok")
}

/// The reading of a server where the sources leave the limit open.
async fn limit_seen(peer: &Peer, longest: u64) -> Outcome {
    let as_2025 =
        takes_keep_alive(peer, longest).await? && !takes_keep_alive(peer, longest + 1).await?;
    let reading = if as_2025 { "as-2025" } else { "own" };
    Err(Stop::info(KEEP_ALIVE_LIMIT, reading))
}

async fn keep_alive_longest(peer: &Peer) -> Outcome {
    let longest = longest_keep_alive(peer)?;
    if family::ambiguity(peer.spec(), KEEP_ALIVE_LIMIT).is_some() {
        return match takes_keep_alive(peer, longest).await? {
            true => Ok(()),
            false => Err(Stop::info(KEEP_ALIVE_LIMIT, "own")),
        };
    }
    accepted(peer, &json!({"keep_alive": longest}), None)
        .await
        .map(drop)
}

async fn keep_alive_too_long(peer: &Peer) -> Outcome {
    let longest = longest_keep_alive(peer)?;
    if family::ambiguity(peer.spec(), KEEP_ALIVE_LIMIT).is_some() {
        return limit_seen(peer, longest).await;
    }
    refuses(peer).await?;
    let payload = peer.credentials()?.payload();
    // One of 17 bits is short if it is cut.
    for seconds in [longest + 1, 60 | 1 << u16::BITS] {
        error_for(peer, &json!({"keep_alive": seconds}), &payload)
            .await
            .because(format!("the Connect asked for {seconds} s"))?;
    }
    Ok(())
}

/// Looks for an interval that the server refuses: whichever it is, the code is the same.
async fn keep_alive_code(peer: &Peer) -> Outcome {
    let payload = peer.credentials()?.payload();
    let longest = longest_keep_alive(peer)?;
    for seconds in [longest + 1, u64::from(u32::MAX), 0] {
        let mut link = peer.open().await?;
        let id = link.id();
        let parts = json!({"keep_alive": seconds});
        link.send(connect(peer.spec(), id, &parts, &payload)?)
            .await?;
        let answer = link.message(&[Want::Answer(id)]).await?;
        if answer.name() == "error" {
            return says_why(peer, &answer, "invalid_keep_alive")
                .because(format!("the Connect asked for {seconds} s"));
        }
    }
    Err(Stop::skip("the server refuses no interval"))
}

async fn any_version(peer: &Peer) -> Outcome {
    let payload = peer.credentials()?.payload();
    let mut refused = false;
    for version in VERSIONS {
        let mut link = peer.open().await?;
        let id = link.id();
        let parts = json!({"version": version});
        link.send(connect(peer.spec(), id, &parts, &payload)?)
            .await?;
        let because = format!("the Connect named version {version}");
        let answer = link.message(&[Want::Answer(id)]).await.because(&because)?;
        if answer.name() == "error" {
            refused = true;
            continue;
        }
        link.ask().await.because(&because)?;
        link.quiet("nothing more").await.because(&because)?;
    }
    let reading = if refused { "known" } else { "any" };
    Err(Stop::info(VERSION, reading))
}

async fn auth_type_credentials(peer: &Peer) -> Outcome {
    let credentials = vocabulary::number(peer.spec(), "auth_type", "credentials")?;
    accepted(peer, &json!({"auth_type": credentials}), None)
        .await
        .map(drop)
}

async fn auth_type_reserved(peer: &Peer) -> Outcome {
    refuses(peer).await?;
    let payload = peer.credentials()?.payload();
    let types = peer.spec().enumeration("auth_type");
    let reserved = types.map_or(&[][..], |types| &types.values);
    // Whoever reads a token expects one text.
    for payload in [payload, json!("nobody's token")] {
        for kind in reserved.iter().filter(|kind| kind.name != "credentials") {
            error_for(peer, &json!({"auth_type": kind.value}), &payload)
                .await
                .because(format!(
                    "authentication type {} ({}), and {payload}",
                    kind.value, kind.name
                ))?;
        }
    }
    Ok(())
}

/// Whoever reads tokens has none of this text; whoever does not expects three texts.
async fn wrong_token(peer: &Peer) -> Outcome {
    let types = peer.spec().enumeration("auth_type");
    let types = types.ok_or_else(|| Stop::skip("the spec has no authentication types"))?;
    refuses(peer).await?;
    for kind in types
        .values
        .iter()
        .filter(|kind| kind.name != "credentials")
    {
        let parts = json!({"auth_type": kind.value});
        error_for(peer, &parts, &json!("nobody's token"))
            .await
            .because(format!(
                "authentication type {} ({}), and a token that nobody gave",
                kind.value, kind.name
            ))?;
    }
    Ok(())
}

async fn auth_type_unknown(peer: &Peer) -> Outcome {
    let payload = peer.credentials()?.payload();
    let types = peer.spec().enumeration("auth_type");
    let types = types.ok_or_else(|| Stop::skip("the spec has no authentication types"))?;
    refuses(peer).await?;
    let highest = types.values.iter().map(|kind| kind.value).max();
    let largest = u64::MAX >> (u64::BITS - u32::from(types.bits).min(u64::BITS));
    for kind in [highest.unwrap_or(0) + 1, largest] {
        error_for(peer, &json!({"auth_type": kind}), &payload)
            .await
            .because(format!("authentication type {kind}"))?;
    }
    Ok(())
}

async fn client_type_and_firmware(peer: &Peer) -> Outcome {
    let long = "1".repeat(LONG);
    for (client, firmware) in [("conformance", "1.0.0"), ("conformance", long.as_str())] {
        let parameters = json!({"client_type": client, "firmware": firmware});
        let (mut link, _) = accepted(peer, &parameters, None).await?;
        link.ask().await?;
        link.quiet("nothing more").await?;
    }
    Ok(())
}

async fn version(peer: &Peer, version: u64) -> Outcome {
    let older = match peer.subject().takes_over() {
        true => None,
        false => Some(peer.connected().await?),
    };
    let (mut link, _) = accepted(peer, &json!({"protocol_version": version}), None).await?;
    let encodings = link.codec().encodings();
    let named = usize::try_from(version)
        .ok()
        .and_then(|index| encodings.get(index));
    if let Some(encoding) = named {
        link.set_encoding(*encoding);
    }
    // A resource that does not exist travels in that generation, and so may the Error.
    link.ask().await?;
    let Some(mut older) = older else {
        return Ok(());
    };
    // Whether it lives on is the matter of other cases; what this one asked for is nothing to it.
    if older.fence().await.is_err() {
        return Ok(());
    }
    let answer = older.ask().await;
    let because = "asked on an older connection whose Connect named no version";
    answer.because(because).map(drop)
}
