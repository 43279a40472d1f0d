//! Two codecs that share no code agree on bytes that nobody wrote down.

use std::collections::BTreeSet;

use iotmp_conformance::codec::{Class, Codec};
use iotmp_conformance::subject::{CodecSubject, Interpreting, Question, Reference, Reply};
use iotmp_conformance::vector::{self, Kind, same};
use iotmp_ref::wire::Encoding;

use super::codec::{check_refusal, end_of, question};

/// Positions of a vector that are changed: its head and its tail.
const POSITIONS: usize = 40;

/// Asserts that both codecs say the same of `bytes`.
fn agree(question: Question<'_>, bytes: &[u8], origin: &str) {
    let ours = Interpreting.decode(question, bytes);
    let theirs = Reference.decode(question, bytes);
    let hex = || format!("{origin} {:?}: {}", question.encoding, hex::encode(bytes));
    match (&ours, &theirs) {
        (
            Reply::Decoded { value, consumed },
            Reply::Decoded {
                value: other,
                consumed: took,
            },
        ) => {
            assert_eq!(consumed, took, "{}", hex());
            assert!(
                same(question.kind, value, other),
                "{}\n{value}\n{other}",
                hex()
            );
        }
        (
            Reply::Refused { class, offset, .. },
            Reply::Refused {
                class: other,
                offset: at,
                ..
            },
        ) => assert_eq!((class, offset), (other, at), "{}", hex()),
        _ => panic!("{}\n{}\n{}", hex(), ours.describe(), theirs.describe()),
    }
}

/// Asserts that what is accepted is named byte by byte, and comes back the same.
fn settle(question: Question<'_>, bytes: &[u8]) {
    let codec = question.codec();
    if question.kind == Kind::Value {
        return;
    }
    match codec.decode(bytes) {
        Ok(decoded) => {
            assert_eq!(end_of(&decoded.annotations), decoded.consumed);
            let again = match codec.encode(&decoded.message) {
                Ok(again) => again,
                // Some encodings can be read where nothing would write so, such as a NaN of UBJSON.
                Err(refusal) if refusal.class == Class::Encoding && !is_pson(question) => return,
                Err(refusal) => panic!("{refusal}: {}", hex::encode(bytes)),
            };
            let back = codec.decode(&again).unwrap().message;
            assert!(
                same(Kind::Message, &back, &decoded.message),
                "{}",
                hex::encode(bytes)
            );
        }
        Err(refusal) => check_refusal(&refusal, bytes.len()),
    }
}

/// Whether values are in PSON, which writes whatever it reads.
fn is_pson(question: Question<'_>) -> bool {
    let encoding = question.encoding;
    encoding.is_none_or(|encoding| matches!(encoding, Encoding::Pson1 | Encoding::Pson2))
}

/// `bytes` with one edit at each position.
fn mutants(bytes: &[u8]) -> Vec<Vec<u8>> {
    let tail = bytes.len().saturating_sub(4)..bytes.len();
    let positions = (0..bytes.len().min(POSITIONS)).chain(tail.filter(|at| *at >= POSITIONS));
    let mut mutants = Vec::new();
    for at in positions {
        let byte = bytes[at];
        for other in [
            byte ^ 0x01,
            byte ^ 0x04,
            byte ^ 0x80,
            byte.wrapping_add(0x20),
            0x00,
            0x1f,
            0x7f,
            0xff,
        ] {
            if other != byte {
                let mut mutant = bytes.to_vec();
                mutant[at] = other;
                mutants.push(mutant);
            }
        }
        let mut shorter = bytes.to_vec();
        shorter.remove(at);
        mutants.push(shorter);
        let mut longer = bytes.to_vec();
        longer.insert(at, byte);
        mutants.push(longer);
    }
    mutants
}

