//! A codec that breaks one rule fails the vectors of that rule.

use std::collections::BTreeSet;

use iotmp_conformance::subject::{CodecSubject, Interpreting, Question, Reply};
use iotmp_conformance::vector::{self, Verdict};
use serde_json::{Value as Json, json};

/// The suite's own codec, with its replies changed.
struct Saboteur<D, E> {
    decode: D,
    encode: E,
}

impl<D, E> CodecSubject for Saboteur<D, E>
where
    D: FnMut(Question<'_>, &[u8], Reply) -> Reply,
    E: FnMut(Question<'_>, &Json, Reply) -> Reply,
{
    fn name(&self) -> &'static str {
        "saboteur"
    }

    fn refuses_exactly(&self) -> bool {
        true
    }

    fn decode(&mut self, question: Question<'_>, bytes: &[u8]) -> Reply {
        let reply = Interpreting.decode(question, bytes);
        (self.decode)(question, bytes, reply)
    }

    fn encode(&mut self, question: Question<'_>, value: &Json) -> Reply {
        let reply = Interpreting.encode(question, value);
        (self.encode)(question, value, reply)
    }
}

fn same<T: ?Sized>(_: Question<'_>, _: &T, reply: Reply) -> Reply {
    reply
}

#[derive(Default)]
struct Count {
    pass: BTreeSet<String>,
    fail: BTreeSet<String>,
    skip: BTreeSet<String>,
    info: BTreeSet<String>,
}

/// What comes of all vectors of the shipping profile.
fn count(subject: &mut dyn CodecSubject) -> Count {
    let mut count = Count::default();
    let mut sets = vector::all().iter();
    let set = sets.find(|set| set.spec.name == "iotmp-shipping").unwrap();
    for vector in &set.vectors {
        for judgement in vector::run(set, vector, subject).judgements {
            let id = vector.id.trim_start_matches("iotmp-shipping/");
            let id = format!("{id} {}", judgement.operation);
            let into = match judgement.verdict {
                Verdict::Pass => &mut count.pass,
                Verdict::Fail { .. } => &mut count.fail,
                Verdict::Skip(_) => &mut count.skip,
                Verdict::Info { .. } => &mut count.info,
            };
            into.insert(id);
        }
    }
    count
}

fn refusal() -> Reply {
    Reply::Refused {
        class: "truncated".to_owned(),
        offset: Some(0),
        detail: "no".to_owned(),
    }
}

#[test]
fn who_refuses_everything_passes_nothing() {
    let mut subject = Saboteur {
        decode: |_: Question<'_>, _: &[u8], _| refusal(),
        encode: |_: Question<'_>, _: &Json, _| refusal(),
    };
    let count = count(&mut subject);
    assert_eq!(count.pass, BTreeSet::new());
    // Every refusal that would have been right is worth nothing, as its control failed.
    assert!(count.skip.contains("framing/empty decode"));
    assert!(count.fail.contains("framing/keep-alive decode"));
}

#[test]
fn who_accepts_everything_fails_every_invalid_vector() {
    let accept = |_: Question<'_>, _: &[u8], reply| match reply {
        Reply::Refused { .. } => Reply::Decoded {
            value: json!(null),
            consumed: 0,
        },
        reply => reply,
    };
    let count = count(&mut Saboteur {
        decode: accept,
        encode: same,
    });
    let mut sets = vector::all().iter();
    let set = sets.find(|set| set.spec.name == "iotmp-shipping").unwrap();
    for vector in &set.vectors {
        let id = vector.id.trim_start_matches("iotmp-shipping/");
        let id = format!("{id} decode");
        let invalid = matches!(vector.expected, vector::Expected::Invalid { .. });
        if invalid && vector.bytes.is_some() {
            assert!(count.fail.contains(&id), "{id}");
        }
    }
}

#[test]
fn who_never_answers_passes_nothing() {
    let broken = || Reply::Broken("it crashed".to_owned());
    let mut subject = Saboteur {
        decode: |_: Question<'_>, _: &[u8], _| broken(),
        encode: |_: Question<'_>, _: &Json, _| broken(),
    };
    let count = count(&mut subject);
    assert_eq!((count.pass.len(), count.info.len()), (0, 0));
}

#[test]
fn who_says_that_it_cannot_is_not_judged() {
    let unsupported = || Reply::Unsupported("no encoder".to_owned());
    let encode = |_: Question<'_>, _: &Json, _| unsupported();
    let count = count(&mut Saboteur {
        decode: same,
        encode,
    });
    assert_eq!(count.fail, BTreeSet::new());
    assert!(count.skip.iter().all(|id| id.ends_with(" encode")));
    assert!(count.skip.contains("framing/keep-alive encode"));
}

#[test]
fn a_stream_identifier_cut_to_16_bits_is_noticed() {
    let cut = |question: Question<'_>, bytes: &[u8], reply| match reply {
        Reply::Refused { class, .. } if class == "range" => {
            let mut good = bytes.to_vec();
            // Three bytes of a varint keep 16 bits when the last is cleared of bit 16 and up.
            let last = good.len() - 1;
            good[last] &= 0x03;
            Interpreting.decode(question, &good)
        }
        reply => reply,
    };
    let count = count(&mut Saboteur {
        decode: cut,
        encode: same,
    });
    let expected = [
        "varint/stream-id-65536 decode",
        "varint/stream-id-65543 decode",
    ];
    for id in expected {
        assert!(count.fail.contains(id), "{id}");
    }
    assert!(
        count
            .fail
            .iter()
            .all(|id| id.starts_with("varint/stream-id-"))
    );
}

#[test]
fn a_refusal_elsewhere_is_noticed_of_an_exact_codec() {
    let elsewhere = |_: Question<'_>, _: &[u8], reply| match reply {
        Reply::Refused {
            class,
            offset,
            detail,
        } if class == "wire-type" => Reply::Refused {
            class,
            offset: offset.map(|offset| offset + 1),
            detail,
        },
        reply => reply,
    };
    let count = count(&mut Saboteur {
        decode: elsewhere,
        encode: same,
    });
    assert!(count.fail.contains("keys/reserved-3-payload decode"));
    assert!(
        count
            .fail
            .iter()
            .all(|id| id.contains("reserved-") || id.contains("generation-1"))
    );
}

#[test]
fn other_bytes_that_mean_the_same_will_do_unless_they_may_not() {
    // The same message with its size in two bytes.
    let longer = |question: Question<'_>, value: &Json, reply| match reply {
        Reply::Encoded(bytes)
            if value.get("type").is_some() && question.encoding.is_none() && bytes[1] < 0x80 =>
        {
            let mut long = vec![bytes[0], bytes[1] | 0x80, 0];
            long.extend_from_slice(&bytes[2..]);
            Reply::Encoded(long)
        }
        reply => reply,
    };
    let count = count(&mut Saboteur {
        decode: same,
        encode: longer,
    });
    assert!(count.pass.contains("messages/run-full encode"));
    let expected: BTreeSet<String> = [
        "framing/keep-alive encode",
        "keys/encode-integer-as-varint encode",
        "keys/encode-integer-as-varint-zero encode",
        "keys/encode-resource-as-varint encode",
        "messages/disconnect-minimal encode",
        "messages/keep-alive encode",
    ]
    .map(ToOwned::to_owned)
    .into();
    assert_eq!(count.fail, expected);
}
