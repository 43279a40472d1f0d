//! Two codecs that share no code agree on bytes that nobody wrote down.

use iotmp_conformance::codec::Codec;
use iotmp_conformance::subject::{CodecSubject, Interpreting, Question, Reference, Reply};
use iotmp_conformance::vector::{self, Kind, VectorSet, same};
use std::collections::BTreeSet;

use iotmp_ref::wire::Encoding;

use super::codec::{check_refusal, end_of};

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
    let codec = Codec::new(question.spec);
    let codec = question
        .encoding
        .map_or(codec, |encoding| codec.with_encoding(encoding));
    if question.kind == Kind::Value {
        return;
    }
    match codec.decode(bytes) {
        Ok(decoded) => {
            assert_eq!(end_of(&decoded.annotations), decoded.consumed);
            let again = codec.encode(&decoded.message).unwrap();
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

fn mutate(set: &VectorSet) {
    for vector in &set.vectors {
        let Some(bytes) = &vector.bytes else { continue };
        let question = Question {
            spec: set.spec,
            kind: vector.kind,
            encoding: vector.encoding,
        };
        for mutant in mutants(bytes) {
            agree(question, &mutant, &vector.id);
            settle(question, &mutant);
        }
    }
}

#[test]
fn on_every_edit_of_a_vector_of_2025() {
    mutate(&vector::all()[0]);
}

#[test]
fn on_every_edit_of_a_vector_of_the_shipping_profile() {
    mutate(&vector::all()[1]);
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
            0xff,
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
        for round in 0..20_000 {
            let body = random.bytes(24);
            let mut message = vec![(random.next() % 12) as u8, body.len() as u8];
            message.extend(&body);
            let encodings = Codec::new(set.spec).encodings();
            let encoding = encodings[round % encodings.len()];
            for (kind, encoding, bytes) in [
                (Kind::Message, Some(encoding), &message),
                (Kind::Message, None, &message),
                (Kind::Value, Some(encoding), &body),
            ] {
                let question = Question {
                    spec: set.spec,
                    kind,
                    encoding,
                };
                agree(question, bytes, "random");
                settle(question, bytes);
            }
        }
    }
    let published: BTreeSet<&str> = vector::all()
        .iter()
        .flat_map(|set| Codec::new(set.spec).encodings())
        .map(Encoding::name)
        .collect();
    let known = BTreeSet::from(["pson1", "pson2"]);
    assert_eq!(
        published, known,
        "a new encoding needs its telling bytes above"
    );
}