fn mutate(spec: &str) {
    let mut sets = vector::all().iter();
    let set = sets.find(|set| set.spec.name == spec).unwrap();
    for vector in &set.vectors {
        let Some(bytes) = &vector.bytes else { continue };
        let question = question(set, vector);
        for mutant in mutants(bytes) {
            agree(question, &mutant, &vector.id);
            settle(question, &mutant);
        }
    }
}

#[test]
fn on_every_edit_of_a_vector_of_2020() {
    mutate("iotmp-2020");
}

#[test]
fn on_every_edit_of_a_vector_of_2023() {
    mutate("iotmp-2023");
}

#[test]
fn on_every_edit_of_a_vector_of_2025() {
    mutate("iotmp-2025");
}

#[test]
fn on_every_edit_of_a_vector_of_the_shipping_profile() {
    mutate("iotmp-shipping");
}

#[test]
fn on_every_edit_of_a_vector_of_nubison() {
    mutate("nubison");
}

/// Deterministic bytes (xorshift), biased to those that mean something.
struct Bytes(u64);

impl Bytes {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn byte(&mut self) -> u8 {
        const TELLING: &[u8] = &[
            0x00, 0x01, 0x02, 0x08, 0x0a, 0x11, 0x12, 0x18, 0x19, 0x1a, 0x1d, 0x1f, 0x20, 0x21,
            0x22, 0x28, 0x30, 0x38, 0x40, 0x41, 0x4a, 0x50, 0x5a, 0x60, 0x61, 0x62, 0x6a, 0x72,
            0x78, 0x7f, 0x80, 0x81, 0x82, 0x9f, 0xa1, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xe2,
            0xff, // PSON; then the others:
            b'"', b'#', b'$', b'-', b'.', b'1', b'S', b'U', b'Z', b'[', b']', b'a', b'i', b'l',
            b't', b'{', b'}', 0x03, 0x04, 0x05, 0x10, 0x83, 0x92, 0xa3, 0xbf, 0xc4, 0xca, 0xcf,
            0xd9, 0xf4, 0xf6, 0xf9, 0xfb,
        ];
        let random = self.next();
        match random % 4 {
            0 => (random >> 8) as u8,
            _ => TELLING[(random >> 8) as usize % TELLING.len()],
        }
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        let length = self.next() % (most + 1);
        (0..length).map(|_| self.byte()).collect()
    }
}

#[test]
fn on_bytes_at_random() {
    let mut random = Bytes(0x9e37_79b9_7f4a_7c15);
    for set in vector::all() {
        let codes: Vec<u8> = (0..12)
            .chain(set.spec.messages.iter().map(|message| message.code as u8))
            .collect();
        let encodings = Codec::new(set.spec).encodings();
        let requests = &set.spec.messages;
        for round in 0..20_000 {
            let body = random.bytes(24);
            let mut message = vec![codes[random.next() as usize % codes.len()]];
            if set.spec.framing.size.is_some() {
                message.push(body.len() as u8);
            }
            message.extend(&body);
            let ask = |kind, encoding, request, bytes: &[u8]| {
                let question = Question {
                    spec: set.spec,
                    kind,
                    request,
                    encoding,
                };
                agree(question, bytes, "random");
                settle(question, bytes);
            };
            ask(Kind::Message, None, None, &message);
            let request = &requests[round % requests.len()];
            ask(Kind::Message, None, Some(request), &message);
            if !encodings.is_empty() {
                let encoding = Some(encodings[round % encodings.len()]);
                ask(Kind::Message, encoding, None, &message);
                ask(Kind::Value, encoding, None, &body);
            }
        }
    }
    let published: BTreeSet<&str> = vector::all()
        .iter()
        .flat_map(|set| Codec::new(set.spec).encodings())
        .map(Encoding::name)
        .collect();
    let known: BTreeSet<&str> = Encoding::ALL.iter().map(|known| known.name()).collect();
    assert_eq!(
        published, known,
        "a new encoding needs its telling bytes above"
    );
}
