//! Memory grows with the bytes at hand, whatever they promise.

use allocation_counter::measure;
use iotmp_ref::pson::MAX_DEPTH;
use iotmp_ref::wire::{Encoding, Reader};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{RngSeed, TestRunner};
use proptest::{prelude::any, test_runner::Config};

use super::properties::values;

/// A pair in a map of its own, in three bytes, takes the room of four pairs.
const PER_BYTE: u64 = 128;

/// Buffers of libraries and the error; in UBJSON also elements without bytes.
fn base(encoding: Encoding) -> u64 {
    match encoding {
        Encoding::Ubjson => 128 * 1024,
        _ => 4 * 1024,
    }
}

#[track_caller]
fn bounded(encoding: Encoding, bytes: &[u8]) {
    let limit = PER_BYTE * bytes.len() as u64 + base(encoding);
    let info = measure(|| drop(encoding.decode(bytes)));
    assert!(
        info.bytes_max <= limit,
        "{encoding:?} {info:?} {bytes:02x?}"
    );
    let info = measure(|| drop(encoding.skip(&mut Reader::new(bytes), MAX_DEPTH)));
    // Pieces of text and what is escaped are put together, errors have a path.
    let limit = 2 * bytes.len() as u64 + 8 * 1024;
    assert!(
        info.bytes_max <= limit,
        "{encoding:?} {info:?} {bytes:02x?}"
    );
}

#[test]
fn promises_take_no_memory() {
    let most = i32::MAX.to_le_bytes();
    let mut bson = [&most[..], b"\x02a\0", &most, b"a\0\0"].concat();
    let hostile: &[(Encoding, &[u8])] = &[
        (Encoding::Messagepack, b"\xdd\xff\xff\xff\xff"),
        (Encoding::Messagepack, b"\xdf\xff\xff\xff\xff"),
        (Encoding::Messagepack, b"\xdb\xff\xff\xff\xff"),
        (Encoding::Messagepack, b"\xc6\xff\xff\xff\xff"),
        (Encoding::Messagepack, b"\xc9\xff\xff\xff\xff\x01"),
        (Encoding::Cbor, b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
        (Encoding::Cbor, b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff"),
        (Encoding::Cbor, b"\x7b\x7f\xff\xff\xff\xff\xff\xff\xff"),
        (Encoding::Cbor, b"\x5f\x5b\x7f\xff\xff\xff\xff\xff\xff\xff"),
        (Encoding::Ubjson, b"[#L\x7f\xff\xff\xff\xff\xff\xff\xff"),
        (Encoding::Ubjson, b"[$Z#L\x7f\xff\xff\xff\xff\xff\xff\xff"),
        (Encoding::Ubjson, b"{$Z#L\x7f\xff\xff\xff\xff\xff\xff\xff"),
        (Encoding::Ubjson, b"SL\x7f\xff\xff\xff\xff\xff\xff\xff"),
        (Encoding::Bson, &bson.clone()),
    ];
    for (encoding, bytes) in hostile {
        let info = measure(|| drop(encoding.decode(bytes)));
        assert!(info.bytes_max < 1024, "{encoding:?} {info:?} {bytes:02x?}");
    }
    // The size of the document fits, that of the string in it does not.
    let len = u8::try_from(bson.len()).unwrap();
    bson[..4].copy_from_slice(&[len, 0, 0, 0]);
    let info = measure(|| drop(Encoding::Bson.decode(&bson)));
    assert!(info.bytes_max < 1024, "{info:?}");
}

#[test]
fn elements_without_bytes_do_not_add_up() {
    let one = b"[$Z#I\x03\xff";
    let mut many = one.repeat(1000);
    many.insert(0, b'[');
    many.push(b']');
    bounded(Encoding::Ubjson, &many);
    // An array each, in one byte each.
    let arrays = [&b"[$[#I\x7f\xff"[..], &[b']'; 0x7fff]].concat();
    bounded(Encoding::Ubjson, &arrays);
}

#[test]
fn the_densest_values() {
    let many = 10_000;
    let dense: &[(Encoding, [&[u8]; 3])] = &[
        (Encoding::Cbor, [b"\x9f", b"\xf6", b"\xff"]),
        (Encoding::Cbor, [b"\x9f", b"\x81\xf6", b"\xff"]),
        (Encoding::Cbor, [b"\x9f", b"\xa1\x60\xf6", b"\xff"]),
        (Encoding::Cbor, [b"\xbf", b"\x60\xf6", b"\xff"]),
        (Encoding::Messagepack, [b"\xdc\x27\x10", b"\xa1a", b""]),
        (
            Encoding::Messagepack,
            [b"\xdc\x27\x10", b"\x81\xa0\x90", b""],
        ),
        (Encoding::Ubjson, [b"[", b"[Z]", b"]"]),
        (Encoding::Ubjson, [b"{", b"i\0Z", b"}"]),
        (Encoding::Json, [b"[[]", b",[1]", b"]"]),
        (Encoding::Json, [b"[[]", b",{\"\":1}", b"]"]),
    ];
    for (encoding, [start, element, end]) in dense {
        let bytes = [start, &element.repeat(many)[..], end].concat();
        encoding.decode(&bytes).unwrap();
        bounded(*encoding, &bytes);
    }
}

#[test]
fn mutated_bytes_take_memory_in_proportion() {
    let mut runner = TestRunner::new(Config {
        rng_seed: RngSeed::Fixed(0x1077_3903),
        failure_persistence: None,
        ..Config::default()
    });
    let changes = proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4);
    for _ in 0..400 {
        let value = values().new_tree(&mut runner).unwrap().current();
        for &encoding in Encoding::ALL {
            let Ok(mut bytes) = encoding.to_vec(&value) else {
                continue;
            };
            bounded(encoding, &bytes);
            for _ in 0..4 {
                for (at, byte) in changes.new_tree(&mut runner).unwrap().current() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
                bounded(encoding, &bytes);
            }
        }
    }
}
