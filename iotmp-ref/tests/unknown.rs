//! What a revision does not know is kept, printed and forwarded byte for byte.

#![cfg(feature = "encodings")]

use iotmp_ref::message::{iotmp_2020, iotmp_2023, iotmp_2025, iotmp_shipping};
use iotmp_ref::session::dialect::{ALL, Kind};
use iotmp_ref::session::packet::Packet;
use iotmp_ref::wire::{DecodeErrorKind, Encoding, KeyLayout, RawField, Reader};

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex.replace(' ', "")).unwrap()
}

/// Codes of one byte and of five, bodies that look like fields and that do not.
const UNKNOWN: [&str; 5] = [
    "3f 00",
    "3f 03 ffffff",
    "80 01 02 0801",
    "ff ff ff ff 0f 04 00 ff 80 0a",
    "0c 05 01 02 03 04 05",
];

#[test]
fn an_unknown_message_goes_on_as_it_came() {
    for hex in UNKNOWN {
        let bytes = bytes(hex);
        for dialect in ALL {
            let mut reader = Reader::new(&bytes);
            let (code, size) = iotmp_ref::wire::read_header(&mut reader, 32, 32).unwrap();
            assert_eq!(dialect.kind(code), Kind::Unknown, "{hex}");
            let encoding = dialect.encodings()[0];
            let body = &bytes[bytes.len() - usize::try_from(size).unwrap()..];
            let packet = dialect.decode(code, &mut reader, encoding).unwrap();
            let kept = Packet::Unknown {
                code,
                body: body.to_vec(),
            };
            assert_eq!(packet, kept);
            assert_eq!(dialect.encode(packet, encoding), Ok(bytes.clone()));
        }
        macro_rules! typed {
            ($($module:ident)*) => {$(
                let (message, taken) = $module::decode(&bytes).unwrap();
                assert_eq!((message.encoded_len(), taken), (bytes.len(), bytes.len()));
                assert_eq!(message.to_vec(), Ok(bytes.clone()), "{hex}");
                let text = format!("{message:?}");
                assert!(text.starts_with("Unknown(UnknownMessage { code: "), "{text}");
            )*};
        }
        typed!(iotmp_2020 iotmp_2023 iotmp_2025 iotmp_shipping);
    }
}

/// A header that is longer than it needs to be is the only thing that a peer
/// does not get back: it says the same.
#[test]
fn the_header_of_a_forwarded_message_is_the_shortest() {
    let (message, _) = iotmp_2025::decode(&[0xbf, 0x00, 0x81, 0x00, 0x07]).unwrap();
    assert_eq!(message.to_vec(), Ok(vec![0x3f, 0x01, 0x07]));
}

fn fields<'a>(
    layout: &KeyLayout,
    body: &'a [u8],
    encoding: Encoding,
    known: &[u32],
) -> Vec<RawField<'a>> {
    let fields = layout.fields(Reader::at(body, 2), encoding, known);
    fields.collect::<Result<_, _>>().unwrap()
}

/// Fields of every wire type of every revision, known and not.
#[test]
fn the_fields_of_a_body_are_the_body() {
    let (pson1, pson2) = (Encoding::Pson1, Encoding::Pson2);
    for (layout, encoding, hex, expected) in [
        (
            &iotmp_shipping::LAYOUT,
            pson2,
            "0807 2a8161 2261 80ff0701 3005",
            &[(1, 0), (5, 2), (4, 2), (16368, 0), (6, 0)][..],
        ),
        (
            &iotmp_2025::LAYOUT,
            pson1,
            "0807 294a0161 214a0161 2905",
            &[(1, 0), (5, 1), (4, 1), (5, 1)],
        ),
        (
            &iotmp_2023::LAYOUT,
            Encoding::Cbor,
            "014a0161 0807 2a0131 4f03ffffff 50ff01",
            &[(0, 1), (1, 0), (5, 2), (9, 7), (10, 0)],
        ),
        (
            &iotmp_2020::LAYOUT,
            pson1,
            "0107 624a0161 190102030405060708 5901020304 2a02abcd 0e05 6f4a0161",
            &[(1, 0), (2, 6), (9, 1), (9, 5), (10, 2), (14, 0), (15, 6)],
        ),
    ] {
        let body = bytes(hex);
        let known = [1, 2, 3, 4];
        let found = fields(layout, &body, encoding, &known);
        let ids: Vec<_> = found
            .iter()
            .map(|field| (field.field, field.wire))
            .collect();
        assert_eq!(ids, expected, "{hex}");
        let mut offset = 2;
        for field in &found {
            assert_eq!(field.is_known, known.contains(&field.field), "{hex}");
            assert_eq!(field.offset, offset);
            offset += field.bytes.len();
        }
        let all: Vec<u8> = found
            .iter()
            .flat_map(|field| field.bytes)
            .copied()
            .collect();
        assert_eq!(all, body);
    }
}

/// A message whose known part was changed on the way keeps its unknown part.
#[test]
fn unknown_fields_are_forwarded_beside_a_changed_message() {
    // Run with the unknown fields 9 (a string) and 16368 (a number)
    let body = bytes("4a8161 0807 80ff0701 228162");
    let encoding = Encoding::Pson2;
    let mut run = iotmp_shipping::Run::decode_body(&mut Reader::new(&body), encoding).unwrap();
    run.stream_id = Some(8);
    let known = [1, 2, 3, 4];
    let unknown = fields(&iotmp_shipping::LAYOUT, &body, encoding, &known);
    let unknown: Vec<_> = unknown
        .into_iter()
        .filter(|field| !field.is_known)
        .collect();
    let printed: Vec<_> = unknown
        .iter()
        .map(|field| hex::encode(field.bytes))
        .collect();
    assert_eq!(printed, ["4a8161", "80ff0701"]);
    let mut forwarded = vec![0; run.body_len()];
    run.encode_body(&mut iotmp_ref::wire::Writer::new(&mut forwarded))
        .unwrap();
    for field in &unknown {
        forwarded.extend(field.bytes);
    }
    let again = iotmp_shipping::Run::decode_body(&mut Reader::new(&forwarded), encoding);
    assert_eq!(again.unwrap(), run);
    let kept = fields(&iotmp_shipping::LAYOUT, &forwarded, encoding, &known);
    let kept: Vec<_> = kept.iter().filter(|field| !field.is_known).collect();
    assert_eq!(kept.len(), 2);
    assert_eq!(
        (kept[0].bytes, kept[1].bytes),
        (unknown[0].bytes, unknown[1].bytes)
    );
}

/// After what cannot be sized there are no more fields.
#[test]
fn an_error_is_the_last_field() {
    let body = bytes("0807 2b 0801");
    let mut fields = iotmp_2025::LAYOUT.fields(Reader::new(&body), Encoding::Pson1, &[]);
    assert_eq!(fields.next().unwrap().unwrap().bytes, [0x08, 0x07]);
    let error = fields.next().unwrap().unwrap_err();
    assert_eq!(error.offset(), 2);
    assert_eq!(error.kind(), &DecodeErrorKind::WireType { found: 3 });
    assert_eq!(fields.next(), None);
}
