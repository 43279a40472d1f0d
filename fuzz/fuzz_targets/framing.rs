//! A stream cut anywhere gives the messages, and the refusal, of the stream in one piece.

#![no_main]

use arbitrary::Arbitrary;
use iotmp_ref::framing::Framer;
use iotmp_ref::message::iotmp_shipping;
use iotmp_ref::wire::DecodeError;
use libfuzzer_sys::fuzz_target;

/// Two varints of five bytes.
const MAX_HEADER: usize = 10;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    max_body: u16,
    sizes: Vec<u8>,
    bytes: &'a [u8],
}

/// Code, body, and where header and body begin.
type Found = (u32, Vec<u8>, u64, u64);

fuzz_target!(|input: Input<'_>| {
    let max_body = usize::from(input.max_body);
    let mut whole = Framer::new(max_body);
    let (expected, refusal) = drain(&mut whole, input.bytes);

    let mut cut = Framer::new(max_body);
    let (mut found, mut refused) = (Vec::new(), None);
    let mut rest = input.bytes;
    let mut sizes = input.sizes.iter().map(|&size| usize::from(size));
    loop {
        let (part, after) = rest.split_at(sizes.next().unwrap_or(rest.len()).min(rest.len()));
        let (more, error) = drain(&mut cut, part);
        assert!(error.is_some() || cut.buffered() < MAX_HEADER + max_body);
        // A refusal is for good.
        assert!(refused.is_none() || (more.is_empty() && refused == error));
        refused = error;
        found.extend(more);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    assert_eq!((&found, &refused), (&expected, &refusal));
    assert_eq!(
        (cut.offset(), cut.buffered()),
        (whole.offset(), whole.buffered())
    );

    let mut at = 0;
    for (code, body, offset, body_offset) in &expected {
        assert_eq!(*offset, at);
        at = body_offset + body.len() as u64;
        let place = |offset: u64| usize::try_from(offset).expect("it is within the input");
        assert_eq!(&input.bytes[place(*body_offset)..place(at)], body);
        // The codec of a whole message sees the same boundaries.
        if let Ok((message, taken)) = iotmp_shipping::decode(&input.bytes[place(*offset)..]) {
            assert_eq!(
                (message.message_type().0, taken as u64),
                (*code, at - offset)
            );
        }
    }
    assert_eq!(whole.offset(), at);
});

fn drain(framer: &mut Framer, bytes: &[u8]) -> (Vec<Found>, Option<DecodeError>) {
    framer.push(bytes);
    let mut found = Vec::new();
    loop {
        match framer.next_frame() {
            Ok(None) => return (found, None),
            Err(error) => return (found, Some(error)),
            Ok(Some(frame)) => found.push((
                frame.code,
                frame.body.to_vec(),
                frame.offset,
                frame.body_offset,
            )),
        }
    }
}
