//! What a Connect may ask for.

use serde_json::json;

use super::{accepted, error_for};
use crate::case::{Case, SERVER};
use crate::subject::Peer;
use crate::verdict::{Outcome, Step, Stop};

pub(in crate::suite) const CASES: &[Case] = &[
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
