//! Packets that nobody sends by mistake.

use serde_json::json;

use super::expect::{command, data, heartbeat};
use super::refusal::of_type;
use super::{BOTH, SERVER};
use crate::case::{Case, Pace, Role};
use crate::subject::nubison::complete;
use crate::subject::{Link, Peer};
use crate::verdict::Outcome;

/// Bytes of noise.
const NOISE: usize = 4096;
/// Bytes of a packet of a type that there is not.
const LARGE: usize = 1 << 20;
/// Responses that nobody waits for.
const RESPONSES: usize = 200;

/// A case after which the subject is seen to live, on another connection.
const ABUSE: Case = Case {
    clauses: &["NUB-ROBUST-001"],
    control: Some("packet.pieces"),
    pace: Pace::Alone,
    ..BOTH
};

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "abuse.noise",
        title: "random bytes cost a connection at most",
        run: |peer| Box::pin(abuse(peer, |link| Ok(noise(link)))),
        ..ABUSE
    },
    Case {
        slug: "abuse.lying-length",
        title: "a length of which nothing comes costs a connection at most",
        run: |peer| Box::pin(abuse(peer, lying_length)),
        ..ABUSE
    },
    Case {
        slug: "abuse.cut-mid-packet",
        title: "a connection that ends in the middle of a packet just ends",
        run: |peer| Box::pin(abuse(peer, cut_mid_packet)),
        ..ABUSE
    },
    Case {
        slug: "abuse.large",
        title: "a packet of no type and of 1 MiB costs a connection at most",
        run: |peer| {
            Box::pin(abuse(peer, |link| {
                Ok(of_type(link, b'X', &vec![0x55; LARGE]).0)
            }))
        },
        ..ABUSE
    },
    Case {
        slug: "abuse.responses-to-nothing",
        title: "responses that nobody waits for change nothing",
        run: |peer| Box::pin(abuse(peer, |link| Ok(responses(link)))),
        ..ABUSE
    },
    Case {
        slug: "abuse.status",
        title: "a status that there is not costs a connection at most",
        run: |peer| Box::pin(abuse(peer, |link| Ok(of_type(link, b'R', &[2]).0))),
        ..ABUSE
    },
    Case {
        slug: "abuse.not-utf-8",
        title: "an access token that is not UTF-8 costs a connection at most",
        run: |peer| Box::pin(abuse(peer, not_utf_8)),
        ..ABUSE
    },
    Case {
        slug: "abuse.before-login",
        title: "random bytes before a Login cost a connection at most",
        roles: SERVER.roles,
        run: |peer| Box::pin(before_login(peer)),
        ..ABUSE
    },
];

/// Sends bytes on a connection and ends it, while another looks on.
async fn abuse(peer: &Peer, bytes: impl FnOnce(&mut Link) -> Outcome<Vec<u8>>) -> Outcome {
    let witness = peer.witness().await?;
    let mut link = peer.connected().await?;
    let bytes = bytes(&mut link)?;
    link.send_raw(&bytes, "what nobody sends by mistake").await;
    link.close();
    witness.undisturbed().await
}

fn noise(link: &mut Link) -> Vec<u8> {
    let mut state = link.opened().elapsed().as_nanos() as u64 | 1;
    let mut byte = || {
        // Xorshift: any seed but 0 is as good as any other.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..NOISE).map(|_| byte()).collect()
}

fn lying_length(link: &mut Link) -> Outcome<Vec<u8>> {
    let request = match link.role() {
        Role::Server => data(&[0; 65_535]),
        Role::Device => command(Some(&[0; 255])),
    };
    let request = complete(link, request);
    let mut bytes = link.encode(&request)?;
    bytes.truncate(bytes.len() - 250);
    Ok(bytes)
}

fn cut_mid_packet(link: &mut Link) -> Outcome<Vec<u8>> {
    let request = match link.role() {
        Role::Server => json!({"type": "logout"}),
        Role::Device => command(None),
    };
    let request = complete(link, request);
    let mut bytes = link.encode(&request)?;
    bytes.truncate(bytes.len() / 2);
    Ok(bytes)
}

fn responses(link: &mut Link) -> Vec<u8> {
    (0..RESPONSES)
        .flat_map(|_| of_type(link, b'R', &[0, 0, 5]).0)
        .collect()
}

fn not_utf_8(link: &mut Link) -> Outcome<Vec<u8>> {
    let request = match link.role() {
        Role::Server => heartbeat(None),
        Role::Device => command(None),
    };
    let request = complete(link, request);
    let mut bytes = link.encode(&request)?;
    if let Some(byte) = bytes.last_mut() {
        *byte = 0xff;
    }
    Ok(bytes)
}

async fn before_login(peer: &Peer) -> Outcome {
    let witness = peer.witness().await?;
    let mut link = peer.open().await?;
    let bytes = noise(&mut link);
    link.send_raw(&bytes, "random bytes").await;
    link.close();
    witness.undisturbed().await
}
