//! What holds for the fields of one request, asked of every request that a subject answers.

use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};

use super::{LONG, UNKNOWN, bytes_like_fields, elsewhere_sized};
use crate::case::{CASE, Case, Role};
use crate::subject::{Link, Peer, Want, phrase, vocabulary};
use crate::suite::craft::{Craft, padded_varint};
use crate::suite::run::call;
use crate::suite::sid::unanswered;
use crate::suite::stream::past_data;
use crate::verdict::{Outcome, Step, Stop};

/// Bits that are lost to those who keep numbers in two bytes, in four, as signed ones in eight, or
/// in eight at all.
const LOST: [u32; 4] = [16, 32, 63, 64];
/// Bytes of the longest varint of 64 bits, whose last one holds the highest of them.
const LONGEST: usize = 10;
/// The fields of a message as bytes, each by itself.
type Fields = Vec<Vec<u8>>;
/// The forms of a message that are to be understood like it.
type Forms = fn(Craft, &[Vec<u8>]) -> Outcome<Vec<Fields>>;

/// What the others build on.
const PLAIN: Option<&str> = Some("fields.each-plain");

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "fields.each-plain",
        title: "every request that is put together field by field is answered",
        clauses: &["IOTMP25-SID-001"],
        control: Some("framing.request"),
        run: |peer| Box::pin(understood(peer, |_, _| Ok(Vec::new()))),
        ..CASE
    },
    Case {
        slug: "fields.each-unknown",
        title: "an unknown field is skipped in every request, wherever it stands",
        clauses: &["IOTMP25-KEY-002"],
        control: Some("fields.each-any-order"),
        run: |peer| {
            Box::pin(understood(peer, |craft, fields| {
                let number = everywhere(fields, &craft.number(UNKNOWN, 300));
                let bytes = everywhere(fields, &bytes_like_fields(craft)?);
                Ok([number, bytes].concat())
            }))
        },
        ..CASE
    },
    Case {
        slug: "fields.each-long-key",
        title: "a field identifier above 15 is taken for no other in every request",
        // The first revision has no identifiers above 15.
        specs: &["iotmp-2023", "iotmp-2025", "iotmp-shipping"],
        clauses: &["IOTMP25-KEY-004", "IOTMP25-KEY-002"],
        control: Some("fields.each-unknown"),
        run: |peer| {
            Box::pin(understood(peer, |craft, fields| {
                // The other two end like that of the stream identifier in keys of one byte and two.
                let long = [LONG, 0x21, 0x2001];
                let forms = long.map(|field| everywhere(fields, &craft.number(field, 9)));
                Ok(forms.concat())
            }))
        },
        ..CASE
    },
    Case {
        slug: "fields.each-any-order",
        title: "fields are accepted in the opposite order in every request",
        clauses: &["IOTMPS-WIRE-005"],
        control: PLAIN,
        run: |peer| {
            Box::pin(understood(peer, |_, fields| {
                Ok(vec![fields.iter().rev().cloned().collect()])
            }))
        },
        ..CASE
    },
    Case {
        slug: "fields.each-stream-id-cut",
        title: "a stream identifier of more than 16 bits is cut in no request",
        clauses: &["IOTMP25-SID-002", "IOTMP25-VARINT-004"],
        control: PLAIN,
        run: |peer| {
            Box::pin(async move {
                for bit in LOST {
                    refused(peer, |craft, field, id| {
                        Ok(vec![long(craft, field, id, bit)])
                    })
                    .await?;
                }
                Ok(())
            })
        },
        ..CASE
    },
    Case {
        slug: "fields.each-stream-id-as-value",
        title: "a stream identifier under the wire type of values is refused in every request",
        clauses: &["IOTMP25-KEY-006"],
        control: PLAIN,
        run: |peer| {
            Box::pin(refused(peer, |craft, field, id| {
                Ok(vec![craft.value(field, &json!(id))?])
            }))
        },
        ..CASE
    },
    Case {
        slug: "fields.each-stream-id-missing",
        title: "a request that lacks its mandatory stream identifier is refused, whichever it is",
        clauses: &["IOTMP25-KEY-005"],
        control: PLAIN,
        run: |peer| Box::pin(refused(peer, |_, _, _| Ok(Vec::new()))),
        ..CASE
    },
    Case {
        slug: "fields.each-reserved-wire-types",
        title: "a field of a reserved wire type spoils every request",
        clauses: &["IOTMP25-KEY-003", "IOTMPS-WIRE-002"],
        control: Some("fields.each-unknown"),
        run: |peer| {
            Box::pin(async move {
                let reserved: Vec<u8> = Craft::new(peer.codec()).reserved_wire_types().collect();
                for wire_type in reserved {
                    // What it says elsewhere, or a varint.
                    let size = elsewhere_sized(wire_type).unwrap_or(1);
                    refused(peer, |craft, field, id| {
                        let spoiled = [craft.key(UNKNOWN, wire_type), vec![0; size]].concat();
                        Ok(vec![craft.number(field, id.into()), spoiled])
                    })
                    .await
                    .because(format!("wire type {wire_type} is reserved"))?;
                }
                Ok(())
            })
        },
        ..CASE
    },
];

