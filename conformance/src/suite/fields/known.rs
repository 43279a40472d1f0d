//! Wire types that nobody may use, under fields that everybody knows.

use serde_json::json;

use super::super::run::call;
use crate::case::{CASE, Case, Role};
use crate::subject::{Peer, phrase};
use crate::suite::craft::Craft;
use crate::verdict::{Outcome, Stop};

pub(in crate::suite) const CASES: &[Case] = &[Case {
    slug: "fields.known-reserved-wire-types",
    title: "a field of a Run spoils it under each reserved wire type, whichever field it is",
    clauses: &["IOTMP25-KEY-003", "IOTMPS-WIRE-002"],
    control: Some("fields.each-any-order"),
    roles: &[Role::Device],
    run: |peer| Box::pin(known(peer)),
    ..CASE
}];

async fn known(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let reserved: Vec<u8> = craft.reserved_wire_types().collect();
    let zero = craft.bare_value(&json!(0))?;
    for name in ["payload", "resource"] {
        let field = craft.field("run", name)?;
        for wire_type in &reserved {
            let id = link.id();
            // What it is in another layout of keys, or where four bytes are due, is a value as well.
            let spoiled = match wire_type {
                5 => vec![0; 4],
                _ => zero.clone(),
            };
            let run = craft.fields(&call(peer, Some(id)))?.concat();
            let body = [run, craft.key(field, *wire_type), spoiled].concat();
            let what = format!("run with a {name} of wire type {wire_type}");
            link.send_raw(&craft.frame(craft.code("run")?, &body), &what)
                .await;
            let settled = link.settle_spoiled().await?;
            if let Some(ok) = settled.messages.iter().find(|message| message.is("ok", id)) {
                let expected = "an Error, no answer, or the end of the connection";
                return Err(Stop::fail(expected, phrase(&ok.message)).because(what));
            }
            if !settled.alive {
                link = peer.connected().await?;
            }
        }
    }
    Ok(())
}
