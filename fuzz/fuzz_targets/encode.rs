//! Any message: it takes as many bytes as it says, comes back from them and from its fields, and a
//! buffer that is too short is refused.

#![no_main]

use std::borrow::Cow;

use arbitrary::Arbitrary;
use iotmp_ref::message::{iotmp_2020, iotmp_2023, iotmp_2025, iotmp_shipping, nubison};
use iotmp_ref::wire::{Any, EncodeError, Encoding, FieldValue};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Input {
    Y2020(iotmp_2020::Message<'static>),
    Y2023(iotmp_2023::Message<'static>),
    Y2025(iotmp_2025::Message<'static>),
    Shipping(iotmp_shipping::Message<'static>),
    Nubison(nubison::Message<'static>),
}

fuzz_target!(|input: (Input, u16)| {
    let (input, cut) = input;
    let cut = usize::from(cut);
    // The encodings that have a wire type of their own need not be agreed on.
    let told = [Encoding::Pson1, Encoding::Json];
    match input {
        Input::Y2020(message) => comes_back!(iotmp_2020, message, cut, &[], None),
        Input::Y2023(message) => comes_back!(iotmp_2023, message, cut, &told, None),
        Input::Y2025(message) => comes_back!(iotmp_2025, message, cut, &[], None),
        Input::Shipping(message) => comes_back!(iotmp_shipping, message, cut, &[], None),
        Input::Nubison(message) => {
            let asked = asked(&message);
            comes_back!(nubison, message, cut, &[], asked);
        }
    }
});

macro_rules! comes_back {
    ($module:ident, $message:expr, $cut:expr, $told:expr, $request:expr) => {{
        let message = $message;
        let bytes = message.to_vec().expect("it holds only what can be written");
        let len = bytes.len();
        assert_eq!(len, message.encoded_len());

        let mut buffer = vec![0xa5; len + 3];
        assert_eq!(message.encode(&mut buffer), Ok(len));
        assert_eq!((&buffer[..len], &buffer[len..]), (&*bytes, &[0xa5; 3][..]));
        for cut in [len - 1, $cut % len] {
            let short = message.encode(&mut buffer[..cut]);
            let Err(EncodeError::BufferTooSmall { needed, left }) = short else {
                panic!("{short:?}");
            };
            assert!(needed > left && left <= cut);
        }

        let mut fields = Vec::new();
        message.visit(&mut |name, value| fields.push((name, owned(value))));
        let mut get = |name: &'static str| {
            let found = fields.iter().find(|(field, _)| *field == name);
            found.map(|(_, value)| value.clone())
        };
        let name = message.name().expect("it has a name");
        assert_eq!($module::Message::build(name, &mut get), Ok(message.clone()));

        let Some(encoding) = negotiated(&fields, $told) else {
            return;
        };
        let encoding = encoding.unwrap_or($module::DEFAULT_ENCODING);
        let request: Option<$module::MessageType> = $request;
        let read = match request {
            Some(request) => $module::decode_answer_as(&bytes, request, encoding),
            None => $module::decode_as(&bytes, encoding),
        };
        assert_eq!(read, Ok((message, len)));
    }};
}
use comes_back;

/// The one encoding that has to be agreed on to read these, if any has; `None` where there are two,
/// as no connection has.
fn negotiated(fields: &[(&str, FieldValue<'_>)], told: &[Encoding]) -> Option<Option<Encoding>> {
    let mut agreed = None;
    for (_, value) in fields {
        if let FieldValue::Any(Any::Encoded(value)) = value
            && !told.contains(&value.encoding())
            && agreed
                .replace(value.encoding())
                .is_some_and(|other| other != value.encoding())
        {
            return None;
        }
    }
    Some(agreed)
}

fn owned(value: FieldValue<'_>) -> FieldValue<'static> {
    match value {
        FieldValue::Number(number) => FieldValue::Number(number),
        FieldValue::Any(any) => FieldValue::Any(any.into_owned()),
        FieldValue::Text(text) => FieldValue::Text(Cow::Owned(text.into_owned())),
        FieldValue::Bytes(bytes) => FieldValue::Bytes(Cow::Owned(bytes.into_owned())),
        other => panic!("{other:?}"),
    }
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
