use iotmp_ref::pson::{Integer, Map, Value};
use iotmp_ref::wire::Encoding;

use super::Checks;

const CBOR: Checks = Checks(Encoding::Cbor);

/// The examples of RFC 8949, appendix A, of which a value can be made.
#[test]
fn the_examples_of_the_rfc() {
    CBOR.both(0, [0x00]);
    CBOR.both(23, [0x17]);
    CBOR.both(24, [0x18, 0x18]);
    CBOR.both(1000, [0x19, 0x03, 0xe8]);
    CBOR.both(1_000_000, [0x1a, 0x00, 0x0f, 0x42, 0x40]);
    CBOR.both(
        1_000_000_000_000_u64,
        b"\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00",
    );
    CBOR.both(u64::MAX, b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff");
    CBOR.both(-1, [0x20]);
    CBOR.both(-100, [0x38, 0x63]);
    CBOR.both(-1000, [0x39, 0x03, 0xe7]);
    CBOR.both(1.1, b"\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a");
    CBOR.both(1.5, [0xf9, 0x3e, 0x00]);
    CBOR.both(5.960_464_477_539_063e-8, [0xf9, 0x00, 0x01]);
    CBOR.both(0.000_061_035_156_25, [0xf9, 0x04, 0x00]);
    CBOR.both(f64::from(f32::MAX), [0xfa, 0x7f, 0x7f, 0xff, 0xff]);
    CBOR.both(1.0e300, b"\xfb\x7e\x37\xe4\x3c\x88\x00\x75\x9c");
    CBOR.both(f64::INFINITY, [0xf9, 0x7c, 0x00]);
    CBOR.both(f64::NAN, [0xf9, 0x7e, 0x00]);
    CBOR.both(f64::NEG_INFINITY, [0xf9, 0xfc, 0x00]);
    CBOR.both(false, [0xf4]);
    CBOR.both(true, [0xf5]);
    CBOR.both(Value::Null, [0xf6]);
    CBOR.both(&[][..], [0x40]);
    CBOR.both(&[1, 2, 3, 4][..], [0x44, 1, 2, 3, 4]);
    CBOR.both("", [0x60]);
    CBOR.both("IETF", b"\x64IETF");
    CBOR.both("\"\\", [0x62, 0x22, 0x5c]);
    CBOR.both("\u{fc}", [0x62, 0xc3, 0xbc]);
    CBOR.both("\u{10151}", [0x64, 0xf0, 0x90, 0x85, 0x91]);
    CBOR.both([], [0x80]);
    let nested = [
        1.into(),
        [2.into(), 3.into()].into(),
        [4.into(), 5.into()].into(),
    ];
    CBOR.both(nested.clone(), b"\x83\x01\x82\x02\x03\x82\x04\x05");
    CBOR.both(Map::new(), [0xa0]);
    let map = Map::from([("a", Value::from(1)), ("b", [2.into(), 3.into()].into())]);
    CBOR.both(map.clone(), b"\xa2\x61a\x01\x61b\x82\x02\x03");

    CBOR.reads(b"\xf9\x80\x00", -0.0);
    CBOR.reads(b"\xf9\x3c\x00", 1);
    CBOR.reads(b"\xfa\x47\xc3\x50\x00", 100_000);
    CBOR.reads(b"\xfa\x7f\xc0\x00\x00", f64::NAN);
    CBOR.reads(b"\xfb\x7f\xf0\0\0\0\0\0\0", f64::INFINITY);
    CBOR.reads(
        b"\x5f\x42\x01\x02\x43\x03\x04\x05\xff",
        &[1, 2, 3, 4, 5][..],
    );
    CBOR.reads(b"\x7f\x65strea\x64ming\xff", "streaming");
    CBOR.reads(b"\x9f\xff", []);
    CBOR.reads(b"\x9f\x01\x82\x02\x03\x9f\x04\x05\xff\xff", nested.clone());
    CBOR.reads(b"\x83\x01\x9f\x02\x03\xff\x82\x04\x05", nested);
    CBOR.reads(b"\xbf\x61a\x01\x61b\x9f\x02\x03\xff\xff", map);
    let fun = Map::from([("Fun", Value::from(true)), ("Amt", (-2).into())]);
    CBOR.reads(b"\xbf\x63Fun\xf5\x63Amt\x21\xff", fun);
}

#[test]
fn the_integers_of_a_sign_and_64_bits() {
    CBOR.both(i64::MIN, b"\x3b\x7f\xff\xff\xff\xff\xff\xff\xff");
    let least = Integer::new(true, u64::MAX);
    CBOR.both(least, b"\x3b\xff\xff\xff\xff\xff\xff\xff\xfe");
    CBOR.refuses(
        b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff",
        "encoding",
        "offset 0: cbor: the integer -2^64 is beyond 64 bits",
    );
}

#[test]
fn what_stands_for_another_value() {
    CBOR.reads([0xf7], Value::Null);
    CBOR.reads(b"\xd9\xd9\xf7\xd9\xd9\xf7\x01", 1);
    CBOR.reads(b"\x7f\x61a\x60\xff", "a");
    CBOR.reads(b"\xa1\x7f\x61a\x61b\xff\x01", Map::from([("ab", 1)]));
}

#[test]
fn what_stands_for_no_value() {
    let refuses = |bytes: &[u8], shown: &str| CBOR.refuses(bytes, "encoding", shown);
    refuses(b"\xc0\x74", "offset 0: cbor: tag 0 stands for no value");
    refuses(
        b"\x81\xc2\x41\x01",
        "offset 1, [0]: cbor: tag 2 stands for no value",
    );
    refuses(
        b"\xd8\x20\x60",
        "offset 0: cbor: tag 32 stands for no value",
    );
    refuses(
        b"\xf0",
        "offset 0: cbor: simple value 16 stands for no value",
    );
    refuses(
        b"\xf8\xff",
        "offset 0: cbor: simple value 255 stands for no value",
    );
}

#[test]
fn malformed_bytes() {
    let refuses = |bytes: &[u8], class: &str, shown: &str| CBOR.refuses(bytes, class, shown);
    let reserved = "its additional information is reserved or does not go with its type";
    for found in [0x1c, 0x1f, 0x3e, 0x5d, 0xdf, 0xfc] {
        let shown = format!("offset 1, [0]: tag 0x{found:02x} is not valid: {reserved}");
        refuses(&[0x81, found, 0, 0, 0, 0], "tag", &shown);
    }
    // A simple value below 32 in two bytes.
    let shown = format!("offset 0: tag 0xf8 is not valid: {reserved}");
    refuses(b"\xf8\x15", "tag", &shown);
    let stray = "tag 0xff is not valid: a break stands where a value must";
    refuses(b"\xff", "tag", &format!("offset 0: {stray}"));
    refuses(b"\x81\xff", "tag", &format!("offset 1, [0]: {stray}"));
    refuses(b"\xbf\x61a\xff", "tag", &format!("offset 3, a: {stray}"));
    refuses(b"\xa1\xff\x00", "tag", &format!("offset 1: {stray}"));

    refuses(
        b"",
        "truncated",
        "offset 0: value of at least 1 byte, but no bytes are left",
    );
    refuses(
        b"\x1a\x00",
        "truncated",
        "offset 0: item head of 5 bytes, but only 2 bytes are left",
    );
    refuses(
        b"\x9f\x01",
        "truncated",
        "offset 2, [1]: value of at least 1 byte, but no bytes are left",
    );
    refuses(
        b"\xa1\x01\x02",
        "key",
        "offset 1: integer as a map key, but keys must be strings",
    );
    refuses(
        b"\xa1\x41a\x02",
        "key",
        "offset 1: bytes as a map key, but keys must be strings",
    );
    refuses(
        b"\xa1\xc0\x60\x02",
        "key",
        "offset 1: tag as a map key, but keys must be strings",
    );
    refuses(
        b"\x62\xc3\x28",
        "utf8",
        "offset 1: string is not valid UTF-8",
    );
    // Each piece must be text of its own.
    refuses(
        b"\x7f\x61\xc3\x61\xbc\xff",
        "utf8",
        "offset 2: string is not valid UTF-8",
    );
    refuses(
        b"\x7f\x41a\xff",
        "encoding",
        "offset 1: cbor: a piece of a string is a string with a length",
    );
    refuses(
        b"\x5f\x5f\xff\xff",
        "encoding",
        "offset 1: cbor: a piece of a byte string is a byte string with a length",
    );
    refuses(
        b"\x00\x00",
        "trailing-bytes",
        "offset 1: 1 byte left over after the end",
    );
}

#[test]
fn a_count_must_fit_the_bytes_at_hand() {
    let refuses = |bytes: &[u8], shown: &str| CBOR.refuses(bytes, "truncated", shown);
    refuses(
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        "offset 9: array of at least 18446744073709551615 bytes, but only 1 byte is left",
    );
    // Twice the count would wrap around to nothing.
    refuses(
        b"\xbb\x80\0\0\0\0\0\0\0",
        "offset 9: map of at least 18446744073709551615 bytes, but no bytes are left",
    );
    refuses(
        b"\x7b\xff\xff\xff\xff\xff\xff\xff\xffa",
        "offset 9: string of 18446744073709551615 bytes, but only 1 byte is left",
    );
    refuses(
        b"\x5a\xff\xff\xff\xff",
        "offset 5: byte string of 4294967295 bytes, but no bytes are left",
    );
}
