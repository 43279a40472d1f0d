//! Credentials that are nearly right, and what a refused device may do.

use serde_json::{Value as Json, json};

use super::{OK, other_last_character, refused_with};
use crate::case::{Case, SERVER};
use crate::subject::vocabulary::{self, connect};
use crate::subject::{Credentials, Event, Link, Peer, Want, phrase};
use crate::suite::property::{self, asked, with_id};
use crate::verdict::{Outcome, Step, Stop};

/// Whoever is not let in is not served either.
const REFUSED: &str = "IOTMP25-CONNECT-006";
/// A property of the device that a case sets.
const PROPERTY: &str = "conformance_refused";

/// A case of its own connection, on which valid credentials would do.
const NEARLY: Case = Case {
    clauses: &[REFUSED],
    control: OK,
    ..SERVER
};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "connect.credential-in-other-case",
        title: "the credential in capitals, or without, is refused",
        run: |peer| Box::pin(all_refused(peer, &[other_case])),
        ..NEARLY
    },
    Case {
        slug: "connect.credential-in-part",
        title: "the first or last character of the credential, or half of it, is refused",
        run: |peer| {
            Box::pin(all_refused(
                peer,
                &[
                    |c| part(c, |all| (0, 1.min(all))),
                    |c| part(c, |all| (0, all / 2)),
                    |c| part(c, |all| (1.min(all), all)),
                    |c| part(c, |all| (all / 2, all)),
                    |c| part(c, |all| (all.saturating_sub(1), all)),
                ],
            ))
        },
        ..NEARLY
    },
    Case {
        slug: "connect.credential-is-a-name",
        title: "the name of the user or of the device in the place of the credential is refused",
        run: |peer| {
            Box::pin(all_refused(
                peer,
                &[
                    |c| c.credential.clone_from(&c.user),
                    |c| c.credential.clone_from(&c.device),
                ],
            ))
        },
        ..NEARLY
    },
    Case {
        slug: "connect.credential-with-blanks",
        title: "the credential with a blank before or behind it is refused",
        run: |peer| {
            Box::pin(all_refused(
                peer,
                &[
                    |c| c.credential.insert(0, ' '),
                    |c| c.credential.push(' '),
                    |c| c.credential.push('\n'),
                ],
            ))
        },
        ..NEARLY
    },
    Case {
        slug: "connect.credential-after-more",
        title: "the credential with a character before it, or twice, is refused",
        run: |peer| {
            Box::pin(all_refused(
                peer,
                &[
                    |c| c.credential.insert(0, 'x'),
                    |c| c.credential = c.credential.repeat(2),
                ],
            ))
        },
        ..NEARLY
    },
    Case {
        slug: "connect.credential-pattern",
        title: "a pattern that the credential matches is refused",
        run: |peer| {
            Box::pin(all_refused(
                peer,
                &[
                    |c| c.credential = "*".to_owned(),
                    |c| c.credential = "%".to_owned(),
                    |c| c.credential = ".*".to_owned(),
                ],
            ))
        },
        ..NEARLY
    },
    Case {
        slug: "connect.names-cut",
        title: "user and device without their last character, or empty, are refused",
        run: |peer| {
            Box::pin(all_refused(
                peer,
                &[
                    |c| cut(&mut c.user),
                    |c| cut(&mut c.device),
                    |c| c.user.clear(),
                    |c| c.device.clear(),
                ],
            ))
        },
        ..NEARLY
    },
    Case {
        slug: "connect.names-with-more",
        title: "user and device with a blank or a NUL behind them are refused",
        run: |peer| {
            Box::pin(all_refused(
                peer,
                &[
                    |c| c.user.push(' '),
                    |c| c.device.push(' '),
                    |c| c.user.push_str("\0x"),
                    |c| c.device.push_str("\0x"),
                ],
            ))
        },
        ..NEARLY
    },
    Case {
        slug: "connect.names-swapped",
        title: "user, device and credential in another order are refused",
        run: |peer| {
            Box::pin(all_refused(
                peer,
                &[
                    |c| core::mem::swap(&mut c.user, &mut c.device),
                    |c| core::mem::swap(&mut c.device, &mut c.credential),
                ],
            ))
        },
        ..NEARLY
    },
    Case {
        slug: "connect.refused-again",
        title: "who was refused is refused again",
        run: |peer| Box::pin(refused_again(peer)),
        ..NEARLY
    },
    Case {
        slug: "connect.refused-not-served",
        title: "who was refused is not served",
        // What only a device that was let in can do is known of those servers alone.
        specs: &["iotmp-2020", "iotmp-shipping"],
        run: |peer| Box::pin(refused_not_served(peer)),
        ..NEARLY
    },
    Case {
        slug: "connect.wrong-after-right",
        title: "a second Connect with a wrong credential is not accepted",
        run: |peer| Box::pin(wrong_after_right(peer)),
        ..NEARLY
    },
];

