//! Whatever messages there are, they come back from their own bytes.

use std::collections::BTreeSet;

use arbitrary::{Arbitrary, Unstructured};
use iotmp_ref::message::{iotmp_2020, iotmp_2023, iotmp_2025, iotmp_shipping, nubison};
use iotmp_ref::wire::{Any, Encoding, FieldValue};

/// Bytes that look random and are always the same: the top byte of a linear congruential generator.
fn noise(seed: u64) -> Vec<u8> {
    let next = |state: &u64| {
        Some(
            state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407),
        )
    };
    let states = core::iter::successors(Some(seed), next);
    states
        .skip(1)
        .take(2048)
        .map(|state| (state >> 56) as u8)
        .collect()
}

/// Checks a module; `told` are the encodings that have a wire type of their own, so that what was
/// negotiated does not matter to them.
macro_rules! comes_back {
    ($name:ident, $module:ident, $request:expr, $told:expr) => {
        #[test]
        fn $name() {
            let told: &[Encoding] = &$told;
            let mut seen = BTreeSet::new();
            for seed in 0..2000 {
                let noise = noise(seed);
                let message = $module::Message::arbitrary(&mut Unstructured::new(&noise));
                let message = message.expect("there is noise enough");
                let mut negotiated = Vec::new();
                message.visit(&mut |_, value| {
                    if let FieldValue::Any(Any::Encoded(value)) = value
                        && !told.contains(&value.encoding())
                        && !negotiated.contains(&value.encoding())
                    {
                        negotiated.push(value.encoding());
                    }
                });
                let encoding = match negotiated.as_slice() {
                    [] => $module::DEFAULT_ENCODING,
                    [encoding] => *encoding,
                    // No connection has two of them.
                    _ => continue,
                };
                seen.insert(message.name().expect("it has a name"));
                let bytes = message.to_vec().expect("it holds only what can be written");
                assert_eq!(bytes.len(), message.encoded_len());
                let request: Option<$module::MessageType> = $request(&message);
                let read = match request {
                    Some(request) => $module::decode_answer_as(&bytes, request, encoding),
                    None => $module::decode_as(&bytes, encoding),
                };
                assert_eq!(read, Ok((message.clone(), bytes.len())));
            }
            assert!(seen.len() >= 10, "{seen:?}");
        }
    };
}

fn unasked<M, T>(_: &M) -> Option<T> {
    None
}

/// A request that such a message answers, if its code alone does not say what it is.
fn asked(message: &nubison::Message<'_>) -> Option<nubison::MessageType> {
    use nubison::{Message as M, MessageType};
    match message {
        M::LoginAccepted(_) | M::Refused(_) => Some(MessageType::LOGIN),
        M::Accepted(_) => Some(MessageType::DATA),
        M::CommandAccepted(_) | M::CommandRefused(_) => Some(MessageType::COMMAND),
        _ => None,
    }
}

comes_back!(messages_of_2020, iotmp_2020, unasked, []);
comes_back!(
    messages_of_2023,
    iotmp_2023,
    unasked,
    [Encoding::Pson1, Encoding::Json]
);
comes_back!(messages_of_2025, iotmp_2025, unasked, []);
comes_back!(messages_of_shipping_clients, iotmp_shipping, unasked, []);
comes_back!(packets, nubison, asked, []);