/// A request that a subject answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Describe,
    DescribeOne,
    Run,
    StartStream,
    StopStream,
}

/// The requests of either role. A server has no stream to start, and none to stop: its answer is Error.
const fn requests(role: Role) -> &'static [Request] {
    match role {
        Role::Server => &[Request::Run, Request::StopStream],
        Role::Device => &[
            Request::Describe,
            Request::DescribeOne,
            Request::Run,
            Request::StartStream,
            Request::StopStream,
        ],
    }
}

impl Request {
    /// The rule by which it is answered.
    const fn answered_by(self, role: Role) -> &'static str {
        match (self, role) {
            (Self::Describe, _) => "IOTMP25-DESCRIBE-001",
            (Self::DescribeOne, _) => "IOTMP25-DESCRIBE-003",
            (Self::Run, _) => "IOTMP25-RUN-001",
            (Self::StartStream, _) => "IOTMP25-STREAM-001",
            (Self::StopStream, Role::Server) => "IOTMP25-STREAM-006",
            (Self::StopStream, Role::Device) => "IOTMP25-STREAM-005",
        }
    }

    /// The message, if the subject has what it needs; a stream that is to be stopped is opened.
    async fn message(self, peer: &Peer, link: &mut Link, id: u16) -> Outcome<Option<Json>> {
        let catalogue = peer.catalogue().ok();
        let runnable = catalogue.and_then(|catalogue| catalogue.runnable());
        let streamable = catalogue.and_then(|catalogue| catalogue.streamable().first().copied());
        Ok(match (self, peer.role()) {
            (Self::Describe, _) => Some(json!({"type": "describe", "stream_id": id})),
            (Self::DescribeOne, _) => runnable
                .map(|one| json!({"type": "describe", "stream_id": id, "resource": one.name})),
            (Self::Run, Role::Device) => runnable.map(|one| one.run(Some(id))),
            (Self::Run, Role::Server) => Some(call(peer, Some(id))),
            (Self::StartStream, _) => match streamable {
                Some(one) => Some(start(peer.spec(), id, &one.name)?),
                None => None,
            },
            (Self::StopStream, role) => {
                match (streamable, role) {
                    (_, Role::Server) => {}
                    (Some(one), Role::Device) => {
                        let name = &one.name;
                        link.send_start_stream(id, name, &Json::Null).await?;
                        let started = link.message(&[Want::Ok(id)]).await;
                        started.unrelated("starting a stream")?;
                    }
                    (None, Role::Device) => return Ok(None),
                }
                Some(json!({"type": "stop_stream", "stream_id": id}))
            }
        })
    }
}

fn start(spec: &Spec, id: u16, resource: &str) -> Outcome<Json> {
    let mut message = json!({"type": "start_stream", "stream_id": id, "resource": resource});
    vocabulary::add(spec, &mut message, &Json::Null)?;
    Ok(message)
}

fn name(message: &Json) -> &str {
    message
        .get("type")
        .and_then(Json::as_str)
        .unwrap_or_default()
}

async fn stopped(link: &mut Link, id: u16) -> Outcome {
    link.send(json!({"type": "stop_stream", "stream_id": id}))
        .await?;
    let stopped = past_data(link, &[Want::Answer(id)], &[id]).await;
    stopped.unrelated("stopping a stream").map(drop)
}