/// Small letters for capitals and the other way round.
fn other_case(credentials: &mut Credentials) {
    let swap = |c: char| match c {
        c if c.is_ascii_lowercase() => c.to_ascii_uppercase(),
        c => c.to_ascii_lowercase(),
    };
    credentials.credential = credentials.credential.chars().map(swap).collect();
}

fn cut(name: &mut String) {
    name.pop();
}

/// Tries what each of `spoilers` makes of the credentials, as far as it makes others of them.
/// Leaves of a credential what lies between two of its characters, given how many there are.
fn part(credentials: &mut Credentials, between: fn(usize) -> (usize, usize)) {
    let all: Vec<char> = credentials.credential.chars().collect();
    let (from, until) = between(all.len());
    credentials.credential = all.get(from..until).unwrap_or_default().iter().collect();
}

async fn all_refused(peer: &Peer, spoilers: &[fn(&mut Credentials)]) -> Outcome {
    let right = peer.credentials()?;
    let mut tried = 0;
    for spoil in spoilers {
        let mut wrong = right.clone();
        spoil(&mut wrong);
        if wrong == *right {
            continue;
        }
        tried += 1;
        let said = wrong.payload();
        refused_with(peer, &wrong)
            .await
            .because(format!("the payload was {said}"))?;
    }
    match tried {
        0 => Err(Stop::skip("these credentials have no such twin")),
        _ => Ok(()),
    }
}

fn wrong(peer: &Peer) -> Outcome<Json> {
    let mut credentials = peer.credentials()?.clone();
    other_last_character(&mut credentials);
    Ok(credentials.payload())
}

/// Sends a Connect with a wrong credential and waits for anything but its Ok.
async fn try_wrong(peer: &Peer, link: &mut Link) -> Outcome<Event> {
    let id = link.id();
    link.send(connect(peer.spec(), id, &Json::Null, &wrong(peer)?)?)
        .await?;
    match link.next().await {
        Event::Message(received) if received.name() == "ok" => Err(Stop::fail(
            "an Error or the end of the connection",
            phrase(&received.message),
        )),
        other => Ok(other),
    }
}

/// On the same connection, as long as the server leaves it open.
async fn refused_again(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    for nth in ["first", "second", "third"] {
        let event = try_wrong(peer, &mut link).await;
        let event = event.because(format!("to the {nth} Connect with a wrong credential"))?;
        if !matches!(event, Event::Message(_)) {
            break;
        }
    }
    Ok(())
}

async fn wrong_after_right(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    try_wrong(peer, &mut link).await.map(drop)
}

async fn refused_not_served(peer: &Peer) -> Outcome {
    let request = match vocabulary::number(peer.spec(), "action", "set_device_property") {
        Ok(action) => json!({
            "type": "run", "resource": PROPERTY, "action": action, "payload": {"set": true}
        }),
        Err(_) => property::set(peer.spec(), PROPERTY, &json!({"set": true}))?,
    };
    let mut link = peer.connected().await?;
    let served = asked(&mut link, &request).await;
    if served.unrelated("asking as a connected device")?.name() != "ok" {
        let why = "the server grants nothing that shows whether a device is served";
        return Err(Stop::skip(why));
    }
    let mut link = peer.open().await?;
    let id = link.id();
    link.send(connect(peer.spec(), id, &Json::Null, &wrong(peer)?)?)
        .await?;
    link.message(&[Want::Error(id)])
        .await
        .unrelated("being refused")?;
    let id = link.id();
    link.send(with_id(&request, id)).await?;
    match link.next().await {
        Event::Message(received) if received.is("ok", id) => Err(Stop::fail(
            "an Error, no answer, or the end of the connection",
            phrase(&received.message),
        )
        .because("the Connect had been refused")),
        _ => Ok(()),
    }
}
