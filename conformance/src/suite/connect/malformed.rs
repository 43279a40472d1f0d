//! Connects with valid credentials and a value that is none.

use serde_json::json;

use super::payload::not_accepted;
use crate::case::{Case, Pace, SERVER};
use crate::family;
use crate::subject::Peer;
use crate::suite::craft::Craft;
use crate::suite::exchange::Exchange;
use crate::verdict::{Outcome, Step};

/// What a value has to be, and what the keys of a map.
const VALUES: [&str; 2] = ["IOTMP25-PSON1-007", "IOTMP25-PSON2-007"];
const KEYS: &str = "IOTMP25-PSON2-006";

/// Tags that no value has, and a map of one pair whose key is the number 5, in either generation.
const TAGS: [&[u8]; 2] = [&[0x80], &[0x63, 0x42]];
const NUMBERED: [&[u8]; 2] = [&[], &[0xc1, 0x05, 0x81, b'x']];

pub(in crate::suite) const CASES: &[Case] = &[Case {
    slug: "connect.parameters-malformed",
    title: "valid credentials do not make up for parameters that cannot be read",
    // Elsewhere a Connect has no parameters in a map.
    specs: &["iotmp-2025", "iotmp-shipping"],
    clauses: &[
        "IOTMP25-PSON1-007",
        "IOTMP25-PSON2-007",
        "IOTMP25-PSON2-006",
    ],
    control: Some("connect.client-type-and-firmware"),
    // It may be too much for whoever reads on.
    pace: Pace::Alone,
    run: |peer| Box::pin(parameters_malformed(peer)),
    ..SERVER
}];

/// The parameters of a Connect that go wrong at the value of a client type, by what is wrong.
fn spoiled(craft: Craft, generation: usize) -> Outcome<Vec<(String, &'static str, Vec<u8>)>> {
    let rule = VALUES.get(generation).copied().unwrap_or_default();
    let mut all = Vec::new();
    for tag in TAGS.get(generation).copied().unwrap_or_default() {
        let mut map = craft.bare_value(&json!({"ct": null}))?;
        // Null is a tag and nothing else.
        if let Some(last) = map.last_mut() {
            *last = *tag;
        }
        all.push((format!("a value whose tag is 0x{tag:02x}"), rule, map));
    }
    let mut cut = craft.bare_value(&json!({"ct": "abcde"}))?;
    cut.truncate(cut.len().saturating_sub(3));
    all.push(("a text that ends three bytes early".to_owned(), rule, cut));
    let numbered = NUMBERED.get(generation).copied().unwrap_or_default();
    if !numbered.is_empty() {
        let what = "a map with a number for a key".to_owned();
        all.push((what, KEYS, numbered.to_vec()));
    }
    Ok(all)
}

async fn parameters_malformed(peer: &Peer) -> Outcome {
    let craft = Craft::new(peer.codec());
    let second = family::clause(peer.spec(), VALUES[0]).is_none();
    for (what, rule, value) in spoiled(craft, usize::from(second))? {
        let mut exchange = Exchange::new(peer, None).await?;
        let mut parameters = craft.key(craft.field("connect", "parameters")?, craft.value_wire());
        parameters.extend(value);
        let mut fields = exchange.fields()?;
        // At the end, so that one that is cut takes no byte of another.
        fields.push(parameters);
        exchange.send(&fields, &format!("with {what}")).await?;
        not_accepted(&mut exchange.link)
            .await
            .blaming(rule)
            .because(format!("its parameters were {what}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Codec;
    use crate::specs;

    #[test]
    fn no_codec_reads_any_of_them() {
        for (generation, spec) in ["iotmp-2025", "iotmp-shipping"].into_iter().enumerate() {
            let codec = Codec::new(specs::by_name(spec).unwrap());
            let craft = Craft::new(codec);
            for (what, _, value) in spoiled(craft, generation).unwrap() {
                let mut body = craft.number(craft.field("connect", "stream_id").unwrap(), 1);
                let payload = craft.field("connect", "payload").unwrap();
                body.extend(craft.value(payload, &json!(["a", "b", "c"])).unwrap());
                let parameters = craft.field("connect", "parameters").unwrap();
                body.extend(craft.key(parameters, craft.value_wire()));
                body.extend(value);
                let message = craft.frame(craft.code("connect").unwrap(), &body);
                assert!(codec.decode(&message).is_err(), "{spec}: {what}");
            }
        }
    }
}