/// A field that is a number with a bit more than `id`.
fn long(craft: Craft, field: u32, id: u16, bit: u32) -> Vec<u8> {
    if let Some(high) = 1_u64.checked_shl(bit) {
        return craft.number(field, u64::from(id) | high);
    }
    let mut bytes = craft.key(field, craft.varint_wire());
    bytes.extend(padded_varint(id.into(), LONGEST));
    if let Some(last) = bytes.last_mut() {
        *last |= 2;
    }
    bytes
}

/// The fields with one more, at every place in turn.
fn everywhere(fields: &[Vec<u8>], more: &[u8]) -> Vec<Fields> {
    let places = 0..=fields.len();
    let with = |place: usize| {
        let mut fields = fields.to_vec();
        fields.insert(place, more.to_vec());
        fields
    };
    places.map(with).collect()
}

/// Every request as it is, and in every form that `edited` makes of its fields: those have the
/// answer that it has itself. What that is, is the matter of other cases.
async fn understood(peer: &Peer, edited: Forms) -> Outcome {
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    for request in requests(peer.role()) {
        let (mut nth, mut usual) = (0, Want::Answer as fn(u16) -> Want);
        loop {
            let id = link.id();
            let Some(message) = request.message(peer, &mut link, id).await? else {
                break;
            };
            let own = craft.fields(&message)?;
            let forms = [vec![own.clone()], edited(craft, &own)?].concat();
            let Some(form) = forms.get(nth) else { break };
            let name = name(&message);
            let what = format!("{name} in form {} of {}", nth + 1, forms.len());
            link.send_raw(&craft.frame(craft.code(name)?, &form.concat()), &what)
                .await;
            let answer = past_data(&mut link, &[usual(id)], &[id]).await;
            let answer = match nth {
                // As it is, it is answered by a rule of its own.
                0 => unanswered(answer, request.answered_by(peer.role())),
                _ => answer,
            };
            let is_ok = Want::Ok(id).allows(&answer.because(what)?);
            if nth == 0 && is_ok {
                usual = Want::Ok;
            }
            if *request == Request::StartStream && is_ok {
                stopped(&mut link, id).await?;
            }
            nth += 1;
        }
    }
    peer.keep(link).await;
    Ok(())
}

/// Every request whose stream identifier is mandatory, with that of `edited` in its place: none is
/// granted, and none is answered under the identifier that was not said.
async fn refused(peer: &Peer, edited: impl Fn(Craft, u32, u16) -> Outcome<Fields>) -> Outcome {
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    for request in requests(peer.role()) {
        let id = link.id();
        let Some(message) = request.message(peer, &mut link, id).await? else {
            continue;
        };
        let name = name(&message);
        let field = craft.field(name, "stream_id")?;
        let spoiled = edited(craft, field, id)?;
        let known = peer.spec().message(name).and_then(|m| m.field("stream_id"));
        if spoiled.is_empty() && known.is_none_or(|field| !field.mandatory) {
            continue;
        }
        let mut fields = craft.fields(&message)?;
        let own = craft.number(field, id.into());
        fields.retain(|field| *field != own);
        fields.extend(spoiled.iter().cloned());
        let what = format!("{name} with another stream identifier than {id}");
        link.send_raw(&craft.frame(craft.code(name)?, &fields.concat()), &what)
            .await;
        let settled = link.settle_spoiled().await?;
        // Whoever answers under what is left of a long number has cut it.
        let is_long = |bit| spoiled.first() == Some(&long(craft, field, id, bit));
        let is_cut = LOST.into_iter().any(is_long);
        let granted = settled.messages.iter().find(|message| {
            let is_answer = matches!(message.name(), "ok" | "error");
            let is_under_id = message.stream_id() == Some(id.into());
            message.name() == "ok" && (is_under_id || peer.role() == Role::Device)
                || is_cut && is_answer && is_under_id
        });
        if let Some(ok) = granted {
            let expected = "an Error, no answer, or the end of the connection";
            return Err(Stop::fail(expected, phrase(&ok.message)))
                .because(format!("it was a {name}"));
        }
        if !settled.alive {
            link = peer.connected().await?;
        } else if *request == Request::StopStream && peer.role() == Role::Device {
            stopped(&mut link, id).await?;
        }
    }
    Ok(())
}
